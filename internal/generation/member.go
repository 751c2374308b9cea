package generation

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Teams tells how people stand in teams: team.Service. It is asked inside the transactions that decide.
type Teams interface {
	// Memberships returns those that exist of the pairs of team and account.
	Memberships(ctx context.Context, q db.Queryer, of []access.Membership) ([]access.Membership, error)
	// TeamsOf returns the ids of the teams that an account is in.
	TeamsOf(ctx context.Context, q db.Queryer, accountID string) ([]string, error)
}

// memberKey names a membership.
type memberKey struct{ team, account string }

// membership says how an account stands in a team; the zero Membership when it does not.
func (s *Service) membership(ctx context.Context, teamID, accountID string) (access.Membership, error) {
	if s.Teams == nil {
		return access.Membership{}, nil
	}
	list, err := s.Teams.Memberships(ctx, s.DB, []access.Membership{{TeamID: teamID, AccountID: accountID}})
	if err != nil || len(list) == 0 {
		return access.Membership{}, err
	}
	return list[0], nil
}

// loadMembers reads how those stand who want to spend their team's tokens. The teams' wallets are locked already, and
// whoever changes a membership locks them first: what is read here stays true until the commit.
func (s *Service) loadMembers(ctx context.Context, tx *db.Tx, ops []operation) (map[memberKey]access.Membership, error) {
	asked := map[memberKey]bool{}
	var of []access.Membership
	for _, op := range ops {
		if op.submit == nil || op.submit.actor.Team == "" {
			continue
		}
		k := memberKey{op.submit.actor.Team, op.submit.accountID}
		if !asked[k] {
			asked[k] = true
			of = append(of, access.Membership{TeamID: k.team, AccountID: k.account})
		}
	}
	found := map[memberKey]access.Membership{}
	if len(of) == 0 || s.Teams == nil {
		return found, nil
	}
	list, err := s.Teams.Memberships(ctx, tx, of)
	for _, m := range list {
		found[memberKey{m.TeamID, m.AccountID}] = m
	}
	return found, err
}

// maySpend refuses those who may not let a team pay.
func maySpend(m access.Membership, actor access.Actor) error {
	action := access.SpendTokens
	if actor.KeyID != "" {
		action = access.SpendByKey
	}
	return m.Allow(action)
}

// Allowance is what a member may still use of a team's tokens.
type Allowance struct {
	Limit    token.Amount // a UTC month; access.NoLimit = no bound
	Used     token.Amount // in this one, held amounts included
	ResetsAt time.Time
}

// Bounded reports whether there is a limit.
func (a Allowance) Bounded() bool { return a.Limit != access.NoLimit }

// Left is what may still be used; without a limit it means nothing.
func (a Allowance) Left() token.Amount { return max(0, a.Limit-a.Used) }

// allows refuses a price that the limit does not cover any more.
func (a Allowance) allows(price token.Amount) error {
	if !a.Bounded() || price == 0 || a.Used+price <= a.Limit {
		return nil
	}
	f := fault.New(fault.Insufficient, "member_limit_reached", fmt.Sprintf(
		"this costs %s and of your %s tokens a month in this team %s are left until %s", price, a.Limit, a.Left(), a.ResetsAt.Format(time.DateOnly)))
	f.Details = map[string]any{
		"price_mt": int64(price), "limit_mt": int64(a.Limit), "used_mt": int64(a.Used), "left_mt": int64(a.Left()),
		"resets_at": a.ResetsAt.Format(time.RFC3339),
	}
	return f
}

// memberMay decides whether a member may spend a price of the team's tokens now, with all that this batch has decided
// so far. It must not be asked for a submission that one's own tokens pay.
func (w *world) memberMay(op *submission, price token.Amount) error {
	m := w.members[memberKey{op.actor.Team, op.accountID}]
	if err := maySpend(m, op.actor); err != nil {
		return err
	}
	a := Allowance{Limit: m.Limit, Used: w.spending.used[memberMonth(op.actor.Team, op.accountID, op.at)], ResetsAt: nextMonth(op.at)}
	return a.allows(price)
}

// Allowance is what the actor may still use of the team that pays for its work.
func (s *Service) Allowance(ctx context.Context, actor access.Actor) (Allowance, error) {
	m, err := s.membership(ctx, actor.Team, actor.AccountID)
	if err != nil {
		return Allowance{}, err
	}
	if err := maySpend(m, actor); err != nil {
		return Allowance{}, err
	}
	now := s.Clock.Now()
	used, err := usedBy(ctx, s.DB, memberMonth(actor.Team, actor.AccountID, now))
	return Allowance{Limit: m.Limit, Used: used, ResetsAt: nextMonth(now)}, err
}

// entitled is what the plans allow for work that a wallet pays: the account's own, or together with the team's.
func (s *Service) entitled(ctx context.Context, accountID, teamID string) (Entitlement, error) {
	own, err := s.Entitlements.Entitlement(ctx, accountID)
	if err != nil || teamID == "" {
		return own, err
	}
	team, err := s.Entitlements.Entitlement(ctx, ledger.TeamOf(teamID))
	team.Queue, team.Concurrency = max(team.Queue, own.Queue), max(team.Concurrency, own.Concurrency)
	team.Pixels = max(team.Pixels, own.Pixels)
	return team, err
}

// concurrency is how many generations of an account run at once: the most that its plan or one of its teams' allows.
func (s *Service) concurrency(ctx context.Context, accountID string) (int, error) {
	own, err := s.Entitlements.Entitlement(ctx, accountID)
	if err != nil || s.Teams == nil {
		return own.Concurrency, err
	}
	teams, err := s.Teams.TeamsOf(ctx, s.DB, accountID)
	n := own.Concurrency
	for _, id := range teams {
		e, err := s.Entitlements.Entitlement(ctx, ledger.TeamOf(id))
		if err != nil {
			return n, err
		}
		n = max(n, e.Concurrency)
	}
	return n, err
}

// may reports whether the actor may do something with a generation. What a team paid for is the team's: its maker sees
// it as long as they are in the team.
func (s *Service) may(ctx context.Context, actor access.Actor, g *Generation, own, others access.TeamAction) (bool, error) {
	if g.TeamID == "" {
		return actor.MaySee(g.AccountID), nil
	}
	m, err := s.membership(ctx, g.TeamID, actor.AccountID)
	if actor.MaySee(g.AccountID) {
		return m.May(own), err
	}
	return m.May(others), err
}
