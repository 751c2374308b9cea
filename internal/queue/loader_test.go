package queue_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// staged is a worker with models of one byte each, whose loads wait until they are told how to end.
type staged struct {
	worker
	began chan string // a load has begun and has read 50 of 100 bytes

	models   sync.Mutex
	resident map[string]bool
	holds    map[string]chan error // loads of these wait; the others end at once
	peak     int
	evicted  []string
	ended    []error // causes of loads that were cancelled
}

func (s *staged) Models() (list []queue.Model) {
	s.models.Lock()
	defer s.models.Unlock()
	for name, resident := range s.resident {
		list = append(list, queue.Model{Engine: "engine", Name: name, Memory: 1, Resident: resident})
	}
	return list
}

func (s *staged) Load(ctx context.Context, _, model string, report func(done, total int64)) error {
	s.models.Lock()
	hold := s.holds[model]
	s.models.Unlock()
	report(50, 100)
	if hold != nil {
		s.began <- model
		select {
		case <-ctx.Done():
			s.models.Lock()
			defer s.models.Unlock()
			s.ended = append(s.ended, context.Cause(ctx))
			return ctx.Err()
		case err := <-hold:
			if err != nil {
				return err
			}
		}
	}
	report(100, 100)
	s.models.Lock()
	defer s.models.Unlock()
	s.resident[model] = true
	n := 0
	for _, r := range s.resident {
		if r {
			n++
		}
	}
	s.peak = max(s.peak, n)
	return nil
}

func (s *staged) Evict(_ context.Context, _, model string) error {
	s.models.Lock()
	defer s.models.Unlock()
	s.resident[model] = false
	s.evicted = append(s.evicted, model)
	return nil
}

// shelf is a line whose dispatcher has models; those of hold load until they are told to end.
type shelf struct {
	*line
	s *staged
	d *queue.Dispatcher
}

func newShelf(t *testing.T, ref string, change func(*queue.Options), resident []string, cold ...string) *shelf {
	l := newLine(t, ref)
	s := &staged{worker: worker{db: l.db, ran: make(chan queue.Ticket, 100)}, began: make(chan string, 9), resident: map[string]bool{}, holds: map[string]chan error{}}
	for _, m := range resident {
		s.resident[m] = true
	}
	for _, m := range cold {
		s.resident[m] = false
	}
	opt := queue.Options{Owner: "me", Slots: 1, Lease: lease, MaxAttempts: 3, Poll: 10 * time.Millisecond}
	if change != nil {
		change(&opt)
	}
	return &shelf{l, s, queue.New(l.db, l.clock, s, s, opt, slog.New(slog.NewTextHandler(io.Discard, nil)))}
}

// start runs the dispatcher until the test ends.
func (h *shelf) start() {
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.d.Run(ctx, time.Minute) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

// wants puts a ticket of an account into the fast lane.
func (h *shelf) wants(id, account, model string) {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx *db.Tx) error {
		ln, err := queue.Load(ctx, tx, []string{account})
		if err != nil {
			return err
		}
		h.seq++
		ln.Add(&queue.Ticket{
			ID: id, AccountID: account, Share: account, Lane: queue.LaneFast, Weight: token.Whole(5), Needs: "engine", Model: model,
			QueuedAt: h.clock.Now().Add(time.Duration(h.seq) * time.Microsecond),
		}, room)
		return ln.Save(ctx, tx)
	})
}

func (h *shelf) ran() queue.Ticket {
	h.t.Helper()
	select {
	case t := <-h.s.ran:
		return t
	case <-time.After(time.Minute):
		h.t.Fatalf("nothing ran; the loads are %+v", h.loads())
	}
	return queue.Ticket{}
}

func (h *shelf) loads() []queue.ModelLoad {
	h.t.Helper()
	loads, err := queue.Loads(h.t.Context(), h.db, h.clock.Now(), 10)
	if err != nil {
		h.t.Fatal(err)
	}
	return loads
}

// until waits until something is so.
func (h *shelf) until(what string, so func() bool) {
	h.t.Helper()
	for end := time.After(time.Minute); !so(); {
		select {
		case <-end:
			h.t.Fatalf("after a minute still not: %s; the loads are %+v", what, h.loads())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (h *shelf) state(state queue.LoadState) func() bool {
	return func() bool {
		return slices.ContainsFunc(h.loads(), func(l queue.ModelLoad) bool { return l.State == state })
	}
}

func (h *shelf) count(model string) queue.ModelCount {
	for _, c := range h.d.ModelCounts() {
		if c.Model == model {
			return c
		}
	}
	return queue.ModelCount{}
}

func TestLoader_LoadsWhatIsWaitedForAndMakesRoom(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, func(o *queue.Options) { o.ModelMemory = 1 }, nil, "m", "n")
		h.start()
		h.wants("1", "ada", "m")
		if got := h.ran(); got.ID != "1" {
			t.Errorf("ran %s", got.ID)
		}
		h.wants("2", "ada", "n")
		if got := h.ran(); got.ID != "2" {
			t.Errorf("ran %s", got.ID)
		}
		h.until("both loads done", func() bool {
			loads := h.loads()
			return len(loads) == 2 && loads[0].State == queue.LoadDone && loads[1].State == queue.LoadDone
		})
		l := h.loads()[0]
		if l.Model != "n" || l.Attempt != 1 || l.Done != 100 || l.Total != 100 || l.Tickets != 1 || l.Owner != "me" {
			t.Errorf("the last load is %+v", l)
		}
		if h.s.peak != 1 || !slices.Equal(h.s.evicted, []string{"m"}) {
			t.Errorf("%d models were in memory at once, %v went; there is room for one", h.s.peak, h.s.evicted)
		}
		if m := h.count("m"); m.Loads[queue.OutcomeDone] != 1 || m.Evictions[queue.EvictedRoom] != 1 {
			t.Errorf("counted %+v", m)
		}
	})
}

