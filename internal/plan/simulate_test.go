package plan

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// life is an account that does random things for years. Nothing but plain values: no database, no clock of a machine.
type life struct {
	t     testing.TB
	dice  *rand.Rand
	now   time.Time
	sub   Subscription
	w     *ledger.Wallet
	open  map[string]*ledger.Hold
	made  map[string]ledger.Grant // every grant ever, as it first was
	refs  map[string]bool
	last  time.Time // when the newest month arrived
	holds int

	issued, spent token.Amount
	log           []string
}

func newLife(t testing.TB, seed uint64) *life {
	l := &life{
		t: t, dice: rand.New(rand.NewPCG(seed, 7)), open: map[string]*ledger.Hold{}, made: map[string]ledger.Grant{}, refs: map[string]bool{},
	}
	// Somewhere in January, so that many begin on the 29th to the 31st.
	l.now = time.Date(2024, 1, 1+l.dice.IntN(31), l.dice.IntN(24), l.dice.IntN(60), 0, 0, time.UTC)
	if l.dice.IntN(2) == 0 {
		l.now = time.Date(2024, 1, 29+l.dice.IntN(3), 23, 59, 59, 0, time.UTC)
	}
	l.w = &ledger.Wallet{ID: "w", Started: -1}
	l.sub = Subscription{Terms: []Term{{Plan: Free, From: l.now, Anchor: l.now}}}
	return l
}

func (l *life) say(format string, args ...any) {
	l.log = append(l.log, l.now.Format("2006-01-02 15:04")+" "+fmt.Sprintf(format, args...))
}

func (l *life) fail(format string, args ...any) {
	l.t.Helper()
	for _, line := range l.log[max(0, len(l.log)-25):] {
		l.t.Log(line)
	}
	l.t.Fatalf(format, args...)
}

// follow brings the wallet up to date and writes down what is new.
func (l *life) follow() {
	s, err := l.sub.Schedule()
	if err != nil {
		l.fail("%v", err)
	}
	if err := l.w.Advance(l.now, s); err != nil {
		l.fail("%v", err)
	}
	l.note()
}

func (l *life) note() {
	for _, g := range l.w.Grants {
		was, known := l.made[g.ID]
		if !known {
			if l.refs[g.Ref] {
				l.fail("%s was granted twice", g.Ref)
			}
			l.refs[g.Ref] = true
			if g.Kind == ledger.Plan && g.CreatedAt.Before(l.last) {
				l.fail("%s arrived out of order", g.Ref)
			}
			if g.Kind == ledger.Plan {
				l.last = g.CreatedAt
			}
			if g.Kind != ledger.Bank && g.Kind != ledger.Debt {
				l.issued += g.Amount
			}
			l.made[g.ID] = *g
		} else if g.Kind != ledger.Bank && g.Kind != ledger.Debt && was.Amount != g.Amount {
			l.fail("%s was changed from %s to %s", g.Ref, was.Amount, g.Amount)
		}
	}
}

// step does one random thing. What is refused must change nothing.
func (l *life) step() {
	before := l.sub
	set := func(name string, s Subscription, err error) {
		if err == nil {
			l.sub = s
			l.say("%s", name)
			l.follow()
		} else if l.sub.Version != before.Version {
			l.fail("%s was refused and changed the subscription", name)
		}
	}
	paid := []string{"apprentice", "artisan", "maestro"}
	plan := paid[l.dice.IntN(3)]
	cycle := []Cycle{Monthly, Monthly, Yearly}[l.dice.IntN(3)]
	switch l.dice.IntN(16) {
	case 0:
		s, err := l.sub.Start(l.now, plan, cycle)
		set("start "+plan+" by the "+string(cycle), s, err)
	case 1, 2, 3:
		s, err := l.sub.Pay(l.now)
		set("pay", s, err)
	case 4:
		s, pr, err := l.sub.Upgrade(l.now, plan)
		set(fmt.Sprintf("upgrade to %s for %s tokens and %d", plan, pr.Tokens, pr.Money), s, err)
	case 5:
		s, err := l.sub.Downgrade(l.now, plan)
		set("downgrade to "+plan, s, err)
	case 6:
		s, err := l.sub.Cancel(l.now)
		set("cancel", s, err)
	case 7:
		s, err := l.sub.Resume(l.now)
		set("resume", s, err)
	case 8:
		s, err := l.sub.Try(l.now, plan, 7*24*time.Hour, token.Whole(500))
		set("try "+plan, s, err)
	case 9:
		if l.dice.IntN(6) == 0 {
			s, err := l.sub.EndNow(l.now)
			if err == nil {
				l.w.EndMonth("paid back")
			}
			set("paid back", s, err)
		}
	case 10:
		l.gift()
	case 11:
		s, err := l.sub.Follow(l.now, plan, cycle)
		set("follow with "+plan+" by the "+string(cycle), s, err)
	case 12:
		l.asked(set)
	default:
		l.work()
	}
}

