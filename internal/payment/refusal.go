package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/plan"
)

const (
	updateRefusal = "UPDATE payer_subscription SET refused_at = $3 WHERE provider = $1 AND subscription = $2 AND refused_at <> $3" // primary key
	// Index payer_subscription_buyer.
	selectRefusal = "SELECT COALESCE(MAX(refused_at), 0) FROM payer_subscription WHERE buyer = $1 AND unit = $2 AND live = 1"
)

// noteRefusal remembers that a renewal was refused, so that the buyer is told at once and not when it is late. The provider tries
// again by itself.
func (s *Service) noteRefusal(ctx context.Context, seen Seen) error {
	if s.Provider == nil {
		return ErrOff
	}
	name, now := s.Provider.Name(), s.Clock.Now()
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		l, err := scanLink(tx.QueryRow(ctx, selectLink+tx.ForUpdate(), name, seen.Subscription))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read subscription %s: %w", seen.Subscription, err)
		}
		if !l.Live {
			return nil
		}
		if _, err := tx.Exec(ctx, updateRefusal, name, l.Subscription, db.Micros(now)); err != nil {
			return fmt.Errorf("note the refusal of subscription %s: %w", l.Subscription, err)
		}
		return event.Append(ctx, tx, []event.Record{{AccountID: l.Buyer, Topic: event.TopicBalance, Subject: l.wallet(), At: now}})
	})
}

// Refused says when a renewal of a buyer's plan of tokens was last refused and not paid since; zero when none was.
func (s *Service) Refused(ctx context.Context, buyer string) (time.Time, error) {
	var at int64
	if err := s.DB.QueryRow(ctx, selectRefusal, buyer, plan.Tokens).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read refusals: %w", err)
	}
	return db.Time(at), nil
}
