package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/plan"
)

const (
	lookEvery   = 10 * time.Second
	pageOf      = 200
	giveUpAfter = 48 * time.Hour // of a payment that the provider knows nothing of
)

// AskAgain is when an open payment is looked up: a message about it may be lost.
const AskAgain = 2 * time.Minute

// Run tops wallets up, tells the provider what has changed, and looks after payments whose messages were lost, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	if s.Provider == nil {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var swept time.Time
	for {
		if err := s.TopUps(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("topping up failed; trying again", "error", err)
		}
		if err := s.Tell(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("telling the payment provider failed; trying again", "error", err)
		}
		if now := s.Clock.Now(); now.Sub(swept) >= time.Minute {
			swept = now
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("looking after payments failed; trying again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// TopUps goes through the rules that are on. A wallet whose top-up fails does not keep the others waiting.
func (s *Service) TopUps(ctx context.Context) error {
	var errs []error
	buyer, unit := "", plan.Unit("")
	for {
		rules, err := listRules(ctx, s.DB, buyer, unit, pageOf)
		if err != nil {
			return err
		}
		for _, r := range rules {
			if err := s.topUp(ctx, r); err != nil {
				errs = append(errs, err)
			}
			buyer, unit = r.Buyer, r.Of
		}
		if len(rules) < pageOf {
			return errors.Join(errs...)
		}
	}
}

// listRules lists the rules that are on, by buyer and what they fill, behind the one that is given.
func listRules(ctx context.Context, q db.Queryer, buyer string, unit plan.Unit, most int) ([]TopUpRule, error) {
	rows, err := q.Query(ctx, selectRules, buyer, unit, most)
	if err != nil {
		return nil, fmt.Errorf("list top-up rules: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var rules []TopUpRule
	for rows.Next() {
		r, err := scanRule(rows)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list top-up rules: %w", err)
	}
	return rules, nil
}

// Sweep looks up every payment that has been open for a while, goes on with top-ups that were cut off, asks for invoices of
// subscriptions that seem unpaid, and works off messages that could not be taken up when they came.
func (s *Service) Sweep(ctx context.Context) error {
	if s.Provider == nil {
		return nil
	}
	errs := []error{s.retryEvents(ctx)}
	after, id := int64(0), ""
	until := db.Micros(s.Clock.Now().Add(-AskAgain))
	for {
		list, err := listPayments(ctx, s.DB, selectOpen, after, id, until, pageOf)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, p := range list {
			if err := s.lookAfter(ctx, p); err != nil {
				errs = append(errs, fmt.Errorf("payment %s: %w", p.ID, err))
			}
			after, id = db.Micros(p.CreatedAt), p.ID
		}
		if len(list) < pageOf {
			break
		}
	}
	return errors.Join(append(errs, s.renewals(ctx))...)
}

// lookAfter finds out what has become of an open payment.
func (s *Service) lookAfter(ctx context.Context, p Payment) error {
	if p.Provider != s.Provider.Name() {
		return nil
	}
	ref := Ref{Kind: RefPayment, ID: p.ID}
	if p.Checkout != "" {
		ref = Ref{Kind: RefCheckout, ID: p.Checkout}
	}
	var err error
	if ref.Customer, err = s.customer(ctx, p.Buyer); err != nil {
		return err
	}
	seen, err := s.Provider.Look(ctx, ref)
	if err != nil {
		return err
	}
	for _, one := range seen {
		if _, err := s.Observe(ctx, one); err != nil {
			return err
		}
	}
	if len(seen) > 0 {
		return nil
	}
	if p.Kind == TopUp && p.Checkout == "" { // the process ended before it could ask for the money
		return s.charge(ctx, p)
	}
	if s.Clock.Now().Sub(p.CreatedAt) < giveUpAfter && p.Kind != Upgrade {
		return nil
	}
	_, err = s.Observe(ctx, Seen{PaymentID: p.ID, Status: Declined, Failure: "never_asked"})
	return err
}

// renewals asks for the invoices of subscriptions whose paid time is over.
func (s *Service) renewals(ctx context.Context) error {
	return s.eachLink(ctx, func(l link) error {
		sub, err := s.Plans.Read(ctx, l.wallet())
		if err != nil {
			return err
		}
		if s.Clock.Now().Before(sub.PaidUntil()) {
			return nil
		}
		return s.take(ctx, Ref{Kind: RefSubscription, ID: l.Subscription})
	})
}

// take looks something up and takes up what there is. What is not ours is left alone.
func (s *Service) take(ctx context.Context, ref Ref) error {
	seen, err := s.Provider.Look(ctx, ref)
	if err != nil {
		return err
	}
	for _, one := range seen {
		if _, err := s.Observe(ctx, one); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s *Service) eachLink(ctx context.Context, f func(link) error) error {
	var errs []error
	for after := ""; ; {
		list, err := s.links(ctx, selectLinks, s.Provider.Name(), after, pageOf)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, l := range list {
			if err := f(l); err != nil {
				errs = append(errs, fmt.Errorf("subscription %s: %w", l.Subscription, err))
			}
			after = l.Subscription
		}
		if len(list) < pageOf {
			return errors.Join(errs...)
		}
	}
}

// Tell brings the provider's subscriptions after ours. What it was told last is kept, so that it is asked for nothing when
// nothing has changed; a change that it did not hear of is told again.
func (s *Service) Tell(ctx context.Context) error {
	if s.Provider == nil {
		return nil
	}
	return s.eachLink(ctx, func(l link) error { return s.tell(ctx, l, false) })
}

func (s *Service) tell(ctx context.Context, l link, again bool) error {
	sub, err := s.Plans.Read(ctx, l.wallet())
	if err != nil {
		return err
	}
	want := l.wanted(sub, s.Clock.Now())
	text, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("write what is wanted: %w", err)
	}
	if string(text) == l.Told && !again {
		return nil
	}
	if err := s.Provider.Follow(ctx, l.Subscription, want); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, updateLink, s.Provider.Name(), l.Subscription, string(text), db.Bool(want.Ended))
		return err
	})
}
