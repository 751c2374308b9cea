package queue_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/queue"
)

// worker notes what it is asked to do and ends everything at once.
type worker struct {
	db   *db.DB
	ran  chan queue.Ticket
	most int // that an account may run at once; 0 = 10

	mu    sync.Mutex
	fails int // times Spent fails before it works
	spent []string
}

func (w *worker) Started(context.Context, *db.Tx, []queue.Ticket, time.Time) error { return nil }
func (w *worker) Returned(context.Context, *db.Tx, []string, time.Time) error      { return nil }
func (w *worker) Engines() []string                                                { return []string{"engine"} }

func (w *worker) Concurrency(context.Context, string) int { return cmp.Or(w.most, 10) }

func (w *worker) Run(ctx context.Context, t queue.Ticket) bool {
	w.ran <- t
	return w.delete(ctx, t) == nil
}

func (w *worker) Spent(ctx context.Context, t queue.Ticket) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fails > 0 {
		w.fails--
		return errors.New("the database is away")
	}
	w.spent = append(w.spent, t.ID)
	return w.delete(ctx, t)
}

func (w *worker) gaveUp(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.spent, id)
}

func (w *worker) delete(ctx context.Context, t queue.Ticket) error {
	return w.db.Tx(ctx, func(tx *db.Tx) error {
		line, err := queue.Load(ctx, tx, []string{t.AccountID})
		if err != nil {
			return err
		}
		line.Remove(t, room, 0)
		return line.Save(ctx, tx)
	})
}

// room is the size of every window here.
const room = 10

// add puts a ticket into the fast lane.
func add(ctx context.Context, tx *db.Tx, t queue.Ticket) error {
	line, err := queue.Load(ctx, tx, []string{t.AccountID})
	if err != nil {
		return err
	}
	t.Share, t.Lane, t.Needs = t.AccountID, queue.LaneFast, "engine"
	line.Add(&t, room)
	return line.Save(ctx, tx)
}

// insert puts tickets into the line that were started so often before.
func insert(t *testing.T, d *db.DB, attempts map[string]int) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		for id, n := range attempts {
			if err := add(t.Context(), tx, queue.Ticket{ID: id, AccountID: "a", QueuedAt: apptest.Start}); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "UPDATE ticket SET attempt = $1 WHERE id = $2", n, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

const lease = time.Minute

// One step takes several tickets out of the line. When giving one of them up fails, the others must run all the same:
// they have their leases, and nobody else would start them before these end.
func TestDispatcher_ATicketThatCannotBeGivenUpHoldsNobodyUp(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	w := &worker{db: d, ran: make(chan queue.Ticket, 3), fails: 1}
	insert(t, d, map[string]int{"1-spent": 3, "2-fresh": 0, "3-tried": 2})
	now := clock.NewFake(apptest.Start)
	line := queue.New(d, now, w, w, queue.Options{
		Owner: "me", Slots: 3, Lease: lease, MaxAttempts: 3, Poll: 10 * time.Millisecond,
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- line.Run(ctx, time.Minute) }()

	attempts := map[string]int{}
	for range 2 {
		select {
		case ticket := <-w.ran:
			attempts[ticket.ID] = ticket.Attempt
		case <-time.After(10 * time.Second):
			t.Fatalf("ten seconds after the start only %v ran", attempts)
		}
	}
	if attempts["2-fresh"] != 1 || attempts["3-tried"] != 3 {
		t.Errorf("ran %v, want 2-fresh for the first time and 3-tried for the third", attempts)
	}
	now.Advance(lease) // the spent one is looked at again
	for range 1000 {
		if w.gaveUp("1-spent") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !w.gaveUp("1-spent") {
		t.Error("the spent ticket was not given up when its lease had ended")
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestDispatcher_OnlyRunsTheWorkOfItsAccount(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	w := &worker{db: d, ran: make(chan queue.Ticket, 3)}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(
			add(t.Context(), tx, queue.Ticket{ID: "1", AccountID: "somebody", QueuedAt: apptest.Start}),
			add(t.Context(), tx, queue.Ticket{ID: "2", AccountID: "me", QueuedAt: apptest.Start.Add(time.Second)}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	line := queue.New(d, clock.NewFake(apptest.Start.Add(time.Minute)), w, w, queue.Options{
		Owner: "me", Slots: 3, Lease: lease, MaxAttempts: 3, Poll: 10 * time.Millisecond,
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	line.Only("me")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- line.Run(ctx, time.Minute) }()
	if got := <-w.ran; got.ID != "2" {
		t.Errorf("ran %s, want 2", got.ID)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	left, err := queue.IDs(t.Context(), d)
	if err != nil || len(left) != 1 || !left["1"] {
		t.Fatalf("left in the line: %v, %v; want somebody else's ticket", left, err)
	}
}
