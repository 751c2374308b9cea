package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/plan"
)

// Event is a message of the provider, checked by its driver. It says only where to look; what is true is looked up.
type Event struct {
	ID        string
	Type      string
	Ref       Ref // zero = nothing of ours
	CreatedAt int64
	Body      []byte // JSON without names, addresses and cards, to be taken up again
}

const (
	insertEvent = `INSERT INTO provider_event (provider, id, type, ref_kind, ref_id, created_at, received_at, done_at, attempts, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8) ON CONFLICT (provider, id) DO NOTHING`
	selectEventDone = "SELECT done_at FROM provider_event WHERE provider = $1 AND id = $2"                              // primary key
	doneEvent       = "UPDATE provider_event SET done_at = $3, attempts = attempts + 1 WHERE provider = $1 AND id = $2" // primary key
	failedEvent     = "UPDATE provider_event SET attempts = attempts + 1 WHERE provider = $1 AND id = $2"               // primary key
	waitingEvents   = `SELECT id, ref_kind, ref_id FROM provider_event WHERE done_at = 0 AND provider = $1 AND attempts < $2
		ORDER BY received_at LIMIT $3` // partial index provider_event_waiting
	pruneEvents = "DELETE FROM provider_event WHERE done_at > 0 AND received_at < $1"
)

// mostAttempts at an event by Sweep; Replay knows no such bound.
const mostAttempts = 100

// Receive takes a message up: it is kept first, so that it is not lost when what follows fails, and done once. An error
// asks the provider to send it again.
func (s *Service) Receive(ctx context.Context, e Event) error {
	if s.Provider == nil {
		return ErrOff
	}
	name := s.Provider.Name()
	var done int64
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, insertEvent, name, e.ID, e.Type, e.Ref.Kind, e.Ref.ID, e.CreatedAt, db.Micros(s.Clock.Now()), string(e.Body)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, selectEventDone, name, e.ID).Scan(&done)
	})
	if err != nil {
		return fmt.Errorf("keep event %s: %w", e.ID, err)
	}
	if done > 0 {
		return nil
	}
	return s.process(ctx, e.ID, e.Ref)
}

// process looks up what an event is about and marks it as done.
func (s *Service) process(ctx context.Context, eventID string, ref Ref) error {
	var err error
	if ref.Kind != "" {
		err = s.take(ctx, ref)
		if ref.Kind == RefSubscription && err == nil {
			err = s.subscriptionChanged(ctx, ref.ID)
		}
	}
	query, args := doneEvent, []any{s.Provider.Name(), eventID, db.Micros(s.Clock.Now())}
	if err != nil {
		query, args = failedEvent, args[:2]
	}
	mark := s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	return errors.Join(err, mark)
}

// subscriptionChanged takes up that a subscription has ended at the provider: no payment will come, so the plan ends with
// the paid time. Whatever else was changed there is told back the way it should be.
func (s *Service) subscriptionChanged(ctx context.Context, subscription string) error {
	l, err := scanLink(s.DB.QueryRow(ctx, selectLink, s.Provider.Name(), subscription))
	if err != nil || l.Ended {
		return nil //nolint:nilerr // not ours, or over
	}
	seen, err := s.Provider.Subscription(ctx, subscription)
	if err != nil || !seen.Ended {
		return err
	}
	if l.Live {
		_, err = s.Plans.Change(ctx, l.wallet(), plan.Just(plan.Subscription.Cancel))
	}
	if err != nil && !errors.Is(err, plan.ErrNotPaid) && !errors.Is(err, plan.ErrCancelled) {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, updateLink, s.Provider.Name(), subscription, "", 1)
		return err
	})
}

type waitingEvent struct {
	id  string
	ref Ref
}

// retryEvents works off what could not be taken up when it came.
func (s *Service) retryEvents(ctx context.Context) error {
	list, err := s.events(ctx, waitingEvents, s.Provider.Name(), mostAttempts, pageOf)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		errs = append(errs, s.process(ctx, e.id, e.ref))
	}
	return errors.Join(errs...)
}

func (s *Service) events(ctx context.Context, query string, args ...any) ([]waitingEvent, error) {
	rows, err := s.DB.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []waitingEvent
	for rows.Next() {
		var e waitingEvent
		if err := rows.Scan(&e.id, &e.ref.Kind, &e.ref.ID); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

const eventsSince = `SELECT id, ref_kind, ref_id FROM provider_event WHERE provider = $1 AND received_at >= $2 AND id > $3
	ORDER BY id LIMIT $4` // primary key

// Replay takes up again every message that was received since a moment, and says how many there were. It is safe at any time:
// a message only says where to look.
func (s *Service) Replay(ctx context.Context, since time.Time) (n int, err error) {
	if s.Provider == nil {
		return 0, ErrOff
	}
	for after := ""; ; {
		list, err := s.events(ctx, eventsSince, s.Provider.Name(), db.Micros(since), after, pageOf)
		if err != nil {
			return n, err
		}
		for _, e := range list {
			if err := s.process(ctx, e.id, e.ref); err != nil {
				return n, fmt.Errorf("event %s: %w", e.id, err)
			}
			after = e.id
			n++
		}
		if len(list) < pageOf {
			return n, nil
		}
	}
}

// Prune throws messages away that were done before a moment.
func (s *Service) Prune(ctx context.Context, before time.Time) error {
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, pruneEvents, db.Micros(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("throw old events away: %w", err)
	}
	return nil
}
