package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// What this file reads is the schema itself, for those who carry all tables from one database to another and must not
// forget one that is added tomorrow.

const transferTable = "transfer"

// Table is a table as it is in a database.
type Table struct {
	Name    string
	Columns []string // in the order of their names: the same on both databases
	Key     []string // columns of the primary key, in its order
	Parents []string // tables that it refers to
}

const (
	sqliteTables   = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	postgresTables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name`
)

// Tables names every table there is, those of other programs included.
func (d *DB) Tables(ctx context.Context, q Queryer) ([]string, error) {
	query := sqliteTables
	if d.Dialect == Postgres {
		query = postgresTables
	}
	return texts(ctx, q, query)
}

var createdTable = regexp.MustCompile(`(?m)^CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)

// ownTables names the tables that our migrations make, in any version.
func (d *DB) ownTables() ([]string, error) {
	var names []string
	dir := "migrations/" + string(d.Dialect)
	entries, err := fs.ReadDir(migrations, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(migrations, dir+"/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		for _, m := range createdTable.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names, nil
}

// Schema returns our tables that are there, each after those it refers to, without what belongs to the schema itself.
func (d *DB) Schema(ctx context.Context, q Queryer) ([]Table, error) {
	there, err := d.Tables(ctx, q)
	if err != nil {
		return nil, err
	}
	own, err := d.ownTables()
	if err != nil {
		return nil, err
	}
	var list []Table
	for _, name := range there {
		if name == transferTable || !slices.Contains(own, name) {
			continue
		}
		t := Table{Name: name}
		columns, key, parents := sqliteColumns, sqliteKey, sqliteParents
		if d.Dialect == Postgres {
			columns, key, parents = postgresColumns, postgresKey, postgresParents
		}
		if t.Columns, err = texts(ctx, q, columns, name); err != nil {
			return nil, err
		}
		if t.Key, err = texts(ctx, q, key, name); err != nil {
			return nil, err
		}
		if t.Parents, err = texts(ctx, q, parents, name); err != nil {
			return nil, err
		}
		slices.Sort(t.Columns)
		list = append(list, t)
	}
	return parentsFirst(list)
}

const (
	sqliteColumns   = `SELECT name FROM pragma_table_info($1)`
	sqliteKey       = `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`
	sqliteParents   = `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`
	postgresColumns = `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`
	postgresKey     = `SELECT a.attname FROM pg_index i, UNNEST(i.indkey) WITH ORDINALITY k (number, place), pg_attribute a
		WHERE i.indrelid = CAST($1 AS TEXT)::regclass AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place`
	postgresParents = `SELECT DISTINCT p.relname FROM pg_constraint c JOIN pg_class p ON p.oid = c.confrelid
		WHERE c.contype = 'f' AND c.conrelid = CAST($1 AS TEXT)::regclass`
)

// parentsFirst orders tables so that each stands after those it refers to.
func parentsFirst(list []Table) ([]Table, error) {
	var out []Table
	placed := map[string]bool{}
	for len(out) < len(list) {
		before := len(out)
		for _, t := range list {
			waits := slices.ContainsFunc(t.Parents, func(p string) bool { return p != t.Name && !placed[p] })
			if !placed[t.Name] && !waits {
				placed[t.Name], out = true, append(out, t)
			}
		}
		if len(out) == before {
			return nil, errors.New("order the tables: some refer to each other in a circle")
		}
	}
	return out, nil
}

// Sequence returns the last number that the database gave out for a column by itself; ok is false for a column whose
// numbers come from us. The last number may be higher than any that is left in the table.
func (d *DB) Sequence(ctx context.Context, q Queryer, table, column string) (last int64, ok bool, err error) {
	var n sql.NullInt64
	if d.Dialect == SQLite {
		err = q.QueryRow(ctx, sqliteSequence, table).Scan(&n)
	} else {
		err = q.QueryRow(ctx, postgresSequence, table, column).Scan(&n)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the sequence of %s.%s: %w", table, column, err)
	}
	return n.Int64, n.Valid, nil
}

const (
	sqliteSequence      = `SELECT seq FROM sqlite_sequence WHERE name = $1`
	sqliteNoSequence    = `DELETE FROM sqlite_sequence WHERE name = $1`
	sqliteNewSequence   = `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`
	postgresSequence    = `SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence($1, $2) AS regclass))`
	postgresNewSequence = `SELECT setval(CAST(pg_get_serial_sequence($1, $2) AS regclass), $3)`
)

// SetSequence lets the numbers that the database gives out go on after last.
func (t *Tx) SetSequence(ctx context.Context, table, column string, last int64) error {
	var err error
	if t.db.Dialect == Postgres {
		_, err = t.Exec(ctx, postgresNewSequence, table, column, last)
	} else if _, err = t.Exec(ctx, sqliteNoSequence, table); err == nil {
		_, err = t.Exec(ctx, sqliteNewSequence, table, last)
	}
	if err != nil {
		return fmt.Errorf("set the sequence of %s.%s: %w", table, column, err)
	}
	return nil
}

// Clear removes our tables and all that is in them, those of any version, so that a schema can be made anew. Tables of
// other programs stay.
func (d *DB) Clear(ctx context.Context) error {
	own, err := d.ownTables()
	if err != nil {
		return err
	}
	cascade := ""
	if d.Dialect == Postgres {
		cascade = " CASCADE"
	}
	return d.Tx(ctx, func(tx *Tx) error {
		for _, name := range slices.Backward(append([]string{"goose_db_version", transferTable}, own...)) {
			if _, err := tx.Exec(ctx, `DROP TABLE IF EXISTS "`+name+`"`+cascade); err != nil {
				return fmt.Errorf("remove the table %s: %w", name, err)
			}
		}
		if d.Dialect == SQLite {
			return nil
		}
		for _, name := range ownFunctions() {
			if _, err := tx.Exec(ctx, `DROP FUNCTION IF EXISTS `+name+` CASCADE`); err != nil {
				return fmt.Errorf("remove the function %s: %w", name, err)
			}
		}
		return nil
	})
}

var createdFunction = regexp.MustCompile(`(?m)^CREATE (?:OR REPLACE )?FUNCTION (\w+)`)

// ownFunctions names the functions that our migrations make on PostgreSQL.
func ownFunctions() []string {
	var names []string
	entries, _ := fs.ReadDir(migrations, "migrations/postgres") // it is embedded
	for _, e := range entries {
		text, _ := fs.ReadFile(migrations, "migrations/postgres/"+e.Name())
		for _, m := range createdFunction.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// Quoted writes a name of the schema into a statement.
func Quoted(names ...string) string { return `"` + strings.Join(names, `", "`) + `"` }

// texts reads rows of one text column.
func texts(ctx context.Context, q Queryer, query string, args ...any) ([]string, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
