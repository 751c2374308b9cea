package backup

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

// A row is read back as it was written, and no two rows are written alike.
func TestRow_IsReadAsItWasWritten(t *testing.T) {
	value := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64(), func(v int64) any { return v }),
		rapid.Map(rapid.String(), func(v string) any { return v }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(v []byte) any { return string(v) }), // mostly not UTF-8
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, -1), func(v []byte) any { return v }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(v float64) any { return v }),
	)
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(value, 1, 8).Draw(t, "row")
		line, err := appendRow(nil, row)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("%q breaks the line", line)
		}
		got, err := parseRow(line)
		if err != nil || !reflect.DeepEqual(got, row) {
			t.Fatalf("%q was read as %#v (%v), want %#v", line, got, err, row)
		}
	})
}

func FuzzParseRow(f *testing.F) {
	f.Add([]byte(`["a",1,null,{"bytes":"AA=="},{"float":"1.5"},{"text":"/w=="}]`))
	f.Add([]byte(`[{"bytes":"!"},1e9,[],{}]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		row, err := parseRow(line)
		if err != nil {
			return
		}
		again, err := appendRow(nil, row)
		if err != nil {
			t.Fatalf("%q was read as %#v, which cannot be written: %v", line, row, err)
		}
		if back, err := parseRow(again); err != nil || len(back) != len(row) {
			t.Fatalf("%q was written as %q: %v", line, again, err)
		}
	})
}

func TestSum_DoesNotDependOnTheOrder(t *testing.T) {
	rows := []string{`["a"]`, `["b"]`, `["c"]`, `["a"]`}
	var there, back, less sum
	for i := range rows {
		there.add([]byte(rows[i]))
		back.add([]byte(rows[len(rows)-1-i]))
		if i > 0 {
			less.add([]byte(rows[i]))
		}
	}
	if there != back || there == less || there.String() == (&sum{}).String() {
		t.Fatalf("%s there, %s back, %s without one", &there, &back, &less)
	}
}

// Whatever table a migration adds is carried: it is found, it has a key that orders it, and its values can be written.
func TestSchema_EveryTableCanBeCarried(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		all, err := d.Tables(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		schema, err := d.Schema(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		carried := map[string]db.Table{}
		for _, table := range schema {
			carried[table.Name] = table
		}
		for _, name := range all {
			table, ok := carried[name]
			if name == "goose_db_version" || name == "transfer" {
				if ok {
					t.Errorf("the table %s belongs to the schema itself and must not be carried", name)
				}
				continue
			}
			if !ok || len(table.Key) == 0 || len(table.Columns) == 0 {
				t.Errorf("the table %s is carried: %v, by the key %v", name, ok, table.Key)
			}
		}
		for _, table := range schema {
			rows, err := d.Query(t.Context(), selectAll(table))
			if err != nil {
				t.Fatal(err)
			}
			types, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range types {
				switch kind := strings.ToUpper(c.DatabaseTypeName()); kind {
				case "TEXT", "INTEGER", "BIGINT", "INT4", "INT8", "BYTEA", "BLOB":
				default:
					t.Errorf("%s.%s is of the type %s, which does not mean the same on both databases", table.Name, c.Name(), kind)
				}
			}
			_ = rows.Close()
		}
	})
}
