package queue_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/queue"
)

// One process tells people when their work starts, another one starts it, and each may be replaced.
func TestPast_WhatOneProcessLearnsAllKnow(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		w := &worker{db: d, ran: make(chan queue.Ticket, 1)}
		now := clock.NewFake(apptest.Start.Add(90 * time.Second))
		dispatcher := func(owner string, slots int) *queue.Dispatcher {
			return queue.New(d, now, w, w, queue.Options{
				Owner: owner, Slots: slots, Lease: lease, MaxAttempts: 3, Poll: 10 * time.Millisecond,
			}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		}
		after := func(seconds int) time.Time { return apptest.Start.Add(time.Duration(seconds) * time.Second) }
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			return add(t.Context(), tx, queue.Ticket{
				ID: "told", AccountID: "a", QueuedAt: apptest.Start, Expected: queue.Wait{At: after(60), Low: after(30), High: after(100), Work: time.Minute},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- dispatcher("worker", 1).Run(ctx, time.Minute) }()
		if got := <-w.ran; got.Expected.Work != time.Minute {
			t.Errorf("it was told %+v, want with a minute of work ahead", got.Expected)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		server := dispatcher("server", 0)
		if a := server.Accuracy(); a.Foretold != 0 {
			t.Fatalf("a new process knows %+v before it has asked", a)
		}
		over, end := context.WithCancel(t.Context())
		end()
		if err := server.Run(over, time.Minute); err != nil {
			t.Fatal(err)
		}
		if a := server.Accuracy(); a.Foretold != 1 || a.Inside != 1 || a.Error != 30*time.Second {
			t.Errorf("the server knows %+v, want one wait inside, off by half a minute", a)
		}
		if n := server.Foretold(); n != 0 {
			t.Errorf("%d waits ended in the server, want none", n)
		}
	})
}
