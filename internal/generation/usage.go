package generation

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/token"
)

// Usage is what a member has used of a team's tokens with one model.
type Usage struct {
	AccountID   string
	Model       string
	Generations int
	Used        token.Amount // charged, and held for what is open
}

// Period is a UTC month.
type Period struct{ From, Until time.Time }

// ParsePeriod reads "2026-11"; nothing is the month of now.
func ParsePeriod(month string, now time.Time) (Period, error) {
	if month == "" {
		month = now.UTC().Format(monthForm)
	}
	from, err := time.Parse(monthForm, month)
	if err != nil || from.Year() < 2000 {
		return Period{}, fault.Bad(fault.Field{Name: "month", Value: month, Message: "is not a month", Allowed: "a form like 2026-11"})
	}
	return Period{from, nextMonth(from)}, nil
}

// Usage says who used how much of a team's tokens with which model in a period. Those who do not see everybody's see
// their own.
func (s *Service) Usage(ctx context.Context, actor access.Actor, teamID string, p Period) ([]Usage, error) {
	m, err := s.membership(ctx, teamID, actor.AccountID)
	if err == nil {
		err = m.Allow(access.SeeTeam)
	}
	if err != nil {
		return nil, err
	}
	// Partial index on (team_id, created_at). Deleted work was paid for, too.
	rows, err := s.DB.Query(ctx, `SELECT account_id, model, COUNT(*), SUM(CASE WHEN state IN ('waiting', 'running') THEN price ELSE charged END)
		FROM generation WHERE team_id = $1 AND team_id <> '' AND created_at >= $2 AND created_at < $3
		GROUP BY account_id, model ORDER BY 4 DESC, account_id, model`, teamID, db.Micros(p.From), db.Micros(p.Until))
	if err != nil {
		return nil, fmt.Errorf("read usage of team %s: %w", teamID, err)
	}
	defer func() { _ = rows.Close() }()
	var list []Usage
	for rows.Next() {
		var u Usage
		if err := rows.Scan(&u.AccountID, &u.Model, &u.Generations, &u.Used); err != nil {
			return nil, fmt.Errorf("read usage of team %s: %w", teamID, err)
		}
		if u.AccountID == actor.AccountID || m.May(access.SeeUsage) {
			list = append(list, u)
		}
	}
	return list, rows.Err()
}

// MembersUsed is what the members of a team have used in the running UTC month, held amounts included. Primary key.
func (s *Service) MembersUsed(ctx context.Context, teamID string) (map[string]token.Amount, error) {
	rows, err := s.DB.Query(ctx, "SELECT account_id, used FROM member_spend WHERE team_id = $1 AND month = $2",
		teamID, s.Clock.Now().UTC().Format(monthForm))
	if err != nil {
		return nil, fmt.Errorf("read what members of team %s used: %w", teamID, err)
	}
	defer func() { _ = rows.Close() }()
	used := map[string]token.Amount{}
	for rows.Next() {
		var account string
		var amount token.Amount
		if err := rows.Scan(&account, &amount); err != nil {
			return nil, fmt.Errorf("read what members of team %s used: %w", teamID, err)
		}
		used[account] = amount
	}
	return used, rows.Err()
}

// Makers says whose work the generations are that somebody sees in a journal. Primary key.
func (s *Service) Makers(ctx context.Context, ids []string) (map[string]string, error) {
	makers := map[string]string{}
	if len(ids) == 0 {
		return makers, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := s.DB.Query(ctx, "SELECT id, account_id FROM generation WHERE id IN "+db.In(1, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read makers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, account string
		if err := rows.Scan(&id, &account); err != nil {
			return nil, fmt.Errorf("read makers: %w", err)
		}
		makers[id] = account
	}
	return makers, rows.Err()
}

// OfTeam lists what was made with a team's tokens, newest first, as List does.
func (s *Service) OfTeam(ctx context.Context, actor access.Actor, teamID string, page Page) ([]Generation, string, error) {
	m, err := s.membership(ctx, teamID, actor.AccountID)
	if err == nil {
		err = m.Allow(access.SeeWork)
	}
	if err != nil {
		return nil, "", err
	}
	return s.list(ctx, page, "team_id = $5 AND team_id <> ''", teamID)
}
