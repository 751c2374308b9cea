package stripe

import (
	"context"

	stripe "github.com/stripe/stripe-go/v85"

	"bottega/internal/payment"
	"bottega/internal/plan"
)

// Subscription implements payment.Provider. One that Stripe does not know has ended.
func (d *Driver) Subscription(ctx context.Context, id string) (payment.SeenSubscription, error) {
	s, err := d.api.V1Subscriptions.Retrieve(ctx, id, nil)
	if missing(err) {
		return payment.SeenSubscription{ID: id, Ended: true, Status: "missing"}, nil
	}
	if err != nil {
		return payment.SeenSubscription{}, failed("read a subscription", err)
	}
	return readSubscription(s), nil
}

func readSubscription(s *stripe.Subscription) payment.SeenSubscription {
	out := payment.SeenSubscription{
		ID: s.ID, Plan: s.Metadata[metaPlan], Ends: s.CancelAtPeriodEnd, Status: string(s.Status),
		Ended: s.Status == stripe.SubscriptionStatusCanceled || s.Status == stripe.SubscriptionStatusIncompleteExpired,
	}
	if it := item(s); it != nil && it.Price != nil {
		out.Price = money(it.Price.UnitAmount) * plan.Money(max(1, it.Quantity))
		if it.Price.Recurring != nil {
			out.Cycle = plan.Cycle(it.Price.Recurring.Interval)
		}
	}
	return out
}

func item(s *stripe.Subscription) *stripe.SubscriptionItem {
	if s.Items == nil || len(s.Items.Data) == 0 {
		return nil
	}
	return s.Items.Data[0]
}

// Follow implements payment.Provider. Stripe's own proration is switched off: what a change costs was shown and paid
// already. Another cycle would be billed at once; a trial until the end of the paid period makes it wait.
func (d *Driver) Follow(ctx context.Context, id string, w payment.Wanted) error {
	s, err := d.api.V1Subscriptions.Retrieve(ctx, id, nil)
	if missing(err) && w.Ended {
		return nil
	}
	if err != nil {
		return failed("read a subscription", err)
	}
	seen := readSubscription(s)
	if seen.Ended {
		return nil // it cannot be changed any more; the plan ends with its paid time
	}
	if w.Ended {
		_, err := d.api.V1Subscriptions.Cancel(ctx, id, &stripe.SubscriptionCancelParams{Prorate: stripe.Bool(false), InvoiceNow: stripe.Bool(false)})
		if err != nil && !missing(err) {
			return failed("end a subscription", err)
		}
		return nil
	}
	p := &stripe.SubscriptionUpdateParams{
		CancelAtPeriodEnd: stripe.Bool(w.Ends), ProrationBehavior: stripe.String("none"), Metadata: map[string]string{metaPlan: w.Plan},
	}
	if it := item(s); it != nil && (seen.Plan != w.Plan || seen.Cycle != w.Cycle || seen.Price != w.Price) {
		product, err := d.product(ctx, w.Plan, w.Title)
		if err != nil {
			return err
		}
		unit, quantity := perSeat(w.Price, w.Seats)
		p.Items = []*stripe.SubscriptionUpdateItemParams{{
			ID: stripe.String(it.ID), Quantity: stripe.Int64(quantity), PriceData: &stripe.SubscriptionUpdateItemPriceDataParams{
				Currency: stripe.String(payment.Currency), Product: stripe.String(product), UnitAmount: stripe.Int64(cents(unit)),
				Recurring: &stripe.SubscriptionUpdateItemPriceDataRecurringParams{Interval: stripe.String(string(w.Cycle))},
			},
		}}
		if seen.Cycle != w.Cycle {
			p.TrialEnd = stripe.Int64(it.CurrentPeriodEnd)
		}
	}
	if _, err := d.api.V1Subscriptions.Update(ctx, id, p); err != nil {
		return failed("change a subscription", err)
	}
	return nil
}
