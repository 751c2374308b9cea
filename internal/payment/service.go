package payment

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"bottega/internal/account"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Accounts tells the e-mail address of a payer.
type Accounts interface {
	ByID(ctx context.Context, accountID string) (account.Account, error)
}

// Deps are what a Service is made of.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Accounts Accounts
	Plans    *plan.Service
	Teams    Teams
	Ledger   *ledger.Service
	Provider Provider // nil = no payments: what costs nothing still works
	Trial    plan.Trial
	Log      *slog.Logger
}

// Service takes payments and lets people change their plans. It owns the tables payment, payer, payer_subscription,
// provider_event and topup_rule.
type Service struct {
	Deps
	wake chan struct{}
}

// NewService returns a service on a migrated database.
func NewService(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

// On reports whether payments are taken, and whether they are only for trying.
func (s *Service) On() (on, test bool) {
	if s.Provider == nil {
		return false, false
	}
	return true, s.Provider.Test()
}

// Offered is the trial that accounts may have once.
func (s *Service) Offered() plan.Trial { return s.Trial }

// shownFor is how long a price that was shown is kept to.
const shownFor = 15 * time.Minute

// Shown is what somebody saw when they agreed: the moment of the preview and the version of the subscription.
type Shown struct {
	At      time.Time
	Version int64
}

// Preview says what a wish would bring and cost now.
func (s *Service) Preview(ctx context.Context, buyer string, u plan.Unit, w plan.Wish) (plan.Preview, Shown, error) {
	wallet, err := walletOf(buyer, u)
	if err != nil {
		return plan.Preview{}, Shown{}, err
	}
	sub, err := s.Plans.Read(ctx, wallet)
	if err != nil {
		return plan.Preview{}, Shown{}, err
	}
	now := s.Clock.Now()
	p, err := s.decide(ctx, buyer, sub, now, w)
	return p, Shown{now, sub.Version}, err
}

// Changed is what came of a wish.
type Changed struct {
	Preview plan.Preview
	Payment *Payment // nil = it cost nothing
	Pay     string   // address of the page to pay on; empty = none is needed
}

// Change carries out what was shown. What costs nothing happens now; an upgrade is taken from the card on file; a first
// payment, and one that the bank wants to ask about, is made on the provider's page, and the plan changes when it arrives.
func (s *Service) Change(ctx context.Context, buyer string, u plan.Unit, w plan.Wish, shown Shown, back string) (Changed, error) {
	now := s.Clock.Now()
	if age := now.Sub(shown.At); age < 0 || age > shownFor {
		return Changed{}, ErrPriceChanged
	}
	wallet, err := walletOf(buyer, u)
	if err != nil {
		return Changed{}, err
	}
	sub, err := s.Plans.Read(ctx, wallet)
	if err != nil {
		return Changed{}, err
	}
	if sub.Version != shown.Version {
		return Changed{}, ErrPriceChanged
	}
	p, err := s.decide(ctx, buyer, sub, shown.At, w)
	if err != nil {
		return Changed{}, err
	}
	if p.Price > 0 {
		return s.payFor(ctx, buyer, u, sub, p, back)
	}
	if err := s.changeNow(ctx, wallet, w, shown); err != nil {
		return Changed{}, err
	}
	s.Wake()
	return Changed{Preview: p}, nil
}

// changeNow carries out what costs nothing.
func (s *Service) changeNow(ctx context.Context, wallet string, w plan.Wish, shown Shown) error {
	first, err := s.Plans.First(ctx, wallet)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := s.changeIn(ctx, tx, wallet, first, func(at time.Time, sub plan.Subscription, _ *ledger.Wallet) (plan.Subscription, error) {
			if sub.Version != shown.Version {
				return sub, ErrPriceChanged
			}
			out, _, err := sub.Decide(at, w, s.Trial)
			return out, err
		})
		return err
	})
}

// payFor asks for the payment that a change costs.
func (s *Service) payFor(ctx context.Context, buyer string, u plan.Unit, sub plan.Subscription, v plan.Preview, back string) (Changed, error) {
	p := Payment{
		Buyer: buyer, Of: u, Amount: v.Price, Tokens: v.Tokens, Kind: Start,
		Terms: Terms{Plan: v.Plan.Name, Cycle: v.Cycle, Seats: v.Seats},
	}
	if v.Action == plan.Upgrade {
		from := sub.Now(v.At)
		p.Kind, p.Terms.From, p.Terms.FromSeats, p.Terms.Until = Upgrade, from.Plan, from.Seats, v.Until
	}
	p, page, err := s.ask(ctx, p, v.Plan.Title, back)
	return Changed{Preview: v, Payment: &p, Pay: page}, err
}

