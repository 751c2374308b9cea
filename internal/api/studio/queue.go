package studio

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"bottega/internal/access"
	"bottega/internal/generation"
	"bottega/internal/queue"
)

// Lines is what an owner may do with work that waits.
type Lines interface {
	Move(ctx context.Context, actor access.Actor, id, before string) error
	Pause(ctx context.Context, actor access.Actor, id string, paused bool) error
	PauseAll(ctx context.Context, actor access.Actor, paused bool) error
	Own(ctx context.Context, actor access.Actor) (queue.Own, error)
	CancelWaiting(ctx context.Context, actor access.Actor) (int, error)
	Places(ctx context.Context, actor access.Actor) (map[string]queue.Place, error)
	Relax(ctx context.Context, actor access.Actor, id string) (*generation.Generation, error)
	Waiting(ctx context.Context, actor access.Actor, most int) ([]generation.Generation, error)
}

// Expected is when waiting work is expected to start.
type Expected struct {
	At   time.Time `json:"at"`
	Low  time.Time `json:"low" doc:"meant so that eight of ten or more start between low and high"`
	High time.Time `json:"high"`
}

// Place is where waiting work stands now. It is told again when it changes.
type Place struct {
	ID       string    `json:"id"`
	Position int       `json:"position" doc:"from 1; 0 while it is kept back"`
	Starts   *Expected `json:"starts" doc:"null = not known: nothing was measured yet, or no worker is there"`
	Paused   bool      `json:"paused" doc:"it is kept back by its owner; not said of what is kept back with all the rest"`
	Stopped  string    `json:"stopped" enum:",account,lane" doc:"the operator lets nothing start: of the account (it has no place then), or of its lane; empty = it may"`
	Loading  *Loading  `json:"loading" doc:"its model has to be loaded first; null = that is not so"`
}

// TransformSchema says what may be null.
func (Place) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "starts", "loading")
}

// Loading is how far a model is on its way into the memory of a worker. What is not known is left out, not guessed.
type Loading struct {
	Done    int64      `json:"done_bytes"`
	Total   int64      `json:"total_bytes" doc:"0 = not known"`
	Percent *int       `json:"percent" minimum:"0" maximum:"100" doc:"null = not known"`
	Ready   *time.Time `json:"ready_at" doc:"when the model is expected to work; null = not known"`
}

func loading(l *queue.Loading) *Loading {
	if l == nil {
		return nil
	}
	out := &Loading{Done: l.Done, Total: l.Total, Ready: timeOrNull(l.Ready)}
	if percent, known := l.Percent(); known {
		out.Percent = &percent
	}
	return out
}

// further reports whether a load is worth telling again: it began, ended, or came a percent further.
func further(a, b *queue.Loading) bool {
	if a == nil || b == nil {
		return a != b
	}
	was, _ := a.Percent()
	is, _ := b.Percent()
	return was != is || a.Total != b.Total || a.Ready.IsZero() != b.Ready.IsZero() || b.Ready.Sub(a.Ready).Abs() >= moved
}

func expected(w queue.Wait) *Expected {
	if w.At.IsZero() {
		return nil
	}
	return &Expected{At: w.At.UTC(), Low: w.Low.UTC(), High: w.High.UTC()}
}

// OwnQueue is one's own part of the line. It is told again when it changes.
type OwnQueue struct {
	Paused  bool      `json:"paused" doc:"nothing of it starts; what runs goes on"`
	Stopped string    `json:"stopped" doc:"why the operator lets nothing of it start, in words; empty = it may"`
	Running int       `json:"running"`
	Waiting int       `json:"waiting" doc:"without what is kept back by itself"`
	Kept    int       `json:"kept" doc:"kept back by itself"`
	Done    *Expected `json:"done" doc:"when the last of it is expected to be done; null = not known, or there is nothing. What is kept back does not count"`
}

// TransformSchema says what may be null.
func (OwnQueue) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "done")
}

func ownQueue(o queue.Own) OwnQueue {
	return OwnQueue{Paused: o.Paused, Stopped: o.Stopped, Running: o.Running, Waiting: o.Waiting, Kept: o.Kept, Done: expected(o.Done)}
}

