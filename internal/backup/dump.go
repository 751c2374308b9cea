package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"bottega/internal/db"
)

// dump gives a receiver all rows, as they are in one snapshot, each table after those it refers to and in the order of
// its primary key, and returns what was found. It holds one row at a time.
func dump(ctx context.Context, d *db.DB, q db.Queryer, to receiver) (Content, error) {
	found := Content{Sequences: map[string]int64{}}
	schema, err := d.Schema(ctx, q)
	if err != nil {
		return found, err
	}
	seen := &counter{}
	for _, t := range schema {
		if err := dumpTable(ctx, q, t, to, seen); err != nil {
			return found, fmt.Errorf("read the table %s: %w", t.Name, err)
		}
		if len(t.Key) != 1 {
			continue
		}
		switch last, ok, err := d.Sequence(ctx, q, t.Name, t.Key[0]); {
		case err != nil:
			return found, err
		case ok:
			found.Sequences[t.Name+"."+t.Key[0]] = last
		}
	}
	found.Tables = seen.tables
	return found, nil
}

// selectAll names every column. The names are those of the schema, so it cannot be a constant.
func selectAll(t db.Table) string {
	parts := []string{"SELECT", db.Quoted(t.Columns...), "FROM", db.Quoted(t.Name)}
	if len(t.Key) > 0 {
		parts = append(parts, "ORDER BY", db.Quoted(t.Key...))
	}
	return strings.Join(parts, " ")
}

func dumpTable(ctx context.Context, q db.Queryer, t db.Table, to receiver, seen *counter) error {
	if err := errors.Join(to.table(t.Name, t.Columns), seen.table(t.Name, t.Columns)); err != nil {
		return err
	}
	rows, err := q.Query(ctx, selectAll(t))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var line []byte
	for rows.Next() {
		values := make([]any, len(t.Columns))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if line, err = appendRow(line[:0], values); err != nil {
			return err
		}
		if err := errors.Join(seen.row(values, line), to.row(values, line)); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), seen.end(), to.end())
}

// writer is a receiver that writes rows down, compressed.
type writer struct {
	zip *gzip.Writer
	out *bufio.Writer
}

func newWriter(w io.Writer) *writer {
	zip := gzip.NewWriter(w)
	return &writer{zip: zip, out: bufio.NewWriterSize(zip, 1<<16)}
}

// tableLine begins a table.
type tableLine struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

func (w *writer) table(name string, columns []string) error {
	head, err := json.Marshal(tableLine{name, columns})
	if err != nil {
		return err
	}
	return w.line(head)
}

func (w *writer) row(_ []any, line []byte) error { return w.line(line) }
func (w *writer) end() error                     { return nil }

func (w *writer) line(line []byte) error {
	if _, err := w.out.Write(line); err != nil {
		return err
	}
	return w.out.WriteByte('\n')
}

func (w *writer) close() error { return errors.Join(w.out.Flush(), w.zip.Close()) }

// longestLine bounds a row that is read, in bytes.
const longestLine = 64 << 20

// lines reads what a writer wrote.
func lines(r io.Reader, f func(line []byte) error) error {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	scan := bufio.NewScanner(zip)
	scan.Buffer(make([]byte, 1<<16), longestLine)
	for scan.Scan() {
		if err := f(scan.Bytes()); err != nil {
			return err
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// replay gives a receiver the rows that a writer wrote.
func replay(ctx context.Context, r io.Reader, to receiver) error {
	inside := false
	err := lines(r, func(line []byte) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if bytes.HasPrefix(line, []byte("{")) {
			var head tableLine
			if err := json.Unmarshal(line, &head); err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			if inside {
				if err := to.end(); err != nil {
					return err
				}
			}
			inside = true
			return to.table(head.Table, head.Columns)
		}
		values, err := parseRow(line)
		if err != nil || !inside {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return to.row(values, line)
	})
	if err == nil && inside {
		err = to.end()
	}
	return err
}
