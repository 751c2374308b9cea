package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/id"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Pack is an amount that can be bought once.
type Pack struct {
	Of       string       `json:"of" enum:"tokens,credits"`
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Amount   token.Amount `json:"amount_mt"`
	Price    plan.Money   `json:"price_micros"`
	Thousand plan.Money   `json:"thousand_micros" doc:"what a thousand of it cost, rounded up"`
}

// PackTier is a step of the tariff: what is bought up to an amount costs a rate, what is beyond costs the next one.
type PackTier struct {
	UpTo     token.Amount `json:"up_to_mt" doc:"0 = no end"`
	Thousand plan.Money   `json:"thousand_micros" doc:"price of a thousand"`
}

// PackList is what can be bought, and what an amount of one's own costs.
type PackList struct {
	Items []Pack       `json:"items" nullable:"false"`
	Tiers []PackTier   `json:"tiers" nullable:"false" doc:"of an amount of one's own: the sum over the tiers, rounded up to the cent"`
	Least token.Amount `json:"least_mt" doc:"of an amount of one's own"`
	Most  token.Amount `json:"most_mt"`
	Step  token.Amount `json:"step_mt"`
}

// Payment is one payment and what became of it.
type Payment struct {
	ID         string       `json:"id" format:"uuid"`
	Kind       string       `json:"kind" enum:"pack,topup,start,upgrade,renewal" doc:"topup: a pack that was bought by itself"`
	Of         string       `json:"of" enum:"tokens,credits"`
	State      string       `json:"state" enum:"open,failed,paid,stuck,refunded,disputed,chargedback" doc:"stuck: paid, but it could not be given; the money goes back"`
	Reason     string       `json:"reason" doc:"code of why it failed or is stuck; otherwise empty"`
	Price      plan.Money   `json:"price_micros" doc:"asked"`
	Received   plan.Money   `json:"received_micros"`
	Refunded   plan.Money   `json:"refunded_micros"`
	Currency   string       `json:"currency" enum:"usd"`
	Tokens     token.Amount `json:"tokens_mt" doc:"that it brings; of a plan those of the first month"`
	Taken      token.Amount `json:"taken_mt" doc:"of them, that went back with the money"`
	Plan       *string      `json:"plan"`
	PlanTitle  *string      `json:"plan_title"`
	Cycle      *string      `json:"cycle" enum:"month,year"`
	Seats      int          `json:"seats" doc:"of a team's plan; 0 = one person, or a pack"`
	Pack       *string      `json:"pack" doc:"null with an amount of one's own"`
	CreatedAt  time.Time    `json:"created_at"`
	PaidAt     *time.Time   `json:"paid_at"`
	PaidUntil  *time.Time   `json:"paid_until" doc:"end of the period that it is for"`
	ReceiptURL *string      `json:"receipt_url" doc:"the provider's receipt or invoice"`
}

// NewPayment is a payment that was asked for.
type NewPayment struct {
	Payment Payment `json:"payment"`
	PayURL  string  `json:"pay_url" doc:"where it is made"`
}

// PackWish asks for a pack, or an amount of one's own.
type PackWish struct {
	Of     string       `json:"of,omitempty" enum:"tokens,credits" default:"tokens"`
	Pack   string       `json:"pack,omitempty" doc:"name; left out with an amount"`
	Amount token.Amount `json:"amount_mt,omitempty" doc:"left out with a pack"`
}

// Address is where to go.
type Address struct {
	URL string `json:"url"`
}

// AutoTopUp is when a wallet fills itself.
type AutoTopUp struct {
	Of        string       `json:"of" enum:"tokens,credits"`
	Enabled   bool         `json:"enabled"`
	Threshold token.Amount `json:"threshold_mt" doc:"a balance below it buys"`
	Pack      string       `json:"pack" doc:"empty = amount_mt of one's own"`
	Amount    token.Amount `json:"amount_mt" doc:"that one purchase brings"`
	Price     plan.Money   `json:"price_micros" doc:"of one purchase"`
	Ceiling   plan.Money   `json:"ceiling_micros" doc:"most that may be spent in a UTC month"`
	Spent     plan.Money   `json:"spent_micros" doc:"in this UTC month, without what was given back"`
	Verdict   string       `json:"verdict" enum:"off,enough,waiting,ceiling,no_method,buy,not_possible" doc:"what would happen now"`
	Reason    string       `json:"reason" doc:"code of the last failure; empty = none"`
	RetryAt   *time.Time   `json:"retry_at" doc:"after a failure"`
}

// AutoTopUpTerms set when a wallet fills itself.
type AutoTopUpTerms struct {
	Of        string       `json:"of,omitempty" enum:"tokens,credits" default:"tokens"`
	Enabled   bool         `json:"enabled"`
	Threshold token.Amount `json:"threshold_mt"`
	Pack      string       `json:"pack,omitempty"`
	Amount    token.Amount `json:"amount_mt,omitempty"`
	Ceiling   plan.Money   `json:"ceiling_micros"`
}

type packInput struct{ Body PackWish }

type autoTopUpInput struct{ Body AutoTopUpTerms }

type paymentsInput struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

func unitOr(of string) plan.Unit {
	if of == "" {
		return plan.Tokens
	}
	return plan.Unit(of)
}

