package main

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// life is an account as docs/token-economy.md explains it: heaps of tokens, and a plan with what is planned after it. It
// shares no code with the ledger or the plans, and works the other way round: it walks from moment to moment and
// changes what it is on, where the program keeps a list of terms and follows it.
type life struct {
	clock time.Time
	heaps []*heap
	holds map[string][]part
	born  int // heaps ever made

	plan   string
	cycle  string    // "month", "year"; "" by hand
	anchor time.Time // months are counted from here
	paid   time.Time // until when; zero by hand
	trial  bool
	tried  bool
	next   *planned
}

type heap struct {
	kind       string
	left, held int64
	ends       time.Time // zero = never
	open       bool
	made       time.Time
	number     int
}

type part struct {
	of     *heap
	amount int64
}

// planned is what follows the plan: another one, or the free plan because somebody cancelled.
type planned struct {
	at     time.Time
	plan   string
	cancel bool
	paid   time.Time // until when, when it was paid for before it began
}

// offer is a plan, as the page lists it.
type offer struct {
	daily, monthly, cap int64
	relaxed             bool
}

var offers = map[string]offer{
	"free":       {daily: 150_000},
	"apprentice": {monthly: 8_500_000, cap: 25_500_000},
	"artisan":    {monthly: 25_000_000, cap: 75_000_000, relaxed: true},
	"maestro":    {monthly: 60_000_000, cap: 180_000_000, relaxed: true},
	"":           {}, // a wallet without a plan
}

const graceDays, frozenDays = 7, 30

func newLife(now time.Time, plan string) *life {
	l := &life{clock: now, holds: map[string][]part{}}
	l.begin(now, plan)
	l.anchor = now
	if offers[plan].monthly > 0 {
		l.heap("plan", offers[plan].monthly, l.boundary(now))
	}
	return l
}

// month is the n-th month's beginning: the 31st becomes the last day of a short month.
func (l *life) month(n int) time.Time {
	y, m, d := l.anchor.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return time.Date(y, m+time.Month(n), min(d, last), 0, 0, 0, 0, time.UTC).Add(l.anchor.Sub(midnight))
}

// boundary is the first beginning of a month after a moment.
func (l *life) boundary(after time.Time) time.Time {
	n := 0
	for !l.month(n).After(after) {
		n++
	}
	return l.month(n)
}

// cycleAfter is the end of the paid cycle that begins at a moment.
func (l *life) cycleAfter(from time.Time, cycle string) time.Time {
	n := 0
	for l.month(n+1).Compare(from) <= 0 {
		n++
	}
	if cycle == "year" {
		return l.month(n + 12)
	}
	return l.month(n + 1)
}

func (l *life) heap(kind string, amount int64, ends time.Time) {
	if amount == 0 {
		return
	}
	l.born++
	l.heaps = append(l.heaps, &heap{kind: kind, left: amount, ends: ends, open: true, made: l.clock, number: l.born})
}

func (l *life) bank() *heap {
	for _, h := range l.heaps {
		if h.kind == "bank" && h.open {
			return h
		}
	}
	return nil
}

// intoBank moves what is left of a heap into the bank, as far as there is room.
func (l *life) intoBank(h *heap) {
	room := offers[l.plan].cap
	b := l.bank()
	if b != nil {
		room -= b.left + b.held
	}
	amount := min(h.left, max(0, room))
	if amount == 0 {
		return
	}
	h.left -= amount
	if b == nil {
		l.heap("bank", amount, time.Time{})
	} else {
		b.left += amount
	}
}

// lapses is when the free plan comes because nobody paid; zero when that cannot happen.
func (l *life) lapses() time.Time {
	switch {
	case l.plan == "free" || l.plan == "" || l.next != nil || l.paid.IsZero():
		return time.Time{}
	case l.trial:
		return l.paid
	}
	return l.paid.AddDate(0, 0, graceDays)
}

// live walks to a moment, from one thing that happens by itself to the next.
func (l *life) live(until time.Time) {
	for {
		at := time.Time{}
		consider := func(t time.Time) {
			if !t.IsZero() && !t.After(until) && (at.IsZero() || t.Before(at)) {
				at = t
			}
		}
		for _, h := range l.heaps {
			if h.open {
				consider(h.ends)
			}
		}
		month := time.Time{}
		if offers[l.plan].monthly > 0 && !l.trial {
			if m := l.boundary(l.clock); l.paid.IsZero() || m.Before(l.paid) {
				month = m
			}
		}
		consider(month)
		if l.next != nil {
			consider(l.next.at)
		}
		consider(l.lapses())
		if at.IsZero() {
			break
		}
		l.moment(at, month)
	}
	l.clock = until
	day := until.Truncate(24 * time.Hour)
	if offers[l.plan].daily > 0 && !slices.ContainsFunc(l.heaps, func(h *heap) bool { return h.kind == "daily" && h.made.Truncate(24*time.Hour).Equal(day) }) {
		l.heap("daily", offers[l.plan].daily, day.AddDate(0, 0, 1))
	}
}

