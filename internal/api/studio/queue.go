package studio

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2/sse"

	"bottega/internal/access"
	"bottega/internal/queue"
)

// Lines is what an owner may do with work that waits.
type Lines interface {
	Move(ctx context.Context, actor access.Actor, id, before string) error
	Pause(ctx context.Context, actor access.Actor, id string, paused bool) error
	PauseAll(ctx context.Context, actor access.Actor, paused bool) error
	Paused(ctx context.Context, actor access.Actor) (bool, error)
	CancelWaiting(ctx context.Context, actor access.Actor) (int, error)
	Places(ctx context.Context, actor access.Actor) (map[string]queue.Place, error)
}

// Expected is when waiting work is expected to start.
type Expected struct {
	At   time.Time `json:"at"`
	Low  time.Time `json:"low" doc:"nine of ten start between low and high"`
	High time.Time `json:"high"`
}

// Place is where waiting work stands now. It is told again when it changes.
type Place struct {
	ID       string    `json:"id"`
	Position int       `json:"position"`
	Starts   *Expected `json:"starts" doc:"null = not known: nothing was measured yet, or no worker is there"`
}

func expected(w queue.Wait) *Expected {
	if w.At.IsZero() {
		return nil
	}
	return &Expected{At: w.At.UTC(), Low: w.Low.UTC(), High: w.High.UTC()}
}

// OwnQueue is one's own part of the line.
type OwnQueue struct {
	Paused bool `json:"paused" doc:"nothing of it starts; what runs goes on"`
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
	paused, err := s.Generations.Paused(ctx, actor)
	return &body[OwnQueue]{Body: OwnQueue{Paused: paused}}, err
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
	return &body[Cancelled]{Body: Cancelled{n}}, err
}

type placeInput struct {
	idInput
	Body struct {
		Before string `json:"before,omitempty" doc:"the generation to stand before; empty = behind all"`
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
	idInput
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
	told map[string]queue.Place
}

// moved is how much an expected start must have changed to be told again.
const moved = 2 * time.Second

// tell sends the places that changed.
func (p *places) tell(ctx context.Context, s *server, actor access.Actor, send sse.Sender) error {
	now, err := s.Generations.Places(ctx, actor)
	if err != nil {
		return err
	}
	for id, place := range now {
		before, known := p.told[id]
		if known && before.Position == place.Position && place.Wait.At.Sub(before.Wait.At).Abs() < moved {
			now[id] = before // measured from what was told
			continue
		}
		if err := send.Data(Place{ID: id, Position: place.Position, Starts: expected(place.Wait)}); err != nil {
			return err
		}
	}
	p.told = now
	return nil
}
