package internal_test

import (
	"database/sql"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

// lent are tables that a package other than the owner mentions, with the reason. Short is good.
var lent = map[string]string{ // "package table": "reason"
	"bench account":    "ten thousand accounts without ten thousand password hashes",
	"bench generation": "200,000 generations without painting them",
}

// onlyOn are statements that exist for one database alone, by how they begin.
var onlyOn = map[string]db.Dialect{
	"SELECT pg_advisory_xact_lock":   db.Postgres, // SQLite has one writer as it is
	"SELECT pg_notify":               db.Postgres, // SQLite has no other machines
	"SELECT pg_advisory_lock":        db.Postgres, // tests: the template of a database
	"SELECT pg_advisory_unlock":      db.Postgres,
	"SELECT COUNT(*) FROM pg_":       db.Postgres,
	"SELECT (pg_current_wal_lsn() -": db.Postgres, // bench: SQLite's is counted by the system

	"SELECT CAST(EXTRACT(EPOCH FROM clock": db.Postgres, // SQLite has no clock of its own

	// What is read of the schema itself (db/schema.go).
	"SELECT name FROM sqlite_master":             db.SQLite,
	"SELECT name FROM pragma_table_info":         db.SQLite,
	`SELECT DISTINCT "table" FROM pragma_`:       db.SQLite,
	"SELECT seq FROM sqlite_sequence":            db.SQLite,
	"DELETE FROM sqlite_sequence":                db.SQLite,
	"INSERT INTO sqlite_sequence":                db.SQLite,
	"SELECT table_name FROM information_schema":  db.Postgres,
	"SELECT column_name FROM information_schema": db.Postgres,
	"SELECT a.attname FROM pg_index":             db.Postgres,
	"SELECT DISTINCT p.relname FROM pg_":         db.Postgres,
	"SELECT pg_sequence_last_value":              db.Postgres,
	"SELECT setval":                              db.Postgres,
}

// statement is SQL found in the tree.
type statement struct {
	at, pkg string
	text    map[db.Dialect]string
}

var looksLikeSQL = regexp.MustCompile(`^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s)`)

// statements finds every string of the tree that is SQL. It puts together what stands beside each other: constants by
// name, the parameter lists of db.In, the lock suffix of Tx.ForUpdate, and the rows of an INSERT that Tx.Insert writes.
func statements(t *testing.T) []statement {
	t.Helper()
	set := token.NewFileSet()
	all := sources(t, set)
	constants := map[string]map[string]ast.Expr{} // folder → name → value
	for _, s := range all {
		if !s.test {
			collect(constants, path.Dir(s.path), s.file)
		}
	}
	var found []statement
	for _, s := range all {
		if s.test {
			continue
		}
		known := constants[path.Dir(s.path)]
		read := func(e ast.Expr, siblings []ast.Expr) bool {
			st := statement{at: set.Position(e.Pos()).String(), pkg: s.pkg(), text: map[db.Dialect]string{}}
			for _, d := range []db.Dialect{db.SQLite, db.Postgres} {
				text := fold(e, known, d)
				if !looksLikeSQL.MatchString(text) {
					return false
				}
				st.text[d] = complete(text, siblings, known, d)
			}
			found = append(found, st)
			return true
		}
		ast.Inspect(s.file, func(n ast.Node) bool { return visit(n, read) })
	}
	if len(found) < 40 {
		t.Fatalf("found only %d statements: the search is broken", len(found))
	}
	return found
}

// collect notes the string constants of a file, those inside functions too.
func collect(constants map[string]map[string]ast.Expr, dir string, f *ast.File) {
	if constants[dir] == nil {
		constants[dir] = map[string]ast.Expr{}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if g, ok := n.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						constants[dir][name.Name] = v.Values[i]
					}
				}
			}
		}
		return true
	})
}

// visit hands every whole string expression to read, with what stands beside it in a call or a literal. It does not go
// into one that was read, so that its parts are not read again.
func visit(n ast.Node, read func(e ast.Expr, siblings []ast.Expr) bool) bool {
	siblings := func(es []ast.Expr) {
		for i, e := range es {
			if isString(e) {
				read(e, es[i+1:])
			}
		}
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		siblings(n.Args)
	case *ast.CompositeLit:
		siblings(n.Elts)
	case *ast.KeyValueExpr:
		siblings([]ast.Expr{n.Value})
	case *ast.ValueSpec:
		siblings(n.Values)
	case *ast.AssignStmt:
		siblings(n.Rhs)
	case *ast.ReturnStmt:
		siblings(n.Results)
	}
	return true
}

// isString reports whether e begins with a string written out here. A bare constant is read where it is declared.
func isString(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		_, name := e.X.(*ast.Ident)
		return e.Op == token.ADD && (name || isString(e.X))
	}
	return false
}

// fold evaluates a string expression as far as it can be seen. What cannot be seen is a condition after WHERE, a list
// after IN, and nothing elsewhere.
func fold(e ast.Expr, known map[string]ast.Expr, d db.Dialect) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.Ident:
		if value, ok := known[e.Name]; ok {
			return fold(value, known, d)
		}
	case *ast.ParenExpr:
		return fold(e.X, known, d)
	case *ast.BinaryExpr:
		left := fold(e.X, known, d)
		right := fold(e.Y, known, d)
		if right == "" && !isCall(e.Y, "ForUpdate") {
			right = unseen(left)
		}
		return left + right
	case *ast.CallExpr:
		if isCall(e, "ForUpdate") && d == db.Postgres {
			return " FOR UPDATE"
		}
	}
	return ""
}

