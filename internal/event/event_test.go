package event_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/event"
)

func appendAll(t *testing.T, d *db.DB, account string, subjects ...string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		var records []event.Record
		for _, s := range subjects {
			records = append(records, event.Record{AccountID: account, Topic: event.TopicGeneration, Subject: s, At: apptest.Start})
		}
		return event.Append(t.Context(), tx, records)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func next(t *testing.T, messages <-chan event.Message) event.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		if !ok {
			t.Fatal("the subscription ended")
		}
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no message in ten seconds")
	}
	return event.Message{}
}

func TestHub_ResumesAfterTheGivenNumberWithoutGaps(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		hub := event.NewHub(d)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- hub.Run(ctx, 10*time.Millisecond) }()
		appendAll(t, d, "a", "1", "2", "3")
		appendAll(t, d, "b", "not yours")

		first := hub.Subscribe(ctx, "a", -1)
		var ids []int64
		for _, want := range []string{"1", "2", "3"} {
			m := next(t, first)
			if m.Subject != want {
				t.Fatalf("got %q, want %q", m.Subject, want)
			}
			ids = append(ids, m.ID)
		}
		again := hub.Subscribe(ctx, "a", ids[0])
		appendAll(t, d, "a", "4")
		for _, want := range []string{"2", "3", "4"} {
			if m := next(t, again); m.Subject != want {
				t.Fatalf("resumed with %q, want %q", m.Subject, want)
			}
		}
		if m := next(t, first); m.Subject != "4" {
			t.Fatalf("live: got %q, want 4", m.Subject)
		}
		cancel()
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		for range first { // ends
		}
	})
}

// A hub may wake a subscriber before the subscriber's goroutine has run for the first time. On one processor the
// goroutine cannot run between Subscribe and NotifyAll, so this is that order.
func TestHub_ASubscriberWokenBeforeItRunsHearsEverything(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	d := apptest.OpenDB(t, apptest.SQLite(t))
	appendAll(t, d, "a", "1")
	hub := event.NewHub(d)
	for range 20 { // a pre-empted Subscribe would let the goroutine run first, but not every time
		ctx, cancel := context.WithCancel(t.Context())
		messages := hub.Subscribe(ctx, "a", -1)
		hub.NotifyAll()
		if m := next(t, messages); m.Subject != "1" {
			t.Fatalf("got %q, want 1", m.Subject)
		}
		cancel()
		for range messages { // ends
		}
	}
}

func TestHub_ProgressGoesOnlyToItsAccountAndNeverBlocks(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	hub := event.NewHub(d)
	mine, other := hub.Subscribe(t.Context(), "a", 0), hub.Subscribe(t.Context(), "b", 0)
	for i := range 1000 { // nobody reads: the rest is dropped
		hub.Progress("a", "g", map[string]int{"step": i})
	}
	if m := next(t, mine); m.Topic != event.TopicProgress || m.Subject != "g" || string(m.Progress) == "" || m.ID != 0 {
		t.Fatalf("got %+v", m)
	}
	select {
	case m := <-other:
		t.Fatalf("somebody else got %+v", m)
	default:
	}
}

func TestPrune_KeepsWhatIsYoung(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	appendAll(t, d, "a", "1")
	for _, c := range []struct {
		before time.Time
		want   int
	}{{apptest.Start, 1}, {apptest.Start.Add(time.Second), 0}} {
		if err := event.Prune(t.Context(), d, c.before); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.QueryRow(t.Context(), "SELECT COUNT(*) FROM outbox").Scan(&n); err != nil || n != c.want {
			t.Fatalf("%s: %d rows are left, want %d (%v)", fmt.Sprint(c.before), n, c.want, err)
		}
	}
}
