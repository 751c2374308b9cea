// Package paymenttest is a payment provider without money, for tests: it keeps books of its own, repeats itself when asked
// twice under one key, tells of everything that happens, and goes away when it is told to.
package paymenttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bottega/internal/clock"
	"bottega/internal/payment"
	"bottega/internal/plan"
)

// Bank is the provider. Everything is exported, so that a test can look at its books.
type Bank struct {
	mu    sync.Mutex
	clock clock.Clock
	n     int

	Customers     map[string]string // by account
	Pages         map[string]*Page
	Payments      map[string]*Payment // by charge
	Subscriptions map[string]*Subscription
	Refunds       map[string]bool         // keys
	Refused       map[string]payment.Seen // renewals that were not paid, by subscription
	News          []payment.Event         // not delivered by anybody but the test
	Decline       bool                    // the card on file

	// Trouble, when set, is asked before and after each call that changes something: an error means that the answer, or
	// the question, was lost.
	Trouble func(call string, done bool) error
}

// Page is a page to pay on.
type Page struct {
	ID, Customer, State, Charge string // open | complete | expired
	Order                       payment.Order
}

// Payment is money that came in.
type Payment struct {
	Seen         payment.Seen
	ByItself     bool
	Subscription string
}

// Subscription is a subscription.
type Subscription struct {
	payment.SeenSubscription
	Customer string
	Charges  []string
}

// New returns a bank without customers.
func New(c clock.Clock) *Bank {
	return &Bank{
		clock: c, Customers: map[string]string{}, Pages: map[string]*Page{}, Payments: map[string]*Payment{},
		Subscriptions: map[string]*Subscription{}, Refunds: map[string]bool{}, Refused: map[string]payment.Seen{},
	}
}

// ErrAway is the bank's usual trouble.
var ErrAway = errors.New("the bank is away")

func (b *Bank) id(kind string) string {
	b.n++
	return fmt.Sprintf("%s_%d", kind, b.n)
}

func (b *Bank) trouble(call string, done bool) error {
	if b.Trouble == nil {
		return nil
	}
	return b.Trouble(call, done)
}

// around runs a change between two moments at which the line may break.
func (b *Bank) around(call string, do func()) error {
	if err := b.trouble(call, false); err != nil {
		return err
	}
	b.mu.Lock()
	do()
	b.mu.Unlock()
	return b.trouble(call, true)
}

func (b *Bank) tell(kind payment.RefKind, id string) {
	b.News = append(b.News, payment.Event{
		ID: b.id("evt"), Type: string(kind), Ref: payment.Ref{Kind: kind, ID: id}, CreatedAt: b.clock.Now().UnixMicro(), Body: []byte("{}"),
	})
}

// Name implements payment.Provider.
func (b *Bank) Name() string { return "bank" }

// Test implements payment.Provider.
func (b *Bank) Test() bool { return true }

// Customer implements payment.Provider.
func (b *Bank) Customer(_ context.Context, buyer, _ string) (customer string, err error) {
	err = b.around("customer", func() {
		if b.Customers[buyer] == "" {
			b.Customers[buyer] = b.id("cus")
		}
		customer = b.Customers[buyer]
	})
	return customer, err
}

// Checkout implements payment.Provider.
func (b *Bank) Checkout(_ context.Context, o payment.Order) (page payment.Page, err error) {
	err = b.around("checkout", func() {
		for _, p := range b.Pages { // the same key again
			if p.Order.Payment.ID == o.Payment.ID {
				page = payment.Page{Checkout: p.ID, Address: "https://bank.test/" + p.ID}
				return
			}
		}
		p := &Page{ID: b.id("cs"), Customer: o.Customer, State: "open", Order: o}
		b.Pages[p.ID] = p
		page = payment.Page{Checkout: p.ID, Address: "https://bank.test/" + p.ID}
	})
	return page, err
}

// Close implements payment.Provider.
func (b *Bank) Close(_ context.Context, checkout string) error {
	return b.around("close", func() {
		if p := b.Pages[checkout]; p != nil && p.State == "open" {
			p.State = "expired"
			b.tell(payment.RefCheckout, p.ID)
		}
	})
}

// Charge implements payment.Provider.
func (b *Bank) Charge(_ context.Context, o payment.Order) (seen payment.Seen, err error) {
	err = b.around("charge", func() {
		for _, p := range b.Payments { // the same key again
			if p.ByItself && p.Seen.PaymentID == o.Payment.ID {
				seen = p.Seen
				return
			}
		}
		if b.Decline {
			seen = payment.Seen{PaymentID: o.Payment.ID, Status: payment.Declined, Failure: "card_declined"}
			return
		}
		seen = b.receive(o.Payment.ID, o.Customer, o.Payment.Amount)
		b.Payments[seen.Charge].ByItself = true
		b.tell(payment.RefCharge, seen.Charge)
	})
	return seen, err
}

