package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// line is a database with a dispatcher of one slot.
type line struct {
	t     *testing.T
	db    *db.DB
	clock *clock.Fake
	w     *worker
	seq   int
}

func newLine(t *testing.T, ref string) *line {
	d := apptest.OpenDB(t, ref)
	return &line{t: t, db: d, clock: clock.NewFake(apptest.Start), w: &worker{db: d, ran: make(chan queue.Ticket, 100)}}
}

func (l *line) dispatcher() *queue.Dispatcher {
	return queue.New(l.db, l.clock, l.w, l.w, queue.Options{
		Owner: "me", Slots: 1, Lease: lease, MaxAttempts: 3, Poll: 10 * time.Millisecond,
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// add puts n tickets of an account into a lane, in a window of two.
func (l *line) add(account, lane string, n int) (ids []string) {
	l.t.Helper()
	l.tx(func(ctx context.Context, tx *db.Tx) error {
		ln, err := queue.Load(ctx, tx, []string{account})
		if err != nil {
			return err
		}
		for range n {
			l.seq++
			id := fmt.Sprintf("%s%05d", account, l.seq)
			ids = append(ids, id)
			ln.Add(&queue.Ticket{
				ID: id, AccountID: account, Share: account, Lane: lane, Weight: token.Whole(5), Needs: "engine", Model: "m",
				QueuedAt: l.clock.Now().Add(time.Duration(l.seq) * time.Microsecond),
			}, 2)
		}
		return ln.Save(ctx, tx)
	})
	return ids
}

func (l *line) tx(f func(ctx context.Context, tx *db.Tx) error) {
	l.t.Helper()
	if err := l.db.Tx(l.t.Context(), func(tx *db.Tx) error { return f(l.t.Context(), tx) }); err != nil {
		l.t.Fatal(err)
	}
}

// run dispatches until n tickets ran and returns their ids.
func (l *line) run(n int) (order []string) {
	l.t.Helper()
	ctx, stop := context.WithCancel(l.t.Context())
	done := make(chan error, 1)
	go func() { done <- l.dispatcher().Run(ctx, time.Minute) }()
	for range n {
		select {
		case t := <-l.w.ran:
			order = append(order, t.ID)
		case <-time.After(20 * time.Second):
			l.t.Fatalf("only %v ran", order)
		}
	}
	stop()
	if err := <-done; err != nil {
		l.t.Fatal(err)
	}
	for len(l.w.ran) > 0 { // what started before the stop was noticed
		order = append(order, (<-l.w.ran).ID)
	}
	return order
}

// check compares the shares with the tickets.
func (l *line) check() {
	l.t.Helper()
	if err := queue.Check(l.t.Context(), l.db, func(p string) { l.t.Error(p) }); err != nil {
		l.t.Fatal(err)
	}
}

func TestLine_AFloodDoesNotHoldUpOthers(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		flood := l.add("flood", queue.LaneFast, 10_000)
		l.run(3)
		light := append(l.add("ada", queue.LaneFast, 2), l.add("eve", queue.LaneFast, 2)...)
		order := l.run(8)
		last := 0
		for _, id := range light {
			at := slices.Index(order, id)
			if at < 0 {
				t.Fatalf("%s is not among the next that ran: %v", id, order)
			}
			last = max(last, at)
		}
		if last > 6 { // two of the flood at most before the last of four
			t.Errorf("the last of the light accounts' work ran at place %d of %v", last+1, order)
		}
		if i := slices.IndexFunc(order, func(id string) bool { return strings.HasPrefix(id, "ada") }); i > 2 {
			t.Errorf("ada's first ran at place %d of %v, want one ticket of each other before it at most", i+1, order)
		}
		l.check()
		if ids, err := queue.IDs(t.Context(), l.db); err != nil || len(ids) > len(flood) {
			t.Errorf("%d tickets are left, %v", len(ids), err)
		}
	})
}

func TestArrange_OwnersOrderTheirOwn(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		a, b := l.add("a", queue.LaneFast, 5), l.add("b", queue.LaneFast, 1)
		arrange := func(c queue.Arrangement) error {
			return l.db.Tx(t.Context(), func(tx *db.Tx) error { return queue.Arrange(t.Context(), tx, "a", queue.LaneFast, c) })
		}
		for _, c := range []queue.Arrangement{queue.Move(a[4], a[0]), queue.Move(a[0], ""), queue.Pause(a[2], true)} {
			if err := arrange(c); err != nil {
				t.Fatal(err)
			}
			l.check()
		}
		for name, c := range map[string]queue.Arrangement{
			"somebody else's": queue.Move(b[0], a[0]), "before somebody else's": queue.Move(a[0], b[0]), "no such": queue.Pause("x", true),
		} {
			if err := arrange(c); !errors.Is(err, queue.ErrNotWaiting) {
				t.Errorf("%s: error %v, want ErrNotWaiting", name, err)
			}
		}
		order := l.run(5) // all but the one that is kept back
		own := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return !strings.HasPrefix(id, "a") })
		if want := []string{a[4], a[1], a[3], a[0]}; !slices.Equal(own, want) {
			t.Errorf("ran %v, want %v", own, want)
		}
		if err := arrange(queue.Pause(a[2], false)); err != nil {
			t.Fatal(err)
		}
		if order := l.run(1); order[0] != a[2] {
			t.Errorf("ran %v, want the one that was let go", order)
		}
		l.check()
	})
}

