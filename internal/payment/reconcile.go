package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/plan"
)

// Difference is something that we and the provider do not agree about.
type Difference struct {
	Kind    string // of the list below
	Subject string // payment, charge or subscription
	Text    string
	Safe    bool // Fix can put it right without taking anything from anybody that they were told is theirs
	Fixed   bool
}

// fixed notes whether it was put right.
func (d *Difference) fixed(err error) {
	if d.Fixed = err == nil; err != nil {
		d.Text += fmt.Sprintf("; giving it back failed: %v", err)
	}
}

// The kinds of differences.
const (
	PaidNotGranted      = "paid_not_granted"     // the provider has the money, nothing has arrived
	GrantedNotPaid      = "granted_not_paid"     // something has arrived, the provider has no such money
	AmountDiffers       = "amount_differs"       // the provider has another amount
	RefundMissing       = "refund_missing"       // money went back, the tokens are still there; or the other way round
	PaidTwice           = "paid_twice"           // two payments under one name
	GrantMissing        = "grant_missing"        // a payment says that it has brought tokens, the ledger has no such grant
	SubscriptionDiffers = "subscription_differs" // plan, cycle, price or end
	DisputeDiffers      = "dispute_differs"
)

// Reconcile compares what was paid since a moment with the provider, and every subscription. It calls report for each
// difference. With fix it puts right what is safe: it takes up what was missed, gives back what is stuck, and tells the
// provider how subscriptions should be.
func (s *Service) Reconcile(ctx context.Context, since time.Time, fix bool, report func(Difference)) error {
	if s.Provider == nil {
		return ErrOff
	}
	r := &reconciler{Service: s, fix: fix, report: report, since: since, seen: map[string]bool{}}
	if err := s.Provider.Each(ctx, since, func(seen Seen) error { return r.payment(ctx, seen) }); err != nil {
		return err
	}
	return errors.Join(r.rows(ctx), r.subscriptions(ctx))
}

type reconciler struct {
	*Service
	fix    bool
	report func(Difference)
	since  time.Time
	seen   map[string]bool // charges that the provider has
}

// payment compares one payment that the provider has.
func (r *reconciler) payment(ctx context.Context, seen Seen) error {
	if seen.Status != Succeeded || seen.Amount <= 0 {
		return nil
	}
	r.seen[seen.Charge] = true
	row, err := r.row(ctx, seen)
	if errors.Is(err, ErrNotFound) && seen.PaymentID == "" {
		if seen.Subscription == "" {
			return nil // not one of ours
		}
		d := Difference{Kind: PaidNotGranted, Subject: seen.Charge, Text: fmt.Sprintf("%s was paid for subscription %s", seen.Amount, seen.Subscription), Safe: true}
		return r.takeUp(ctx, d, seen)
	}
	if errors.Is(err, ErrNotFound) {
		r.report(Difference{Kind: PaidNotGranted, Subject: seen.Charge, Text: fmt.Sprintf(
			"%s was paid under the name %s, which is not known here: it may be of another installation", seen.Amount, seen.PaymentID)})
		return nil
	}
	if err != nil {
		return err
	}
	d, ok := compare(row, seen)
	if !ok {
		return nil
	}
	switch {
	case d.Kind == PaidTwice:
		return r.giveSecondBack(ctx, d, seen)
	case d.Kind == AmountDiffers && d.Safe:
		return r.giveExcessBack(ctx, d, seen)
	case row.State == Stuck:
		return r.giveBack(ctx, d, seen)
	}
	return r.takeUp(ctx, d, seen)
}

func (r *reconciler) row(ctx context.Context, seen Seen) (Payment, error) {
	if seen.PaymentID != "" {
		return r.Find(ctx, seen.PaymentID)
	}
	return scanPayment(r.DB.QueryRow(ctx, selectPaymentCharge, r.Provider.Name(), seen.Charge))
}