// unseen stands for what only the running program knows.
func unseen(before string) string {
	before = strings.TrimSpace(before)
	switch {
	case strings.HasSuffix(before, " WHERE"):
		return " 1 = 1"
	case strings.HasSuffix(before, " IN"):
		return fmt.Sprintf(" ($%d)", parameters(before)+1)
	}
	return ""
}

func isCall(e ast.Expr, name string) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := c.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == name
}

// complete ends a statement that goes on elsewhere: the list after IN, the row of an INSERT and its ON CONFLICT.
func complete(text string, siblings []ast.Expr, known map[string]ast.Expr, d db.Dialect) string {
	text += unseen(text)
	if !strings.HasSuffix(strings.TrimSpace(text), "VALUES") {
		return text
	}
	open, end := strings.Index(text, "("), strings.Index(text, ")")
	text += db.In(1, strings.Count(text[open:end], ",")+1)
	for _, e := range siblings {
		if tail := fold(e, known, d); strings.HasPrefix(strings.TrimSpace(tail), "ON CONFLICT") {
			return text + tail
		}
	}
	return text
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// parameters returns the highest parameter of a statement.
func parameters(text string) int {
	highest := 0
	for _, m := range parameter.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		highest = max(highest, n)
	}
	return highest
}

func TestSQL_EveryStatementPreparesOnBothDatabases(t *testing.T) {
	all := statements(t)
	apptest.Databases(t, func(t *testing.T, ref string) {
		dialect := apptest.OpenDB(t, ref).Dialect
		driver := map[db.Dialect]string{db.SQLite: "sqlite", db.Postgres: "pgx"}[dialect]
		raw, err := sql.Open(driver, ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = raw.Close() }()
		if prepare(t, raw, dialect, "SELECT nonsense FROM image WHERE id = $1") == nil {
			t.Fatal("a statement with an unknown column was prepared: this test tests nothing")
		}
		for _, s := range all {
			text := s.text[dialect]
			if slices.ContainsFunc(mapKeys(onlyOn), func(begin string) bool {
				return strings.HasPrefix(text, begin) && onlyOn[begin] != dialect
			}) {
				continue
			}
			if err := prepare(t, raw, dialect, text); err != nil {
				t.Errorf("%s: %v\n%s", s.at, err, text)
			}
		}
	})
}

func mapKeys(m map[string]db.Dialect) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// prepare lets the database parse and plan a statement without running it. The SQLite driver prepares late, so there it
// is EXPLAIN, with nothing for every parameter.
func prepare(t *testing.T, raw *sql.DB, d db.Dialect, text string) error {
	t.Helper()
	if d == db.Postgres {
		st, err := raw.PrepareContext(t.Context(), text)
		if err != nil {
			return err
		}
		defer func() { _ = st.Close() }()
		return nil
	}
	rows, err := raw.QueryContext(t.Context(), "EXPLAIN "+strings.ReplaceAll(text, "$", "?"), make([]any, parameters(text))...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	return rows.Err()
}

var (
	ownerLine   = regexp.MustCompile(`(?m)^-- ([a-z_, ]+) \(owner: ([a-z/]+)\)`)
	createTable = regexp.MustCompile(`(?m)^CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	// tableUse finds tables by the word before them, lists after FROM included. Not "ON CONFLICT DO UPDATE SET".
	tableUse = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+(?:\s+[a-z]+)?(?:\s*,\s*[a-z_]+(?:\s+[a-z]+)?)*)`)
)

// owners reads from the comments of the migrations who owns which table.
func owners(t *testing.T, dialect db.Dialect) map[string]string {
	t.Helper()
	owner := map[string]string{}
	dir := "db/migrations/" + string(dialect)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ownerLine.FindAllStringSubmatch(string(data), -1) {
			for table := range strings.SplitSeq(m[1], ",") {
				owner[strings.TrimSpace(table)] = m[2]
			}
		}
		for _, m := range createTable.FindAllStringSubmatch(string(data), -1) {
			if owner[m[1]] == "" {
				t.Errorf("%s: table %s has no owner in a comment like \"-- %s (owner: package)\"", e.Name(), m[1], m[1])
			}
		}
	}
	return owner
}

func TestSQL_EveryTableHasOneOwner(t *testing.T) {
	owner := owners(t, db.SQLite)
	for table, o := range owners(t, db.Postgres) {
		if owner[table] != o {
			t.Errorf("table %s is %q's on PostgreSQL and %q's on SQLite", table, o, owner[table])
		}
	}
	used := map[string]bool{}
	for _, s := range statements(t) {
		for _, m := range tableUse.FindAllStringSubmatch(s.text[db.SQLite], -1) {
			for part := range strings.SplitSeq(m[1], ",") {
				table := strings.Fields(part)[0]
				o, isTable := owner[table]
				if !isTable {
					continue
				}
				if lent[s.pkg+" "+table] != "" {
					used[s.pkg+" "+table] = true
				} else if s.pkg != o && !strings.HasPrefix(s.pkg, o+"/") {
					t.Errorf("%s: table %s belongs to %s", s.at, table, o)
				}
			}
		}
	}
	for key := range lent {
		if !used[key] {
			t.Errorf("%q is lent but not used: take it off the list", key)
		}
	}
}
