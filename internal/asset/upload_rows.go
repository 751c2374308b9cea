package asset

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
)

const uploadColumns = `id, account_id, key_id, purpose, width, height, bytes, sha256, has_alpha, placeholder, created_at, expires_at`

// insertUploadRows is followed by the rows.
const insertUploadRows = `INSERT INTO upload (` + uploadColumns + `) VALUES `

func insertUploads(ctx context.Context, tx *db.Tx, list []Upload) error {
	rows := make([][]any, len(list))
	for i, u := range list {
		rows[i] = []any{
			u.ID, u.AccountID, u.KeyID, string(u.Purpose), u.Width, u.Height, u.Bytes, u.SHA256,
			db.Bool(u.HasAlpha), u.Placeholder, db.Micros(u.CreatedAt), db.Micros(u.ExpiresAt),
		}
	}
	if err := tx.Insert(ctx, insertUploadRows, rows, ""); err != nil {
		return fmt.Errorf("insert %d uploads: %w", len(list), err)
	}
	return nil
}

// updateUpload fills a place that is still empty; primary key.
const updateUpload = `UPDATE upload SET width = $2, height = $3, bytes = $4, sha256 = $5, has_alpha = $6, placeholder = $7, expires_at = $8
	WHERE id = $1 AND width = 0`

func fillUpload(ctx context.Context, tx *db.Tx, u Upload) error {
	n, err := tx.Exec(ctx, updateUpload, u.ID, u.Width, u.Height, u.Bytes, u.SHA256, db.Bool(u.HasAlpha), u.Placeholder, db.Micros(u.ExpiresAt))
	if err != nil {
		return fmt.Errorf("fill upload %s: %w", u.ID, err)
	}
	if n == 0 {
		return ErrUploadTwice // or it was deleted meanwhile; either way the form is used up
	}
	return nil
}

// updateExpiry is served by the primary key.
const updateExpiry = `UPDATE upload SET expires_at = $2 WHERE id = $1`

func setExpiry(ctx context.Context, tx *db.Tx, uploadID string, at time.Time) error {
	if _, err := tx.Exec(ctx, updateExpiry, uploadID, db.Micros(at)); err != nil {
		return fmt.Errorf("move the expiry of upload %s: %w", uploadID, err)
	}
	return nil
}

// selectUpload is served by the primary key.
const selectUpload = `SELECT ` + uploadColumns + ` FROM upload WHERE id = $1`

func uploadByID(ctx context.Context, q db.Queryer, uploadID string) (Upload, error) {
	u, err := scanUpload(q.QueryRow(ctx, selectUpload, uploadID))
	if errors.Is(err, sql.ErrNoRows) {
		return Upload{}, ErrNoUpload
	}
	if err != nil {
		return Upload{}, fmt.Errorf("read upload %s: %w", uploadID, err)
	}
	return u, nil
}

// selectSameUpload is served by the index upload_file.
const selectSameUpload = `SELECT ` + uploadColumns + ` FROM upload WHERE account_id = $1 AND sha256 = $2 AND purpose = $3 AND key_id = $4
	ORDER BY created_at LIMIT 1`

func sameUpload(ctx context.Context, q db.Queryer, like Upload) (Upload, bool, error) {
	u, err := scanUpload(q.QueryRow(ctx, selectSameUpload, like.AccountID, like.SHA256, string(like.Purpose), like.KeyID))
	if errors.Is(err, sql.ErrNoRows) {
		return Upload{}, false, nil
	}
	if err != nil {
		return Upload{}, false, fmt.Errorf("look for upload of file %s: %w", like.SHA256, err)
	}
	return u, true, nil
}

// selectUploadTotals is served by the index upload_account.
const selectUploadTotals = `SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM upload WHERE account_id = $1`

func uploadTotals(ctx context.Context, q db.Queryer, accountID string) (pictures int, bytes int64, err error) {
	if err := q.QueryRow(ctx, selectUploadTotals, accountID).Scan(&pictures, &bytes); err != nil {
		return 0, 0, fmt.Errorf("count uploads of %s: %w", accountID, err)
	}
	return pictures, bytes, nil
}

// selectUploads is served by the index upload_account.
const selectUploads = `SELECT ` + uploadColumns + ` FROM upload WHERE account_id = $1 AND purpose = 'picture' AND width > 0
	AND (created_at < $2 OR (created_at = $2 AND id < $3)) ORDER BY created_at DESC, id DESC LIMIT $4`

func listUploads(ctx context.Context, q db.Queryer, accountID, cursor string, limit int) ([]Upload, string, error) {
	at, before, err := parseUploadCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := q.Query(ctx, selectUploads, accountID, at, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list uploads: %w", err)
	}
	list, err := scanUploads(rows)
	if err != nil {
		return nil, "", fmt.Errorf("list uploads: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	last := list[limit-1]
	next := strconv.FormatInt(db.Micros(last.CreatedAt), 10) + " " + last.ID
	return list[:limit], base64.RawURLEncoding.EncodeToString([]byte(next)), nil
}

// parseUploadCursor returns the place after which a page begins; empty = from the newest.
func parseUploadCursor(cursor string) (at int64, before string, err error) {
	if cursor == "" {
		return 1<<63 - 1, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	stamp, before, ok := strings.Cut(string(raw), " ")
	at, parseErr := strconv.ParseInt(stamp, 10, 64)
	if err != nil || parseErr != nil || !ok || !id.Valid(before) {
		return 0, "", fault.Bad(fault.Field{Name: "cursor", Message: "is not one that this server gave out"})
	}
	return at, before, nil
}

// selectExpired is served by the index upload_expiry. A sweep that leaves some comes again.
const selectExpired = `SELECT ` + uploadColumns + ` FROM upload WHERE expires_at > 0 AND expires_at <= $1 ORDER BY expires_at LIMIT 1000`

func expiredUploads(ctx context.Context, q db.Queryer, now time.Time) ([]Upload, error) {
	rows, err := q.Query(ctx, selectExpired, db.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list expired uploads: %w", err)
	}
	list, err := scanUploads(rows)
	if err != nil {
		return nil, fmt.Errorf("list expired uploads: %w", err)
	}
	return list, nil
}

const deleteUploadRow = `DELETE FROM upload WHERE id = $1`

func deleteUpload(ctx context.Context, tx *db.Tx, uploadID string) error {
	if _, err := tx.Exec(ctx, deleteUploadRow, uploadID); err != nil {
		return fmt.Errorf("delete upload %s: %w", uploadID, err)
	}
	return nil
}

func scanUploads(rows *sql.Rows) ([]Upload, error) {
	defer func() { _ = rows.Close() }()
	var list []Upload
	for rows.Next() {
		u, err := scanUpload(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

func scanUpload(row interface{ Scan(...any) error }) (Upload, error) {
	var u Upload
	var alpha, created, expires int64
	err := row.Scan(&u.ID, &u.AccountID, &u.KeyID, &u.Purpose, &u.Width, &u.Height, &u.Bytes, &u.SHA256, &alpha, &u.Placeholder, &created, &expires)
	u.HasAlpha, u.CreatedAt, u.ExpiresAt = alpha != 0, db.Time(created), db.Time(expires)
	return u, err
}
