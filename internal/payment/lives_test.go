package payment_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/payment/paymenttest"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// errKilled stands for the end of a process.
var errKilled = errors.New("killed")

// lives are accounts, and a team, that do random things with money while the bank's line breaks, processes end between any two steps,
// and messages come late, twice, in any order, or never.
type lives struct {
	*shop
	dice *rand.Rand
	who  []access.Actor
	mail []payment.Event // not delivered yet
	old  []payment.Event // delivered
	log  []string
}

func (l *lives) say(format string, args ...any) {
	l.log = append(l.log, l.Clock.Now().Format("01-02 15:04 ")+fmt.Sprintf(format, args...))
}

func (l *lives) fail(format string, args ...any) {
	l.t.Helper()
	for _, line := range l.log {
		l.t.Log(line)
	}
	l.t.Fatalf(format, args...)
}

// fine accepts what may happen: a fault, the bank's absence, the process's end. Anything else is a mistake.
func (l *lives) fine(what string, err error) {
	l.t.Helper()
	if err == nil || fault.As(err) != nil || errors.Is(err, paymenttest.ErrAway) || errors.Is(err, errKilled) {
		l.say("%s: %v", what, err)
		return
	}
	l.fail("%s: %v", what, err)
}

// hazard lets one thing in so many go wrong: a call to the bank, a statement of the database, or its commit.
func (l *lives) hazard(one int) {
	if one == 0 {
		l.bank.Trouble = nil
		l.DB.Disturb(nil)
		return
	}
	l.bank.Trouble = func(string, bool) error {
		if l.dice.IntN(one) == 0 {
			return paymenttest.ErrAway
		}
		return nil
	}
	l.DB.Disturb(func(string) error {
		if l.dice.IntN(2*one) == 0 {
			return errKilled
		}
		return nil
	})
}

func pick[T any](dice *rand.Rand, list []T) T { return list[dice.IntN(len(list))] }

// step does one random thing.
func (l *lives) step() {
	who := pick(l.dice, l.who)
	u := pick(l.dice, []plan.Unit{plan.Tokens, plan.Tokens, plan.Credits})
	if _, ok := ledger.IsTeam(who.AccountID); ok {
		u = plan.Tokens
	}
	ctx := l.t.Context()
	switch l.dice.IntN(14) {
	case 0:
		_, _, err := l.Payments.Buy(ctx, who.AccountID, u, payment.Packs(u)[l.dice.IntN(3)].Name, 0, "")
		l.fine("buy", err)
	case 1, 2:
		l.wishFor(who, u)
	case 3, 4:
		if open := l.pages("open"); len(open) > 0 {
			page := pick(l.dice, open)
			l.say("pay on %s: %v", page, l.bank.Pay(page))
		}
	case 5:
		if open := l.pages("open"); len(open) > 0 {
			l.bank.Expire(pick(l.dice, open))
		}
	case 6:
		l.Clock.Advance(time.Duration(l.dice.IntN(20*24)) * time.Hour)
		for _, id := range slices.Sorted(maps.Keys(l.bank.Subscriptions)) {
			l.renew(id)
		}
	case 7:
		l.use(who, u)
	case 8:
		l.giveBack()
	case 9:
		l.dispute()
	case 10:
		l.bank.Decline = l.dice.IntN(3) == 0
		l.fine("top-ups", l.Payments.TopUps(ctx))
	case 11:
		l.fine("tell", l.Payments.Tell(ctx))
	case 12:
		l.fine("sweep", l.Payments.Sweep(ctx))
	default:
		l.post()
	}
}

func (l *lives) wishFor(who access.Actor, u plan.Unit) {
	names := map[plan.Unit][]string{plan.Tokens: {"apprentice", "artisan", "maestro"}, plan.Credits: {"api-basic", "api-standard", "api-pro"}}
	w := change(pick(l.dice, names[u]), pick(l.dice, []plan.Cycle{plan.Monthly, plan.Yearly}))
	if _, ok := ledger.IsTeam(who.AccountID); ok {
		w = seats(pick(l.dice, []string{"team-starter", "team-growth"}), 3+l.dice.IntN(5))
	}
	w.Action = pick(l.dice, []plan.Action{plan.Change, plan.Change, plan.Change, plan.Cancel, plan.Resume, plan.Try})
	_, shown, err := l.Payments.Preview(l.t.Context(), who.AccountID, u, w)
	if err == nil {
		_, err = l.Payments.Change(l.t.Context(), who.AccountID, u, w, shown, "")
	}
	l.fine(fmt.Sprintf("%s to %s by the %s", w.Action, w.Plan, w.Cycle), err)
}