func TestPauseAll_KeepsBackWhatComesLaterToo(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		first := l.add("a", queue.LaneFast, 3)
		pause := func(paused bool) {
			l.tx(func(ctx context.Context, tx *db.Tx) error { return queue.PauseAll(ctx, tx, "a", paused) })
			l.check()
		}
		pause(true)
		later := l.add("a", queue.LaneRelaxed, 1)
		other := l.add("b", queue.LaneFast, 1)
		if order := l.run(1); !slices.Equal(order, other) {
			t.Errorf("ran %v, want only %v: a is paused", order, other)
		}
		pause(false)
		order := l.run(4)
		slices.Sort(order)
		if want := slices.Sorted(slices.Values(append(first, later...))); !slices.Equal(order, want) {
			t.Errorf("ran %v, want %v", order, want)
		}
	})
}

func pauseLane(l *line, lane string, paused bool) error {
	return l.db.Tx(l.t.Context(), func(tx *db.Tx) error { return queue.PauseLane(l.t.Context(), tx, lane, paused) })
}

func TestPauseLane_IsTheOperators(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		l.add("a", queue.LaneFast, 2)
		api := l.add("a", queue.LaneAPI, 1)
		if err := pauseLane(l, "slow", true); err == nil || !strings.Contains(err.Error(), "fast, api, relaxed") {
			t.Errorf("an unknown lane: %v", err)
		}
		if err := pauseLane(l, queue.LaneFast, true); err != nil {
			t.Fatal(err)
		}
		if order := l.run(1); !slices.Equal(order, api) {
			t.Errorf("ran %v, want %v", order, api)
		}
		states, err := queue.States(t.Context(), l.db)
		if err != nil || !states[0].Paused || states[0].Admitted != 2 || states[1].Paused {
			t.Errorf("lanes are %+v, %v", states, err)
		}
		if err := pauseLane(l, queue.LaneFast, false); err != nil {
			t.Fatal(err)
		}
		l.run(2)
	})
}

func TestPlaces_CountWhatCanRunAndForetellFromWhatWasMeasured(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		l := newLine(t, ref)
		d := l.dispatcher()
		a, b := l.add("a", queue.LaneFast, 5), l.add("b", queue.LaneFast, 1)
		places, err := d.Places(t.Context(), append(a, b...))
		if err != nil {
			t.Fatal(err)
		}
		// a and b take turns: a, b (the same start, later id), a, then the rest of a.
		for id, want := range map[string]int{a[0]: 1, b[0]: 2, a[1]: 3, a[2]: 4, a[4]: 6} {
			if got := places[id]; got.Position != want || !got.Wait.At.IsZero() {
				t.Errorf("%s stands at %+v, want place %d and no forecast: nothing was measured", id, got, want)
			}
		}
		// One run of five tokens that took ten seconds, by a worker with one slot.
		l.tx(func(ctx context.Context, tx *db.Tx) error {
			ln, err := queue.Load(ctx, tx, []string{"b"})
			if err != nil {
				return err
			}
			tickets, err := queue.ByID(ctx, tx, b)
			if err != nil {
				return err
			}
			ln.Remove(tickets[b[0]], 2, 10*time.Second)
			return ln.Save(ctx, tx)
		})
		l.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('idle', 1, 'engine', $1)", db.Micros(l.clock.Now()))
			return err
		})
		l.clock.Advance(2 * time.Second) // a forecast is a second old at most
		now := l.clock.Now()
		places, err = d.Places(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if w := places[a[0]].Wait; !w.At.Equal(now) {
			t.Errorf("the first is expected at %v, want now: the slot is free", w.At)
		}
		for i, id := range a[1:] {
			w := places[id].Wait
			if want := now.Add(time.Duration(i+1) * 10 * time.Second); w.At.Sub(want).Abs() > time.Millisecond || !w.Low.Before(w.At) || !w.High.After(w.At) {
				t.Errorf("%s is expected at %v between %v and %v, want %v within", id, w.At.Sub(now), w.Low.Sub(now), w.High.Sub(now), want.Sub(now))
			}
		}
	})
}