func (b *Bank) receive(paymentID, customer string, amount plan.Money) payment.Seen {
	seen := payment.Seen{
		PaymentID: paymentID, Charge: b.id("pi"), Customer: customer, Status: payment.Succeeded, Amount: amount, Currency: payment.Currency,
		At: b.clock.Now(),
	}
	seen.Receipt = "https://bank.test/receipt/" + seen.Charge
	b.Payments[seen.Charge] = &Payment{Seen: seen}
	return seen
}

// Refund implements payment.Provider.
func (b *Bank) Refund(_ context.Context, r payment.RefundOrder) error {
	var refused error
	err := b.around("refund", func() {
		if b.Refunds[r.Key] {
			return
		}
		refused = b.giveBack(r.Charge, r.Amount)
		b.Refunds[r.Key] = refused == nil
	})
	return errors.Join(refused, err)
}

func (b *Bank) giveBack(charge string, amount plan.Money) error {
	p := b.Payments[charge]
	if p == nil || amount <= 0 || p.Seen.Refunded+amount > p.Seen.Amount {
		return fmt.Errorf("refund of %d from %s: there is not so much", amount, charge)
	}
	p.Seen.Refunded += amount
	b.tell(payment.RefCharge, charge)
	return nil
}

// Portal implements payment.Provider.
func (b *Bank) Portal(_ context.Context, customer, _ string) (string, error) {
	return "https://bank.test/portal/" + customer, b.trouble("portal", false)
}

// Look implements payment.Provider.
func (b *Bank) Look(_ context.Context, r payment.Ref) ([]payment.Seen, error) {
	if err := b.trouble("look", false); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []payment.Seen
	switch r.Kind {
	case payment.RefCheckout:
		if p := b.Pages[r.ID]; p != nil {
			list = append(list, b.page(p))
		}
	case payment.RefCharge, payment.RefInvoice:
		if p := b.Payments[r.ID]; p != nil {
			list = append(list, p.Seen)
		} else if seen, ok := b.Refused[r.ID]; ok {
			list = append(list, seen)
		}
	case payment.RefSubscription:
		if s := b.Subscriptions[r.ID]; s != nil {
			for _, c := range s.Charges {
				list = append(list, b.Payments[c].Seen)
			}
		}
	case payment.RefPayment:
		for _, p := range b.Pages {
			if p.Order.Payment.ID == r.ID {
				list = append(list, b.page(p))
			}
		}
		for _, p := range b.Payments {
			if p.Seen.PaymentID == r.ID {
				list = append(list, p.Seen)
			}
		}
	}
	return list, nil
}

func (b *Bank) page(p *Page) payment.Seen {
	switch p.State {
	case "complete":
		seen := b.Payments[p.Charge].Seen
		seen.Checkout = p.ID
		return seen
	case "expired":
		return payment.Seen{PaymentID: p.Order.Payment.ID, Checkout: p.ID, Status: payment.Declined, Failure: "expired"}
	}
	return payment.Seen{PaymentID: p.Order.Payment.ID, Checkout: p.ID, Status: payment.Pending}
}

// Each implements payment.Provider.
func (b *Bank) Each(_ context.Context, since time.Time, f func(payment.Seen) error) error {
	b.mu.Lock()
	var list []payment.Seen
	for _, p := range b.Payments {
		if !p.Seen.At.Before(since) {
			list = append(list, p.Seen)
		}
	}
	b.mu.Unlock()
	slices.SortFunc(list, func(x, y payment.Seen) int { return x.At.Compare(y.At) })
	for _, s := range list {
		if err := f(s); err != nil {
			return err
		}
	}
	return b.trouble("each", false)
}

// Subscription implements payment.Provider.
func (b *Bank) Subscription(_ context.Context, id string) (payment.SeenSubscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.Subscriptions[id]; s != nil {
		return s.SeenSubscription, nil
	}
	return payment.SeenSubscription{ID: id, Ended: true}, nil
}

// Follow implements payment.Provider.
func (b *Bank) Follow(_ context.Context, id string, w payment.Wanted) error {
	return b.around("follow", func() {
		s := b.Subscriptions[id]
		if s == nil || s.Ended {
			return
		}
		if w.Ended {
			s.Ended = true
			return
		}
		s.Plan, s.Cycle, s.Price, s.Ends = w.Plan, w.Cycle, w.Price, w.Ends
	})
}
