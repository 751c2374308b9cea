package studio

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Money fields end in _micros: millionths of a US dollar. Amounts of tokens and of API credits both end in _mt here: of
// says which they are.

// PaymentTerms say what can be paid for here.
type PaymentTerms struct {
	Checkout  bool         `json:"checkout" doc:"plans and packs can be bought; false = the operator gives them by hand, or sells codes"`
	Test      bool         `json:"test" doc:"no real money is moved"`
	Currency  string       `json:"currency" enum:"usd"`
	TrialDays int          `json:"trial_days" doc:"of a plan, once for each account; 0 = none"`
	Trial     token.Amount `json:"trial_mt" doc:"what a trial brings"`
}

// PlanOffer is a plan as it is offered.
type PlanOffer struct {
	Of          string       `json:"of" enum:"tokens,credits" doc:"what it brings"`
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Daily       token.Amount `json:"daily_mt"`
	Monthly     token.Amount `json:"monthly_mt"`
	BankCap     token.Amount `json:"bank_cap_mt" doc:"most that is kept from month to month"`
	Concurrency int          `json:"concurrency" doc:"generations running at once; 0 = as the plan of tokens says"`
	Queue       int          `json:"queue" doc:"generations waiting at once; 0 = as the plan of tokens says"`
	Megapixels  int          `json:"megapixels" doc:"of pictures waiting and running at once; 0 = as the plan of tokens says"`
	Relaxed     bool         `json:"relaxed" doc:"work goes on without tokens, when there is room"`
	Uploads     int          `json:"uploads" doc:"pictures of one's own that are kept"`
	UploadBytes int64        `json:"upload_bytes" doc:"that they may fill"`
	Requests    int          `json:"requests_per_minute" doc:"of the API, on plans of credits; 0 = no bound"`
	Starts      int          `json:"starts_per_minute" doc:"of them that begin work"`
	Month       plan.Money   `json:"month_micros" doc:"price of a month; 0 = not for sale by the month"`
	Year        plan.Money   `json:"year_micros" doc:"price of a year, paid at once; 0 = not for sale by the year"`
	MinSeats    int          `json:"min_seats" doc:"of a plan for teams, the fewest it is sold with: amounts and prices are those of one seat; 0 = for one person"`
	Current     bool         `json:"current" doc:"the account, or the team, is on it"`
}

// Subscription is how an account stands with a plan.
type Subscription struct {
	Of        string       `json:"of" enum:"tokens,credits"`
	Plan      string       `json:"plan"`
	Title     string       `json:"title"`
	State     string       `json:"state" enum:"settled,trial,past_due,cancelled,changing"`
	Cycle     string       `json:"cycle" enum:",month,year" doc:"empty = nothing is paid: a free plan, one given by hand, or a trial"`
	Since     time.Time    `json:"since"`
	PaidUntil *time.Time   `json:"paid_until" doc:"null = not by payment; of a trial its end"`
	GraceTo   *time.Time   `json:"grace_until" doc:"with past_due: until when the plan stays without payment"`
	Next      *NextPlan    `json:"next" doc:"what is planned or will follow by itself"`
	Renewal   plan.Money   `json:"renewal_micros" doc:"next payment; 0 = none comes"`
	Seats     int          `json:"seats" doc:"of a team; 0 = one person"`
	Version   int64        `json:"version" doc:"grows with each change"`
	TrialOpen bool         `json:"trial_open" doc:"a plan can still be tried"`
	Owed      token.Amount `json:"owed_mt" doc:"debt after a payment was taken back: what arrives pays it off first"`
}

// TransformSchema says that next may be null.
func (Subscription) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "next")
}

// NextPlan is the plan that follows.
type NextPlan struct {
	Plan  string    `json:"plan"`
	Title string    `json:"title"`
	Cycle string    `json:"cycle" enum:",month,year"`
	Seats int       `json:"seats" doc:"of a team; 0 = one person"`
	At    time.Time `json:"at"`
}

