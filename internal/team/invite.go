package team

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/token"
)

// Invitation lets one person in, once, until it expires or is revoked.
type Invitation struct {
	ID        string
	TeamID    string
	Email     string // whose account may accept; empty = whoever has the link
	Role      access.TeamRole
	Limit     token.Amount
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time

	ended bool
}

// InviteRequest asks for an invitation.
type InviteRequest struct {
	Email string // empty = whoever has the link
	Role  access.TeamRole
	Limit token.Amount
}

const (
	insertInvitation = `INSERT INTO team_invitation (id, team_id, hash, email, role, most, created_by, created_at, expires_at, ended_at, accepted_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '')`
	invitationColumns = `id, team_id, email, role, most, created_by, created_at, expires_at, ended_at`
	// Unique index of hash.
	selectInvitation = `SELECT ` + invitationColumns + ` FROM team_invitation WHERE hash = $1`
	// Partial index on open ones.
	selectInvitations = `SELECT ` + invitationColumns + ` FROM team_invitation
		WHERE team_id = $1 AND ended_at = 0 AND expires_at > $2 ORDER BY created_at, id`
	endInvitation   = `UPDATE team_invitation SET ended_at = $2, accepted_by = $3 WHERE id = $1 AND ended_at = 0`        // primary key
	revokeOne       = `UPDATE team_invitation SET ended_at = $3 WHERE id = $1 AND team_id = $2 AND ended_at = 0`         // primary key
	revokeToAdmin   = `UPDATE team_invitation SET ended_at = $2 WHERE team_id = $1 AND role = 'admin' AND ended_at = 0`  // partial index
	revokeOfTeam    = `UPDATE team_invitation SET ended_at = $2 WHERE team_id = $1 AND ended_at = 0`                     // partial index
	revokeOfInviter = `UPDATE team_invitation SET ended_at = $3 WHERE team_id = $1 AND created_by = $2 AND ended_at = 0` // partial index
)

// newSecret is 256 random bits after a prefix that secret scanners can be taught.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return secretPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// hashSecret is how a secret is kept. A fast hash is right for 256 random bits.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// checkInvitation refuses what the actor may not offer, and returns the request as it is kept.
func (t *Team) checkInvitation(by string, r InviteRequest) (InviteRequest, error) {
	if err := t.Allow(by, access.InvitePeople); err != nil {
		return r, err
	}
	r.Email = strings.ToLower(strings.TrimSpace(r.Email))
	if r.Email != "" {
		if a, err := mail.ParseAddress(r.Email); err != nil || a.Address != r.Email || len(r.Email) > 254 {
			return r, fault.Bad(fault.Field{Name: "email", Value: r.Email, Message: "is not an e-mail address", Allowed: "an address like name@example.com, or nothing"})
		}
	}
	if err := checkRole(r.Role); err != nil {
		return r, err
	}
	if err := checkLimit(r.Limit); err != nil {
		return r, err
	}
	if mine, _ := t.Member(by); !access.MayManage(mine.Role, r.Role, r.Role) {
		return r, fault.New(fault.Forbidden, "team_role", fmt.Sprintf("your role in this team is %s: admins are invited by the owner", mine.Role))
	}
	return r, t.room("", r.Role)
}

// Invite makes an invitation and returns its secret, this once. A seat need be free now, and again when it is accepted.
func (s *Service) Invite(ctx context.Context, actor access.Actor, teamID string, r InviteRequest) (secret string, inv Invitation, err error) {
	if err := session(actor); err != nil {
		return "", inv, err
	}
	secret = newSecret()
	err = s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		r, err := t.checkInvitation(actor.AccountID, r)
		if err != nil {
			return err
		}
		open, err := invitations(ctx, tx, teamID, now)
		if err != nil {
			return err
		}
		if len(open) >= maxOpen {
			return ErrTooManyOpen
		}
		inv = Invitation{
			ID: id.New(), TeamID: teamID, Email: r.Email, Role: r.Role, Limit: r.Limit, CreatedBy: actor.AccountID,
			CreatedAt: now, ExpiresAt: now.Add(inviteLasts),
		}
		_, err = tx.Exec(ctx, insertInvitation, inv.ID, inv.TeamID, hashSecret(secret), inv.Email, string(inv.Role), inv.Limit, inv.CreatedBy,
			db.Micros(inv.CreatedAt), db.Micros(inv.ExpiresAt))
		if err != nil {
			return fmt.Errorf("write invitation: %w", err)
		}
		return nil
	})
	return secret, inv, err
}

// Invitations lists the open ones.
func (s *Service) Invitations(ctx context.Context, actor access.Actor, teamID string) ([]Invitation, error) {
	if _, err := s.Get(ctx, actor, teamID, access.InvitePeople); err != nil {
		return nil, err
	}
	return invitations(ctx, s.db, teamID, s.clock.Now())
}