// compare finds the difference between a row and what the provider has. It is pure.
func compare(p Payment, s Seen) (Difference, bool) {
	d := Difference{Subject: p.ID, Safe: true}
	after, changes := Settle(p, s)
	switch {
	case p.Received > 0 && p.Charge != s.Charge && s.Refunded == s.Amount:
		return d, false // a second payment that went back
	case p.Received > 0 && p.Charge != s.Charge:
		d.Kind, d.Text = PaidTwice, fmt.Sprintf("%s was paid again as %s: one has to go back", s.Amount, s.Charge)
	case p.State == Stuck:
		d.Kind, d.Text = PaidNotGranted, fmt.Sprintf("%s was paid and cannot be granted (%s): it has to go back", p.Received-p.Refunded, p.Reason)
		if s.Dispute == DisputeOpen {
			d.Safe, d.Text = false, d.Text+", and the bank is asked for it: it decides first"
		}
	case s.Amount < p.Amount && s.Refunded < s.Amount && s.Dispute != DisputeLost:
		d.Kind, d.Safe, d.Text = AmountDiffers, false, fmt.Sprintf("%s was asked, %s was paid", p.Amount, s.Amount)
	case s.Amount-s.Refunded > p.Amount && s.Dispute != DisputeLost:
		d.Kind, d.Text = AmountDiffers, fmt.Sprintf("%s was asked, %s was paid: what is too much has to go back", p.Amount, s.Amount)
		d.Safe = p.Kind == Renewal && s.Dispute != DisputeOpen // the bank decides first
	case !p.Brought && after.Brought:
		d.Kind, d.Text = PaidNotGranted, fmt.Sprintf("%s was paid, the payment is %s here", s.Amount, p.State)
	case after.Refunded != p.Refunded:
		d.Kind, d.Text = RefundMissing, fmt.Sprintf("%s went back, here it is %s", s.Refunded, p.Refunded)
	case s.Refunded < p.Refunded:
		d.Kind, d.Safe, d.Text = RefundMissing, false, fmt.Sprintf("here %s went back, at the provider %s: the refund has failed there", p.Refunded, s.Refunded)
	case after.Dispute != p.Dispute || len(changes) > 0:
		d.Kind, d.Text = DisputeDiffers, fmt.Sprintf("the dispute is %q, here it is %q", s.Dispute, p.Dispute)
	default:
		return d, false
	}
	return d, true
}

// takeUp reports a difference after taking up what the provider says, where that is safe and wanted.
func (r *reconciler) takeUp(ctx context.Context, d Difference, seen Seen) error {
	if r.fix && d.Safe {
		p, err := r.Observe(ctx, seen)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		d.Fixed = err == nil && p.State != Stuck && p.State != Open
	}
	r.report(d)
	return nil
}

// giveBack reports a payment that brings nothing, after giving its money back where that is wanted. A refund that fails is
// no reason not to look at the rest.
func (r *reconciler) giveBack(ctx context.Context, d Difference, seen Seen) error {
	if r.fix && d.Safe {
		p, err := r.Observe(ctx, seen) // somebody may have given it back already
		if err != nil {
			return err
		}
		if p.State == Stuck {
			_, err = r.Refund(ctx, p.ID, 0)
		}
		d.fixed(err)
	}
	r.report(d)
	return nil
}

// giveExcessBack reports a payment of more than was asked, after giving back what is too much where that is wanted. A
// provider renews for the price that it was told last: whose plan was changed while the provider could not be told is asked
// for one price and pays another.
func (r *reconciler) giveExcessBack(ctx context.Context, d Difference, seen Seen) error {
	if r.fix {
		p, err := r.Observe(ctx, seen)
		if err != nil {
			return err
		}
		if excess := seen.Amount - seen.Refunded - p.Amount; p.Brought && excess > 0 {
			_, err = r.Refund(ctx, p.ID, excess)
			d.fixed(err)
		}
	}
	r.report(d)
	return nil
}

