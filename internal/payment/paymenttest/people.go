package paymenttest

import (
	"slices"

	"bottega/internal/payment"
	"bottega/internal/plan"
)

// What people, cards and clerks do at the bank.

// Pay pays on a page and reports whether it was open.
func (b *Bank) Pay(checkout string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.Pages[checkout]
	if p == nil || p.State != "open" {
		return false
	}
	seen := b.receive(p.Order.Payment.ID, p.Customer, p.Order.Payment.Amount)
	p.State, p.Charge = "complete", seen.Charge
	if pay := p.Order.Payment; pay.Kind == payment.Start {
		s := &Subscription{Customer: p.Customer, Charges: []string{seen.Charge}}
		s.ID, s.Plan, s.Cycle, s.Price, s.Status = b.id("sub"), pay.Terms.Plan, pay.Terms.Cycle, pay.Amount, "active"
		b.Subscriptions[s.ID] = s
		b.Payments[seen.Charge].Subscription = s.ID
		b.Payments[seen.Charge].Seen.Subscription = s.ID
		b.tell(payment.RefInvoice, seen.Charge)
		b.tell(payment.RefSubscription, s.ID)
	}
	b.tell(payment.RefCheckout, p.ID)
	b.tell(payment.RefCharge, seen.Charge)
	return true
}

// Expire closes a page that nobody pays on.
func (b *Bank) Expire(checkout string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.Pages[checkout]; p != nil && p.State == "open" {
		p.State = "expired"
		b.tell(payment.RefCheckout, p.ID)
	}
}

// Renew takes the next period's payment of a subscription; one that is to end ends.
func (b *Bank) Renew(subscription string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.Subscriptions[subscription]
	switch {
	case s == nil || s.Ended:
		return
	case s.Ends:
		s.Ended = true
		b.tell(payment.RefSubscription, s.ID)
		return
	}
	delete(b.Refused, subscription)
	seen := b.receive("", s.Customer, s.Price)
	b.Payments[seen.Charge].Seen.Subscription = s.ID
	b.Payments[seen.Charge].Subscription = s.ID
	s.Charges = append(s.Charges, seen.Charge)
	b.tell(payment.RefInvoice, seen.Charge)
	b.tell(payment.RefSubscription, s.ID)
}

// RefuseRenewal tries to take the next period's payment of a subscription from a card that is no good.
func (b *Bank) RefuseRenewal(subscription string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.Subscriptions[subscription]; s != nil {
		b.Refused[subscription] = payment.Seen{Subscription: subscription, Customer: s.Customer, Status: payment.Declined, Failure: "card_declined", At: b.clock.Now()}
		b.tell(payment.RefInvoice, subscription)
	}
}

// End ends a subscription at the bank's own counter.
func (b *Bank) End(subscription string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.Subscriptions[subscription]; s != nil {
		s.Ended = true
		b.tell(payment.RefSubscription, s.ID)
	}
}

// GiveBack gives money back at the bank's own counter.
func (b *Bank) GiveBack(charge string, amount plan.Money) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.giveBack(charge, amount)
}

// Dispute sets how a bank's question about a payment stands.
func (b *Bank) Dispute(charge string, d payment.Dispute) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.Payments[charge]; p != nil {
		p.Seen.Dispute = d
		b.tell(payment.RefCharge, charge)
	}
}

// Intrude books a payment that no order was made for.
func (b *Bank) Intrude(paymentID string, amount plan.Money) payment.Seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.receive(paymentID, "cus_0", amount)
}

// Charges lists all payments, the oldest first.
func (b *Bank) Charges() []payment.Seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []payment.Seen
	for _, p := range b.Payments {
		list = append(list, p.Seen)
	}
	slices.SortFunc(list, func(x, y payment.Seen) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return len(x.Charge) - len(y.Charge)
	})
	return list
}

// TakeNews returns the events so far and forgets them.
func (b *Bank) TakeNews() []payment.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.News
	b.News = nil
	return news
}