// Revoke ends an open invitation.
func (s *Service) Revoke(ctx context.Context, actor access.Actor, teamID, invitationID string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Allow(actor.AccountID, access.InvitePeople); err != nil {
			return err
		}
		if !id.Valid(invitationID) {
			return ErrNoInvitation
		}
		n, err := tx.Exec(ctx, revokeOne, invitationID, teamID, db.Micros(now))
		if err != nil {
			return fmt.Errorf("revoke invitation: %w", err)
		}
		if n == 0 {
			return ErrNoInvitation
		}
		return nil
	})
}

// Look returns what a secret would let one into. A wrong one says no more than that.
func (s *Service) Look(ctx context.Context, secret string) (Invitation, *Team, error) {
	inv, err := bySecret(ctx, s.db, secret, "")
	if err != nil {
		return inv, nil, err
	}
	if !inv.open(s.clock.Now()) {
		return inv, nil, ErrNoInvitation
	}
	t, err := s.Find(ctx, inv.TeamID)
	return inv, t, err
}

// Accept lets the actor in by a secret, which works once. email is the address of the actor's account.
func (s *Service) Accept(ctx context.Context, actor access.Actor, email, secret string) (*Team, error) {
	if err := session(actor); err != nil {
		return nil, err
	}
	found, err := bySecret(ctx, s.db, secret, "")
	if err != nil {
		return nil, err
	}
	var joined *Team
	err = s.change(ctx, found.TeamID, func(tx *db.Tx, t *Team, now time.Time) error {
		inv, err := bySecret(ctx, tx, secret, tx.ForUpdate()) // again, under the lock
		if err != nil {
			return err
		}
		switch {
		case !inv.open(now), !t.DissolvedAt.IsZero():
			return ErrNoInvitation
		case inv.Email != "" && inv.Email != email:
			return ErrNotForYou
		}
		if err := s.roomFor(ctx, tx, actor.AccountID); err != nil {
			return err
		}
		if err := t.Join(actor.AccountID, inv.Role, inv.Limit, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, endInvitation, inv.ID, db.Micros(now), actor.AccountID); err != nil {
			return fmt.Errorf("use invitation: %w", err)
		}
		own := *t
		own.Members = slices.Clone(t.Members)
		joined = &own
		return nil
	})
	return joined, err
}

// Add puts an account into a team without an invitation: the operator's way. also is written with it.
func (s *Service) Add(ctx context.Context, teamID, accountID string, role access.TeamRole, limit token.Amount, also ...db.Also) error {
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := errors.Join(checkRole(role), checkLimit(limit)); err != nil {
			return err
		}
		if !t.DissolvedAt.IsZero() {
			return ErrNoTeam
		}
		if err := s.roomFor(ctx, tx, accountID); err != nil {
			return err
		}
		if err := t.Join(accountID, role, limit, now); err != nil {
			return err
		}
		return tx.Also(ctx, also)
	})
}

func (i Invitation) open(now time.Time) bool { return !i.ended && now.Before(i.ExpiresAt) }

func bySecret(ctx context.Context, q db.Queryer, secret, lock string) (Invitation, error) {
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 100 {
		return Invitation{}, ErrNoInvitation
	}
	inv, err := scanInvitation(q.QueryRow(ctx, selectInvitation+lock, hashSecret(secret)))
	if errors.Is(err, sql.ErrNoRows) {
		return Invitation{}, ErrNoInvitation
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("read invitation: %w", err)
	}
	return inv, nil
}

func scanInvitation(row interface{ Scan(...any) error }) (Invitation, error) {
	var i Invitation
	var created, expires, ended int64
	err := row.Scan(&i.ID, &i.TeamID, &i.Email, &i.Role, &i.Limit, &i.CreatedBy, &created, &expires, &ended)
	i.CreatedAt, i.ExpiresAt, i.ended = db.Time(created), db.Time(expires), ended != 0
	return i, err
}

func invitations(ctx context.Context, q db.Queryer, teamID string, now time.Time) ([]Invitation, error) {
	rows, err := q.Query(ctx, selectInvitations, teamID, db.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list invitations of team %s: %w", teamID, err)
	}
	defer func() { _ = rows.Close() }()
	var list []Invitation
	for rows.Next() {
		inv, err := scanInvitation(rows)
		if err != nil {
			return nil, fmt.Errorf("list invitations of team %s: %w", teamID, err)
		}
		list = append(list, inv)
	}
	return list, rows.Err()
}

func revokeBy(ctx context.Context, tx *db.Tx, teamID, accountID string, now time.Time) error {
	if _, err := tx.Exec(ctx, revokeOfInviter, teamID, accountID, db.Micros(now)); err != nil {
		return fmt.Errorf("revoke invitations of a member: %w", err)
	}
	return nil
}

func revokeAll(ctx context.Context, tx *db.Tx, teamID string, now time.Time) error {
	if _, err := tx.Exec(ctx, revokeOfTeam, teamID, db.Micros(now)); err != nil {
		return fmt.Errorf("revoke invitations of a team: %w", err)
	}
	return nil
}