func (l *lives) pages(state string) []string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(l.bank.Pages)) {
		if l.bank.Pages[id].State == state {
			list = append(list, id)
		}
	}
	return list
}

// renew lets the bank take the next period when it is due.
func (l *lives) renew(id string) {
	sub := l.bank.Subscriptions[id]
	last := l.bank.Payments[sub.Charges[len(sub.Charges)-1]].Seen.At
	months := 1
	if sub.Cycle == plan.Yearly {
		months = 12
	}
	if !l.Clock.Now().Before(ledger.AddMonths(last, months).Add(-time.Hour)) {
		l.say("renew %s", id)
		l.bank.Renew(id)
	}
}

func (l *lives) use(who access.Actor, u plan.Unit) {
	err := l.Ledger.Change(l.t.Context(), u.Wallet(who.AccountID), func(w *ledger.Wallet) error {
		amount := token.Amount(l.dice.Int64N(int64(w.Spendable()) + 1))
		h, err := w.Hold(ledger.HoldRequest{GenerationID: fmt.Sprintf("work:%d", l.dice.Int64()), Amount: amount})
		if err == nil {
			err = w.Capture(h, amount, false)
		}
		return err
	})
	l.fine("use", err)
}

func (l *lives) giveBack() {
	charges := l.bank.Charges()
	if len(charges) == 0 {
		return
	}
	c := pick(l.dice, charges)
	amount := (c.Amount - c.Refunded) / plan.Money(1+l.dice.IntN(3)) / 10_000 * 10_000
	if amount <= 0 || c.Dispute != payment.NoDispute {
		return
	}
	if l.dice.IntN(2) == 0 || c.PaymentID == "" {
		l.fine("give back at the bank", l.bank.GiveBack(c.Charge, amount))
		return
	}
	_, err := l.Payments.Refund(l.t.Context(), c.PaymentID, amount)
	l.fine("give back", err)
}

func (l *lives) dispute() {
	charges := l.bank.Charges()
	if len(charges) == 0 {
		return
	}
	c := pick(l.dice, charges)
	next := map[payment.Dispute][]payment.Dispute{
		payment.NoDispute: {payment.DisputeOpen}, payment.DisputeOpen: {payment.DisputeWon, payment.DisputeLost},
	}[c.Dispute]
	if len(next) > 0 && (c.Dispute != payment.NoDispute || l.dice.IntN(3) == 0) {
		d := pick(l.dice, next)
		l.say("the dispute of %s is %s", c.Charge, d)
		l.bank.Dispute(c.Charge, d)
	}
}

// post delivers some messages: in any order, some again, and loses some.
func (l *lives) post() {
	l.mail = append(l.mail, l.bank.TakeNews()...)
	l.dice.Shuffle(len(l.mail), func(i, j int) { l.mail[i], l.mail[j] = l.mail[j], l.mail[i] })
	n := l.dice.IntN(len(l.mail) + 1)
	for _, e := range l.mail[:n] {
		if l.dice.IntN(10) == 0 {
			continue // lost
		}
		l.fine("message "+e.ID, l.Payments.Receive(l.t.Context(), e))
		l.old = append(l.old, e)
	}
	l.mail = l.mail[n:]
	if len(l.old) > 0 {
		l.fine("again", l.Payments.Receive(l.t.Context(), pick(l.dice, l.old)))
	}
}

