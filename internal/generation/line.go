package generation

import (
	"context"
	"errors"
	"fmt"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/queue"
)

// What an owner may do with work that waits. None of it changes what is paid, nor what others get of the machine.

var errNotWaiting = fault.New(fault.Conflict, "generation_not_waiting", "only work that waits can be moved or kept back")

// Move puts a waiting generation before another one of the actor, or before queue.First; with an empty before, behind all.
func (s *Service) Move(ctx context.Context, actor access.Actor, id, before string) error {
	return s.arrange(ctx, actor, id, queue.Move(id, before))
}

// Pause keeps a waiting generation back, or lets it go on.
func (s *Service) Pause(ctx context.Context, actor access.Actor, id string, paused bool) error {
	return s.arrange(ctx, actor, id, queue.Pause(id, paused))
}

func (s *Service) arrange(ctx context.Context, actor access.Actor, id string, change queue.Arrangement) error {
	g, err := readGeneration(ctx, s.DB, id)
	if err != nil {
		return err
	}
	if g == nil || g.AccountID != actor.AccountID {
		return ErrNotFound
	}
	tickets, err := queue.ByID(ctx, s.DB, []string{id})
	if err != nil {
		return err
	}
	t, ok := tickets[id]
	if !ok {
		return errNotWaiting
	}
	now := s.Clock.Now()
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := queue.Arrange(ctx, tx, t.Share, t.Lane, change); err != nil {
			return err
		}
		return event.Append(ctx, tx, []event.Record{{AccountID: g.AccountID, Topic: event.TopicGeneration, Subject: id, At: now}})
	})
	if errors.Is(err, queue.ErrNotWaiting) {
		return errNotWaiting
	}
	if err != nil {
		return fmt.Errorf("arrange the line of %s: %w", g.AccountID, err)
	}
	s.rearranged()
	return nil
}

// rearranged tells the line that it was changed by hand.
func (s *Service) rearranged() {
	if s.line != nil {
		s.line.Forget()
	}
	s.wake()
}

// PauseAll keeps everything of the actor back that waits, also what comes in later, or lets it go on.
func (s *Service) PauseAll(ctx context.Context, actor access.Actor, paused bool) error {
	err := s.DB.Tx(ctx, func(tx *db.Tx) error { return queue.PauseAll(ctx, tx, actor.AccountID, paused) })
	if err != nil {
		return fmt.Errorf("pause the line of %s: %w", actor.AccountID, err)
	}
	s.rearranged()
	return nil
}

// Own tells what the actor has in the line.
func (s *Service) Own(ctx context.Context, actor access.Actor) (queue.Own, error) {
	if s.line == nil {
		return queue.Own{}, nil
	}
	return s.line.Own(ctx, actor.AccountID)
}

// cancelMost is how many generations CancelWaiting ends in one call.
const cancelMost = 1000

// CancelWaiting cancels everything of the actor that waits and lets what runs go on. It returns how many it cancelled.
func (s *Service) CancelWaiting(ctx context.Context, actor access.Actor) (int, error) {
	tickets, err := queue.WaitingOf(ctx, s.DB, actor.AccountID, cancelMost)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, t := range tickets {
		_, err := s.finish(ctx, ending{id: t.ID, accountID: actor.AccountID, teamID: t.Team(), event: EventCancel, onlyWaiting: true})
		switch {
		case err == nil:
			n++
		case errors.Is(err, errEnded), errors.Is(err, errNotWaiting):
		default:
			return n, err
		}
	}
	return n, nil
}

// Places tells where the actor's first waiting generations stand, by id.
func (s *Service) Places(ctx context.Context, actor access.Actor) (map[string]queue.Place, error) {
	if s.line == nil {
		return nil, nil
	}
	return s.line.PlacesOf(ctx, actor.AccountID, placesMost)
}

// placesMost is how many places are told as they change.
const placesMost = 50
