package generation

import (
	"context"
	"fmt"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// Offer is a quote with what it means for the wallet that pays.
type Offer struct {
	Quote        *pricing.Quote
	Available    token.Amount
	Enough       bool
	After        token.Amount  // what is left when it is paid; 0 when there is not enough
	Draws        []ledger.Draw // which layers pay, in spending order; nil when there is not enough
	Allowance    *Allowance    // of the member, where a team pays; Enough minds it
	Alternatives []Alternative // cheaper ones, the nearest first
}

// Alternative is a cheaper way to nearly the same.
type Alternative struct {
	Name   string
	Text   string // "the same picture as a draft: 6 instead of 14"
	Change map[string]any
	Total  token.Amount
	Wait   *Wait // of the relaxed lane; nil = nothing was measured here yet
}

// ErrPriceChanged is the fault of a submission whose price is above what its caller has seen.
var ErrPriceChanged = fault.New(fault.Conflict, "price_changed", "the price has changed")

func priceChanged(now, seen token.Amount) error {
	f := fault.New(fault.Conflict, ErrPriceChanged.Code, fmt.Sprintf("this costs %s tokens now, you have seen %s: nothing was taken", now, seen))
	f.Details = map[string]any{"price_mt": int64(now), "seen_mt": int64(seen)}
	return f
}

// Quote returns what Submit would hold for the request. It checks the request the same way and writes nothing.
func (s *Service) Quote(ctx context.Context, actor access.Actor, req SubmitRequest) (*pricing.Quote, error) {
	kind, err := s.kind(req.Kind)
	if err != nil {
		return nil, err
	}
	planned, err := kind.Plan(ctx, actor, req.Input)
	if err != nil {
		return nil, err
	}
	return s.Prices.Current().Quote(planned.Facts)
}

// Offer returns the quote, what would be left of which layer, and what would be cheaper.
func (s *Service) Offer(ctx context.Context, actor access.Actor, req SubmitRequest) (*Offer, error) {
	q, err := s.Quote(ctx, actor, req)
	if err != nil {
		return nil, err
	}
	b, err := s.Wallets.Balance(ctx, payer(actor))
	if err != nil {
		return nil, err
	}
	o := &Offer{Quote: q, Available: b.Available}
	if o.Draws, o.Enough = b.Spend(q.Total); o.Enough {
		o.After = b.Available - q.Total
	}
	if err := s.addAllowance(ctx, actor, o); err != nil {
		return nil, err
	}
	o.Alternatives = s.alternatives(ctx, actor, req, q.Total)
	entitled, err := s.entitled(ctx, actor.AccountID, actor.Team)
	if err != nil {
		return nil, err
	}
	if entitled.Relaxed && q.Total > 0 && !actor.Credits {
		relaxed, err := s.relaxed(ctx, actor, req, q.Total)
		if err != nil {
			return nil, err
		}
		o.Alternatives = append(o.Alternatives, relaxed)
	}
	return o, nil
}

// relaxed is the way without tokens, with how long it takes as far as that can be said.
func (s *Service) relaxed(ctx context.Context, actor access.Actor, req SubmitRequest, weight token.Amount) (Alternative, error) {
	alt := Alternative{Name: string(Relaxed), Text: "relaxed: free, when there is room"}
	planned, err := s.kinds[req.Kind].Plan(ctx, actor, req.Input)
	if err != nil {
		return alt, err
	}
	if alt.Wait, err = s.wait(ctx, actor, planned, weight); err == nil && alt.Wait != nil {
		alt.Text = "relaxed: free, about " + alt.Wait.String()
	}
	return alt, err
}

// addAllowance says what the member may still use where a team pays, and refuses those for whom it does not.
func (s *Service) addAllowance(ctx context.Context, actor access.Actor, o *Offer) error {
	if actor.Team == "" {
		return nil
	}
	a, err := s.Allowance(ctx, actor)
	if err != nil {
		return err
	}
	o.Allowance = &a
	if a.allows(o.Quote.Total) != nil {
		o.Enough, o.After, o.Draws = false, 0, nil
	}
	return nil
}

// alternatives asks for the price of each variation that the kind knows; those that are refused, or no cheaper than
// the one before, are none.
func (s *Service) alternatives(ctx context.Context, actor access.Actor, req SubmitRequest, price token.Amount) []Alternative {
	kind, ok := s.kinds[req.Kind].(Varied)
	if !ok {
		return nil
	}
	var list []Alternative
	for _, v := range kind.Variations(req.Input) {
		q, err := s.Quote(ctx, actor, SubmitRequest{Kind: req.Kind, Input: v.Input})
		if err != nil || q.Total >= price {
			continue
		}
		text := fmt.Sprintf("%s: %s instead of %s", v.Text, q.Total, price)
		if q.Total == 0 {
			text = v.Text + ": free"
		}
		list = append(list, Alternative{Name: v.Name, Text: text, Change: v.Change, Total: q.Total})
	}
	return list
}

// weigh is the price of work that was planned, by the sheet in force.
func (s *Service) weigh(planned Planned) (*pricing.Quote, error) {
	return s.Prices.Current().Quote(planned.Facts)
}