func TestLoader_TellsHowFarItIsWhileOtherWorkGoesOn(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, nil, []string{"warm"}, "m")
		hold := make(chan error)
		h.s.holds["m"] = hold
		h.wants("cold", "ada", "m")
		h.wants("warm", "ada", "warm")
		before, err := queue.ByID(t.Context(), h.db, []string{"cold", "warm"})
		if err != nil {
			t.Fatal(err)
		}
		h.start()
		<-h.s.began
		if got := h.ran(); got.ID != "warm" {
			t.Fatalf("ran %s while the model of the other is loaded", got.ID)
		}
		h.until("the load says how far it is", func() bool { l := h.loads(); return l[0].Done == 50 })
		tickets, err := queue.ByID(t.Context(), h.db, []string{"cold"})
		if c := tickets["cold"]; err != nil || c.Passed != 1 || c.Start != before["warm"].Start || before["cold"].Start >= c.Start {
			t.Errorf("the cold ticket is %+v, %v; want it to have given its turn", c, err)
		}
		h.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO pace (engine, model, micros, runs) VALUES ('engine', 'm', 2000000000, 1)")
			return err
		})
		h.clock.Advance(10 * time.Second) // half of it took so long
		places, err := h.d.Places(t.Context(), []string{"cold"})
		p := places["cold"]
		if err != nil || p.Loading == nil || p.Loading.Done != 50 || p.Loading.Total != 100 || p.Loading.Ready.Sub(h.clock.Now()).Round(time.Second) != 10*time.Second {
			t.Fatalf("it stands at %+v (%+v), %v; want half loaded and the rest in ten seconds", p, p.Loading, err)
		}
		if !p.Wait.At.Equal(p.Loading.Ready) {
			t.Errorf("it is expected at %v, want when the model is there", p.Wait.At)
		}
		hold <- nil
		if got := h.ran(); got.ID != "cold" {
			t.Errorf("ran %s", got.ID)
		}
	})
}

