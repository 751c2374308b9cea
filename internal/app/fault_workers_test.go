package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/plan"
)

// moody is an engine that does something else each time.
type moody struct{ moods []*enginetest.Scripted }

func newMoody() *moody {
	m := &moody{}
	for range 12 {
		m.moods = append(m.moods, enginetest.NewScripted(enginetest.Script{}))
	}
	for _, s := range []enginetest.Script{
		{Err: engine.ErrUnavailable},
		{Err: &engine.Death{How: "worker was killed by signal 9"}},
		{Rubbish: enginetest.WrongSize},
		{Rubbish: enginetest.NilResult},
		{Panic: "boom"},
		{Hang: true},
		{Err: fmt.Errorf("no: %w", engine.ErrRejected)},
	} {
		m.moods = append(m.moods, enginetest.NewScripted(s))
	}
	return m
}

func (m *moody) GenerateImage(ctx context.Context, r engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	return m.moods[rand.IntN(len(m.moods))].GenerateImage(ctx, r, report)
}

// TestFault_WorkersThatFailInEveryWay lets the engines of two servers hang, die, break down, and answer rubbish.
func TestFault_WorkersThatFailInEveryWay(t *testing.T) {
	ref, store := apptest.Postgres(t), s3(t)
	with := func(c *app.Config) {
		live(store)(c)
		c.Engines = engine.Set{"scripted": newMoody()}
	}
	one, two := apptest.New(t, ref, with), apptest.New(t, ref, with)
	p := newPress(t, times(6, 200), time.Millisecond, one, two) // all of it waits at once, and a plan's line holds 206
	<-p.done
	err := one.DB.Tx(t.Context(), func(tx *db.Tx) error { // a hang is over soon
		_, err := tx.Exec(t.Context(), "UPDATE generation SET timeout_ms = 3000")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	one.Run()
	two.Run()
	p.checkExact(nothing)
}

// TestFault_TheClockJumps moves the clock of two servers hours back and forth while they work: leases run out, both run
// the same work, and both answer.
func TestFault_TheClockJumps(t *testing.T) {
	ref, store := apptest.Postgres(t), s3(t)
	one := apptest.New(t, ref, func(c *app.Config) { c.Storage = store })
	two := apptest.New(t, ref, func(c *app.Config) { c.Storage, c.Clock = store, one.Clock })
	slowly := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(slowly)
		for {
			select {
			case slowly <- struct{}{}:
				time.Sleep(time.Millisecond)
			case <-stop:
				return
			}
		}
	}()
	for _, w := range []*apptest.World{one, two} {
		w.Engine.Script(enginetest.Script{Gate: slowly})
		w.Run()
	}
	p := newPress(t, times(6, 200), 50*time.Millisecond, one, two)
	for p.busy() {
		one.Clock.Advance(time.Duration(rand.Int64N(int64(6*time.Hour))) - 3*time.Hour + 10*time.Minute)
		time.Sleep(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
	}
	p.checkExact(func() {
		one.Clock.Advance(time.Duration(rand.Int64N(int64(time.Minute))))
		time.Sleep(300 * time.Millisecond) // long enough for a run to end with the lease that it began with
	})
	close(stop)
	<-slowly
}

// TestFault_ALeaseFromAClockThatWasWrong does not keep work from moving on when the clock has been put right.
func TestFault_ALeaseFromAClockThatWasWrong(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Operator)
		leased, returned := w.Submit(user, "a fox", 1), w.Submit(user, "an owl", 1)
		err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
			far := db.Micros(w.Clock.Now().Add(5 * time.Hour))
			_, err := tx.Exec(t.Context(), "UPDATE ticket SET attempt = 1, lease_owner = 'gone', leased_at = $1, lease_until = $1 WHERE id = $2", far, leased.ID)
			if err == nil {
				_, err = tx.Exec(t.Context(), "UPDATE ticket SET attempt = 1, lease_until = $1 WHERE id = $2", far, returned.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Run()
		w.WaitState(user, leased.ID, generation.Complete)
		w.WaitState(user, returned.ID, generation.Complete)
		w.Verify()
	})
}

// TestFault_TwoServersAndTheSameSubmissions is two dispatchers on one line without any other fault: each key gives one
// generation, and each is made once.
func TestFault_TwoServersAndTheSameSubmissions(t *testing.T) {
	ref, store := apptest.Postgres(t), s3(t)
	one, two := apptest.New(t, ref, live(store)), apptest.New(t, ref, live(store))
	one.Run()
	two.Run()
	p := newPress(t, times(8, 400), 10*time.Millisecond, one, two)
	ended := p.checkExact(nothing)
	if ended[generation.Failed] != 0 {
		t.Errorf("%d failed though nothing went wrong", ended[generation.Failed])
	}
	pictures := 0
	if err := one.DB.QueryRow(t.Context(), "SELECT COALESCE(SUM(pictures), 0) FROM generation WHERE state = 'complete'").Scan(&pictures); err != nil {
		t.Fatal(err)
	}
	if calls := one.Engine.Calls() + two.Engine.Calls(); calls < pictures || one.Engine.Calls() == 0 || two.Engine.Calls() == 0 {
		t.Errorf("%d and %d calls for %d pictures: want both at work", one.Engine.Calls(), two.Engine.Calls(), pictures)
	}
}

// TestFault_TwoWorkersAnswerAtOnce: a lease runs out while its worker works, another server takes the work over, and both
// answer at the same moment. One of them is heard.
func TestFault_TwoWorkersAnswerAtOnce(t *testing.T) {
	ref := apptest.Postgres(t)
	// No renewal in this test's time, and no second slot: who works does not take the work over from itself.
	hour := func(c *app.Config) { c.Lease, c.SlotCount = time.Hour, 1 }
	one := apptest.New(t, ref, hour)
	two := apptest.New(t, ref, hour, func(c *app.Config) { c.Clock, c.Storage = one.Clock, "file://"+one.Data+"/files" })
	user := one.User(plan.Operator)
	for range times(5, 100) {
		gate, started := make(chan struct{}), make(chan struct{}, 2)
		for _, w := range []*apptest.World{one, two} {
			w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
		}
		stopOne := one.Run()
		g := one.Submit(user, "a fox", 1)
		<-started
		stopTwo := two.Run()
		one.Clock.Advance(90 * time.Minute)
		<-started
		close(gate)
		done := one.WaitState(user, g.ID, generation.Complete)
		stopOne() // waits for the run that came too late
		stopTwo()
		got, err := two.Generations.Get(t.Context(), user, g.ID)
		if err != nil || len(got.Images) != 1 || got.Images[0].ID != done.Images[0].ID || got.Charged != g.Price {
			t.Fatalf("after both have answered: %v, %+v", err, got)
		}
		one.Verify()
	}
	if one.Engine.Calls() != two.Engine.Calls() {
		t.Errorf("%d and %d calls: not every generation was made by both", one.Engine.Calls(), two.Engine.Calls())
	}
}
