package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Observe takes up what the provider says of a payment, in one transaction: the payment's row, the ledger and the plan change
// together or not at all. It may be called any number of times, by anybody, in any order. A payment that is not ours
// (made by hand at the provider, or by another installation) is ErrNotFound.
func (s *Service) Observe(ctx context.Context, seen Seen) (Payment, error) {
	if seen.PaymentID == "" && seen.Status == Declined {
		return Payment{}, s.noteRefusal(ctx, seen)
	}
	p, err := s.place(ctx, seen)
	if err != nil {
		return p, err
	}
	first, err := s.Plans.First(ctx, p.Wallet())
	if err != nil {
		return p, err
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		before, err := scanPayment(tx.QueryRow(ctx, selectPayment+tx.ForUpdate(), p.ID))
		if err != nil {
			return err
		}
		after, changes := Settle(before, seen)
		if len(changes) > 0 {
			if after, err = s.apply(ctx, tx, first, after, changes); err != nil {
				return err
			}
		}
		p = after
		if after != before {
			if err := update(ctx, tx, after); err != nil {
				return err
			}
		}
		if before.State == Open && after.State != Open && after.Kind == TopUp {
			if err := s.noteTopUp(ctx, tx, after); err != nil {
				return err
			}
		}
		if before.Dispute == NoDispute && (after.Dispute == DisputeOpen || after.Dispute == DisputeLost) {
			if _, err := tx.Exec(ctx, stopRules, after.Buyer); err != nil { // nobody asks a disputed card again by itself
				return fmt.Errorf("stop top-ups of %s: %w", after.Buyer, err)
			}
		}
		if seen.Subscription != "" && after.Brought && !before.Brought {
			if _, err := tx.Exec(ctx, updateRefusal, after.Provider, seen.Subscription, 0); err != nil {
				return fmt.Errorf("forget the refusal of subscription %s: %w", seen.Subscription, err)
			}
		}
		return s.link(ctx, tx, after, seen, after.Brought && !before.Brought)
	})
	if err != nil {
		return p, fmt.Errorf("payment %s: %w", p.ID, err)
	}
	return p, nil
}

// place finds the payment's row, or makes one for the renewal of a subscription that is known.
func (s *Service) place(ctx context.Context, seen Seen) (Payment, error) {
	if s.Provider == nil {
		return Payment{}, ErrOff
	}
	name := s.Provider.Name()
	if seen.PaymentID != "" {
		p, err := scanPayment(s.DB.QueryRow(ctx, selectPayment, seen.PaymentID))
		if err == nil && p.Provider != name {
			err = ErrNotFound
		}
		return p, err
	}
	p, err := scanPayment(s.DB.QueryRow(ctx, selectPaymentCharge, name, seen.Charge))
	if !errors.Is(err, ErrNotFound) || seen.Subscription == "" || seen.Status != Succeeded || seen.Amount <= 0 {
		return p, err
	}
	l, err := scanLink(s.DB.QueryRow(ctx, selectLink, name, seen.Subscription))
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("read subscription %s: %w", seen.Subscription, err)
	}
	sub, err := s.Plans.Read(ctx, l.wallet())
	if err != nil {
		return p, err
	}
	due, cycle, price := sub.Renewal(s.Clock.Now())
	if price == 0 || !l.Live {
		due, cycle, price = plan.Plan{}, "", seen.Amount // nothing is due: it will be stuck, with its money
	}
	p = Payment{
		ID: id.New(), Buyer: l.Buyer, Kind: Renewal, Of: l.Of, Amount: price, Tokens: due.Monthly, State: Open, Provider: name,
		Charge: seen.Charge, CreatedAt: s.Clock.Now(), Terms: Terms{Plan: due.Name, Cycle: cycle, Stray: !l.Live},
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error { return insert(ctx, tx, p) })
	if db.IsUnique(err) { // somebody else was told of it too
		return scanPayment(s.DB.QueryRow(ctx, selectPaymentCharge, name, seen.Charge))
	}
	return p, err
}

// link remembers which subscription at the provider pays for which wallet. The one that began the plan in force follows it;
// one whose first payment brought nothing, or that another one has replaced, is to end.
func (s *Service) link(ctx context.Context, tx *db.Tx, p Payment, seen Seen, brought bool) error {
	if seen.Subscription == "" || p.Kind != Start || p.Charge != seen.Charge {
		return nil
	}
	before, err := scanLink(tx.QueryRow(ctx, selectLink, p.Provider, seen.Subscription))
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read subscription %s: %w", seen.Subscription, err)
	}
	live := p.Brought && (!known || before.Live || brought)
	if known && before.Live == live {
		return nil
	}
	if live {
		if _, err := tx.Exec(ctx, unlinkOthers, p.Buyer, p.Of, p.Provider, seen.Subscription); err != nil {
			return fmt.Errorf("replace subscriptions of %s: %w", p.Buyer, err)
		}
	}
	if _, err := tx.Exec(ctx, insertLink, p.Provider, seen.Subscription, p.Buyer, p.Of, db.Bool(live)); err != nil {
		return fmt.Errorf("write subscription %s: %w", seen.Subscription, err)
	}
	return nil
}

// apply carries the changes out. Where the plan refuses what was paid for, the payment is stuck: its money has to go back.
func (s *Service) apply(ctx context.Context, tx *db.Tx, first plan.Subscription, p Payment, changes []Change) (Payment, error) {
	out := p
	carry := func(now time.Time, sub plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
		for _, c := range changes {
			var err error
			if sub, err = out.effect(now, sub, w, c); err != nil {
				return sub, err
			}
		}
		return sub, nil
	}
	var err error
	if changes[0].Effect == Bring {
		_, err = s.changeIn(ctx, tx, p.Wallet(), first, carry)
	} else { // what goes back goes back whatever a team's rules are
		_, err = s.Plans.ChangeIn(ctx, tx, p.Wallet(), first, carry, p.Terms.GrantRef)
	}
	if f := fault.As(err); f != nil && changes[0].Effect == Bring {
		p.State, p.Reason, p.Brought, p.Taken, p.Claimed = Stuck, f.Code, false, 0, 0
		return p, nil
	}
	return out, err
}