func TestLoader_ALoadWhoseProcessDiedIsBegunAgain(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, nil, nil, "m")
		h.wants("1", "ada", "m")
		h.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO model_load (id, engine, model, state, attempt, owner, lease_until, not_before, tickets, oldest_at, asked_at, due_at,
				started_at, ended_at, done, total, failure) VALUES ('l', 'engine', 'm', 'loading', 1, 'dead', $1, 0, 1, 1, 1, 1, 1, 0, 5, 10, '')`,
				db.Micros(h.clock.Now().Add(lease)))
			return err
		})
		h.start()
		h.clock.Advance(lease + time.Second) // its lease ends
		h.ran()
		h.until("the load is done", h.state(queue.LoadDone))
		loads := h.loads()
		if l := loads[0]; len(loads) != 1 || l.ID != "l" || l.Attempt != 2 || l.Owner != "me" {
			t.Errorf("the loads are %+v, want the same one at its second attempt", loads)
		}
	})
}

func TestLoader_AFailedLoadIsTriedAgainLater(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, nil, nil, "m")
		hold := make(chan error)
		h.s.holds["m"] = hold
		h.wants("1", "ada", "m")
		h.start()
		<-h.s.began
		hold <- errors.New("the file is broken")
		h.until("the failure is written", func() bool { l := h.loads(); return l[0].Failure != "" })
		l := h.loads()[0]
		if l.State != queue.LoadWaiting || l.Failure != "the file is broken" || l.Attempt != 1 || l.NotBefore.Sub(h.clock.Now()) != time.Second {
			t.Errorf("the load is %+v", l)
		}
		if e := h.d.Engines(); len(e) != 1 || e[0].Failures != 1 {
			t.Errorf("the engine's breaker knows %+v, want one failure", e)
		}
		h.clock.Advance(time.Second)
		<-h.s.began
		hold <- nil
		h.ran()
		if m := h.count("m"); m.Loads[queue.OutcomeFailed] != 1 || m.Loads[queue.OutcomeDone] != 1 {
			t.Errorf("counted %+v", m)
		}
	})
}

func TestLoader_AModelThatNeverLoadsOpensTheBreakerAndFails(t *testing.T) {
	h := newShelf(t, apptest.SQLite(t), nil, nil, "m")
	hold := make(chan error)
	h.s.holds["m"] = hold
	h.wants("1", "ada", "m")
	h.start()
	for n := range 5 {
		<-h.s.began
		hold <- errors.New("the file is broken")
		h.until("the failure counts", func() bool { return h.d.Engines()[0].Failures == int64(n+1) })
		h.clock.Advance(time.Minute)
	}
	h.until("the load has failed", h.state(queue.LoadFailed))
	if e := h.d.Engines()[0]; e.Opened == 0 {
		t.Errorf("after five failures in a row the breaker knows %+v", e)
	}
	h.clock.Advance(time.Minute) // another load is asked for, and the breaker lets one try
	<-h.s.began
	hold <- nil
	h.ran()
}

func TestLoader_DropsWhatNobodyWaitsFor(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, func(o *queue.Options) { o.Lease = time.Second }, nil, "m")
		h.s.holds["m"] = make(chan error)
		h.wants("1", "ada", "m")
		h.start()
		<-h.s.began
		tickets, err := queue.ByID(t.Context(), h.db, []string{"1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.s.delete(t.Context(), tickets["1"]); err != nil { // it was cancelled
			t.Fatal(err)
		}
		h.until("the load is dropped", func() bool { return h.count("m").Loads[queue.OutcomeDropped] == 1 })
		if !h.state(queue.LoadDropped)() || h.s.resident["m"] || len(h.s.ended) != 1 {
			t.Errorf("the loads are %+v; the engine was told %v", h.loads(), h.s.ended)
		}
	})
}

// What ran in a process that is gone asks for its model as what waits does, and what that process had counts no more.
func TestLoader_BringsBackTheModelOfWhatAProcessLeftBehind(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, nil, nil, "m")
		h.wants("1", "ada", "m")
		h.tx(func(ctx context.Context, tx *db.Tx) error {
			now := db.Micros(h.clock.Now())
			_, err := tx.Exec(ctx, "INSERT INTO worker (owner, slots, engines, seen_at, lease) VALUES ('dead', 1, 'engine', $1, $2)", now, lease.Microseconds())
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO worker_model (owner, engine, model, loads, resident, memory, since, used_at, micros)
					VALUES ('dead', 'engine', 'm', 1, 1, 1, 0, 0, 0)`)
			}
			if err == nil {
				_, err = tx.Exec(ctx, "UPDATE ticket SET lease_owner = 'dead', attempt = 1, leased_at = $1, lease_until = $2", now, now+lease.Microseconds())
			}
			return err
		})
		h.start()
		h.clock.Advance(lease + time.Millisecond)
		if got := h.ran(); got.ID != "1" || got.Attempt != 2 {
			t.Errorf("ran %+v", got)
		}
	})
}

func TestLoader_EvictsWhatIsIdleAndWhatIsDrained(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, func(o *queue.Options) { o.ModelIdle = time.Minute }, nil, "m", "n")
		h.wants("1", "ada", "m")
		h.start()
		h.ran()
		h.until("m is evicted", func() bool {
			h.clock.Advance(10 * time.Second)
			return h.count("m").Evictions[queue.EvictedIdle] == 1
		})
		if idle := h.clock.Now().Sub(apptest.Start); idle < time.Minute {
			t.Errorf("m went after %s", idle)
		}
		h.wants("2", "ada", "n")
		h.ran()
		h.tx(func(ctx context.Context, tx *db.Tx) error { return queue.Drain(ctx, tx, "me", true) })
		h.until("n is evicted", func() bool { return h.count("n").Evictions[queue.EvictedDrain] == 1 })
	})
}

// A faster machine that is free gets its moment; what it does not take runs here.
func TestAssign_LeavesATicketToAFasterMachineForAMoment(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		h := newShelf(t, ref, nil, []string{"fast", "alike"})
		h.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('other', 1, 'engine', $1)", db.Micros(h.clock.Now()))
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO worker_model (owner, engine, model, loads, resident, memory, since, used_at, micros)
					VALUES ('other', 'engine', 'fast', 1, 1, 1, 0, 0, 1000000000), ('other', 'engine', 'alike', 1, 0, 1, 0, 0, 0)`)
			}
			if err == nil { // here five tokens take 100 seconds, there five
				_, err = tx.Exec(ctx, "INSERT INTO pace (engine, model, micros, runs) VALUES ('engine', 'fast', 20000000000, 1), ('engine', 'alike', 20000000000, 1)")
			}
			return err
		})
		h.wants("1-first", "ada", "fast")
		h.wants("2-second", "eve", "alike")
		h.start()
		if got := h.ran(); got.ID != "2-second" {
			t.Fatalf("ran %s, want the first left to the other machine", got.ID)
		}
		h.clock.Advance(4 * time.Second)
		if got := h.ran(); got.ID != "1-first" {
			t.Errorf("ran %s", got.ID)
		}
	})
}
