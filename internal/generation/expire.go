package generation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
)

// Room says whether what an account asks for could be kept.
type Room interface {
	// MayKeep returns a fault when an account may not keep so many bytes more, or anything at all.
	MayKeep(ctx context.Context, accountID string, more int64) error
}

// selectMadeBefore reads the whole table: it is asked once an hour, and only where pictures expire.
const selectMadeBefore = `SELECT DISTINCT account_id FROM generation WHERE team_id = '' AND deleted_at = 0 AND finished_at > 0 AND finished_at < $1`

// MadeBefore lists the accounts with work of their own that ended before a moment and was not deleted.
func (s *Service) MadeBefore(ctx context.Context, at time.Time) ([]string, error) {
	set, err := db.Set(ctx, s.DB, selectMadeBefore, db.Micros(at))
	if err != nil {
		return nil, fmt.Errorf("look for old pictures: %w", err)
	}
	return slices.Sorted(maps.Keys(set)), nil
}

// selectExpired is served by the index generation_list.
const selectExpired = `SELECT id FROM generation WHERE account_id = $1 AND team_id = '' AND deleted_at = 0
	AND finished_at > 0 AND finished_at < $2 LIMIT $3`

// Expire deletes work of an account's own that ended before a moment, at most so much, as if the account had. It returns
// how much went.
func (s *Service) Expire(ctx context.Context, owner access.Actor, before time.Time, most int) (deleted int, err error) {
	ids, err := db.Set(ctx, s.DB, selectExpired, owner.AccountID, db.Micros(before), most)
	if err != nil {
		return 0, fmt.Errorf("look for old pictures of %s: %w", owner.AccountID, err)
	}
	for id := range ids {
		if err := s.Delete(ctx, owner, id); err != nil && !errors.Is(err, ErrNotFound) {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}
