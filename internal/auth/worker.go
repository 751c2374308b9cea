package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
)

// workerPrefix begins the tokens of workers. It is as long as that of API keys.
const workerPrefix = "bt_work_"

// The faults of worker tokens.
var (
	ErrWorkerMalformed = fault.New(fault.Unauthenticated, "invalid_worker_token", "the worker token is not well formed")
	ErrWorkerUnknown   = fault.New(fault.Unauthenticated, "invalid_worker_token", "the worker token is unknown")
	ErrWorkerRevoked   = fault.New(fault.Unauthenticated, "revoked_worker_token", "the worker token was revoked")
	ErrWorkerExpired   = fault.New(fault.Unauthenticated, "expired_worker_token", "the worker token has expired")
	ErrNoSuchWorker    = fault.New(fault.NotFound, "not_found", "no such worker token")
)

// WorkerToken is what is known of a worker's token; the token itself is not kept.
type WorkerToken struct {
	ID         string
	Name       string
	Prefix     string // the beginning of the token, to recognise it by
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero = never
	LastUsedAt time.Time // zero = never; kept to the minute
	RevokedAt  time.Time // zero = in force, unless it has expired
}

const (
	insertWorker = `INSERT INTO worker_token (id, name, prefix, hash, created_at, expires_at, last_used_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0)`
	selectWorker      = `SELECT id, expires_at, last_used_at, revoked_at FROM worker_token WHERE hash = $1` // unique index of hash
	selectWorkerState = `SELECT expires_at, revoked_at FROM worker_token WHERE id = $1`                     // primary key
	selectWorkers     = `SELECT id, name, prefix, created_at, expires_at, last_used_at, revoked_at FROM worker_token
		ORDER BY created_at DESC, id` // a handful
	touchWorker  = `UPDATE worker_token SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2`
	revokeWorker = `UPDATE worker_token SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0` // primary key
)

// CreateWorker makes a token for workers that ends at expires (zero = never) and returns it in full, this once.
func (s *Service) CreateWorker(ctx context.Context, name string, expires time.Time, also ...func(WorkerToken) db.Also) (string, WorkerToken, error) {
	now := s.clock.Now()
	name = strings.TrimSpace(name)
	if fields := checkKey(name, expires, now); len(fields) > 0 {
		return "", WorkerToken{}, fault.Bad(fields...)
	}
	token := newKey(workerPrefix)
	w := WorkerToken{ID: id.New(), Name: name, Prefix: token[:keyShown], CreatedAt: now, ExpiresAt: expires}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, insertWorker, w.ID, w.Name, w.Prefix, s.hashKey(token), db.Micros(now), db.Micros(expires)); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(w)(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", WorkerToken{}, fmt.Errorf("insert worker token: %w", err)
	}
	return token, w, nil
}

// Worker returns the id of a presented token, or one of the Unauthenticated faults above.
func (s *Service) Worker(ctx context.Context, presented string) (tokenID string, err error) {
	if !wellFormed(workerPrefix, presented) {
		return "", ErrWorkerMalformed
	}
	var expires, used, revoked int64
	err = s.db.QueryRow(ctx, selectWorker, s.hashKey(presented)).Scan(&tokenID, &expires, &used, &revoked)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrWorkerUnknown
	}
	if err != nil {
		return "", fmt.Errorf("read worker token: %w", err)
	}
	if err := s.workerState(expires, revoked); err != nil {
		return "", err
	}
	if now := s.clock.Now(); used == 0 || now.Sub(db.Time(used)) >= keyUsedEvery {
		if err := s.exec(ctx, touchWorker, tokenID, db.Micros(now)); err != nil {
			return "", fmt.Errorf("note use of worker token %s: %w", tokenID, err)
		}
	}
	return tokenID, nil
}

// WorkerInForce returns nil for a token that may still be used, and otherwise the fault that says why not.
func (s *Service) WorkerInForce(ctx context.Context, tokenID string) error {
	var expires, revoked int64
	err := s.db.QueryRow(ctx, selectWorkerState, tokenID).Scan(&expires, &revoked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrWorkerUnknown
	case err != nil:
		return fmt.Errorf("read worker token %s: %w", tokenID, err)
	}
	return s.workerState(expires, revoked)
}

func (s *Service) workerState(expires, revoked int64) error {
	switch {
	case revoked != 0:
		return ErrWorkerRevoked
	case expires != 0 && !s.clock.Now().Before(db.Time(expires)):
		return ErrWorkerExpired
	}
	return nil
}

// Workers lists all tokens, the newest first, those that have ended too.
func (s *Service) Workers(ctx context.Context) ([]WorkerToken, error) {
	rows, err := s.db.Query(ctx, selectWorkers)
	if err != nil {
		return nil, fmt.Errorf("list worker tokens: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []WorkerToken
	for rows.Next() {
		var w WorkerToken
		var created, expires, used, revoked int64
		if err := rows.Scan(&w.ID, &w.Name, &w.Prefix, &created, &expires, &used, &revoked); err != nil {
			return nil, fmt.Errorf("read worker token: %w", err)
		}
		w.CreatedAt, w.ExpiresAt, w.LastUsedAt, w.RevokedAt = db.Time(created), db.Time(expires), db.Time(used), db.Time(revoked)
		list = append(list, w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list worker tokens: %w", err)
	}
	return list, nil
}

// RevokeWorker ends a token for good; who is connected with it is sent away within seconds. It returns ErrNoSuchWorker
// when no such token is in force.
func (s *Service) RevokeWorker(ctx context.Context, tokenID string, also ...db.Also) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, revokeWorker, tokenID, db.Micros(s.clock.Now()))
		if err != nil {
			return fmt.Errorf("revoke worker token %s: %w", tokenID, err)
		}
		if n == 0 {
			return ErrNoSuchWorker
		}
		return tx.Also(ctx, also)
	})
}