// Cancelled is how much was cancelled.
type Cancelled struct {
	Cancelled int `json:"cancelled"`
}

func (s *server) getLine(ctx context.Context, _ *nothing) (*body[OwnQueue], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	own, err := s.Generations.Own(ctx, actor)
	if err != nil {
		return nil, err
	}
	return answer(ownQueue(own)), nil
}

type lineInput struct {
	Body struct {
		Paused bool `json:"paused,omitempty"`
	}
}

func (s *server) setLine(ctx context.Context, in *lineInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Generations.PauseAll(ctx, actor, in.Body.Paused)
}

func (s *server) cancelWaiting(ctx context.Context, _ *nothing) (*body[Cancelled], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.Generations.CancelWaiting(ctx, actor)
	if err != nil {
		return nil, err
	}
	return answer(Cancelled{n}), nil
}

func (s *server) relax(ctx context.Context, in *idInput) (*body[Generation], error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.one(s.Generations.Relax(ctx, actor, in.ID))
}

type waitingInput struct {
	Limit int `query:"limit" default:"200" minimum:"1" maximum:"500"`
}

func (s *server) listWaiting(ctx context.Context, in *waitingInput) (*body[All[Generation]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Generations.Waiting(ctx, actor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := All[Generation]{Items: make([]Generation, 0, len(list))}
	w := s.wirer()
	for i := range list {
		g, err := w.generation(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, g)
	}
	return answer(out), nil
}

type placeInput struct {
	ID   string `path:"id"`
	Body struct {
		Before string `json:"before,omitempty" doc:"the generation to stand before; first = before all; empty = behind all"`
	}
}

func (s *server) setPlace(ctx context.Context, in *placeInput) (*nothing, error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.Generations.Move(ctx, actor, in.ID, in.Body.Before)
}

type pausedInput struct {
	ID   string `path:"id"`
	Body struct {
		Paused bool `json:"paused,omitempty"`
	}
}

func (s *server) setPaused(ctx context.Context, in *pausedInput) (*nothing, error) {
	actor, err := s.actorFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.Generations.Pause(ctx, actor, in.ID, in.Body.Paused)
}

// places tells a stream where its waiting work stands, as that changes.
type places struct {
	told  map[string]queue.Place
	own   queue.Own
	began bool // the first look is always taken
	stir  bool // something happened since the last look
}

// moved is how much an expected time must have changed to be told again.
const moved = 2 * time.Second

// changed reports whether a wait is worth telling again.
func changed(a, b queue.Wait) bool {
	return a.At.IsZero() != b.At.IsZero() || b.At.Sub(a.At).Abs() >= moved
}

// tell sends what changed. A stream whose account has nothing in the line costs nothing.
func (p *places) tell(ctx context.Context, s *server, actor access.Actor, send sse.Sender) error {
	if p.began && !p.stir && p.own.Running+p.own.Waiting+p.own.Kept == 0 {
		return nil
	}
	p.stir = false
	if err := p.tellPlaces(ctx, s, actor, send); err != nil {
		return err
	}
	own, err := s.Generations.Own(ctx, actor)
	if err != nil {
		return err
	}
	before := p.own
	if p.began && own.Paused == before.Paused && own.Stopped == before.Stopped && own.Running == before.Running && own.Waiting == before.Waiting &&
		own.Kept == before.Kept && !changed(before.Done, own.Done) {
		return nil
	}
	p.own, p.began = own, true
	return send.Data(ownQueue(own))
}

func (p *places) tellPlaces(ctx context.Context, s *server, actor access.Actor, send sse.Sender) error {
	now, err := s.Generations.Places(ctx, actor)
	if err != nil {
		return err
	}
	for id, place := range now {
		before, known := p.told[id]
		if known && before.Position == place.Position && before.Paused == place.Paused && before.Stopped == place.Stopped && !changed(before.Wait, place.Wait) &&
			!further(before.Loading, place.Loading) {
			now[id] = before // measured from what was told
			continue
		}
		told := Place{
			ID: id, Position: place.Position, Starts: expected(place.Wait), Paused: place.Paused, Stopped: place.Stopped, Loading: loading(place.Loading),
		}
		if err := send.Data(told); err != nil {
			return err
		}
	}
	p.told = now
	return nil
}
