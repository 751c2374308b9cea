package team

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bottega/internal/access"
	"bottega/internal/db"
)

const (
	insertTeam   = `INSERT INTO team (id, name, created_at, dissolved_at) VALUES ($1, $2, $3, 0)`
	selectTeam   = `SELECT name, created_at, dissolved_at FROM team WHERE id = $1` // primary key
	updateTeam   = `UPDATE team SET name = $2, dissolved_at = $3 WHERE id = $1`    // primary key
	upsertMember = `INSERT INTO team_member (team_id, account_id, role, most, joined_at, left_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (team_id, account_id) DO UPDATE SET role = excluded.role, most = excluded.most, joined_at = excluded.joined_at,
			left_at = excluded.left_at`
	// Primary key, its first column.
	selectMembers = `SELECT account_id, role, most, joined_at FROM team_member WHERE team_id = $1 AND left_at = 0
		ORDER BY CASE role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 WHEN 'member' THEN 2 ELSE 3 END, joined_at, account_id`
	// Partial index on account_id.
	selectTeamsOf = `SELECT m.team_id FROM team_member m JOIN team t ON t.id = m.team_id
		WHERE m.account_id = $1 AND m.left_at = 0 ORDER BY t.created_at, m.team_id`
	// Partial index on account_id.
	countOwned = `SELECT COUNT(*) FROM team_member m JOIN team t ON t.id = m.team_id
		WHERE m.account_id = $1 AND m.left_at = 0 AND m.role = 'owner' AND t.dissolved_at = 0`
)

// readTeam reads a team and who is in it, without its seats. ErrNoTeam when there is none.
func readTeam(ctx context.Context, q db.Queryer, teamID, lock string) (*Team, error) {
	t := &Team{ID: teamID}
	var created, dissolved int64
	err := q.QueryRow(ctx, selectTeam+lock, teamID).Scan(&t.Name, &created, &dissolved)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoTeam
	}
	if err != nil {
		return nil, fmt.Errorf("read team %s: %w", teamID, err)
	}
	t.CreatedAt, t.DissolvedAt = db.Time(created), db.Time(dissolved)
	rows, err := q.Query(ctx, selectMembers, teamID)
	if err != nil {
		return nil, fmt.Errorf("read members of team %s: %w", teamID, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m Member
		var joined int64
		if err := rows.Scan(&m.AccountID, &m.Role, &m.Limit, &joined); err != nil {
			return nil, fmt.Errorf("read members of team %s: %w", teamID, err)
		}
		m.JoinedAt = db.Time(joined)
		t.Members = append(t.Members, m)
	}
	return t, rows.Err()
}

// write writes what decisions changed. An owner who hands over is written before who takes over: a table that knows two
// owners refuses.
func (t *Team) write(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, updateTeam, t.ID, t.Name, db.Micros(t.DissolvedAt)); err != nil {
		return fmt.Errorf("write team %s: %w", t.ID, err)
	}
	touched := make([]Member, 0, len(t.touched))
	for _, m := range t.touched {
		touched = append(touched, m)
	}
	slices.SortFunc(touched, func(a, b Member) int {
		if (a.Role == access.TeamOwner) != (b.Role == access.TeamOwner) {
			if a.Role == access.TeamOwner {
				return 1
			}
			return -1
		}
		return strings.Compare(a.AccountID, b.AccountID)
	})
	for _, m := range touched {
		_, err := tx.Exec(ctx, upsertMember, t.ID, m.AccountID, string(m.Role), m.Limit, db.Micros(m.JoinedAt), db.Micros(m.LeftAt))
		if err != nil {
			return fmt.Errorf("write member of team %s: %w", t.ID, err)
		}
	}
	t.touched = nil
	return nil
}

// TeamsOf implements generation.Teams: the ids of the teams that an account is in, the oldest first.
func (s *Service) TeamsOf(ctx context.Context, q db.Queryer, accountID string) ([]string, error) {
	rows, err := q.Query(ctx, selectTeamsOf, accountID)
	if err != nil {
		return nil, fmt.Errorf("list teams of account %s: %w", accountID, err)
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list teams of account %s: %w", accountID, err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Memberships implements generation.Teams. Primary keys; the pairs are sorted out of what both lists give together.
func (s *Service) Memberships(ctx context.Context, q db.Queryer, of []access.Membership) ([]access.Membership, error) {
	if len(of) == 0 {
		return nil, nil
	}
	wanted := map[[2]string]bool{}
	var teams, accounts []string
	for _, m := range of {
		wanted[[2]string{m.TeamID, m.AccountID}] = true
		teams, accounts = append(teams, m.TeamID), append(accounts, m.AccountID)
	}
	teams, accounts = unique(teams), unique(accounts)
	args := make([]any, 0, len(teams)+len(accounts))
	for _, v := range slices.Concat(teams, accounts) {
		args = append(args, v)
	}
	rows, err := q.Query(ctx, `SELECT m.team_id, m.account_id, m.role, m.most, t.dissolved_at FROM team_member m JOIN team t ON t.id = m.team_id
		WHERE m.left_at = 0 AND m.team_id IN `+db.In(1, len(teams))+" AND m.account_id IN "+db.In(len(teams)+1, len(accounts)), args...)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []access.Membership
	for rows.Next() {
		var m access.Membership
		var dissolved int64
		if err := rows.Scan(&m.TeamID, &m.AccountID, &m.Role, &m.Limit, &dissolved); err != nil {
			return nil, fmt.Errorf("read memberships: %w", err)
		}
		if m.Dissolved = dissolved != 0; wanted[[2]string{m.TeamID, m.AccountID}] {
			list = append(list, m)
		}
	}
	return list, rows.Err()
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// SeesWork reports whether an account sees what was made with a team's tokens.
func (s *Service) SeesWork(ctx context.Context, teamID, accountID string) (bool, error) {
	list, err := s.Memberships(ctx, s.db, []access.Membership{{TeamID: teamID, AccountID: accountID}})
	return len(list) > 0 && list[0].May(access.SeeWork), err
}
