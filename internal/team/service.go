package team

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Service keeps teams. It owns the tables team, team_member and team_invitation. Every change of a team locks its wallet
// first, as every hold on it does: whoever spends at the same moment did so before the change or is decided after it.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	accounts Accounts
	plans    *plan.Service
	post     Post

	// Changed is told of every change of a team and its members by this process, once it is committed; nil = nobody is.
	// Set it before the service is used.
	Changed func(teamID string)
}

// NewService returns a service on a migrated database.
func NewService(d *db.DB, c clock.Clock, a Accounts, p *plan.Service, post Post) *Service {
	return &Service{db: d, clock: c, accounts: a, plans: p, post: post}
}

// Create makes a team that the actor owns.
func (s *Service) Create(ctx context.Context, actor access.Actor, name string) (*Team, error) {
	return s.CreateAnd(ctx, actor, name, nil)
}

// CreateAnd is Create with something more that is written in the same transaction.
func (s *Service) CreateAnd(ctx context.Context, actor access.Actor, name string, also func(*Team) db.Also) (*Team, error) {
	if err := session(actor); err != nil {
		return nil, err
	}
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	t := &Team{ID: id.New(), Name: name, CreatedAt: s.clock.Now(), Seats: plan.TeamSeats}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := ledger.Lock(ctx, tx, actor.AccountID); err != nil { // two at once would both count one too few
			return err
		}
		var owned int
		if err := tx.QueryRow(ctx, countOwned, actor.AccountID).Scan(&owned); err != nil {
			return fmt.Errorf("count teams of account %s: %w", actor.AccountID, err)
		}
		if owned >= MaxTeams {
			return ErrTooMany
		}
		if err := s.roomFor(ctx, tx, actor.AccountID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertTeam, t.ID, t.Name, db.Micros(t.CreatedAt)); err != nil {
			return fmt.Errorf("write team: %w", err)
		}
		own := *t
		own.Members = nil
		own.put(Member{AccountID: actor.AccountID, Role: access.TeamOwner, Limit: access.NoLimit, JoinedAt: t.CreatedAt})
		*t = own
		if also != nil {
			if err := also(t)(ctx, tx); err != nil {
				return err
			}
		}
		return t.write(ctx, tx)
	})
	return t, err
}

// roomFor refuses an account that is in too many teams.
func (s *Service) roomFor(ctx context.Context, tx *db.Tx, accountID string) error {
	in, err := s.TeamsOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if len(in) >= MaxIn {
		return ErrTooMany
	}
	return nil
}

// Get returns a team to somebody who may do something in it.
func (s *Service) Get(ctx context.Context, actor access.Actor, teamID string, a access.TeamAction) (*Team, error) {
	if !id.Valid(teamID) {
		return nil, ErrNoTeam
	}
	t, err := s.Find(ctx, teamID)
	if err != nil {
		return nil, err
	}
	return t, t.Allow(actor.AccountID, a)
}

// Find returns a team to whoever runs the installation.
func (s *Service) Find(ctx context.Context, teamID string) (*Team, error) {
	t, err := readTeam(ctx, s.db, teamID, "")
	if err != nil {
		return nil, err
	}
	sub, err := s.plans.Read(ctx, ledger.TeamOf(teamID))
	t.Seats = sub.Seats(s.clock.Now())
	return t, err
}

// List returns the teams that the actor is in, the oldest first.
func (s *Service) List(ctx context.Context, actor access.Actor) ([]*Team, error) {
	ids, err := s.TeamsOf(ctx, s.db, actor.AccountID)
	if err != nil {
		return nil, err
	}
	teams := make([]*Team, 0, len(ids))
	for _, teamID := range ids {
		t, err := s.Find(ctx, teamID)
		if err != nil {
			return nil, err
		}
		teams = append(teams, t)
	}
	return teams, nil
}

// Emails returns the addresses of accounts, also of those who have left.
func (s *Service) Emails(ctx context.Context, accountIDs []string) (map[string]string, error) {
	return s.accounts.Emails(ctx, accountIDs)
}

// change loads a team for changing, lets f decide, and writes what that changed.
func (s *Service) change(ctx context.Context, teamID string, f func(tx *db.Tx, t *Team, now time.Time) error) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		return s.changeIn(ctx, tx, teamID, func(t *Team, now time.Time) error { return f(tx, t, now) })
	})
}

// changeIn is change inside the caller's transaction.
func (s *Service) changeIn(ctx context.Context, tx *db.Tx, teamID string, f func(t *Team, now time.Time) error) error {
	if !id.Valid(teamID) {
		return ErrNoTeam
	}
	wallet := ledger.TeamOf(teamID)
	if err := ledger.Lock(ctx, tx, wallet); err != nil {
		return err
	}
	t, err := readTeam(ctx, tx, teamID, tx.ForUpdate())
	if err != nil {
		return err
	}
	now := s.clock.Now()
	sub, err := s.plans.ReadTeam(ctx, tx, wallet)
	if err != nil {
		return err
	}
	t.Seats = sub.Seats(now)
	if err := f(t, now); err != nil {
		return err
	}
	if s.Changed != nil {
		tx.Committed(func() { s.Changed(teamID) })
	}
	return t.write(ctx, tx)
}

// Rename changes a team's name.
func (s *Service) Rename(ctx context.Context, actor access.Actor, teamID, name string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(_ *db.Tx, t *Team, _ time.Time) error { return t.Rename(actor.AccountID, name) })
}

