package studio

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Wallet is the balance and where it comes from.
type Wallet struct {
	Balance Balance `json:"balance"`
	Plan    Plan    `json:"plan"`
	Credits Credits `json:"credits"`
	// Forecast is null while the account's spending says nothing.
	Forecast *Forecast `json:"forecast" doc:"how long the tokens last; null = the spending says nothing yet"`
}

// TransformSchema says that forecast may be null, which huma does not say of a pointer to an object.
func (Wallet) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "forecast")
}

// Forecast is how long the tokens last at the pace of the last days, with what the plan brings and what expires.
type Forecast struct {
	Pace    token.Amount `json:"pace_mt" doc:"spent a day"`
	Basis   int          `json:"basis_days" doc:"whole days that the pace was taken from"`
	Days    *int         `json:"days" doc:"whole days the tokens last; null = longer than horizon_days"`
	RunsOut *time.Time   `json:"runs_out_at"`
	Horizon int          `json:"horizon_days"`
}

func wireForecast(f *ledger.Forecast, now time.Time) *Forecast {
	if f == nil {
		return nil
	}
	const day = 24 * time.Hour
	out := &Forecast{Pace: f.Pace, Basis: f.Basis, RunsOut: timeOrNull(f.RunsOut), Horizon: int(ledger.Horizon / day)}
	if !f.RunsOut.IsZero() {
		days := int(max(0, f.RunsOut.Sub(now)) / day)
		out.Days = &days
	}
	return out
}

// Credits are the account's API credits: a wallet of their own, for the API keys that pay with them.
type Credits struct {
	Available token.Amount `json:"available_mc" doc:"thousandths of a credit"`
	Held      token.Amount `json:"held_mc"`
	Owed      token.Amount `json:"owed_mc" doc:"what arrives pays it off first"`
}

// Plan is what an account is on.
type Plan struct {
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Daily       token.Amount `json:"daily_mt"`
	Monthly     token.Amount `json:"monthly_mt"`
	BankCap     token.Amount `json:"bank_cap_mt" doc:"most that is kept from month to month"`
	Concurrency int          `json:"concurrency" doc:"generations running at once"`
	Queue       int          `json:"queue" doc:"generations waiting at once"`
}

type sheetInput struct {
	Version int `path:"version" minimum:"1"`
}

func (s *server) getPriceSheet(ctx context.Context, in *sheetInput) (*body[json.RawMessage], error) {
	sheet, err := s.Prices.Version(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	return answer(json.RawMessage(sheet)), nil
}

func (s *server) getWallet(ctx context.Context, _ *nothing) (*body[Wallet], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	b, err := s.Ledger.Balance(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	credits, err := s.Ledger.Balance(ctx, ledger.CreditsOf(a.ID))
	if err != nil {
		return nil, err
	}
	expected, err := s.Plans.Expected(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	forecast, err := s.Ledger.Forecast(ctx, a.ID, expected)
	if err != nil {
		return nil, err
	}
	p := planOf(a)
	return answer(Wallet{
		Forecast: wireForecast(forecast, s.Clock.Now()),
		Balance:  wireBalance(b, p), Credits: Credits{Available: credits.Available, Held: credits.Held, Owed: credits.Owed},
		Plan: Plan{
			Name: p.Name, Title: p.Title, Daily: p.Daily, Monthly: p.Monthly, BankCap: p.BankCap,
			Concurrency: p.Concurrency, Queue: p.Queue,
		},
	}), nil
}