func wirePayment(p payment.Payment) Payment {
	out := Payment{
		ID: p.ID, Kind: string(p.Kind), Of: string(p.Of), State: string(p.State), Reason: p.Reason, Price: p.Amount, Received: p.Received,
		Refunded: p.Refunded, Currency: payment.Currency, Tokens: p.Tokens, Taken: p.Taken + p.Claimed, Plan: textOrNull(p.Terms.Plan),
		Cycle: textOrNull(string(p.Terms.Cycle)), Seats: p.Terms.Seats, Pack: textOrNull(p.Terms.Pack), CreatedAt: p.CreatedAt.UTC(), PaidAt: timeOrNull(p.PaidAt),
		PaidUntil: timeOrNull(p.Terms.Until), ReceiptURL: textOrNull(p.Receipt),
	}
	if known, ok := plan.Find(p.Terms.Plan); ok {
		out.PlanTitle = &known.Title
	}
	return out
}

func (s *server) listPacks(_ context.Context, in *unitInput) (*body[PackList], error) {
	u := plan.Unit(in.Of)
	out := PackList{Items: []Pack{}, Tiers: []PackTier{}, Least: payment.LeastPack, Most: payment.MostPack, Step: payment.PackStep}
	for _, p := range payment.Packs(u) {
		thousands := plan.Money(p.Amount / payment.PackStep)
		out.Items = append(out.Items, Pack{
			Of: in.Of, Name: p.Name, Title: p.Title, Amount: p.Amount, Price: p.Price(), Thousand: (p.Price() + thousands - 1) / thousands,
		})
	}
	for _, t := range payment.Tariff(u) {
		out.Tiers = append(out.Tiers, PackTier{UpTo: t.UpTo, Thousand: t.Thousand})
	}
	return answer(out), nil
}

// buyer is who asks for plans and packs, with the pages of the studio that they come back to from the payment provider.
type buyer struct{ id, plans, wallet string }

// self is somebody who buys for themselves.
func self(ctx context.Context) (buyer, error) {
	actor, err := access.From(ctx)
	return buyer{id: actor.AccountID, plans: "/plans", wallet: "/wallet"}, err
}

func (s *server) buyPack(ctx context.Context, in *packInput) (*body[NewPayment], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.buy(ctx, b, in.Body)
}

func (s *server) buy(ctx context.Context, b buyer, w PackWish) (*body[NewPayment], error) {
	p, url, err := s.Payments.Buy(ctx, b.id, unitOr(w.Of), w.Pack, w.Amount, s.address(b.wallet))
	if err != nil {
		return nil, err
	}
	return answer(NewPayment{Payment: wirePayment(p), PayURL: url}), nil
}

func (s *server) listPayments(ctx context.Context, in *paymentsInput) (*body[List[Payment]], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.payments(ctx, b, *in)
}

func (s *server) payments(ctx context.Context, b buyer, in paymentsInput) (*body[List[Payment]], error) {
	list, next, err := s.Payments.List(ctx, b.id, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Payment]{Items: make([]Payment, 0, len(list)), Next: textOrNull(next)}
	for _, p := range list {
		out.Items = append(out.Items, wirePayment(p))
	}
	return answer(out), nil
}

func (s *server) getPayment(ctx context.Context, in *idInput) (*body[Payment], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.payment(ctx, b, in.ID)
}

func (s *server) payment(ctx context.Context, b buyer, paymentID string) (*body[Payment], error) {
	if !id.Valid(paymentID) {
		return nil, payment.ErrNotFound
	}
	p, err := s.Payments.Get(ctx, b.id, paymentID)
	if err != nil {
		return nil, err
	}
	return answer(wirePayment(p)), nil
}

func (s *server) openPortal(ctx context.Context, _ *nothing) (*body[Address], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.portal(ctx, b)
}

func (s *server) portal(ctx context.Context, b buyer) (*body[Address], error) {
	url, err := s.Payments.Portal(ctx, b.id, s.address(b.plans))
	if err != nil {
		return nil, err
	}
	return answer(Address{url}), nil
}

func (s *server) getAutoTopUp(ctx context.Context, in *unitInput) (*body[AutoTopUp], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.autoTopUp(ctx, b, plan.Unit(in.Of))
}

func (s *server) setAutoTopUp(ctx context.Context, in *autoTopUpInput) (*body[AutoTopUp], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.fillUp(ctx, b, in.Body)
}

// fillUp sets when a wallet fills itself.
func (s *server) fillUp(ctx context.Context, b buyer, t AutoTopUpTerms) (*body[AutoTopUp], error) {
	r := payment.TopUpRule{
		Buyer: b.id, Of: unitOr(t.Of), Enabled: t.Enabled, Threshold: t.Threshold, Pack: t.Pack, Amount: t.Amount, Ceiling: t.Ceiling,
	}
	if err := s.Payments.SetAutoTopUp(ctx, r); err != nil {
		return nil, err
	}
	return s.autoTopUp(ctx, b, r.Of)
}

func (s *server) autoTopUp(ctx context.Context, b buyer, u plan.Unit) (*body[AutoTopUp], error) {
	st, err := s.Payments.AutoTopUp(ctx, b.id, u)
	if err != nil {
		return nil, err
	}
	return answer(AutoTopUp{
		Of: string(u), Enabled: st.Rule.Enabled, Threshold: st.Rule.Threshold, Pack: st.Rule.Pack, Amount: st.Pack.Amount, Price: st.Pack.Price(),
		Ceiling: st.Rule.Ceiling, Spent: st.Spent, Verdict: string(st.Verdict), Reason: st.Rule.Reason, RetryAt: timeOrNull(st.Rule.RetryAt),
	}), nil
}
