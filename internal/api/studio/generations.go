package studio

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// kindImage is the only kind of work the studio asks for yet.
const kindImage = "image"

// GenerationRequest asks for pictures. What is left out takes the model's default.
type GenerationRequest struct {
	image.Request
	PaysWith string `json:"pays_with,omitempty" doc:"whose tokens: tokens for one's own (also when left out), or team: and the id of a team that one is in"`
}

// workPaidBy is who can pay for a generation in the studio.
const workPaidBy = "tokens, or team: and the id of a team"

// payer is the actor with the wallet that a request names; allowed is said to those who name another one.
func payer(actor access.Actor, paysWith, allowed string) (access.Actor, error) {
	if paysWith == "" || paysWith == "tokens" {
		return actor, nil
	}
	team, ok := strings.CutPrefix(paysWith, "team:")
	if !ok || !id.Valid(team) {
		return actor, fault.Bad(fault.Field{Name: "pays_with", Value: paysWith, Message: "is no wallet of yours", Allowed: allowed})
	}
	actor.Team = team
	return actor, nil
}

// Quote is what a request would cost.
type Quote struct {
	Total        token.Amount   `json:"total_mt" doc:"what would be held; never more is charged"`
	Lines        []pricing.Line `json:"lines" nullable:"false"`
	SheetVersion int            `json:"sheet_version"`
	Available    token.Amount   `json:"available_mt"`
	Enough       bool           `json:"enough"`
	After        token.Amount   `json:"after_mt" doc:"left when it is paid; 0 when there is not enough"`
	Draws        []Draw         `json:"draws" nullable:"false" doc:"which layers pay, in spending order"`
	Alternatives []Alternative  `json:"alternatives" nullable:"false" doc:"cheaper ways to nearly the same, the nearest first"`
	Allowance    *Allowance     `json:"allowance" doc:"what one may still use, where a team pays and has set one a limit; otherwise null"`
}

// Allowance is what a member may use of a team's tokens in a month.
type Allowance struct {
	Limit    token.Amount `json:"limit_mt"`
	Used     token.Amount `json:"used_mt" doc:"in this UTC month, held amounts included"`
	Left     token.Amount `json:"left_mt"`
	ResetsAt time.Time    `json:"resets_at" doc:"when the next month begins"`
}

// TransformSchema says what may be null.
func (Quote) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "allowance")
}

// Draw is what one layer pays.
type Draw struct {
	Layer  string       `json:"layer" enum:"promo,daily,team,plan,bank,topup"`
	Amount token.Amount `json:"amount_mt"`
	Left   token.Amount `json:"left_mt" doc:"of the layer, afterwards"`
}

// Alternative is a cheaper request.
type Alternative struct {
	Name   string         `json:"name" enum:"draft,smaller,single,relaxed"`
	Text   string         `json:"text"`
	Total  token.Amount   `json:"total_mt"`
	Change map[string]any `json:"change" doc:"fields to send instead; null = leave out. For relaxed: send the header Bottega-Lane: relaxed"`
	Wait   *Wait          `json:"wait" doc:"of the relaxed lane, until it is finished; null = of another way, or nothing was measured yet"`
}

// TransformSchema says what may be null.
func (Alternative) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "wait")
}

// Wait is how long something probably takes.
type Wait struct {
	From int `json:"from_seconds"`
	To   int `json:"to_seconds"`
}

func wireWait(w *generation.Wait) *Wait {
	if w == nil {
		return nil
	}
	return &Wait{From: int(w.From / time.Second), To: int(w.To / time.Second)}
}

// Deleted names a generation that is gone.
type Deleted struct {
	ID string `json:"id" format:"uuid"`
}

// List is one page of something.
type List[T any] struct {
	Items []T     `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"cursor of the next page; null at the end"`
}

// All is the whole of something short.
type All[T any] struct {
	Items []T `json:"items" nullable:"false"`
}

type requestInput struct {
	Body GenerationRequest
}

type createInput struct {
	Lane           string `header:"Bottega-Lane" enum:"fast,relaxed" doc:"relaxed: without tokens, when there is room; fast: only with tokens; left out: fast, and relaxed where tokens do not suffice and the plan allows it"`
	MaxPrice       string `header:"Bottega-Max-Price" doc:"the price one has seen, in milli-tokens: a higher one is refused with price_changed"`
	IdempotencyKey string `header:"Idempotency-Key" doc:"the same key and request give the same generation; up to 100 characters"`
	Body           GenerationRequest
}