// TestPayments_EachBringsWhatItIsForOnce is random lives at a bank, on both databases, until everything is quiet: then the
// bank's books, the payments and the ledger must say the same.
func TestPayments_EachBringsWhatItIsForOnce(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		rounds := 2
		if long() {
			rounds = 20
		}
		for seed := range rounds {
			s.bank.Trouble = nil
			l := &lives{shop: s, dice: rand.New(rand.NewPCG(uint64(seed), 11))}
			_, club := s.club()
			for _, who := range []access.Actor{s.User(plan.Free), s.User(plan.Free), club} {
				l.who = append(l.who, who)
				units := []plan.Unit{plan.Tokens, plan.Credits}
				if who == club {
					units = units[:1]
				}
				for _, u := range units {
					pack := payment.Packs(u)[0]
					err := s.Payments.SetAutoTopUp(t.Context(), payment.TopUpRule{
						Buyer: who.AccountID, Of: u, Enabled: true, Pack: pack.Name, Threshold: token.Whole(200), Ceiling: 3 * pack.Price(),
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			l.hazard(25)
			for range 120 {
				l.step()
			}
			l.hazard(0)
			l.settleDown()
		}
		s.Verify()
	})
}

// settleDown lets everything end that was begun, without a single message, and compares.
func (l *lives) settleDown() {
	l.t.Helper()
	l.mail, l.bank.News, l.bank.Decline = nil, nil, false
	l.Clock.Advance(3 * day)
	for range 3 {
		l.decide()
		if err := errors.Join(l.Payments.Sweep(l.t.Context()), l.Payments.Tell(l.t.Context())); err != nil {
			l.fail("sweep: %v", err)
		}
		l.reconcile(true)
	}
	if d := l.reconcile(false); len(d) > 0 {
		l.fail("after everything was put right: %+v", d)
	}
	for _, seen := range l.bank.Charges() {
		l.compare(seen)
	}
	l.ceilings()
}

// decide lets the bank decide about what cannot be put right before it has: disputes of payments that brought nothing.
func (l *lives) decide() {
	l.t.Helper()
	for _, c := range l.bank.Charges() {
		if c.Dispute != payment.DisputeOpen {
			continue
		}
		var stuck int
		if err := l.DB.QueryRow(l.t.Context(), "SELECT COUNT(*) FROM payment WHERE charge = $1 AND state = 'stuck'", c.Charge).Scan(&stuck); err != nil {
			l.t.Fatal(err)
		}
		if stuck > 0 {
			l.bank.Dispute(c.Charge, pick(l.dice, []payment.Dispute{payment.DisputeWon, payment.DisputeLost}))
		}
	}
}

// compare holds one payment at the bank against its row and the ledger.
func (l *lives) compare(seen payment.Seen) {
	l.t.Helper()
	var id string
	var rows int
	err := l.DB.QueryRow(l.t.Context(), "SELECT COUNT(*), COALESCE(MAX(id), '') FROM payment WHERE charge = $1", seen.Charge).Scan(&rows, &id)
	if err != nil {
		l.t.Fatal(err)
	}
	if rows != 1 {
		if seen.Refunded != seen.Amount {
			l.fail("%s is in %d rows", seen.Charge, rows)
		}
		return // a second payment under one name, that went back
	}
	p := l.find(id)
	if p.Received != seen.Amount || p.Refunded != seen.Refunded {
		l.fail("%s: %d received and %d given back, the bank says %d and %d", id, p.Received, p.Refunded, seen.Amount, seen.Refunded)
	}
	if kept := seen.Refunded < seen.Amount && seen.Dispute != payment.DisputeOpen && seen.Dispute != payment.DisputeLost; kept != (p.State == payment.Paid) {
		l.fail("the bank kept the money of %s: %v, and the payment is %s", id, kept, p.State)
	}
	if p.Kind != payment.Pack && p.Kind != payment.TopUp {
		return
	}
	var grants int
	var amount, back token.Amount
	err = l.DB.QueryRow(l.t.Context(), "SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM ledger_grant WHERE source_ref = $1", "pay:"+id).Scan(&grants, &amount)
	if err == nil {
		err = l.DB.QueryRow(l.t.Context(), `SELECT COALESCE(SUM(e.amount), 0) FROM entry e JOIN ledger_grant g ON g.id = e.grant_id
			WHERE g.source_ref = $1 AND e.op = 'takeback'`, "pay:"+id).Scan(&back)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	if p.Brought != (grants == 1) || grants == 1 && amount != p.Tokens {
		l.fail("%s brought: %v, and the ledger has %d grants of %s", id, p.Brought, grants, amount)
	}
	if due := p.Taken + p.Claimed; back > due && seen.Dispute != payment.DisputeWon {
		l.fail("%s: %s were taken back, due were %s", id, back, due)
	}
}

// ceilings holds what top-ups cost in each month against what they may.
func (l *lives) ceilings() {
	spent := map[string]plan.Money{}
	for _, who := range l.who {
		list, _, err := l.Payments.List(l.t.Context(), who.AccountID, "", 100)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, p := range list {
			if p.Kind == payment.TopUp && p.Received > 0 {
				key := p.Buyer + string(p.Of) + p.CreatedAt.Format("2006-01")
				if spent[key] += p.Received - p.Refunded; spent[key] > 3*payment.Packs(p.Of)[0].Price() {
					l.fail("%s: %d in a month", key, spent[key])
				}
			}
		}
	}
}
