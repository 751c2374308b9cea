package asset

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/fault"
)

// ErrNotFound is the fault for a picture that does not exist, or whose file does not.
var ErrNotFound = fault.New(fault.NotFound, "image_not_found", "there is no such picture")

const imageColumns = `id, generation_id, account_id, idx, width, height, bytes, sha256, has_alpha, placeholder, recipe, created_at, team_id`

// insertImages is followed by the rows; no ON CONFLICT: a generation that finished twice is a bug to be seen.
const insertImages = `INSERT INTO image (` + imageColumns + `) VALUES `

// InsertImages writes the rows of finished pictures. Their files must be kept already.
func InsertImages(ctx context.Context, tx *db.Tx, imgs []Image) error {
	rows := make([][]any, len(imgs))
	for i, m := range imgs {
		rows[i] = []any{
			m.ID, m.GenerationID, m.AccountID, m.Index, m.Width, m.Height, m.Bytes, m.SHA256,
			db.Bool(m.HasAlpha), m.Placeholder, string(m.Recipe.JSON()), db.Micros(m.CreatedAt), m.TeamID,
		}
	}
	if err := tx.Insert(ctx, insertImages, rows, ""); err != nil {
		return fmt.Errorf("insert %d images: %w", len(imgs), err)
	}
	return nil
}

// selectByGenerations is followed by the list of ids; served by the unique index (generation_id, idx).
const selectByGenerations = `SELECT ` + imageColumns + ` FROM image WHERE generation_id IN `

// ByGenerations returns the pictures of many generations, each in order of index.
func ByGenerations(ctx context.Context, q db.Queryer, ids []string) (map[string][]Image, error) {
	found := make(map[string][]Image, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := q.Query(ctx, selectByGenerations+db.In(1, len(ids))+` ORDER BY generation_id, idx`, args...)
	if err != nil {
		return nil, fmt.Errorf("list images of %d generations: %w", len(ids), err)
	}
	imgs, err := scanImages(rows)
	if err != nil {
		return nil, fmt.Errorf("list images of %d generations: %w", len(ids), err)
	}
	for _, m := range imgs {
		found[m.GenerationID] = append(found[m.GenerationID], m)
	}
	return found, nil
}

// selectByID is served by the primary key.
const selectByID = `SELECT ` + imageColumns + ` FROM image WHERE id = $1`

// ByID returns a picture, or ErrNotFound.
func ByID(ctx context.Context, q db.Queryer, id string) (Image, error) {
	m, err := scanImage(q.QueryRow(ctx, selectByID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Image{}, ErrNotFound
	}
	if err != nil {
		return Image{}, fmt.Errorf("read image %s: %w", id, err)
	}
	return m, nil
}

// deleteByGeneration is served by the unique index (generation_id, idx).
const deleteByGeneration = `DELETE FROM image WHERE generation_id = $1 RETURNING ` + imageColumns

// DeleteByGeneration deletes the rows and returns them. After the commit the caller removes the files that FileUsed
// reports as unused; what it does not come to is swept.
func DeleteByGeneration(ctx context.Context, tx *db.Tx, generationID string) ([]Image, error) {
	rows, err := tx.Query(ctx, deleteByGeneration, generationID)
	if err != nil {
		return nil, fmt.Errorf("delete images of generation %s: %w", generationID, err)
	}
	imgs, err := scanImages(rows)
	if err != nil {
		return nil, fmt.Errorf("delete images of generation %s: %w", generationID, err)
	}
	return imgs, nil
}

// selectFileUsed is served by the indexes image_file and upload_file.
const selectFileUsed = `SELECT EXISTS (SELECT 1 FROM image WHERE account_id = $1 AND sha256 = $2)
	OR EXISTS (SELECT 1 FROM upload WHERE account_id = $1 AND sha256 = $2)`

// FileUsed reports whether any row of the account needs the file.
func FileUsed(ctx context.Context, q db.Queryer, accountID, sha256 string) (bool, error) {
	var used bool
	if err := q.QueryRow(ctx, selectFileUsed, accountID, sha256).Scan(&used); err != nil {
		return false, fmt.Errorf("look for rows of file %s: %w", sha256, err)
	}
	return used, nil
}

func scanImages(rows *sql.Rows) ([]Image, error) {
	defer func() { _ = rows.Close() }()
	var imgs []Image
	for rows.Next() {
		m, err := scanImage(rows)
		if err != nil {
			return nil, err
		}
		imgs = append(imgs, m)
	}
	return imgs, rows.Err()
}

func scanImage(row interface{ Scan(...any) error }) (Image, error) {
	var m Image
	var recipe string
	var alpha, created int64
	if err := row.Scan(&m.ID, &m.GenerationID, &m.AccountID, &m.Index, &m.Width, &m.Height, &m.Bytes, &m.SHA256,
		&alpha, &m.Placeholder, &recipe, &created, &m.TeamID); err != nil {
		return Image{}, err
	}
	if err := json.Unmarshal([]byte(recipe), &m.Recipe); err != nil {
		return Image{}, fmt.Errorf("recipe of image %s: %w", m.ID, err)
	}
	m.HasAlpha, m.CreatedAt = alpha != 0, db.Time(created)
	return m, nil
}