// effect carries one change out on a subscription and the wallet that follows it. It is pure.
func (p *Payment) effect(now time.Time, sub plan.Subscription, w *ledger.Wallet, c Change) (plan.Subscription, error) {
	switch c.Effect {
	case Bring:
		return p.bring(now, sub, w)
	case TakeBack:
		rest := c.Tokens - w.TakeBack(p.Terms.GrantRef, c.Tokens, givenBack)
		w.TakeBack(p.wonRef(), rest, givenBack)
	case EndPlan:
		w.TakeBack(p.wonRef(), token.Max, givenBack)
		return p.endPlan(now, sub, w, false), nil
	case ClaimBack:
		before := w.Owed()
		over := p.Kind == Upgrade && !now.Before(p.Terms.Until)
		if p.Kind == Start || p.Kind == Renewal || over {
			p.Claimed = 0 // of a plan that is in force, endPlan says how much
		} else {
			p.Claimed = w.Claim(p.Terms.GrantRef, c.Tokens, askedBack)
		}
		sub = p.endPlan(now, sub, w, true)
		p.Terms.Owed = w.Owed() - before
	case BringBack:
		p.Terms.Owed = 0
		return sub, topUp(w, c.Tokens, p.wonRef(), "the bank let the payment stand")
	case Forgive:
		spare := p.Terms.Owed - min(p.Terms.Owed, c.Tokens)
		p.Terms.Owed -= spare
		return sub, topUp(w, spare, fmt.Sprintf("%s:forgiven:%d", p.ref(), p.Refunded), "what was owed for a payment that was given back")
	}
	return sub, nil
}

const (
	givenBack = "the payment was given back"
	askedBack = "the bank asks for the payment back"
)

// topUp grants an amount for good; it pays off what is owed first.
func topUp(w *ledger.Wallet, amount token.Amount, ref, note string) error {
	if amount == 0 {
		return nil
	}
	return w.Grant(ledger.GrantRequest{Kind: ledger.TopUp, Amount: amount, Ref: ref, Note: note})
}

// bring gives what was paid for.
func (p *Payment) bring(now time.Time, sub plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
	var err error
	switch p.Kind {
	case Pack, TopUp:
		p.Terms.GrantRef = p.ref()
		note := "bought"
		if p.Kind == TopUp {
			note = "bought by itself"
		}
		return sub, topUp(w, p.Tokens, p.ref(), note)
	case Start:
		sub, err = p.start(now, sub)
	case Upgrade:
		sub, err = sub.UpgradeFor(now, p.Terms.Plan, p.Terms.Seats, plan.Proration{Tokens: p.Tokens, Until: p.Terms.Until})
		p.Terms.GrantRef = sub.FirstGrant(now)
	case Renewal:
		if p.Terms.Stray {
			return sub, plan.ErrNotPaid
		}
		sub, err = sub.Pay(now)
	}
	if err != nil {
		return sub, err
	}
	p.Terms.Until, p.Terms.Anchor = sub.PaidUntil(), sub.Now(now).Anchor
	return sub, nil
}

// start begins the plan that was paid for, of a team for so many seats.
func (p *Payment) start(now time.Time, sub plan.Subscription) (plan.Subscription, error) {
	if p.Terms.Seats > 0 {
		return sub.StartTeam(now, p.Terms.Plan, p.Terms.Cycle, p.Terms.Seats)
	}
	return sub.Start(now, p.Terms.Plan, p.Terms.Cycle)
}

// endPlan takes the plan that was paid for away again, as long as its period runs, with what it was upgraded to since: a
// payment of old, or of a plan that was begun anew, has no say in what is in force now. An upgrade falls back to the plan
// before it, whatever it was upgraded to since. With claim, what was spent of the month becomes a debt, without what upgrades brought: they were paid on their own.
func (p *Payment) endPlan(now time.Time, sub plan.Subscription, w *ledger.Wallet, claim bool) plan.Subscription {
	t := sub.Now(now)
	if p.Kind == Pack || p.Kind == TopUp || !now.Before(p.Terms.Until) || !t.Anchor.Equal(p.Terms.Anchor) {
		return sub
	}
	if p.Kind == Upgrade {
		out, err := sub.Undo(now, p.Terms.GrantRef, p.Terms.From, p.Terms.FromSeats)
		if err != nil {
			return sub
		}
		return out
	}
	out, err := sub.EndNow(now)
	if err != nil {
		return sub
	}
	if claim {
		p.Claimed = w.ClaimMonth(askedBack, sub.UpgradeGrants()...)
	} else {
		w.EndMonth(givenBack)
	}
	return out
}

// noteTopUp tells the rule how its purchase ended.
func (s *Service) noteTopUp(ctx context.Context, tx *db.Tx, p Payment) error {
	r, err := rule(ctx, tx, p.Buyer, p.Of, tx.ForUpdate())
	if err != nil {
		return err
	}
	failure := ""
	if p.State == Failed || p.State == Stuck {
		failure = p.Reason
	}
	r = r.after(s.Clock.Now(), failure)
	_, err = tx.Exec(ctx, updateRuleState, r.Buyer, r.Of, db.Bool(r.Enabled), r.Failures, db.Micros(r.RetryAt), r.Reason)
	if err != nil {
		return fmt.Errorf("write top-up rule: %w", err)
	}
	return nil
}
