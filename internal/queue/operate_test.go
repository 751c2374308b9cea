package queue_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/queue"
)

func countOf(order []string, account string) (n int) {
	for _, id := range order {
		if strings.HasPrefix(id, account) {
			n++
		}
	}
	return n
}

func TestStop_NothingOfTheAccountStartsUntilItIsReleased(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		first := l.add("a", queue.LaneFast, 3)
		stop := func(why string) {
			l.tx(func(ctx context.Context, tx *db.Tx) error { return queue.Stop(ctx, tx, "a", why) })
			l.check()
		}
		stop("please write to us")
		later := l.add("a", queue.LaneRelaxed, 1)
		other := l.add("b", queue.LaneFast, 1)
		l.tx(func(ctx context.Context, tx *db.Tx) error { return queue.PauseAll(ctx, tx, "a", false) }) // its owner cannot undo it
		if order := l.run(1); !slices.Equal(order, other) {
			t.Errorf("ran %v, want only %v: a is stopped", order, other)
		}
		d := l.dispatcher()
		own, err := d.Own(t.Context(), "a")
		if err != nil || own.Stopped != "please write to us" || own.Paused || own.Waiting != 4 {
			t.Errorf("the owner is told %+v, %v", own, err)
		}
		places, err := d.Places(t.Context(), first)
		if p := places[first[0]]; err != nil || p.Stopped != queue.StoppedAccount || p.Position != 0 || p.Paused {
			t.Errorf("the first stands at %+v, %v", p, err)
		}
		stop("")
		order := l.run(4)
		fast := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return id == later[0] })
		if len(order) != 4 || !slices.Equal(fast, first) {
			t.Errorf("ran %v, want %v in this order and %v", order, first, later)
		}
	})
}

func TestRate_BoostedAccountsGetTheirPartUntilItEnds(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		a, b := l.add("a", queue.LaneFast, 60), l.add("b", queue.LaneFast, 60)
		l.tx(func(ctx context.Context, tx *db.Tx) error {
			return queue.SetRate(ctx, tx, "a", queue.MostRate, l.clock.Now().Add(time.Hour))
		})
		l.check()
		order := l.run(25)
		if n := countOf(order[:25], "a"); n < 19 || n > 21 {
			t.Errorf("of 25 that ran %d were a's at four times the rate, want 20", n)
		}
		if !slices.IsSorted(slices.DeleteFunc(slices.Clone(order), func(id string) bool { return !strings.HasPrefix(id, "a") })) {
			t.Errorf("a's own order changed: %v", order)
		}
		l.clock.Advance(2 * time.Hour)
		order = l.run(24)
		if n := countOf(order[4:24], "a"); n < 9 || n > 11 { // the first few had their turn before
			t.Errorf("of 20 that ran %d were a's after its time was over, want 10", n)
		}
		standing, err := queue.Standings(t.Context(), l.db, []string{"a", "b", "c"})
		if err != nil || standing["a"].Rate != queue.Usual || !standing["a"].RateUntil.IsZero() || len(standing) != 2 {
			t.Errorf("afterwards it stands %+v, %v (%d, %d)", standing, err, len(a), len(b))
		}
		l.check()
	})
}

func TestDrain_AWorkerStartsNothingMoreAlsoAfterItsHeartbeat(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		drain := func(owner string, yes bool) error {
			return l.db.Tx(t.Context(), func(tx *db.Tx) error { return queue.Drain(t.Context(), tx, owner, yes) })
		}
		if err := drain("me", true); !errors.Is(err, queue.ErrNoWorker) {
			t.Fatalf("draining nobody: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		d := queue.New(l.db, l.clock, l.w, l.w, queue.Options{
			Owner: "me", Slots: 1, Lease: 400 * time.Millisecond, MaxAttempts: 3, Poll: 10 * time.Millisecond,
		}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx, time.Minute) }()
		defer func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		state := func(ok func(queue.WorkerState) bool) queue.WorkerState {
			t.Helper()
			for range 2000 {
				workers, err := queue.Workers(t.Context(), l.db)
				if err != nil {
					t.Fatal(err)
				}
				if len(workers) == 1 && ok(workers[0]) {
					return workers[0]
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Fatal("the worker is not as it should be")
			return queue.WorkerState{}
		}
		state(func(queue.WorkerState) bool { return true })
		if err := drain("me", true); err != nil {
			t.Fatal(err)
		}
		l.clock.Advance(time.Second)
		now := l.clock.Now().UnixMicro()
		l.add("a", queue.LaneFast, 1)
		d.Wake()
		if w := state(func(w queue.WorkerState) bool { return w.SeenAt >= now }); !w.Drained || w.Running != 0 {
			t.Errorf("after its heartbeat it is %+v", w)
		}
		if f, err := d.Places(t.Context(), []string{"a00001"}); err != nil || f["a00001"].Position != 1 || !f["a00001"].Wait.At.IsZero() {
			t.Errorf("what waits stands at %+v, %v; want a place and no time: nobody works", f["a00001"], err)
		}
		if len(l.w.ran) != 0 {
			t.Fatal("a drained worker started work")
		}
		if err := drain("me", false); err != nil {
			t.Fatal(err)
		}
		select {
		case <-l.w.ran:
		case <-time.After(20 * time.Second):
			t.Fatal("it did not go on")
		}
	})
}

func TestPauseLane_PlacesSayWho(t *testing.T) {
	l := newLine(t, apptest.SQLite(t))
	id := l.add("a", queue.LaneFast, 1)[0]
	if err := pauseLane(l, queue.LaneFast, true); err != nil {
		t.Fatal(err)
	}
	places, err := l.dispatcher().Places(t.Context(), []string{id})
	if p := places[id]; err != nil || p.Position != 1 || p.Stopped != queue.StoppedLane || !p.Wait.At.IsZero() {
		t.Errorf("it stands at %+v, %v; want its place, and who stopped the lane", p, err)
	}
}

// What others keep back one by one waits and stands before nobody.
func TestPlaces_WhatOthersKeepBackDoesNotCount(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		flood := l.add("a", queue.LaneFast, 40) // a window of two
		mine := l.add("b", queue.LaneFast, 12)
		last := mine[11]
		place := func() int {
			t.Helper()
			l.clock.Advance(2 * time.Second) // a forecast is a second old at most
			places, err := l.dispatcher().Places(t.Context(), []string{last})
			if err != nil {
				t.Fatal(err)
			}
			return places[last].Position
		}
		before := place()
		l.tx(func(ctx context.Context, tx *db.Tx) error {
			return queue.Arrange(ctx, tx, "a", queue.LaneFast, func(waiting []queue.Ticket) ([]queue.Ticket, error) {
				for i := range waiting[2:] {
					waiting[i+2].Paused = true
				}
				return waiting, nil
			})
		})
		if after := place(); before < 22 || after != 14 {
			t.Errorf("the last of twelve stood at %d behind %d of another and stands at %d behind two, want 14", before, len(flood), after)
		}
		l.check()
	})
}
