package auth

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/db"
	"bottega/internal/fault"
)

// ownerLinkLasts is how long an unused link may lie in a terminal's history.
const ownerLinkLasts = 24 * time.Hour

// The faults of owner links.
var (
	ErrOwned     = fault.New(fault.Conflict, "owner_exists", "this installation has an owner already")
	ErrOwnerLink = fault.New(fault.Forbidden, "invalid_owner_link", "this owner link is not valid any more, make a new one on the server")
)

const (
	dropLinks  = `DELETE FROM owner_link WHERE used_at = 0`
	insertLink = `INSERT INTO owner_link (token_hash, created_at, expires_at, used_at) VALUES ($1, $2, $3, 0)`
	// A scan of a table of one or two rows; all of them, in one order, so that two claims wait for each other.
	selectLinks = `SELECT token_hash, expires_at, used_at FROM owner_link ORDER BY token_hash`
	useLink     = `UPDATE owner_link SET used_at = $2 WHERE token_hash = $1`
)

// OwnerLink makes the token of the link by which somebody becomes the owner, once, within 24 hours. An older unused
// link stops working. It returns ErrOwned when there is an owner.
func (s *Service) OwnerLink(ctx context.Context) (string, error) {
	token := newToken()
	now := s.clock.Now()
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		owned, err := s.accounts.HasOwner(ctx, tx)
		if err != nil {
			return err
		}
		if owned {
			return ErrOwned
		}
		if _, err := tx.Exec(ctx, dropLinks); err != nil {
			return fmt.Errorf("drop older owner links: %w", err)
		}
		if _, err := tx.Exec(ctx, insertLink, hashToken(token), db.Micros(now), db.Micros(now.Add(ownerLinkLasts))); err != nil {
			return fmt.Errorf("insert owner link: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// ClaimOwner uses an owner link up and makes the owner's account, both or neither. It returns ErrOwnerLink, ErrOwned,
// or what account.Store.Create returns; the link survives all of these.
func (s *Service) ClaimOwner(ctx context.Context, token, email, password string) (account.Account, error) {
	// Checked before the password is hashed, so that a stranger without a link cannot make the server work.
	if err := s.db.Tx(ctx, func(tx *db.Tx) error { return s.checkLink(ctx, tx, token) }); err != nil {
		return account.Account{}, err
	}
	owner, err := s.accounts.Prepare(ctx, account.New{Email: email, Password: password, Role: access.RoleOwner, Plan: s.ownerPlan})
	if err != nil {
		return account.Account{}, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.checkLink(ctx, tx, token); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, useLink, hashToken(token), db.Micros(s.clock.Now())); err != nil {
			return fmt.Errorf("use owner link: %w", err)
		}
		return s.accounts.Insert(ctx, tx, owner)
	})
	if err != nil {
		return account.Account{}, err
	}
	return owner.Account(), nil
}

// checkLink locks all links and returns nil when token is of an unused one in time and there is no owner yet.
func (s *Service) checkLink(ctx context.Context, tx *db.Tx, token string) error {
	rows, err := tx.Query(ctx, selectLinks+tx.ForUpdate())
	if err != nil {
		return fmt.Errorf("read owner links: %w", err)
	}
	defer func() { _ = rows.Close() }()
	want := hashToken(token)
	valid := false
	for rows.Next() {
		var hash string
		var expires, used int64
		if err := rows.Scan(&hash, &expires, &used); err != nil {
			return fmt.Errorf("read owner link: %w", err)
		}
		same := subtle.ConstantTimeCompare([]byte(hash), []byte(want)) == 1
		valid = valid || same && used == 0 && s.clock.Now().Before(db.Time(expires))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read owner links: %w", err)
	}
	if !valid {
		return ErrOwnerLink
	}
	owned, err := s.accounts.HasOwner(ctx, tx)
	if err != nil {
		return err
	}
	if owned {
		return ErrOwned
	}
	return nil
}