func TestEstimate_RelaxedWorkOfAnAccountRunsOneAfterTheOther(t *testing.T) {
	l := newLine(t, apptest.SQLite(t))
	l.tx(func(ctx context.Context, tx *db.Tx) error { // four slots; five tokens take ten seconds
		_, err := tx.Exec(ctx, "INSERT INTO pace (engine, model, micros, runs) VALUES ('engine', 'm', 2000000000, 1)")
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('w', 4, 'engine', $1)", db.Micros(l.clock.Now()))
		}
		return err
	})
	estimate := func() time.Duration {
		t.Helper()
		l.clock.Advance(2 * time.Second) // a forecast is a second old at most
		w, takes, err := l.dispatcher().Estimate(t.Context(), queue.Ticket{
			AccountID: "a", Share: "a", Lane: queue.LaneRelaxed, Weight: token.Whole(5), Needs: "engine", Model: "m",
		})
		if err != nil || takes != 10*time.Second || w.At.IsZero() {
			t.Fatalf("estimated %+v and %s, %v; want ten seconds of work", w, takes, err)
		}
		return w.At.Sub(l.clock.Now())
	}
	if d := estimate(); d != 0 {
		t.Errorf("alone it starts in %s, want now", d)
	}
	l.add("b", queue.LaneRelaxed, 3)
	others := estimate()
	l.add("a", queue.LaneRelaxed, 3)
	if own := estimate(); own < 30*time.Second || own <= others {
		t.Errorf("behind three of one's own it starts in %s, behind three of others in %s: want 30 s at least", own, others)
	}
	l.tx(func(ctx context.Context, tx *db.Tx) error { return queue.PauseAll(ctx, tx, "a", true) })
	if w, _, err := l.dispatcher().Estimate(t.Context(), queue.Ticket{AccountID: "a", Share: "a", Lane: queue.LaneRelaxed}); err != nil || !w.At.IsZero() {
		t.Errorf("kept back, it is expected at %v, %v", w.At, err)
	}
}

func TestPauseAll_HoldsForTeamsJoinedLater(t *testing.T) {
	l := newLine(t, apptest.SQLite(t))
	l.tx(func(ctx context.Context, tx *db.Tx) error {
		if err := queue.PauseAll(ctx, tx, "a", true); err != nil {
			return err
		}
		share := queue.ShareOf("a", "team")
		ln, err := queue.Load(ctx, tx, []string{share})
		if err != nil {
			return err
		}
		ln.Add(&queue.Ticket{ID: "1", AccountID: "a", Share: share, Lane: queue.LaneFast, Needs: "engine", QueuedAt: l.clock.Now()}, 2)
		return ln.Save(ctx, tx)
	})
	tickets, err := queue.ByID(t.Context(), l.db, []string{"1"})
	if err != nil || tickets["1"].Admitted {
		t.Errorf("the ticket is %+v, %v; want it behind the window", tickets["1"], err)
	}
	l.check()
}

func TestForecast_KnowsABurstOfTheSameSecond(t *testing.T) {
	f := &queue.Forecast{}
	ticket := func(id string) queue.Ticket {
		return queue.Ticket{ID: id, AccountID: id, Share: id, Lane: queue.LaneFast, Admitted: true}
	}
	for i, id := range []string{"1", "2", "3"} {
		if got := f.Place(ticket(id), 0, 0).Position; got != i+1 {
			t.Errorf("%s stands at place %d, want %d", id, got, i+1)
		}
		f.Accepted(ticket(id))
	}
}

func TestChoose_LooksPastAccountsThatRunAllTheyMay(t *testing.T) {
	l := newLine(t, apptest.SQLite(t))
	l.w.most = 1
	for i := range 40 { // each runs one in the lane of people, and has the next in the lane of programs
		account := fmt.Sprintf("busy%02d", i)
		l.add(account, queue.LaneFast, 1)
		l.add(account, queue.LaneAPI, 1)
	}
	l.tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE ticket SET lease_owner = 'other', lease_until = $1, attempt = 1 WHERE lane = 'fast'", db.Micros(l.clock.Now().Add(lease)))
		return err
	})
	free := l.add("free", queue.LaneAPI, 1)
	chosen, err := l.dispatcher().Choose(t.Context(), 1)
	if err != nil || len(chosen) != 1 || chosen[0].ID != free[0] {
		t.Errorf("chose %v, %v; want %s behind forty that may not start", chosen, err, free[0])
	}
}
