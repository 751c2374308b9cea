package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
)

// finished submits and waits for small generations, and returns their ids.
func finished(t *testing.T, c *client, n int) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for i := range n {
		id, err := c.submit(fmt.Sprint(t.Name(), i, rand.Int64()), 1+i%2, 4)
		if err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	for id := range ids {
		if got := c.wait(t, id); got != "COMPLETE" {
			t.Fatalf("generation %s is %s", id, got)
		}
	}
	return ids
}

// A backup is taken while the server works, the installation is lost, and another folder has all of it again: the API
// key works, the pictures are there, and the tokens add up.
func TestBackup_ComesBackInAnotherFolder(t *testing.T) {
	t.Parallel()
	data, folder := t.TempDir(), t.TempDir()
	s := startProgram(t, asShipped(t), "--data", data)
	c := newClient(t, s, data)
	ids := finished(t, c, 3)
	if _, err := c.submit("one that may still run", 2, 30); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "backup", "--data", data, folder); !strings.Contains(out, "rows of") {
		t.Errorf("backup said %q", out)
	}
	if out := must(t, "backup", "verify", folder); !strings.Contains(out, "is whole") {
		t.Errorf("verify said %q", out)
	}
	_, errOut, err := output(t, "restore", "--data", data, folder)
	if err == nil || !strings.Contains(errOut, "stop it first") {
		t.Errorf("a restore beside a server: %v, said %q", err, errOut)
	}
	if err := s.terminate(); err != nil {
		t.Fatal(err)
	}
	if _, errOut, err = output(t, "restore", "--data", data, folder); err == nil || !strings.Contains(errOut, "--replace") {
		t.Errorf("a restore over an installation: %v, said %q", err, errOut)
	}
	elsewhere := filepath.Join(t.TempDir(), "new")
	if out := must(t, "restore", "--data", elsewhere, folder); !strings.Contains(out, "wallets are right") {
		t.Errorf("restore said %q", out)
	}
	again := startProgram(t, asShipped(t), "--data", elsewhere)
	c.base = again.base
	for id := range ids {
		g, err := c.get(id)
		if err != nil || g.Status != "COMPLETE" || len(g.Images) == 0 {
			t.Fatalf("generation %s is %+v, %v", id, g, err)
		}
	}
	finished(t, c, 1)
	must(t, "admin", "ledger", "verify", "--data", elsewhere)
	if err := again.terminate(); err != nil {
		t.Fatal(err)
	}
	must(t, "restore", "--data", elsewhere, "--replace", folder)
	if aside, _ := filepath.Glob(filepath.Join(elsewhere, "bottega.db.before-*")); len(aside) == 0 {
		t.Error("the database that was replaced is not put aside")
	}
}

// The move is killed again and again, at moments that chance picks, and ends with everything in place. The old
// installation is as it was, and nobody can use the new one before.
func TestMigrate_KilledAtAnyMomentItGoesOn(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	file := asShipped(t)
	s := startProgram(t, file, "--data", data)
	c := newClient(t, s, data)
	ids := finished(t, c, 6)
	database, bucket := apptest.EmptyPostgres(t), apptest.S3(t)
	move := []string{"admin", "migrate", "--from", data, "--to", database, "--storage", bucket}
	if _, errOut, err := output(t, move...); err == nil || !strings.Contains(errOut, "stop it first") {
		t.Fatalf("a move beside a server: %v, said %q", err, errOut)
	}
	if err := s.terminate(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(data, "bottega.db"))
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for patience := 30 * time.Millisecond; ; patience += 40 * time.Millisecond {
		cmd := program(file, move...)
		var log strings.Builder
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("after %d kills: %v\n%s", kills, err, &log)
			}
		case <-time.After(patience + time.Duration(rand.IntN(40))*time.Millisecond):
			_ = cmd.Process.Kill()
			<-ended //nolint:errcheck // how a killed program ends says nothing
			kills++
			continue
		}
		if !strings.Contains(log.String(), "wallets are right") && !strings.Contains(log.String(), "moved before") {
			t.Errorf("the move ended with\n%s", &log)
		}
		break
	}
	if t.Logf("%d kills", kills); kills < 2 {
		t.Error("it was hardly killed: this tests nothing")
	}
	if after, err := os.ReadFile(filepath.Join(data, "bottega.db")); err != nil || string(after) != string(before) {
		t.Errorf("the old database has changed, %v", err)
	}
	store := []string{"--data", t.TempDir(), "--database", database, "--storage", bucket}
	c.base = startProgram(t, file, store...).base
	for id := range ids {
		g, err := c.get(id)
		if err != nil || g.Status != "COMPLETE" || len(g.Images) == 0 {
			t.Fatalf("generation %s is %+v, %v", id, g, err)
		}
	}
	for id := range finished(t, c, 1) {
		ids[id] = true
	}
	checkAll(t, c, ids, store)
	if out := must(t, move...); !strings.Contains(out, "moved before") {
		// A server has worked since: the same call must not touch it.
		t.Errorf("the move once more said %q", out)
	}
}

// The doctor looks at a server that works, and at what was broken.
func TestDoctor_SaysWhatIsWrongAndExits1(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "user", "create", "--data", data, "--email", "a@example.com", "--password", "correct horse battery")
	must(t, "admin", "tokens", "grant", "--data", data, "--email", "a@example.com", "--amount", "10")
	s := startServer(t, "--data", data)
	listen := strings.TrimPrefix(s.base, "http://")
	out := must(t, "doctor", "--data", data, "--listen", listen, "--full")
	for _, want := range []string{"it painted a picture", "takes work", "all 1 wallets are right", "1 work"} {
		if !strings.Contains(out, want) {
			t.Errorf("the doctor does not say %q:\n%s", want, out)
		}
	}
	changeBalance(t, filepath.Join(data, "bottega.db"))
	out, errOut, err := output(t, "doctor", "--data", data, "--listen", listen, "--slots", "0", "--json")
	if err == nil || !strings.Contains(out, `"check":"ledger","level":"bad"`) || !strings.Contains(errOut, "something is wrong") {
		t.Errorf("after a wallet was changed by hand: %v\n%s%s", err, out, errOut)
	}
}