// PlanWish is what somebody wants of their plan.
type PlanWish struct {
	Of     string `json:"of,omitempty" enum:"tokens,credits" default:"tokens"`
	Action string `json:"action" enum:"change,cancel,resume,try" doc:"change: to a plan and cycle; resume: take back what is planned"`
	Plan   string `json:"plan,omitempty" doc:"with change and try"`
	Cycle  string `json:"cycle,omitempty" enum:"month,year" doc:"with change; left out: month"`
	Seats  int    `json:"seats,omitempty" doc:"with change, of a team; left out: those there are"`
}

// PlanPreview says what a wish would bring and cost, before it is confirmed.
type PlanPreview struct {
	Of      string       `json:"of" enum:"tokens,credits"`
	Action  string       `json:"action" enum:"start,upgrade,downgrade,switch,cancel,resume,try" doc:"what it comes to"`
	Plan    string       `json:"plan"`
	Title   string       `json:"title"`
	Cycle   string       `json:"cycle" enum:",month,year"`
	Seats   int          `json:"seats" doc:"of a team; 0 = one person"`
	Exact   plan.Money   `json:"exact_micros" doc:"what it costs now, to the micro-unit"`
	Price   plan.Money   `json:"price_micros" doc:"what is paid now: whole cents, rounded down; nothing below half a dollar"`
	Tokens  token.Amount `json:"tokens_mt" doc:"that arrive now"`
	At      time.Time    `json:"at" doc:"when it takes effect"`
	Next    plan.Money   `json:"next_micros" doc:"the payment that follows; 0 = none"`
	NextAt  *time.Time   `json:"next_at"`
	Ends    *time.Time   `json:"ends_at" doc:"when the plan ends; null = it does not"`
	ShownAt time.Time    `json:"shown_at" doc:"to be sent back when it is confirmed; good for 15 minutes"`
	Version int64        `json:"version" doc:"to be sent back when it is confirmed"`
}

// PlanConfirm carries out a wish as it was shown.
type PlanConfirm struct {
	PlanWish
	ShownAt time.Time `json:"shown_at" doc:"of the preview"`
	Version int64     `json:"version" doc:"of the preview"`
}

// PlanChanged is what came of a confirmed wish.
type PlanChanged struct {
	Subscription Subscription `json:"subscription" doc:"as it is now: a change that waits for a payment has not happened yet"`
	Payment      *Payment     `json:"payment" doc:"null = it cost nothing"`
	PayURL       *string      `json:"pay_url" doc:"where the payment is made; null = none is needed"`
}

// TransformSchema says that payment may be null.
func (PlanChanged) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "payment")
}

type unitInput struct {
	Of string `query:"of" enum:"tokens,credits" default:"tokens" doc:"which wallet"`
}

type wishInput struct{ Body PlanWish }

type confirmInput struct{ Body PlanConfirm }

func (w PlanWish) wish() (plan.Unit, plan.Wish) {
	u, c := plan.Unit(w.Of), plan.Cycle(w.Cycle)
	if u == "" {
		u = plan.Tokens
	}
	if c == "" {
		c = plan.Monthly
	}
	return u, plan.Wish{Action: plan.Action(w.Action), Plan: w.Plan, Cycle: c, Seats: w.Seats}
}

func (s *server) paymentTerms() PaymentTerms {
	on, test := s.Payments.On()
	trial := s.Payments.Offered()
	return PaymentTerms{
		Checkout: on, Test: test, Currency: payment.Currency, TrialDays: int(trial.Lasts / (24 * time.Hour)), Trial: trial.Tokens,
	}
}

func (s *server) listPlans(ctx context.Context, in *unitInput) (*body[All[PlanOffer]], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	u := plan.Unit(in.Of)
	return s.plans(ctx, u.Wallet(b.id), u, plan.Of(u))
}

// plans answers with what is offered to whoever has a wallet.
func (s *server) plans(ctx context.Context, wallet string, u plan.Unit, offered []plan.Plan) (*body[All[PlanOffer]], error) {
	now, _, err := s.Plans.Now(ctx, wallet)
	if err != nil {
		return nil, err
	}
	out := All[PlanOffer]{Items: []PlanOffer{}}
	for _, p := range offered {
		current := p.Name == now.Plan.Name
		if p.Name == plan.Operator && !current {
			continue // nobody is offered it
		}
		out.Items = append(out.Items, PlanOffer{
			Of: string(u), Name: p.Name, Title: p.Title, Daily: p.Daily, Monthly: p.Monthly, BankCap: p.BankCap, Concurrency: p.Concurrency,
			Queue: p.Queue, Megapixels: p.Megapixels, Relaxed: p.Relaxed, Uploads: p.Uploads, UploadBytes: p.UploadBytes, Requests: p.Requests, Starts: p.Starts,
			Month: p.Month, Year: p.Year, MinSeats: p.MinSeats, Current: current,
		})
	}
	return answer(out), nil
}