// giveSecondBack reports a second payment under one name, after giving it back where that is wanted.
func (r *reconciler) giveSecondBack(ctx context.Context, d Difference, seen Seen) error {
	if r.fix {
		o := RefundOrder{Charge: seen.Charge, Amount: seen.Amount - seen.Refunded, Key: "twice:" + seen.Charge}
		d.fixed(r.Provider.Refund(ctx, o))
	}
	r.report(d)
	return nil
}

// rows goes through our payments: what has arrived must have been paid, and must be in the ledger.
func (r *reconciler) rows(ctx context.Context) error {
	for after := ""; ; {
		list, err := listPayments(ctx, r.DB, selectAllPayments, after, pageOf)
		if err != nil {
			return err
		}
		for _, p := range list {
			after = p.ID
			if p.Provider != r.Provider.Name() || !p.Brought {
				continue
			}
			if err := r.paid(ctx, p); err != nil {
				return err
			}
			if err := r.granted(ctx, p); err != nil {
				return err
			}
		}
		if len(list) < pageOf {
			return nil
		}
	}
}

func (r *reconciler) paid(ctx context.Context, p Payment) error {
	if r.seen[p.Charge] || p.PaidAt.Before(r.since) {
		return nil
	}
	seen, err := r.Provider.Look(ctx, Ref{Kind: RefCharge, ID: p.Charge}) // made before the moment, or by an invoice
	if err != nil {
		return err
	}
	for _, one := range seen {
		if one.Status == Succeeded && one.Charge == p.Charge {
			return nil
		}
	}
	r.report(Difference{Kind: GrantedNotPaid, Subject: p.ID, Text: fmt.Sprintf("%s arrived for %s, which the provider does not have (%s)", p.Tokens, p.Received, p.Charge)})
	return nil
}

func (r *reconciler) granted(ctx context.Context, p Payment) error {
	if p.Terms.GrantRef == "" || p.PaidAt.Before(r.since) {
		return nil
	}
	amount, err := r.Ledger.Granted(ctx, p.Wallet(), p.Terms.GrantRef)
	if err != nil {
		return err
	}
	if amount != p.Tokens {
		r.report(Difference{Kind: GrantMissing, Subject: p.ID, Text: fmt.Sprintf("it brought %s, the ledger has %s as %s", p.Tokens, amount, p.Terms.GrantRef)})
	}
	return nil
}

// subscriptions compares every subscription that has not ended.
func (r *reconciler) subscriptions(ctx context.Context) error {
	return r.eachLink(ctx, func(l link) error {
		sub, err := r.Plans.Read(ctx, l.wallet())
		if err != nil {
			return err
		}
		seen, err := r.Provider.Subscription(ctx, l.Subscription)
		if err != nil {
			return err
		}
		want := l.wanted(sub, r.Clock.Now())
		if want.same(seen) {
			return nil
		}
		d := Difference{Kind: SubscriptionDiffers, Subject: l.Subscription, Text: describe(want, seen), Safe: true}
		if r.fix {
			if seen.Ended {
				err = r.subscriptionChanged(ctx, l.Subscription)
			} else {
				err = r.tell(ctx, l, true)
			}
			if err != nil {
				return err
			}
			d.Fixed = true
		}
		r.report(d)
		return nil
	})
}

func describe(w Wanted, s SeenSubscription) string {
	say := func(planName string, c plan.Cycle, price plan.Money, ends, ended bool) string {
		switch {
		case ended:
			return "ended"
		case ends:
			return fmt.Sprintf("%s by the %s for %s, to end", planName, c, price)
		}
		return fmt.Sprintf("%s by the %s for %s", planName, c, price)
	}
	return fmt.Sprintf("here %s, at the provider %s", say(w.Plan, w.Cycle, w.Price, w.Ends, w.Ended), say(s.Plan, s.Cycle, s.Price, s.Ends, s.Ended))
}