// asked lets a bank ask for the money of a month or of a gift back: what is spent of it is owed from then on.
func (l *life) asked(set func(string, Subscription, error)) {
	if l.dice.IntN(3) > 0 {
		return
	}
	owed, available := l.w.Owed(), l.w.Available
	if s, err := l.sub.EndNow(l.now); err == nil && l.dice.IntN(2) == 0 {
		claimed := l.w.ClaimMonth("asked back")
		if got := l.w.Owed() - owed + available - l.w.Available; got != claimed {
			l.fail("%s were claimed, %s were taken or are owed", claimed, got)
		}
		set("asked back", s, nil)
		return
	}
	for _, g := range l.w.Grants {
		if g.Kind == ledger.TopUp && g.Open {
			had := g.Amount - g.Expired // what went back before is not asked for again
			claimed := l.w.Claim(g.Ref, g.Amount, "asked back")
			if got := l.w.Owed() - owed + available - l.w.Available; got != had || claimed != had {
				l.fail("%s of %s were claimed, %s were taken or are owed", claimed, had, got)
			}
			return
		}
	}
}

func (l *life) gift() {
	r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1 + l.dice.Int64N(3000)), Ref: fmt.Sprintf("gift:%d", len(l.made))}
	if l.dice.IntN(2) == 0 {
		r.Kind, r.ExpiresAt = ledger.Promo, l.w.Clock.Add(time.Duration(1+l.dice.IntN(60*24))*time.Hour)
	}
	if err := l.w.Grant(r); err != nil {
		l.fail("%v", err)
	}
	l.note()
}

// work holds, and ends what is open.
func (l *life) work() {
	for _, id := range slices.Sorted(maps.Keys(l.open)) {
		h := l.open[id]
		if l.dice.IntN(3) > 0 {
			continue
		}
		amount := token.Amount(l.dice.Int64N(int64(h.Amount) + 1))
		if err := l.w.Capture(h, amount, l.dice.IntN(2) == 0); err != nil {
			l.fail("%v", err)
		}
		l.spent += amount
		delete(l.open, id)
	}
	price := token.Amount(l.dice.Int64N(int64(token.Whole(9000))))
	l.holds++
	h, err := l.w.Hold(ledger.HoldRequest{GenerationID: fmt.Sprint(l.holds), Amount: price})
	if (err == nil) != (price <= l.w.Spendable()+price*boolean(err == nil)) {
		l.fail("a hold of %s with %s to spend gave %v", price, l.w.Spendable(), err)
	}
	if err == nil {
		l.open[h.ID] = h
	}
}

func boolean(b bool) token.Amount {
	if b {
		return 1
	}
	return 0
}

// check holds the wallet to its invariants by arithmetic of its own.
func (l *life) check() {
	var available, held token.Amount
	for _, g := range l.w.Grants {
		if min(g.Remaining, g.Held, g.Spent, g.Expired, g.Moved, g.Owed) < 0 || g.Amount != g.Remaining+g.Held+g.Spent+g.Expired+g.Moved+g.Owed {
			l.fail("grant %s does not add up: %+v", g.Ref, g)
		}
		if !g.Open && g.Remaining != 0 {
			l.fail("closed grant %s has %s left", g.Ref, g.Remaining)
		}
		if g.Open && !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(l.w.Clock) {
			l.fail("grant %s is over and open", g.Ref)
		}
		if g.Kind == ledger.Bank && g.Remaining+g.Held > token.Whole(180_000) {
			l.fail("the bank has %s", g.Remaining+g.Held)
		}
		available, held = available+g.Remaining, held+g.Held
	}
	var holds token.Amount
	for _, h := range l.open {
		holds += h.Amount
	}
	if available != l.w.Available || held != l.w.Held || holds != held {
		l.fail("the wallet says %s + %s, its grants %s + %s, its holds %s", l.w.Available, l.w.Held, available, held, holds)
	}
}

// reload keeps what a database would load: the open grants, and those that open holds came from.
func (l *life) reload() {
	needed := map[string]bool{}
	for _, h := range l.open {
		for _, leg := range h.Legs {
			needed[leg.Grant] = true
		}
	}
	own := &ledger.Wallet{
		ID: l.w.ID, Available: l.w.Available, Held: l.w.Held, Seq: l.w.Seq, Clock: l.w.Clock, HeadHash: l.w.HeadHash,
		Schedule: l.w.Schedule, Started: l.w.Started,
	}
	for _, g := range l.w.Grants {
		if g.Open || needed[g.ID] {
			own.Grants = append(own.Grants, g)
		}
	}
	l.w = own
}

