package payment

import (
	"context"
	"time"

	"bottega/internal/plan"
)

// Provider is who takes the money. Every call that moves some carries a key of ours: the same key moves it once.
type Provider interface {
	Name() string // of the rows it is responsible for
	Test() bool   // no real money is moved

	// Customer makes the provider's record of who buys, an account or a team, once for each.
	Customer(ctx context.Context, buyer, email string) (customer string, err error)
	// Checkout opens a page on which the payment is made.
	Checkout(ctx context.Context, r Order) (Page, error)
	// Close closes a page; one on which was paid, or that is closed, stays as it is.
	Close(ctx context.Context, checkout string) error
	// Charge takes the payment from the card on file, without the person. Declined is an answer, not an error.
	Charge(ctx context.Context, r Order) (Seen, error)
	// Refund gives a part back.
	Refund(ctx context.Context, r RefundOrder) error
	// Portal opens a page with the payer's cards and invoices.
	Portal(ctx context.Context, customer, back string) (address string, err error)

	// Look returns the payments behind something the provider told of. What is not known any more is none.
	Look(ctx context.Context, r Ref) ([]Seen, error)
	// Each goes through all payments made since a moment.
	Each(ctx context.Context, since time.Time, f func(Seen) error) error

	// Subscription returns a subscription as the provider has it.
	Subscription(ctx context.Context, subscription string) (SeenSubscription, error)
	// Follow makes a subscription as it is wanted, without taking or giving money now.
	Follow(ctx context.Context, subscription string, w Wanted) error
}

// Order asks for a payment.
type Order struct {
	Payment  Payment
	Title    string // on the page and the receipt
	Customer string
	Back     string // page of the studio to return to
	Lasts    time.Duration
}

// Page is where somebody pays.
type Page struct{ Checkout, Address string }

// RefundOrder asks for money back.
type RefundOrder struct {
	Charge string
	Amount plan.Money
	Key    string
}

// RefKind says what a provider's name is of.
type RefKind string

// The kinds of names.
const (
	RefCheckout     RefKind = "checkout"
	RefCharge       RefKind = "charge"
	RefInvoice      RefKind = "invoice"
	RefSubscription RefKind = "subscription" // all invoices of it
	RefPayment      RefKind = "payment"      // a name of ours
)

// Ref names something at the provider.
type Ref struct {
	Kind     RefKind
	ID       string
	Customer string // with RefPayment
}

// Wanted is how a subscription should be at the provider.
type Wanted struct {
	Plan  string     `json:"plan"`
	Title string     `json:"title"`
	Cycle plan.Cycle `json:"cycle"`
	Seats int        `json:"seats,omitempty"` // of a team, that Price is for together
	Price plan.Money `json:"price"`
	Ends  bool       `json:"ends"`  // with the paid period
	Ended bool       `json:"ended"` // now
}

// SeenSubscription is a subscription as the provider has it.
type SeenSubscription struct {
	ID     string
	Plan   string
	Cycle  plan.Cycle
	Price  plan.Money
	Ends   bool
	Ended  bool
	Status string // the provider's word
}

// wanted says how a subscription at the provider should be. It is pure.
func (l link) wanted(s plan.Subscription, now time.Time) Wanted {
	if !l.Live {
		return Wanted{Ended: true}
	}
	p, c, price := s.Renewal(now)
	if price > 0 {
		return Wanted{Plan: p.Name, Title: p.Title, Cycle: c, Seats: s.Due(now).Seats, Price: price}
	}
	t := s.Now(now)
	if s.State(now) == plan.Cancelled && t.Cycle != plan.ByHand {
		p, _ := plan.Find(t.Plan)
		return Wanted{Plan: p.Name, Title: p.Title, Cycle: t.Cycle, Seats: t.Seats, Price: p.For(t.Seats).Price(t.Cycle), Ends: true}
	}
	return Wanted{Ended: true}
}

// same reports whether the provider has a subscription as it is wanted.
func (w Wanted) same(s SeenSubscription) bool {
	if w.Ended || s.Ended {
		return w.Ended == s.Ended || w.Ends && s.Ended
	}
	return w.Plan == s.Plan && w.Cycle == s.Cycle && w.Price == s.Price && w.Ends == s.Ends
}
