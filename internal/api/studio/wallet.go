package studio

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"bottega/internal/access"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Wallet is the balance and where it comes from.
type Wallet struct {
	Balance Balance `json:"balance"`
	Plan    Plan    `json:"plan"`
	Credits Credits `json:"credits"`
}

// Credits are the account's API credits: a wallet of their own, for the API keys that pay with them.
type Credits struct {
	Available token.Amount `json:"available_mc" doc:"thousandths of a credit"`
	Held      token.Amount `json:"held_mc"`
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

// JournalItem is one movement of tokens.
type JournalItem struct {
	Seq          int64        `json:"seq"`
	At           time.Time    `json:"at"`
	Op           string       `json:"op" enum:"grant,hold,capture,release,expire,roll,takeback"`
	Amount       token.Amount `json:"amount_mt" doc:"effect on what is available: negative when it went away"`
	Layer        string       `json:"layer" enum:"promo,daily,team,plan,bank,topup"`
	GenerationID *string      `json:"generation_id"`
	Prompt       *string      `json:"prompt" doc:"of the generation, while it is there"`
	Member       *string      `json:"member" doc:"e-mail address of who made the generation, in a team's journal"`
	Note         string       `json:"note"`
	SheetVersion *int         `json:"sheet_version" doc:"of the price sheet behind the amount; see get-price-sheet"`
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

type journalInput struct {
	Of     string `query:"of" enum:"tokens,credits" default:"tokens" doc:"which wallet"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
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
	p := planOf(a)
	return answer(Wallet{
		Balance: wireBalance(b, p), Credits: Credits{Available: credits.Available, Held: credits.Held},
		Plan: Plan{
			Name: p.Name, Title: p.Title, Daily: p.Daily, Monthly: p.Monthly, BankCap: p.BankCap,
			Concurrency: p.Concurrency, Queue: p.Queue,
		},
	}), nil
}

func (s *server) listJournal(ctx context.Context, in *journalInput) (*body[List[JournalItem]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	wallet := actor.AccountID
	if in.Of == "credits" {
		wallet = ledger.CreditsOf(wallet)
	}
	return s.journal(ctx, actor, wallet, in.Cursor, in.Limit)
}

// journal answers with a page of a wallet's journal, with as much of the generations as the actor sees.
func (s *server) journal(ctx context.Context, actor access.Actor, wallet, cursor string, limit int) (*body[List[JournalItem]], error) {
	items, next, err := s.Ledger.Journal(ctx, wallet, cursor, limit)
	if err != nil {
		return nil, err
	}
	members, err := s.members(ctx, wallet, items)
	if err != nil {
		return nil, err
	}
	prompts, err := s.prompts(ctx, actor, items)
	if err != nil {
		return nil, err
	}
	out := List[JournalItem]{Items: make([]JournalItem, 0, len(items)), Next: textOrNull(next)}
	for _, it := range items {
		out.Items = append(out.Items, JournalItem{
			Seq: it.Seq, At: it.At.UTC(), Op: it.Op, Amount: it.Amount, Layer: string(it.Layer),
			GenerationID: textOrNull(it.HoldID), Prompt: textOrNull(prompts[it.HoldID]), Note: it.Note,
			SheetVersion: numberOrNull(it.Sheet), Member: textOrNull(members[it.HoldID]),
		})
	}
	return answer(out), nil
}

// members says whose work the items of a team's journal are about.
func (s *server) members(ctx context.Context, wallet string, items []ledger.JournalItem) (map[string]string, error) {
	if _, ok := ledger.IsTeam(wallet); !ok {
		return nil, nil
	}
	var ids []string
	for _, it := range items {
		if it.HoldID != "" {
			ids = append(ids, it.HoldID)
		}
	}
	makers, err := s.Generations.Makers(ctx, ids)
	if err != nil {
		return nil, err
	}
	accounts := slices.Sorted(maps.Values(makers))
	emails, err := s.Teams.Emails(ctx, slices.Compact(accounts))
	for generation, account := range makers {
		makers[generation] = emails[account]
	}
	return makers, err
}

// prompts reads the prompts of the generations that the items name; a deleted one has none any more.
func (s *server) prompts(ctx context.Context, actor access.Actor, items []ledger.JournalItem) (map[string]string, error) {
	prompts := map[string]string{}
	for _, it := range items {
		if _, known := prompts[it.HoldID]; known || it.HoldID == "" {
			continue
		}
		prompts[it.HoldID] = ""
		g, err := s.Generations.Get(ctx, actor, it.HoldID)
		if errors.Is(err, generation.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := image.ParseParams(g.Params)
		if err != nil {
			return nil, err
		}
		prompts[it.HoldID] = p.Prompt
	}
	return prompts, nil
}
