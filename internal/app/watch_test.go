package app

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/db"
	"bottega/internal/ledger"
)

// A balance that somebody changes behind the ledger's back is found, told and counted.
func TestWatch_AlarmsWhenABalanceWasChanged(t *testing.T) {
	var log bytes.Buffer
	a, err := Open(t.Context(), Config{Data: filepath.Join(t.TempDir(), "data"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	acc, err := a.Accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct horse battery", Role: access.RoleUser, Plan: "free"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Ledger.Grant(t.Context(), acc.ID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: 5000, Ref: "a"}); err != nil {
		t.Fatal(err)
	}
	metric := func(remote string) string {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		a.metrics(w, r)
		return w.Body.String()
	}
	if _, found, err := a.watchSome(t.Context(), ""); err != nil || found != 0 || !strings.Contains(metric("127.0.0.1:5"), "\nbottega_ledger_problems 0\n") {
		t.Fatalf("a right ledger: %d problems, %v", found, err)
	}
	err = a.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE wallet SET available = available + 1000000")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := a.watchSome(t.Context(), ""); err != nil || found != 1 {
		t.Fatalf("%d problems, %v", found, err)
	}
	if !strings.Contains(log.String(), "the ledger is wrong") || !strings.Contains(metric("127.0.0.1:5"), "\nbottega_ledger_problems 1\n") {
		t.Errorf("log %s, metrics %s", log.String(), metric("127.0.0.1:5"))
	}
	if got := metric("192.0.2.7:5"); strings.Contains(got, "bottega_") {
		t.Errorf("a stranger reads %s", got)
	}
}
