package asset

import (
	"context"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/fault"
)

// Use is what an account keeps: pictures that it made, for itself or with a team's tokens, and its uploads. Only
// originals count: their previews are small.
type Use struct {
	Pictures int64
	Bytes    int64
	Allowed  int64 // bytes; 0 = no bound
	Days     int   // how long what was made is kept; 0 = until somebody deletes it
}

// The faults of keeping more.
var (
	// ErrQuota says that an account keeps as much as its plan allows.
	ErrQuota = fault.New(fault.Conflict, "storage_quota", "your pictures fill the room of your plan")
	// ErrLittleRoom says that the installation has so little room that it takes nothing new.
	ErrLittleRoom = fault.New(fault.Unavailable, "disk_low", "the studio has hardly any room left and takes nothing new until its operator has made some")
)

// Check refuses to keep more bytes, when there is a bound and it is reached; more may be 0 when nobody knows yet.
func (u Use) Check(more int64) error {
	if u.Allowed == 0 || u.Bytes < u.Allowed && u.Bytes+more <= u.Allowed {
		return nil
	}
	f := fault.New(ErrQuota.Kind, ErrQuota.Code, fmt.Sprintf("your pictures fill %d MB of the %d MB that your plan keeps: delete some first",
		u.Bytes/1_000_000, u.Allowed/1_000_000))
	f.Details = map[string]any{"bytes": u.Bytes, "allowed_bytes": u.Allowed}
	return f
}

// selectMade is served by the index image_kept alone.
const selectMade = `SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM image WHERE account_id = $1`

// Used adds up what an account keeps.
func Used(ctx context.Context, q db.Queryer, accountID string) (Use, error) {
	var u Use
	if err := q.QueryRow(ctx, selectMade, accountID).Scan(&u.Pictures, &u.Bytes); err != nil {
		return u, fmt.Errorf("add up the pictures of %s: %w", accountID, err)
	}
	pictures, bytes, err := uploadTotals(ctx, q, accountID)
	u.Pictures, u.Bytes = u.Pictures+int64(pictures), u.Bytes+bytes
	return u, err
}

// AccountUse is what an account keeps, for the operator.
type AccountUse struct {
	AccountID string
	Pictures  int64
	Bytes     int64
}

// selectMost reads both tables whole.
const selectMost = `SELECT account_id, COUNT(*), SUM(bytes) FROM (SELECT account_id, bytes FROM image UNION ALL
	SELECT account_id, bytes FROM upload WHERE width > 0) kept GROUP BY account_id ORDER BY SUM(bytes) DESC, account_id LIMIT $1`

// Most lists the accounts that keep most.
func Most(ctx context.Context, q db.Queryer, limit int) ([]AccountUse, error) {
	rows, err := q.Query(ctx, selectMost, limit)
	if err != nil {
		return nil, fmt.Errorf("add up what accounts keep: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []AccountUse
	for rows.Next() {
		var u AccountUse
		if err := rows.Scan(&u.AccountID, &u.Pictures, &u.Bytes); err != nil {
			return nil, fmt.Errorf("add up what accounts keep: %w", err)
		}
		list = append(list, u)
	}
	return list, rows.Err()
}
