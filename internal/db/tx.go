package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Tx is a running write transaction. On PostgreSQL every statement that is waited for costs a round trip, so what nobody
// waits for (Later, Insert, the beginning and the commit) is sent together with what follows.
type Tx struct {
	db *DB
	on interface { // *sql.Tx, or on PostgreSQL the *sql.Conn that the transaction has to itself
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}

	conn   *sql.Conn // PostgreSQL alone, and not in a Snapshot
	later  *pgx.Batch
	begun  bool  // something was sent
	failed error // of what was sent later: the transaction is lost

	after []func()
}

// Committed runs f once the transaction is committed, before Tx returns; not at all when it is not. It is for what a
// process keeps in memory.
func (t *Tx) Committed(f func()) { t.after = append(t.after, f) }

func (t *Tx) committed() {
	for _, f := range t.after {
		f()
	}
}

// Dialect tells which database the transaction runs on.
func (t *Tx) Dialect() Dialect { return t.db.Dialect }

// Also is something more that is written in somebody's transaction, which then stands or falls with it.
type Also func(ctx context.Context, tx *Tx) error

// Also writes all of these; none is fine.
func (t *Tx) Also(ctx context.Context, list []Also) error {
	for _, f := range list {
		if err := f(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Exec runs a statement and returns the number of rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := t.ready(ctx, query); err != nil {
		return 0, err
	}
	res, err := t.on.ExecContext(ctx, t.db.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Query reads inside the transaction.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.ready(ctx, query); err != nil {
		return nil, err
	}
	return t.on.QueryContext(ctx, t.db.rebind(query), args...)
}

// QueryRow reads one row inside the transaction.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	_ = t.flush(ctx) // a transaction that is lost refuses the query; Tx returns the first error
	return t.on.QueryRowContext(ctx, t.db.rebind(query), args...)
}

// Later runs a statement of which nobody needs to know what it changed. It may be carried out only with the next
// statement that is waited for, at the latest with the commit: then its error, if any, ends the transaction.
func (t *Tx) Later(ctx context.Context, query string, args ...any) error {
	if t.conn == nil {
		_, err := t.Exec(ctx, query, args...)
		return err
	}
	if err := t.db.disturbed(query); err != nil {
		return err
	}
	t.send(query, args...)
	return t.failed
}

func (t *Tx) send(query string, args ...any) {
	if t.later == nil {
		t.later = &pgx.Batch{}
	}
	t.later.Queue(query, args...)
}

// ready sends what is waiting, so that a statement can be waited for.
func (t *Tx) ready(ctx context.Context, query string) error {
	if err := t.db.disturbed(query); err != nil {
		return err
	}
	return t.flush(ctx)
}

// flush sends what is waiting in one round trip.
func (t *Tx) flush(ctx context.Context) error {
	if t.later == nil || t.failed != nil {
		return t.failed
	}
	batch := t.later
	t.later, t.begun = nil, true
	t.failed = t.conn.Raw(func(c any) error {
		results := c.(*stdlib.Conn).Conn().SendBatch(ctx, batch)
		for _, q := range batch.QueuedQueries {
			if _, err := results.Exec(); err != nil {
				_ = results.Close() // says the same
				return fmt.Errorf("%s: %w", verb(q.SQL), err)
			}
		}
		return results.Close()
	})
	return t.failed
}

// verb is the beginning of a statement, for errors: what is done to which table.
func verb(query string) string {
	words := strings.Fields(query)
	return strings.ToLower(strings.Join(words[:min(3, len(words))], " "))
}

// ForUpdate is the row-lock suffix of a SELECT: PostgreSQL locks the rows, SQLite already has its only writer.
func (t *Tx) ForUpdate() string {
	if t.db.Dialect == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// Tx runs fn in a write transaction and commits when fn returns nil. When the database asks for it (a serialisation
// failure, a deadlock, a busy file) the whole of fn runs again, up to five times; fn must not have effects outside.
func (d *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	once := d.once
	if d.Dialect == Postgres {
		once = d.oncePostgres
	}
	for attempt := 1; ; attempt++ {
		err := once(ctx, fn)
		if err == nil || attempt == 5 || !retryable(err) || ctx.Err() != nil {
			return err
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	t := &Tx{db: d, on: tx}
	if err := fn(t); err != nil {
		return err
	}
	if err := d.disturbed("COMMIT"); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	t.committed()
	return nil
}

// oncePostgres is once with the beginning and the commit sent together with other statements.
func (d *DB) oncePostgres(ctx context.Context, fn func(tx *Tx) error) (err error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = conn.Close() }() // gives it back
	t := &Tx{db: d, on: conn, conn: conn}
	t.send("begin")
	committed := false
	defer func() { // also when fn panics
		if !committed {
			t.rollback(ctx)
		}
	}()
	if err := fn(t); err != nil {
		if t.failed != nil { // the first one says why
			return t.failed
		}
		return err
	}
	if err := d.disturbed("COMMIT"); err != nil {
		return err
	}
	if t.failed == nil && !t.begun && len(t.later.QueuedQueries) == 1 { // nothing was done
		committed = true
		t.committed()
		return nil
	}
	t.send("commit")
	if err := t.flush(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	t.committed()
	return nil
}

const rollbackPatience = 5 * time.Second

// rollback undoes what was sent. A connection that does not even take that is closed, which undoes it, too.
func (t *Tx) rollback(ctx context.Context) {
	if !t.begun {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
	defer cancel()
	_ = t.conn.Raw(func(c any) error {
		conn := c.(*stdlib.Conn).Conn()
		if _, err := conn.Exec(ctx, "rollback"); err != nil {
			return errors.Join(driver.ErrBadConn, conn.Close(ctx)) // the pool forgets it
		}
		return nil
	})
}

// maxParams stays below SQLite's 32766 parameters a statement (PostgreSQL allows 65535).
const maxParams = 30000

// Insert writes many rows with as few statements as the parameter limit allows: head is "INSERT INTO t (a, b) VALUES",
// tail what follows the rows, such as ON CONFLICT. All rows have the same length. They are written as Later writes.
func (t *Tx) Insert(ctx context.Context, head string, rows [][]any, tail string) error {
	for len(rows) > 0 {
		n := min(len(rows), maxParams/len(rows[0]))
		var b strings.Builder
		b.WriteString(head)
		args := make([]any, 0, n*len(rows[0]))
		for i, row := range rows[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(In(len(args)+1, len(row)))
			args = append(args, row...)
		}
		b.WriteString(tail)
		if err := t.Later(ctx, b.String(), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