func (s *server) getSubscription(ctx context.Context, in *unitInput) (*body[Subscription], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.standing(ctx, b, plan.Unit(in.Of))
}

func (s *server) standing(ctx context.Context, b buyer, u plan.Unit) (*body[Subscription], error) {
	out, err := s.subscription(ctx, b.id, u)
	if err != nil {
		return nil, err
	}
	return answer(out), nil
}

func (s *server) subscription(ctx context.Context, buyerID string, u plan.Unit) (Subscription, error) {
	wallet := u.Wallet(buyerID)
	standing, sub, err := s.Plans.Now(ctx, wallet)
	if err != nil {
		return Subscription{}, err
	}
	b, err := s.Ledger.Balance(ctx, wallet)
	if err != nil {
		return Subscription{}, err
	}
	now := s.Clock.Now()
	_, _, renewal := sub.Renewal(now)
	out := Subscription{
		Of: string(u), Plan: standing.Plan.Name, Title: standing.Plan.Title, State: string(standing.State), Cycle: string(standing.Term.Cycle),
		Since: standing.Term.From.UTC(), PaidUntil: timeOrNull(standing.Term.PaidUntil), Renewal: renewal, Seats: standing.Term.Seats,
		Version: sub.Version, Owed: b.Owed, TrialOpen: u == plan.Tokens && standing.Term.Seats == 0 && s.Payments.Offered().Lasts > 0 && sub.MayTry(now),
	}
	if n := standing.Next; n != nil {
		p, _ := plan.Find(n.Plan)
		out.Next = &NextPlan{Plan: p.Name, Title: p.Title, Cycle: string(n.Cycle), Seats: n.Seats, At: n.From.UTC()}
		if standing.State == plan.PastDue {
			out.GraceTo = timeOrNull(n.From)
		}
	}
	return out, nil
}

func (s *server) previewPlan(ctx context.Context, in *wishInput) (*body[PlanPreview], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.preview(ctx, b, in.Body)
}

func (s *server) preview(ctx context.Context, b buyer, wish PlanWish) (*body[PlanPreview], error) {
	u, w := wish.wish()
	p, shown, err := s.Payments.Preview(ctx, b.id, u, w)
	if err != nil {
		return nil, err
	}
	return answer(PlanPreview{
		Of: string(u), Action: string(p.Action), Plan: p.Plan.Name, Title: p.Plan.Title, Cycle: string(p.Cycle), Seats: p.Seats, Exact: p.Exact,
		Price: p.Price, Tokens: p.Tokens, At: p.At.UTC(), Next: p.Next, NextAt: timeOrNull(p.NextAt), Ends: timeOrNull(p.Ends),
		ShownAt: shown.At.UTC(), Version: shown.Version,
	}), nil
}

func (s *server) changePlan(ctx context.Context, in *confirmInput) (*body[PlanChanged], error) {
	b, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, b, in.Body)
}

func (s *server) change(ctx context.Context, b buyer, c PlanConfirm) (*body[PlanChanged], error) {
	u, w := c.wish()
	changed, err := s.Payments.Change(ctx, b.id, u, w, payment.Shown{At: c.ShownAt, Version: c.Version}, s.address(b.plans))
	if err != nil {
		return nil, err
	}
	out := PlanChanged{PayURL: textOrNull(changed.Pay)}
	if out.Subscription, err = s.subscription(ctx, b.id, u); err != nil {
		return nil, err
	}
	if changed.Payment != nil {
		p := wirePayment(*changed.Payment)
		out.Payment = &p
	}
	return answer(out), nil
}

// address is that of a page of the studio, for coming back from the payment provider.
func (s *server) address(path string) string {
	if len(s.Origins) == 0 {
		return path
	}
	return s.Origins[0] + path
}