// TestSimulate_YearsOfRandomLives lets thousands of accounts live for years, some of them away for months.
func TestSimulate_YearsOfRandomLives(t *testing.T) {
	lives, years := 3000, 3
	if testing.Short() || raceDetector {
		lives = 25
	}
	steps := 0
	for seed := range lives {
		l := newLife(t, uint64(seed))
		end := l.now.AddDate(years, 0, 0)
		for l.now.Before(end) {
			pause := time.Duration(l.dice.IntN(10*24*60)) * time.Minute
			if l.dice.IntN(20) == 0 {
				pause += time.Duration(l.dice.IntN(120*24)) * time.Hour
			}
			l.now = l.now.Add(pause)
			l.follow()
			l.step()
			l.check()
			l.reload()
			steps++
		}
	}
	t.Logf("%d lives, %d steps", lives, steps)
}

// TestSimulate_BeingAwayChangesNothing runs each life twice: once looked at only when something is done, once several
// times a day. The same tokens must have arrived at the same moments, and the same must be left.
func TestSimulate_BeingAwayChangesNothing(t *testing.T) {
	lives := 150
	if testing.Short() || raceDetector {
		lives = 3
	}
	for seed := range lives {
		lazy, eager := newLife(t, uint64(seed)), newLife(t, uint64(seed))
		end := lazy.now.AddDate(2, 0, 0)
		for lazy.now.Before(end) {
			pause := time.Duration(lazy.dice.IntN(40*24)) * time.Hour
			if same := time.Duration(eager.dice.IntN(40*24)) * time.Hour; same != pause {
				t.Fatal("the dice differ")
			}
			for waited := 7 * time.Hour; waited < pause; waited += 7 * time.Hour {
				eager.now = lazy.now.Add(waited)
				eager.follow()
				eager.reload()
			}
			lazy.now = lazy.now.Add(pause)
			eager.now = lazy.now
			for _, l := range []*life{lazy, eager} {
				l.follow()
				l.reload()
				l.step()
				l.check()
			}
			if lazy.w.Available != eager.w.Available || lazy.w.Held != eager.w.Held || lazy.spent != eager.spent {
				lazy.fail("life %d: whoever was away has %s + %s, whoever was here %s + %s", seed,
					lazy.w.Available, lazy.w.Held, eager.w.Available, eager.w.Held)
			}
		}
		arrived := func(l *life) map[string]string {
			m := map[string]string{}
			for _, g := range l.made {
				if g.Kind == ledger.Plan {
					m[g.Ref] = fmt.Sprintf("%s at %s until %s", g.Amount, g.CreatedAt, g.ExpiresAt)
				}
			}
			return m
		}
		if a, b := arrived(lazy), arrived(eager); fmt.Sprint(a) != fmt.Sprint(b) {
			lazy.fail("life %d: what arrived differs:\n%v\n%v", seed, a, b)
		}
	}
}

// TestSimulate_EveryPaidMonthArrivesOnce counts: a cycle that was paid brings its months, however late, early, or
// between cancellations it was paid.
func TestSimulate_EveryPaidMonthArrivesOnce(t *testing.T) {
	lives := 400
	if raceDetector {
		lives = 20
	}
	for seed := range lives {
		l := newLife(t, uint64(seed))
		months, plan := 0, "apprentice"
		for range 60 {
			l.now = l.now.Add(time.Duration(l.dice.IntN(15*24*60)) * time.Minute)
			l.follow()
			cycle := []Cycle{Monthly, Yearly}[seed%2]
			adds := map[Cycle]int{Monthly: 1, Yearly: 12}[cycle]
			var s Subscription
			var err error
			switch l.dice.IntN(5) {
			case 0:
				s, err = l.sub.Start(l.now, plan, cycle)
			case 1:
				s, err = l.sub.Cancel(l.now)
				adds = 0
			case 2:
				s, err = l.sub.Resume(l.now)
				adds = 0
			default:
				s, err = l.sub.Pay(l.now)
			}
			if err == nil {
				l.sub = s
				months += adds
				l.follow()
			}
			l.reload()
		}
		l.now = l.now.AddDate(9, 0, 0)
		l.follow()
		arrived := 0
		for _, g := range l.made {
			if g.Kind == ledger.Plan {
				arrived++
			}
		}
		if arrived != months {
			l.fail("life %d: %d months were paid, %d arrived", seed, months, arrived)
		}
	}
}
