package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A transfer brings rows in from elsewhere, in many transactions: a restore, or a move to another database. How far it
// is stands beside the rows, so that it goes on where it was cut off, and nobody works with half a database meanwhile.

// ErrUnfinished says that a restore or a move into this database has not come to its end.
var ErrUnfinished = errors.New("a restore into this database was cut off; run the same command again to finish it")

func unfinished(from string) error {
	return fmt.Errorf("%w (it is from %s)", ErrUnfinished, from)
}

// createTransfer is also in the migrations: rows may have to go into a schema that is older than this table.
const createTransfer = `CREATE TABLE IF NOT EXISTS transfer (part TEXT PRIMARY KEY, source TEXT NOT NULL, done BIGINT NOT NULL)`

const (
	// selectTransfer and the others are served by the primary key. The part with no name is the transfer itself.
	selectTransfer = `SELECT source, done FROM transfer WHERE part = $1`
	insertPart     = `INSERT INTO transfer (part, source, done) VALUES ($1, $2, $3) ON CONFLICT (part) DO UPDATE SET done = excluded.done`
	endTransfer    = `UPDATE transfer SET done = $1 WHERE part = ''`
)

// Transfer tells what the rows of this database came from, and whether all of them have come; "" = from nowhere.
func (d *DB) Transfer(ctx context.Context) (source string, ended bool, err error) {
	there, err := d.hasTable(ctx, d, transferTable)
	if err != nil || !there {
		return "", false, err
	}
	var done int64
	err = d.QueryRow(ctx, selectTransfer, "").Scan(&source, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for an unfinished restore: %w", err)
	}
	return source, done == transferEnded, nil
}

// transferEnded is what the transfer itself says when all rows are there.
const transferEnded = 1

// BeginTransfer begins a transfer from a source, or goes on with it. One from another source is ErrUnfinished.
func (d *DB) BeginTransfer(ctx context.Context, source string) error {
	return d.Tx(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, createTransfer); err != nil {
			return fmt.Errorf("begin a transfer: %w", err)
		}
		var from string
		var done int64
		err := tx.QueryRow(ctx, selectTransfer, "").Scan(&from, &done)
		switch {
		case err == nil && done == transferEnded:
			return fmt.Errorf("this database holds %s already", from)
		case err == nil && from != source:
			return unfinished(from)
		}
		if errors.Is(err, sql.ErrNoRows) {
			_, err = tx.Exec(ctx, insertPart, "", source, 0)
		}
		if err != nil {
			return fmt.Errorf("begin a transfer: %w", err)
		}
		return nil
	})
}

// Transferred returns how many rows of a part are there; begun is false before the first word about it.
func (d *DB) Transferred(ctx context.Context, part string) (done int64, begun bool, err error) {
	var source string
	err = d.QueryRow(ctx, selectTransfer, part).Scan(&source, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read how far %s is: %w", part, err)
	}
	return done, true, nil
}

// NoteTransferred writes down, with the rows themselves, how many of a part are there.
func (t *Tx) NoteTransferred(ctx context.Context, part string, done int64) error {
	if _, err := t.Exec(ctx, insertPart, part, "", done); err != nil {
		return fmt.Errorf("note how far %s is: %w", part, err)
	}
	return nil
}

// EndTransfer ends a transfer: from now on the database may be used.
func (d *DB) EndTransfer(ctx context.Context) error {
	return d.Tx(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, endTransfer, transferEnded); err != nil {
			return fmt.Errorf("end a transfer: %w", err)
		}
		return nil
	})
}
