package event_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to cut a connection from outside

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/event"
)

// process is a hub with a bus, as each server has one. Its poll is an hour: whatever is heard came over the bus.
type process struct {
	hub   *event.Hub
	bus   *event.Bus
	notes chan event.Note
}

func startProcess(t *testing.T, ref, name string) *process {
	t.Helper()
	d, err := db.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{hub: event.NewHub(d), notes: make(chan event.Note, 1000)}
	p.bus = event.NewBus(d, name, slog.New(slog.NewTextHandler(io.Discard, nil)), func(n event.Note) {
		switch n.Kind {
		case event.NoteFacts:
			p.hub.Look()
		case event.NoteProgress:
			p.hub.Pass(n.AccountID, n.Subject, n.Data)
		}
		p.notes <- n
	})
	p.hub.Attach(p.bus)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	told := make(chan struct{})
	go func() { ended <- p.hub.Run(ctx, time.Hour) }()
	go func() { defer close(told); p.bus.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-told
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = d.Close()
	})
	p.until(t, event.NoteLine) // it hears now
	return p
}

// until waits for a note of the kind.
func (p *process) until(t *testing.T, kind string) event.Note {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case n := <-p.notes:
			if n.Kind == kind {
				return n
			}
		case <-late:
			t.Fatalf("no note %q in twenty seconds", kind)
		}
	}
}

func TestBus_WhatOneProcessCommitsAnotherTells(t *testing.T) {
	ref := apptest.Postgres(t)
	d := apptest.OpenDB(t, ref)
	one, other := startProcess(t, ref, "one"), startProcess(t, ref, "other")
	messages := other.hub.Subscribe(t.Context(), "ada", 0)
	appendAll(t, d, "ada", "g")
	one.hub.Wake()
	if m := next(t, messages); m.Subject != "g" || m.Topic != event.TopicGeneration {
		t.Errorf("the other process told %+v", m)
	}
	one.hub.Progress("ada", "g", map[string]int{"step": 3})
	if m := next(t, messages); m.Topic != event.TopicProgress || string(m.Progress) != `{"step":3}` {
		t.Errorf("progress came as %+v", m)
	}
	one.bus.Tell(event.Note{Kind: event.NoteCancel, Subject: "g"})
	if n := other.until(t, event.NoteCancel); n.Subject != "g" {
		t.Errorf("told to cancel %+v", n)
	}
	for len(one.notes) > 0 { // what it said itself does not come back
		if n := <-one.notes; n.Kind == event.NoteCancel || n.Kind == event.NoteProgress {
			t.Errorf("a process heard itself: %+v", n)
		}
	}
}

// large is progress with a picture that no note holds.
type large struct {
	Step    int    `json:"step"`
	Picture string `json:"picture,omitempty"`
}

func (l large) Small() any { return large{Step: l.Step} }

func TestBus_ALargePreviewStaysHere(t *testing.T) {
	ref := apptest.Postgres(t)
	apptest.OpenDB(t, ref)
	one, other := startProcess(t, ref, "one"), startProcess(t, ref, "other")
	here, there := one.hub.Subscribe(t.Context(), "ada", 0), other.hub.Subscribe(t.Context(), "ada", 0)
	one.hub.Progress("ada", "g", large{7, strings.Repeat("x", 9000)})
	var got large
	if err := json.Unmarshal(next(t, here).Progress, &got); err != nil || len(got.Picture) != 9000 {
		t.Errorf("here it came with %d bytes, %v", len(got.Picture), err)
	}
	got = large{}
	if err := json.Unmarshal(next(t, there).Progress, &got); err != nil || got.Step != 7 || got.Picture != "" {
		t.Errorf("elsewhere it came as %+v, %v", got, err)
	}
}

func TestBus_ManyNotesComeInSeveralLetters(t *testing.T) {
	ref := apptest.Postgres(t)
	apptest.OpenDB(t, ref)
	one, other := startProcess(t, ref, "one"), startProcess(t, ref, "other")
	want := map[string]bool{}
	for i := range 100 { // 50 KB
		subject := strings.Repeat("s", 400) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		want[subject] = true
		one.bus.Tell(event.Note{Kind: event.NoteCancel, Subject: subject})
	}
	for len(want) > 0 {
		delete(want, other.until(t, event.NoteCancel).Subject)
	}
	if n := one.bus.Dropped(); n != 0 {
		t.Errorf("%d notes were dropped", n)
	}
}

func TestBus_ComesBackAfterItsConnectionWasCut(t *testing.T) {
	ref := apptest.Postgres(t)
	d := apptest.OpenDB(t, ref)
	one, other := startProcess(t, ref, "one"), startProcess(t, ref, "other")
	messages := other.hub.Subscribe(t.Context(), "ada", 0)
	raw, err := sql.Open("pgx", ref)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	cut := func() (n int) {
		t.Helper()
		err := raw.QueryRowContext(t.Context(), `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'LISTEN %'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := cut(); n != 2 {
		t.Fatalf("%d connections listened, want 2", n)
	}
	appendAll(t, d, "ada", "meanwhile") // its note is lost with the connections, or not even sent
	if m := next(t, messages); m.Subject != "meanwhile" {
		t.Errorf("after the connection was back it told %+v", m)
	}
	other.until(t, event.NoteLine) // said when it hears again
	one.bus.Tell(event.Note{Kind: event.NoteCancel, Subject: "again"})
	if n := other.until(t, event.NoteCancel); n.Subject != "again" {
		t.Errorf("heard %+v", n)
	}
}

func TestBus_OnSQLiteItIsSilent(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	bus := event.NewBus(d, "one", slog.New(slog.NewTextHandler(io.Discard, nil)), func(n event.Note) { t.Errorf("heard %+v", n) })
	bus.Run(t.Context()) // returns at once
	bus.Tell(event.Note{Kind: event.NoteLine})
	if bus.Listening() || bus.Dropped() != 0 {
		t.Error("it listens, or it dropped what nobody was to hear")
	}
}