// Buy asks for the payment of a pack and returns the address of the page to pay on.
func (s *Service) Buy(ctx context.Context, buyer string, u plan.Unit, pack string, amount token.Amount, back string) (Payment, string, error) {
	if _, err := walletOf(buyer, u); err != nil {
		return Payment{}, "", err
	}
	offer, err := PackOf(u, pack, amount)
	if err != nil {
		return Payment{}, "", err
	}
	return s.ask(ctx, Payment{
		Kind: Pack, Buyer: buyer, Of: u, Amount: offer.Price(), Tokens: offer.Amount, Terms: Terms{Pack: offer.Name},
	}, packTitle(offer), back)
}

func packTitle(o PackOffer) string { return fmt.Sprintf("%s %s", o.Amount, o.Of) }

// pageLasts is how long a page to pay on is open.
const pageLasts = 60 * time.Minute

// ask writes a payment down as open, then asks the provider for it: an upgrade from the card on file first, everything
// else on a page.
func (s *Service) ask(ctx context.Context, p Payment, title, back string) (Payment, string, error) {
	if s.Provider == nil {
		return p, "", ErrOff
	}
	customer, err := s.customer(ctx, p.Buyer)
	if err != nil {
		return p, "", err
	}
	if p.Kind == Start || p.Kind == Upgrade {
		if err := s.closeOthers(ctx, p); err != nil {
			return p, "", err
		}
	}
	p.ID, p.State, p.Provider, p.CreatedAt = id.New(), Open, s.Provider.Name(), s.Clock.Now()
	if err := s.DB.Tx(ctx, func(tx *db.Tx) error { return insert(ctx, tx, p) }); err != nil {
		if db.IsUnique(err) {
			err = ErrUnderWay
		}
		return p, "", err
	}
	o := Order{Payment: p, Title: title, Customer: customer, Back: back, Lasts: pageLasts}
	if p.Kind == Upgrade {
		seen, err := s.Provider.Charge(ctx, o)
		if err != nil {
			return p, "", trouble(err)
		}
		if seen.Status != Declined {
			p, err = s.Observe(ctx, seen)
			return p, "", err
		}
	}
	page, err := s.Provider.Checkout(ctx, o)
	if err != nil {
		return p, "", trouble(err)
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		now, err := scanPayment(tx.QueryRow(ctx, selectPayment+tx.ForUpdate(), p.ID))
		if err != nil {
			return err
		}
		now.Checkout = page.Checkout // unless it was paid in the meantime, this is all that is known
		p = now
		return update(ctx, tx, now)
	})
	return p, page.Address, err
}

// trouble is a call to the provider that failed. Nothing was changed here; what it may have changed there is found by Sweep.
// What the driver refuses with a reason of its own stays as it is.
func trouble(err error) error {
	if fault.As(err) != nil {
		return err
	}
	return fault.Wrap(fault.Unavailable, "provider_trouble", "the payment provider does not answer, try again in a moment", err)
}

// closeOthers closes the pages of changes that were begun and not paid: of two pages, both could be paid.
func (s *Service) closeOthers(ctx context.Context, p Payment) error {
	list, err := listPayments(ctx, s.DB, selectChanges, p.Buyer, p.Of)
	if err != nil {
		return err
	}
	for _, old := range list {
		if old.Checkout == "" {
			return ErrUnderWay
		}
		if err := s.Provider.Close(ctx, old.Checkout); err != nil {
			return trouble(err)
		}
		if err := s.take(ctx, Ref{Kind: RefCheckout, ID: old.Checkout}); err != nil {
			return trouble(err)
		}
		now, err := s.Get(ctx, p.Buyer, old.ID)
		switch {
		case err != nil:
			return err
		case now.Brought:
			return ErrPriceChanged
		case now.State == Open:
			return ErrUnderWay
		}
	}
	return nil
}

// Wake makes Run look at once.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
