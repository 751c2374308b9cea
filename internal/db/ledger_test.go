package db_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/db"
)

// sealed is how the lines of the journal were sealed before they named a price sheet: every column with its length.
func sealed(columns ...any) string {
	h := sha256.New()
	for _, c := range columns {
		part := fmt.Sprint(c)
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// version2 writes an account with a month's tokens, an open hold and a journal, as version 2 did.
func version2(t *testing.T, d *db.DB) {
	t.Helper()
	const at = 1_764_000_000_000_000
	lines := [][]any{
		{"ada", 1, "g1", "", "grant", "issue", "available", 8_500_000, "month's tokens", at},
		{"ada", 2, "g1", "job", "hold", "available", "held", 5_000, "image × 4, scripted", at + 1},
	}
	head := ""
	for i, l := range lines {
		head = sealed(append([]any{head}, l...)...)
		lines[i] = append(l, head)
	}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{"INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at) VALUES ($1, 'ada@example.com', '', 'user', 'apprentice', $2, $2)", []any{"ada", at}},
			{"INSERT INTO wallet (id, available, held, seq, clock, head_hash) VALUES ('ada', 8495000, 5000, 2, $1, $2)", []any{at + 1, head}},
			{
				`INSERT INTO ledger_grant (id, wallet_id, kind, source_ref, amount, remaining, held, spent, expired, moved, is_open, expires_at, created_at)
				VALUES ('g1', 'ada', 'plan', $1, 8500000, 8495000, 5000, 0, 0, 0, 1, $2, $3)`,
				[]any{fmt.Sprintf("plan:apprentice:%d:0", at), at + 30*86_400_000_000, at},
			},
			{
				"INSERT INTO hold (id, wallet_id, amount, captured, state, legs, created_at, ended_at) VALUES ('job', 'ada', 5000, 0, 'held', $1, $2, 0)",
				[]any{`[{"grant":"g1","amount":5000}]`, at + 1},
			},
		} {
			if _, err := tx.Exec(t.Context(), s.sql, s.args...); err != nil {
				return err
			}
		}
		return tx.Insert(t.Context(), "INSERT INTO entry (wallet_id, seq, grant_id, hold_id, op, from_box, to_box, amount, note, at, hash) VALUES ", lines, "")
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMigrate_KeepsTheJournalOfVersion2(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.MigrateTo(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		version2(t, d)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		w := apptest.New(t, ref) // migrates
		checked, err := w.Ledger.Verify(t.Context(), func(p string) { t.Error(p) })
		if err != nil || checked.Wallets != 1 || checked.Entries != 2 {
			t.Fatalf("%+v, %v", checked, err)
		}
		b, err := w.Ledger.Balance(t.Context(), "ada")
		if err != nil || b.Held.Tokens() != 5 || b.Available.Tokens() < 8_495 {
			t.Fatalf("ada has %+v, %v", b, err)
		}
		w.Submit(access.Actor{AccountID: "ada"}, "a fox", 1)
		if _, err := w.Ledger.Verify(t.Context(), func(p string) { t.Error(p) }); err != nil {
			t.Fatal(err)
		}
	})
}

// Version 9 notes with each hold which model it pays for: those that were there get it from their generation.
func TestMigrate_NamesTheModelOfEarlierHolds(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		version2(t, d)
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			for _, statement := range []string{
				`INSERT INTO generation (id, account_id, kind, model, params, pictures, timeout_ms, state, price, charged, sheet_version,
					failure_code, failure_message, idem_hash, created_at, started_at, finished_at, deleted_at)
					VALUES ('job', 'ada', 'image', 'scripted', '{}', 4, 1000, 'waiting', 5000, 0, 3, '', '', '', 1, 0, 0, 0)`,
				`INSERT INTO hold (id, wallet_id, amount, captured, state, legs, created_at, ended_at)
					VALUES ('gone', 'ada', 1, 1, 'captured', '[]', 1, 2)`,
			} {
				if _, err := tx.Exec(t.Context(), statement); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for hold, want := range map[string]string{"job": "scripted", "gone": ""} {
			var model string
			if err := d.QueryRow(t.Context(), "SELECT model FROM hold WHERE id = $1", hold).Scan(&model); err != nil || model != want {
				t.Errorf("the hold %s is for %q, %v, want %q", hold, model, err, want)
			}
		}
	})
}
