package queue_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/queue"
)

// hanging runs everything until its context ends and puts it back.
type hanging struct {
	worker
	causes chan error
}

func (h *hanging) Run(ctx context.Context, t queue.Ticket) bool {
	h.ran <- t
	<-ctx.Done()
	h.causes <- context.Cause(ctx)
	return false
}

// A server without slots of its own wakes and cancels through the slots that workers bring, and looks by itself never.
func TestDispatcher_BesideIsWokenAndCancelledThroughTheFirst(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	returned := make(chan struct{}, 9)
	idle := &worker{db: d, ran: make(chan queue.Ticket, 9)}
	first := queue.New(d, clock.NewFake(apptest.Start), idle, idle, queue.Options{
		Owner: "server", Slots: 0, Lease: lease, MaxAttempts: 3, Poll: time.Hour, Returned: func() { returned <- struct{}{} },
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	h := &hanging{worker{db: d, ran: make(chan queue.Ticket, 9)}, make(chan error, 9)}
	beside := first.Beside(h, func(o *queue.Options) { o.Owner, o.Slots = "session", 1 })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- first.Run(ctx, time.Minute) }()
	go func() { ended <- first.RunBeside(ctx, beside, time.Minute) }()
	insert(t, d, map[string]int{"1": 0})
	var got queue.Ticket
	for got.ID == "" { // until RunBeside has begun nobody is woken
		first.Wake()
		select {
		case got = <-h.ran:
		case <-time.After(10 * time.Millisecond):
		}
	}
	if got.ID != "1" || got.Owner != "session" {
		t.Fatalf("ran %+v, want ticket 1 in the session's slot", got)
	}
	cause := errors.New("enough")
	if !first.Cancel("1", cause) {
		t.Error("the run beside was not found")
	}
	if err := <-h.causes; !errors.Is(err, cause) {
		t.Errorf("it was cancelled with %v", err)
	}
	<-returned // back in the line, and others are told
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if first.Cancel("1", cause) || len(idle.ran) > 0 {
		t.Error("something still runs, or ran without slots")
	}
}
