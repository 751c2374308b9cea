package generation

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// payer is the wallet that pays for an actor's work: the account's tokens, its API credits for a key that says so, or
// those of the team that the actor chose. Wallets never fall through to one another.
func payer(a access.Actor) string {
	switch {
	case a.Team != "":
		return ledger.TeamOf(a.Team)
	case a.Credits:
		return ledger.CreditsOf(a.AccountID)
	}
	return a.AccountID
}

// spendKey is a month of an API key, or of a member in a team.
type spendKey struct {
	team  string // empty = id is an API key's
	id    string // of the key, or of the member's account
	month string // 2026-11, UTC
}

func monthOf(keyID string, at time.Time) spendKey {
	return spendKey{id: keyID, month: at.UTC().Format(monthForm)}
}

func memberMonth(teamID, accountID string, at time.Time) spendKey {
	return spendKey{team: teamID, id: accountID, month: at.UTC().Format(monthForm)}
}

const monthForm = "2006-01"

// nextMonth is when what is counted by the UTC month starts anew.
func nextMonth(at time.Time) time.Time {
	at = at.UTC()
	return time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// spending is what keys and members have used in their months, and what this batch adds to it.
type spending struct {
	used map[spendKey]token.Amount // with what this batch has added
	more map[spendKey]token.Amount
}

// add counts an amount, which may be negative when something comes back.
func (s *spending) add(k spendKey, amount token.Amount) {
	if k.id == "" || amount == 0 {
		return
	}
	s.used[k] += amount
	s.more[k] += amount
}

// count adds an amount to whatever bounds the work: its API key, its member of the team.
func (s *spending) count(r *row, amount token.Amount) {
	s.add(monthOf(r.keyID, r.CreatedAt), amount)
	if r.TeamID != "" {
		s.add(memberMonth(r.TeamID, r.AccountID, r.CreatedAt), amount)
	}
}

// allow refuses what a key's budget does not cover any more.
func (s *spending) allow(op *submission, price token.Amount) error {
	k := monthOf(op.actor.KeyID, op.at)
	if k.id == "" || op.actor.Budget == 0 || price == 0 || s.used[k]+price <= op.actor.Budget {
		return nil
	}
	next := nextMonth(op.at)
	f := fault.New(fault.Insufficient, "key_budget_spent", fmt.Sprintf(
		"this costs %s and the budget of this API key has %s of %s left until %s", price, max(0, op.actor.Budget-s.used[k]),
		op.actor.Budget, next.Format(time.DateOnly)))
	f.Details = map[string]any{
		"price_mt": int64(price), "budget_mt": int64(op.actor.Budget), "used_mt": int64(s.used[k]), "resets_at": next.Format(time.RFC3339),
	}
	return f
}

// loadSpending reads what the keys and members of a batch's submissions have used. The wallets are locked already, so
// members of one team come one after the other. A key may have been given another wallet meanwhile: its row is locked.
func loadSpending(ctx context.Context, tx *db.Tx, ops []operation) (spending, error) {
	s := spending{used: map[spendKey]token.Amount{}, more: map[spendKey]token.Amount{}}
	for _, op := range ops {
		if op.submit == nil {
			continue
		}
		if k := monthOf(op.submit.actor.KeyID, op.submit.at); op.submit.actor.Budget > 0 && k.id != "" {
			s.used[k] = 0
		}
		if op.submit.actor.Team != "" {
			s.used[memberMonth(op.submit.actor.Team, op.submit.accountID, op.submit.at)] = 0
		}
	}
	for _, k := range inOrder(s.used) {
		read := usedBy
		if k.team == "" {
			read = lockKey
		}
		used, err := read(ctx, tx, k)
		if err != nil {
			return s, err
		}
		s.used[k] = used
	}
	return s, nil
}

// inOrder lists months in the order in which everybody locks them.
func inOrder(months map[spendKey]token.Amount) []spendKey {
	return slices.SortedFunc(maps.Keys(months), func(a, b spendKey) int {
		return cmp.Or(strings.Compare(a.team, b.team), strings.Compare(a.id, b.id), strings.Compare(a.month, b.month))
	})
}

// Primary keys; no row is nothing used.
const (
	selectKeySpend    = "SELECT COALESCE(SUM(used), 0) FROM key_spend WHERE key_id = $1 AND month = $2"
	selectMemberSpend = "SELECT COALESCE(SUM(used), 0) FROM member_spend WHERE team_id = $3 AND account_id = $1 AND month = $2"
)

func usedBy(ctx context.Context, q db.Queryer, k spendKey) (token.Amount, error) {
	query, args := selectKeySpend, []any{k.id, k.month}
	if k.team != "" {
		query, args = selectMemberSpend, append(args, k.team)
	}
	var used token.Amount
	if err := q.QueryRow(ctx, query, args...).Scan(&used); err != nil {
		return 0, fmt.Errorf("read what %s has used: %w", k.id, err)
	}
	return used, nil
}

// lockKey reads what a key has used and locks that, also when it has used nothing yet.
func lockKey(ctx context.Context, tx db.Queryer, k spendKey) (used token.Amount, err error) {
	if err := tx.QueryRow(ctx, lockKeySpend, k.id, k.month).Scan(&used); err != nil {
		return 0, fmt.Errorf("lock what key %s has used: %w", k.id, err)
	}
	return used, nil
}

// What comes back was counted once, so that its row is there. Primary keys.
const (
	lockKeySpend = `INSERT INTO key_spend (key_id, month, used) VALUES ($1, $2, 0)
		ON CONFLICT (key_id, month) DO UPDATE SET used = key_spend.used RETURNING used`
	moreOfKey = `INSERT INTO key_spend (key_id, month, used) VALUES ($1, $2, $3)
		ON CONFLICT (key_id, month) DO UPDATE SET used = key_spend.used + excluded.used`
	lessOfKey    = "UPDATE key_spend SET used = used + $3 WHERE key_id = $1 AND month = $2"
	moreOfMember = `INSERT INTO member_spend (account_id, month, used, team_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (team_id, account_id, month) DO UPDATE SET used = member_spend.used + excluded.used`
	lessOfMember = "UPDATE member_spend SET used = used + $3 WHERE team_id = $4 AND account_id = $1 AND month = $2"
)

func (s *spending) save(ctx context.Context, tx *db.Tx) error {
	for _, k := range inOrder(s.more) {
		more := s.more[k]
		if more == 0 {
			continue
		}
		statement, args := moreOfKey, []any{k.id, k.month, more}
		switch {
		case k.team != "" && more < 0:
			statement, args = lessOfMember, append(args, k.team)
		case k.team != "":
			statement, args = moreOfMember, append(args, k.team)
		case more < 0:
			statement = lessOfKey
		}
		if err := tx.Later(ctx, statement, args...); err != nil {
			return fmt.Errorf("write what %s has used: %w", k.id, err)
		}
	}
	return nil
}

// KeyUsed is what an API key has used in the running UTC month, held amounts included.
func (s *Service) KeyUsed(ctx context.Context, keyID string) (token.Amount, error) {
	return usedBy(ctx, s.DB, monthOf(keyID, s.Clock.Now()))
}
