package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bottega/internal/db"
)

// rowsAtOnce go into one transaction, with the word how far the table is.
const rowsAtOnce = 1000

// bytesAtOnce ends a transaction earlier where rows are long.
const bytesAtOnce = 4 << 20

// loader is a receiver that writes rows into a database, and skips those that are there from the last time. The rows of
// a table must come in the same order each time.
type loader struct {
	ctx    context.Context
	d      *db.DB
	schema map[string]db.Table
	say    func(rows int64)

	at      db.Table
	done    int64 // rows of the table that are there
	seen    int64 // rows of the table that have come
	all     int64
	waiting [][]any
	bytes   int
}

// newLoader prepares a database whose schema has been made and whose transfer has begun.
func newLoader(ctx context.Context, d *db.DB, say func(rows int64)) (*loader, error) {
	schema, err := d.Schema(ctx, d)
	if err != nil {
		return nil, err
	}
	l := &loader{ctx: ctx, d: d, schema: map[string]db.Table{}, say: say}
	for _, t := range schema {
		l.schema[t.Name] = t
	}
	return l, nil
}

func (l *loader) table(name string, columns []string) error {
	t, ok := l.schema[name]
	if !ok {
		return fmt.Errorf("%w: it has a table %s, which this version of the database does not have", ErrDamaged, name)
	}
	if !slices.Equal(t.Columns, columns) {
		return fmt.Errorf("%w: its table %s has the columns %v, the database has %v", ErrDamaged, name, columns, t.Columns)
	}
	l.at, l.seen = t, 0
	done, begun, err := l.d.Transferred(l.ctx, name)
	if err != nil || begun {
		l.done = done
		return err
	}
	l.done = 0
	return l.d.Tx(l.ctx, func(tx *db.Tx) error {
		// What the migrations put in comes again with the rows.
		if _, err := tx.Exec(l.ctx, strings.Join([]string{"DELETE", "FROM", db.Quoted(name)}, " ")); err != nil {
			return fmt.Errorf("empty the table %s: %w", name, err)
		}
		return tx.NoteTransferred(l.ctx, name, 0)
	})
}

func (l *loader) row(values []any, line []byte) error {
	if len(values) != len(l.at.Columns) {
		return fmt.Errorf("%w: a row of the table %s has %d values, want %d", ErrDamaged, l.at.Name, len(values), len(l.at.Columns))
	}
	if l.seen++; l.seen <= l.done {
		return nil
	}
	l.waiting, l.bytes = append(l.waiting, values), l.bytes+len(line)
	if len(l.waiting) >= rowsAtOnce || l.bytes >= bytesAtOnce {
		return l.flush()
	}
	return nil
}

func (l *loader) end() error { return l.flush() }

func (l *loader) flush() error {
	if len(l.waiting) == 0 {
		return nil
	}
	head := []string{"INSERT INTO", db.Quoted(l.at.Name), "(" + db.Quoted(l.at.Columns...) + ")", "VALUES "}
	if l.d.Dialect == db.Postgres { // also numbers that the database would give out by itself
		head = slices.Insert(head, 3, "OVERRIDING SYSTEM VALUE")
	}
	done := l.done + int64(len(l.waiting))
	err := l.d.Tx(l.ctx, func(tx *db.Tx) error {
		if err := tx.Insert(l.ctx, strings.Join(head, " "), l.waiting, ""); err != nil {
			return fmt.Errorf("write %d rows of the table %s: %w", len(l.waiting), l.at.Name, err)
		}
		return tx.NoteTransferred(l.ctx, l.at.Name, done)
	})
	if err != nil {
		return err
	}
	l.all += int64(len(l.waiting))
	l.done, l.waiting, l.bytes = done, nil, 0
	l.say(l.all)
	return nil
}

// settle sets what the database counts by itself to where it was.
func settle(ctx context.Context, d *db.DB, sequences map[string]int64) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		for name, last := range sequences {
			table, column, _ := strings.Cut(name, ".")
			if err := tx.SetSequence(ctx, table, column, last); err != nil {
				return err
			}
		}
		return nil
	})
}

// look reads all rows of a database, in one snapshot, and returns what it found.
func look(ctx context.Context, d *db.DB) (found Content, err error) {
	err = d.Snapshot(ctx, func(q db.Queryer) error {
		found, err = dump(ctx, d, q, nobody{})
		return err
	})
	return found, err
}
