package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
)

const columns = "id, account_id, kind, period, details, created_at"

// insert writes an alert, unless it was told before. Unique index of (account_id, kind, period).
func insert(ctx context.Context, tx *db.Tx, a Alert, byMail bool) (fresh bool, err error) {
	details, err := json.Marshal(a.Details)
	if err != nil {
		return false, fmt.Errorf("write alert: %w", err)
	}
	state := mailNone
	if byMail {
		state = mailWaiting
	}
	n, err := tx.Exec(ctx, `INSERT INTO alert (id, account_id, kind, period, details, created_at, dismissed_at, mail, mail_tries, mail_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, $8) ON CONFLICT (account_id, kind, period) DO NOTHING`,
		a.ID, a.AccountID, string(a.Kind), a.Period, string(details), db.Micros(a.CreatedAt), state, db.Micros(a.CreatedAt))
	if err != nil {
		return false, fmt.Errorf("write alert: %w", err)
	}
	return n == 1, nil
}

// readTold reads the names of what an account was told. Unique index of (account_id, kind, period).
func readTold(ctx context.Context, q db.Queryer, accountID string) (map[string]bool, error) {
	set, err := db.Set(ctx, q, "SELECT kind || ' ' || period FROM alert WHERE account_id = $1", accountID)
	if err != nil {
		return nil, fmt.Errorf("read what account %s was told: %w", accountID, err)
	}
	return set, nil
}

func scanAlert(row interface{ Scan(...any) error }, more ...any) (Alert, error) {
	var a Alert
	var details string
	var created int64
	if err := row.Scan(append([]any{&a.ID, &a.AccountID, &a.Kind, &a.Period, &details, &created}, more...)...); err != nil {
		return a, err
	}
	a.CreatedAt = db.Time(created)
	return a, json.Unmarshal([]byte(details), &a.Details)
}

// readShown uses the partial index on (account_id, created_at) of what is not dismissed.
func readShown(ctx context.Context, q db.Queryer, accountID string, now time.Time) ([]Alert, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM alert WHERE account_id = $1 AND dismissed_at = 0 AND created_at > $2
		ORDER BY created_at DESC, id DESC LIMIT 20`, accountID, db.Micros(now.Add(-shownFor)))
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	list := []Alert{}
	for rows.Next() {
		a, err := scanAlert(rows)
		if err != nil {
			return nil, fmt.Errorf("read alerts: %w", err)
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// readOne uses the primary key.
func readOne(ctx context.Context, q db.Queryer, accountID, alertID string) (Alert, error) {
	a, err := scanAlert(q.QueryRow(ctx, "SELECT "+columns+" FROM alert WHERE id = $1 AND account_id = $2", alertID, accountID))
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNoAlert
	}
	if err != nil {
		return a, fmt.Errorf("read alert %s: %w", alertID, err)
	}
	return a, nil
}

// dismiss uses the primary key. What is dismissed stays so.
func dismiss(ctx context.Context, tx *db.Tx, accountID, alertID string, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE alert SET dismissed_at = CASE WHEN dismissed_at = 0 THEN $1 ELSE dismissed_at END
		WHERE id = $2 AND account_id = $3`, db.Micros(at), alertID, accountID)
	if err != nil {
		return fmt.Errorf("dismiss alert: %w", err)
	}
	if n == 0 {
		return ErrNoAlert
	}
	return nil
}

// readChoice uses the primary key. Who never chose has the defaults.
func readChoice(ctx context.Context, q db.Queryer, accountID string) (Choice, error) {
	var c Choice
	var ways string
	err := q.QueryRow(ctx, "SELECT ways, credits_below FROM alert_choice WHERE account_id = $1", accountID).Scan(&ways, &c.CreditsBelow)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(ways), &c.Ways)
	}
	if err != nil {
		return c, fmt.Errorf("read how account %s wants to be told: %w", accountID, err)
	}
	return c, nil
}

func writeChoice(ctx context.Context, tx *db.Tx, accountID string, c Choice) error {
	ways, err := json.Marshal(c.Ways)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO alert_choice (account_id, ways, credits_below) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO UPDATE SET ways = excluded.ways, credits_below = excluded.credits_below`,
			accountID, string(ways), c.CreditsBelow)
	}
	if err != nil {
		return fmt.Errorf("write how account %s wants to be told: %w", accountID, err)
	}
	return nil
}
