package studio

import (
	"context"
	"strings"

	"bottega/internal/access"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// kindImage is the only kind of work the studio asks for yet.
const kindImage = "image"

// GenerationRequest asks for pictures. What is left out takes the model's default.
type GenerationRequest image.Request

// Quote is what a request would cost.
type Quote struct {
	Total        token.Amount   `json:"total_mt" doc:"what would be held; never more is charged"`
	Lines        []pricing.Line `json:"lines" nullable:"false"`
	SheetVersion int            `json:"sheet_version"`
	Available    token.Amount   `json:"available_mt"`
	Enough       bool           `json:"enough"`
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
	req := image.Request(in.Body)
	if strings.TrimSpace(req.Prompt) == "" {
		req.Prompt = "?" // the button shows its price before anything was typed, and no price depends on the words
	}
	q, err := s.Generations.Quote(ctx, actor, generation.SubmitRequest{Kind: kindImage, Input: &req})
	if err != nil {
		return nil, err
	}
	b, err := s.Ledger.Balance(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	return answer(Quote{
		Total: q.Total, Lines: append([]pricing.Line{}, q.Lines...), SheetVersion: q.SheetVersion,
		Available: b.Available, Enough: b.Available >= q.Total,
	}), nil
}

func (s *server) createGeneration(ctx context.Context, in *createInput) (*body[Generation], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	req := image.Request(in.Body)
	return s.one(s.Generations.Submit(ctx, actor, generation.SubmitRequest{
		Kind: kindImage, Input: &req, IdempotencyKey: in.IdempotencyKey,
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