// Transfer makes another member the owner. Who owned it is an admin then, and no admin makes admins: invitations of
// theirs that would end.
func (s *Service) Transfer(ctx context.Context, actor access.Actor, teamID, accountID string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Transfer(actor.AccountID, accountID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, revokeToAdmin, teamID, db.Micros(now)); err != nil {
			return fmt.Errorf("revoke invitations of admins: %w", err)
		}
		return nil
	})
}

// MemberChange is what should become of a member; nil leaves it as it is.
type MemberChange struct {
	Role  *access.TeamRole
	Limit *token.Amount
}

// SetMember changes a member's role, limit, or both. Invitations that an admin made end with being one.
func (s *Service) SetMember(ctx context.Context, actor access.Actor, teamID, accountID string, c MemberChange) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Allow(actor.AccountID, access.ManageRoles); err != nil {
			return err
		}
		was, ok := t.Member(accountID)
		if !ok {
			return ErrNoMember
		}
		if c.Role != nil && *c.Role != was.Role {
			if err := t.SetRole(actor.AccountID, accountID, *c.Role); err != nil {
				return err
			}
			if was.Role == access.TeamAdmin {
				if err := revokeBy(ctx, tx, teamID, accountID, now); err != nil {
					return err
				}
			}
		}
		if c.Limit != nil {
			return t.SetLimit(actor.AccountID, accountID, *c.Limit)
		}
		return nil
	})
}

// Remove puts a member out. What they have begun with the team's tokens goes on and is settled there; they neither see
// nor spend any more. Invitations that they made end with them.
func (s *Service) Remove(ctx context.Context, actor access.Actor, teamID, accountID string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Remove(actor.AccountID, accountID, now); err != nil {
			return err
		}
		return revokeBy(ctx, tx, teamID, accountID, now)
	})
}

// Leave lets the actor go, as Remove does.
func (s *Service) Leave(ctx context.Context, actor access.Actor, teamID string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Leave(actor.AccountID, now); err != nil {
			return err
		}
		return revokeBy(ctx, tx, teamID, actor.AccountID, now)
	})
}

// Dissolve ends a team, its plan and its invitations. What is left in its wallet stays there, and nobody can spend it.
func (s *Service) Dissolve(ctx context.Context, actor access.Actor, teamID string) error {
	if err := session(actor); err != nil {
		return err
	}
	return s.change(ctx, teamID, func(tx *db.Tx, t *Team, now time.Time) error {
		if err := t.Dissolve(actor.AccountID, now); err != nil {
			return err
		}
		if err := revokeAll(ctx, tx, teamID, now); err != nil {
			return err
		}
		_, err := s.plans.ChangeIn(ctx, tx, ledger.TeamOf(teamID), plan.ForTeam(), plan.Just(endPlan))
		return err
	})
}

// Standing says which plan a team is on.
func (s *Service) Standing(ctx context.Context, teamID string) (plan.Standing, error) {
	now, _, err := s.plans.Now(ctx, ledger.TeamOf(teamID))
	return now, err
}

// endPlan ends what plan there is.
func endPlan(s plan.Subscription, now time.Time) (plan.Subscription, error) {
	out, err := s.EndNow(now)
	if errors.Is(err, plan.ErrNotPaid) {
		return s, nil
	}
	return out, err
}

// ChangePlan decides on a team's plan: the one way to buy, give, change and end it, for the operator's hand and for whoever
// takes payments. It refuses fewer seats than are taken. decide must be pure; see plan.Subscription for what it can do:
// StartTeam, Pay, Resize, Upgrade, Downgrade, Cancel, PutTeam.
func (s *Service) ChangePlan(ctx context.Context, teamID string, decide plan.Decision, also ...db.Also) (out plan.Subscription, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if out, err = s.ChangePlanIn(ctx, tx, teamID, decide); err != nil {
			return err
		}
		return tx.Also(ctx, also)
	})
	return out, err
}

// ChangePlanIn is ChangePlan inside the caller's transaction, which must not have locked the team or its wallet before.
func (s *Service) ChangePlanIn(ctx context.Context, tx *db.Tx, teamID string, decide plan.Decision) (out plan.Subscription, err error) {
	err = s.changeIn(ctx, tx, teamID, func(t *Team, _ time.Time) error {
		if !t.DissolvedAt.IsZero() {
			return ErrNoTeam
		}
		// What does not fit is refused before anything is written: the caller may go on without it.
		fitting := func(at time.Time, sub plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
			after, err := decide(at, sub, w)
			if err == nil {
				err = t.Fits(after, at)
			}
			return after, err
		}
		out, err = s.plans.ChangeIn(ctx, tx, ledger.TeamOf(teamID), plan.ForTeam(), fitting)
		return err
	})
	return out, err
}

// Fits refuses a plan with fewer seats than before that are not enough for who has one.
func (t *Team) Fits(sub plan.Subscription, now time.Time) error {
	if seats := sub.Seats(now); seats < t.Seats && seats < t.Taken() && !sub.Now(now).Lapse {
		return ErrSeatsTaken
	}
	return nil
}

// Wallet is where a team's tokens are.
func (t *Team) Wallet() string { return ledger.TeamOf(t.ID) }

// Owner is the account of the owner.
func (t *Team) Owner() string {
	for _, m := range t.Members {
		if m.Role == access.TeamOwner {
			return m.AccountID
		}
	}
	return ""
}