// moment does what happens at one moment: first what ends, then what begins.
func (l *life) moment(at, month time.Time) {
	l.clock = at
	for _, h := range slices.Clone(l.heaps) {
		if h.open && !h.ends.IsZero() && !h.ends.After(at) {
			if h.kind == "plan" {
				l.intoBank(h)
			}
			h.left, h.open = 0, false
		}
	}
	switch lapse := l.lapses(); {
	case l.next != nil && l.next.at.Equal(at):
		n := *l.next
		if n.cancel {
			l.begin(at, "free")
			return
		}
		cycle := l.cycle
		first := int64(0)
		if cycle == "" || n.paid.After(at) {
			first = offers[n.plan].monthly
		}
		anchor := l.anchor
		l.begin(at, n.plan)
		l.cycle, l.anchor, l.paid = cycle, anchor, n.paid
		if cycle != "" && n.paid.IsZero() {
			l.paid = at
		}
		l.heap("plan", first, l.boundary(at))
	case lapse.Equal(at) && !lapse.IsZero():
		l.begin(at, "free")
	case month.Equal(at) && !month.IsZero():
		l.heap("plan", offers[l.plan].monthly, l.boundary(at))
	}
}

// begin is on another plan from now on, given by hand: nothing planned. The bank freezes or thaws.
func (l *life) begin(at time.Time, plan string) {
	l.plan, l.cycle, l.trial, l.next, l.paid, l.anchor = plan, "", false, nil, time.Time{}, at
	if b := l.bank(); b != nil {
		b.ends = time.Time{}
		if offers[plan].cap == 0 {
			b.ends = at.AddDate(0, 0, frozenDays)
		}
	}
}

// order lists what can be spent, in spending order.
func (l *life) order() []*heap {
	var list []*heap
	for _, h := range l.heaps {
		if h.open && h.left > 0 && (h.kind != "bank" || offers[l.plan].cap > 0) {
			list = append(list, h)
		}
	}
	rank := []string{"promo", "daily", "team", "plan", "bank", "topup"}
	slices.SortStableFunc(list, func(a, b *heap) int {
		var ends int
		switch {
		case a.ends.IsZero() && !b.ends.IsZero():
			ends = 1
		case b.ends.IsZero() && !a.ends.IsZero():
			ends = -1
		default:
			ends = a.ends.Compare(b.ends)
		}
		return cmp.Or(slices.Index(rank, a.kind)-slices.Index(rank, b.kind), ends, a.number-b.number)
	})
	return list
}

func (l *life) available() (sum int64) {
	for _, h := range l.order() {
		sum += h.left
	}
	return sum
}

// hold sets an amount aside; false when there is not enough.
func (l *life) hold(id string, amount int64) bool {
	if amount > l.available() {
		return false
	}
	l.holds[id] = []part{}
	for _, h := range l.order() {
		n := min(amount, h.left)
		if n == 0 {
			break
		}
		h.left, h.held, amount = h.left-n, h.held+n, amount-n
		l.holds[id] = append(l.holds[id], part{h, n})
	}
	return true
}

// end spends a part of what is held, the first layers first, and gives the rest back to where it came from.
func (l *life) end(id string, charge int64, ourFault bool) {
	for _, p := range l.holds[id] {
		n := min(charge, p.amount)
		charge -= n
		back := p.amount - n
		p.of.held -= p.amount
		p.of.left += back
		if back == 0 || p.of.open {
			continue
		}
		if p.of.kind == "plan" || p.of.kind == "bank" {
			l.intoBank(p.of)
		}
		if ourFault && p.of.left > 0 {
			p.of.open, p.of.ends = true, l.clock.Add(24*time.Hour)
		} else {
			p.of.left = 0
		}
	}
	delete(l.holds, id)
}

// purse is what the studio should say.
func (l *life) purse() string {
	held, frozen := int64(0), int64(0)
	for _, h := range l.heaps {
		held += h.held
		if h.open && h.kind == "bank" && offers[l.plan].cap == 0 {
			frozen += h.left
		}
	}
	text := fmt.Sprintf("%s: %d, %d held, %d frozen", l.plan, l.available(), held, frozen)
	last := ""
	sum := int64(0)
	for _, h := range append(l.order(), nil) {
		layer := ""
		if h != nil {
			layer = h.kind + " until " + until(h.ends)
		}
		if layer != last && last != "" {
			text += fmt.Sprintf("; %d of %s", sum, last)
			sum = 0
		}
		last = layer
		if h != nil {
			sum += h.left
		}
	}
	return text
}

func until(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// portion is amount × part ÷ whole, rounded up.
func portion(amount int64, part, whole time.Duration) int64 {
	n := new(big.Int).Mul(big.NewInt(amount), big.NewInt(int64(part)))
	n.Add(n, big.NewInt(int64(whole)-1))
	return n.Div(n, big.NewInt(int64(whole))).Int64()
}
