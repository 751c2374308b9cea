// Package auth says who is calling: sessions for the studio, API keys for programs, and the one-time link by which the
// first person becomes the installation's owner. It promises that no token or key can be read back from the database
// (only hashes are kept) and that whatever has ended, been revoked or was never issued is refused. Passwords belong to
// account, what a caller may do to access, and cookies and headers to the api packages.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

// How long a session lasts: until it is left alone for idle, and never beyond absolute.
const (
	sessionIdle     = 14 * 24 * time.Hour
	sessionAbsolute = 90 * 24 * time.Hour
	// seenEvery bounds how often being used is written down, so that reading pages does not write.
	seenEvery    = 5 * time.Minute
	keyUsedEvery = time.Minute
)

// maxUserAgent bounds what is kept of a browser's name.
const maxUserAgent = 300

// ErrSessionEnded is the fault for a session that has ended, was signed out, or never existed.
var ErrSessionEnded = fault.New(fault.Unauthenticated, "unauthenticated", "the session has ended, sign in again")

// Service is the only owner of the tables session, api_key, worker_token, owner_link and secret. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	accounts  *account.Store
	clock     clock.Clock
	ownerPlan string
	pepper    []byte // keys the hashes of API keys, so that a stolen table alone verifies nothing
}

// New returns the service on a migrated database. ownerPlan is the plan of whoever claims the installation.
func New(ctx context.Context, d *db.DB, accounts *account.Store, c clock.Clock, ownerPlan string) (*Service, error) {
	s := &Service{db: d, accounts: accounts, clock: c, ownerPlan: ownerPlan}
	pepper, err := s.Secret(ctx, "api_key_pepper")
	if err != nil {
		return nil, err
	}
	s.pepper = pepper
	return s, nil
}

const (
	insertSession = `INSERT INTO session (token_hash, account_id, user_agent, created_at, last_seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`
	selectSession  = `SELECT account_id, last_seen_at, expires_at FROM session WHERE token_hash = $1` // primary key
	touchSession   = `UPDATE session SET last_seen_at = $2 WHERE token_hash = $1 AND last_seen_at < $2`
	deleteSession  = `DELETE FROM session WHERE token_hash = $1`
	deleteSessions = `DELETE FROM session WHERE account_id = $1` // index session_account
	sweepSessions  = `DELETE FROM session WHERE expires_at <= $1 OR last_seen_at <= $2`
)

// SignIn checks e-mail address and password and starts a session. It returns account.ErrWrongPassword for either.
func (s *Service) SignIn(ctx context.Context, email, password, userAgent string) (string, account.Account, error) {
	a, err := s.accounts.CheckPassword(ctx, email, password)
	if err != nil {
		return "", account.Account{}, err
	}
	token, err := s.StartSession(ctx, a.ID, userAgent)
	if err != nil {
		return "", account.Account{}, err
	}
	return token, a, nil
}

// StartSession begins a session of an account whose credentials the caller has just checked or made, and returns its
// token, which is not kept.
func (s *Service) StartSession(ctx context.Context, accountID, userAgent string) (string, error) {
	token := newToken()
	now := s.clock.Now()
	if r := []rune(userAgent); len(r) > maxUserAgent {
		userAgent = string(r[:maxUserAgent])
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, insertSession, hashToken(token), accountID, cleanText(userAgent),
			db.Micros(now), db.Micros(now), db.Micros(now.Add(sessionAbsolute)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("start session of account %s: %w", accountID, err)
	}
	return token, nil
}

// Session returns who a session token belongs to, or ErrSessionEnded.
func (s *Service) Session(ctx context.Context, token string) (access.Actor, error) {
	if token == "" || len(token) > 100 {
		return access.Actor{}, ErrSessionEnded
	}
	hash := hashToken(token)
	var accountID string
	var seen, expires int64
	err := s.db.QueryRow(ctx, selectSession, hash).Scan(&accountID, &seen, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Actor{}, ErrSessionEnded
	}
	if err != nil {
		return access.Actor{}, fmt.Errorf("read session: %w", err)
	}
	now := s.clock.Now()
	if !now.Before(db.Time(expires)) || !now.Before(db.Time(seen).Add(sessionIdle)) {
		return access.Actor{}, ErrSessionEnded
	}
	a, err := s.accounts.ByID(ctx, accountID)
	if err != nil {
		return access.Actor{}, err
	}
	if now.Sub(db.Time(seen)) >= seenEvery {
		if err := s.exec(ctx, touchSession, hash, db.Micros(now)); err != nil {
			return access.Actor{}, fmt.Errorf("note use of session: %w", err)
		}
	}
	return access.Actor{AccountID: a.ID, Role: a.Role}, nil
}

// SignOut ends the session of this token. An unknown token is no error: the outcome is what was asked for.
func (s *Service) SignOut(ctx context.Context, token string) error {
	if err := s.exec(ctx, deleteSession, hashToken(token)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// SignOutAll ends every session of the account.
func (s *Service) SignOutAll(ctx context.Context, accountID string) error {
	if err := s.exec(ctx, deleteSessions, accountID); err != nil {
		return fmt.Errorf("end sessions of account %s: %w", accountID, err)
	}
	return nil
}

// Sweep removes sessions that have ended. They are refused without it; it keeps the table small.
func (s *Service) Sweep(ctx context.Context) (removed int, err error) {
	now := s.clock.Now()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, sweepSessions, db.Micros(now), db.Micros(now.Add(-sessionIdle)))
		removed = int(n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("remove ended sessions: %w", err)
	}
	return removed, nil
}

// exec runs one statement in a transaction of its own.
func (s *Service) exec(ctx context.Context, query string, args ...any) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

// newToken returns 256 random bits in 43 URL-safe characters.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashToken is how a token is kept. A fast hash is right for 256 random bits: there is nothing to guess.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