type pageInput struct {
	Limit  int    `query:"limit" default:"24" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

type idInput struct {
	ID string `path:"id"`
}

func (s *server) listModels(context.Context, *nothing) (*body[All[Model]], error) {
	out := All[Model]{Items: []Model{}}
	for _, m := range s.Models.Models() {
		out.Items = append(out.Items, wireModel(m))
	}
	return answer(out), nil
}

func (s *server) quote(ctx context.Context, in *requestInput) (*body[Quote], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if actor, err = payer(actor, in.Body.PaysWith, workPaidBy); err != nil {
		return nil, err
	}
	req := in.Body.Request
	if strings.TrimSpace(req.Prompt) == "" {
		req.Prompt = "?" // the button shows its price before anything was typed, and no price depends on the words
	}
	o, err := s.Generations.Offer(ctx, actor, generation.SubmitRequest{Kind: kindImage, Input: &req})
	if err != nil {
		return nil, err
	}
	out := Quote{
		Total: o.Quote.Total, Lines: append([]pricing.Line{}, o.Quote.Lines...), SheetVersion: o.Quote.SheetVersion,
		Available: o.Available, Enough: o.Enough, After: o.After, Draws: []Draw{}, Alternatives: []Alternative{},
	}
	if a := o.Allowance; a != nil && a.Bounded() {
		out.Allowance = &Allowance{Limit: a.Limit, Used: a.Used, Left: a.Left(), ResetsAt: a.ResetsAt}
	}
	for _, d := range o.Draws {
		out.Draws = append(out.Draws, Draw{Layer: string(d.Kind), Amount: d.Amount, Left: d.Left})
	}
	for _, a := range o.Alternatives {
		out.Alternatives = append(out.Alternatives, Alternative{Name: a.Name, Text: a.Text, Total: a.Total, Change: a.Change, Wait: wireWait(a.Wait)})
	}
	return answer(out), nil
}

// maxPrice reads the price that a caller has seen.
func maxPrice(header string) (*token.Amount, error) {
	if header == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n < 0 {
		return nil, fault.Bad(fault.Field{Name: "Bottega-Max-Price", Value: header, Message: "is not a price", Allowed: "whole milli-tokens"})
	}
	seen := token.Amount(n)
	return &seen, nil
}

func (s *server) createGeneration(ctx context.Context, in *createInput) (*body[Generation], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := maxPrice(in.MaxPrice)
	if err != nil {
		return nil, err
	}
	if actor, err = payer(actor, in.Body.PaysWith, workPaidBy); err != nil {
		return nil, err
	}
	req := in.Body.Request
	return s.one(s.Generations.Submit(ctx, actor, generation.SubmitRequest{
		Kind: kindImage, Input: &req, IdempotencyKey: in.IdempotencyKey, MaxPrice: seen, Lane: generation.Lane(in.Lane),
		RequestID: api.RequestID(ctx),
	}))
}

func (s *server) listGenerations(ctx context.Context, in *pageInput) (*body[List[Generation]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	items, next, err := s.Generations.List(ctx, actor, generation.Page{Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	return s.page(items, next)
}

// page answers with a page of generations.
func (s *server) page(items []generation.Generation, next string) (*body[List[Generation]], error) {
	out := List[Generation]{Items: make([]Generation, 0, len(items)), Next: textOrNull(next)}
	w := s.wirer()
	for i := range items {
		g, err := w.generation(&items[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, g)
	}
	return answer(out), nil
}

func (s *server) getGeneration(ctx context.Context, in *idInput) (*body[Generation], error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.one(s.Generations.Get(ctx, actor, in.ID))
}

func (s *server) cancelGeneration(ctx context.Context, in *idInput) (*body[Generation], error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.one(s.Generations.Cancel(ctx, actor, in.ID))
}

func (s *server) deleteGeneration(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.Generations.Delete(ctx, actor, in.ID)
}

// actorFor returns the actor, or generation.ErrNotFound for an id that no generation can have: not every text may be
// put to every database.
func (s *server) actorFor(ctx context.Context, generationID string) (access.Actor, error) {
	if !id.Valid(generationID) {
		return access.Actor{}, generation.ErrNotFound
	}
	return access.From(ctx)
}

// one answers with a generation, or passes the error on.
func (s *server) one(g *generation.Generation, err error) (*body[Generation], error) {
	if err != nil {
		return nil, err
	}
	out, err := s.wirer().generation(g)
	if err != nil {
		return nil, err
	}
	return answer(out), nil
}
