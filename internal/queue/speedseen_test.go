package queue_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// A process that starts nothing sees how fast a lane goes, and foretells by it.
func TestSpeed_IsSeenAndTold(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		ids := l.add("ada", queue.LaneFast, 20)           // of five tokens each
		l.tx(func(ctx context.Context, tx *db.Tx) error { // by the work ahead, the last begins after 190 seconds
			_, err := tx.Exec(ctx, "INSERT INTO pace (engine, model, micros, runs) VALUES ('engine', 'm', 2000000000, 1)")
			if err == nil {
				_, err = tx.Exec(ctx, "INSERT INTO worker (owner, slots, engines, seen_at, lease) VALUES ('w', 1, 'engine', $1, $2)",
					db.Micros(l.clock.Now()), time.Hour.Microseconds())
			}
			return err
		})
		d := queue.New(l.db, l.clock, l.w, l.w, queue.Options{Owner: "server", Lease: lease, Poll: time.Second}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		look := func() {
			t.Helper()
			over, end := context.WithCancel(t.Context())
			end()
			if err := d.Run(over, time.Minute); err != nil { // as long as it takes to look once
				t.Fatal(err)
			}
		}
		in := func() time.Duration {
			t.Helper()
			l.clock.Advance(2 * time.Second) // a forecast is a second old at most
			places, err := d.Places(t.Context(), ids)
			if err != nil {
				t.Fatal(err)
			}
			return places[ids[19]].Wait.At.Sub(l.clock.Now())
		}
		if got := in(); got != 190*time.Second {
			t.Errorf("before anything was seen the last begins in %s", got)
		}
		const seen = 14
		for range seen { // a token in ten seconds: others take turns, too
			look()
			l.clock.Advance(10 * time.Second)
			l.tx(func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE queue_lane SET now = now + $1 WHERE lane = $2", int64(token.Whole(1)), queue.LaneFast)
				return err
			})
		}
		look()
		want := (19*5 - seen) * 10 * time.Second
		if got := in(); got < want*98/100 || got > want*102/100 {
			t.Errorf("the last begins in %s, want %s", got, want)
		}
	})
}
