package enginetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"bottega/internal/engine"
)

// loads holds an engine whose models are loaded and evicted to what engine.Loader promises.
func (r *runner) loads(t *testing.T, kill func()) {
	l, ok := r.engine.(engine.Loader)
	if !ok {
		return
	}
	s := &shelfRunner{runner: r, loader: l, model: r.base.Model}
	if s.model == "" {
		s.model = l.Models()[0].Name
	}
	t.Run("load reports to its end", s.reports)
	t.Run("load what is resident", s.again)
	t.Run("load twice at once", s.twice)
	t.Run("load cancelled before", s.cancelledBefore)
	t.Run("load cancelled", s.cancelled)
	t.Run("load of an unknown model", s.unknown)
	t.Run("evict waits for what is worked on", s.waits)
	t.Run("evict that is not waited for", s.impatient)
	t.Run("evict what is not resident", s.cold)
	t.Run("request after evict", s.requested)
	t.Run("same picture after load", s.same)
	if kill != nil {
		t.Run("killed while it loads", func(t *testing.T) { s.killed(t, kill) })
	}
}

// shelfRunner is a runner for one model of a Loader.
type shelfRunner struct {
	*runner
	loader engine.Loader
	model  string
}

// fact is the model as the engine tells it.
func (s *shelfRunner) fact(t *testing.T) engine.Model {
	t.Helper()
	for _, m := range s.loader.Models() {
		if m.Name == s.model {
			return m
		}
	}
	t.Fatalf("the engine does not list %s: %+v", s.model, s.loader.Models())
	return engine.Model{}
}

func (s *shelfRunner) resident(t *testing.T, want bool) {
	t.Helper()
	if m := s.fact(t); m.Resident != want || m.Memory <= 0 {
		t.Errorf("%+v: want resident %v, and a positive number of bytes", m, want)
	}
}

func (s *shelfRunner) evict(t *testing.T) {
	t.Helper()
	if err := s.loader.Evict(t.Context(), s.model); err != nil {
		t.Fatalf("evict: %v", err)
	}
	s.resident(t, false)
}

// load loads and checks what is reported. It returns how many reports were of a part.
func (s *shelfRunner) load(t *testing.T) (parts int) {
	t.Helper()
	last, all, reports := int64(0), int64(0), 0
	err := s.loader.Load(t.Context(), s.model, func(done, total int64) {
		if reports++; done < last || done > total || total <= 0 || (all != 0 && total != all) {
			t.Errorf("report %d says %d of %d after %d of %d", reports, done, total, last, all)
		}
		if last, all = done, total; 0 < done && done < total {
			parts++
		}
	})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if last != all || reports == 0 {
		t.Errorf("%d reports, the last says %d of %d", reports, last, all)
	}
	s.resident(t, true)
	return parts
}

// tries is how often a load is begun anew that was over before anybody could look at it.
const tries = 20

// reports loads until one was told of while a part of it was there.
func (s *shelfRunner) reports(t *testing.T) {
	for range tries {
		s.evict(t)
		if s.load(t) > 0 {
			return
		}
	}
	t.Errorf("%d cold loads, and none reported anything between nothing and all of it", tries)
}

func (s *shelfRunner) again(t *testing.T) {
	s.load(t)
	s.load(t)
}

func (s *shelfRunner) twice(t *testing.T) {
	s.evict(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := s.loader.Load(t.Context(), s.model, func(int64, int64) {}); err != nil {
				t.Errorf("load: %v", err)
			}
		})
	}
	both.Wait()
	s.resident(t, true)
}

func (s *shelfRunner) cancelledBefore(t *testing.T) {
	s.evict(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if !s.cancelling(t, ctx, func(int64, int64) {}) {
		t.Error("it was loaded for nobody")
	}
}

func (s *shelfRunner) cancelled(t *testing.T) {
	cancelled := false
	for i := 0; i < tries && !cancelled; i++ {
		s.evict(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancelled = s.cancelling(t, ctx, func(int64, int64) { cancel() })
		cancel()
	}
	if !cancelled {
		t.Errorf("%d loads were cancelled, and none ended before its end", tries)
	}
	s.load(t) // and the next one goes to its end
}

// cancelling checks that a load whose context ends fails with it soon and leaves the model where it was: not here. A
// load that was over by then is none.
func (s *shelfRunner) cancelling(t *testing.T, ctx context.Context, report func(done, total int64)) bool {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.loader.Load(ctx, s.model, report) }()
	select {
	case err := <-done:
		if err == nil {
			s.resident(t, true)
			return false
		}
		if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
			t.Errorf("load: error %v, want one that wraps %v", err, ctx.Err())
		}
	case <-after(ctx, patience):
		t.Fatalf("it still loads %v after the context ended", patience)
	}
	s.resident(t, false)
	return true
}

func (s *shelfRunner) unknown(t *testing.T) {
	const none = "no-such-model"
	if err := s.loader.Load(t.Context(), none, func(int64, int64) {}); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("load: error %v, want ErrUnavailable", err)
	}
	if err := s.loader.Evict(t.Context(), none); err != nil {
		t.Errorf("evict: %v, want nothing: it is not resident", err)
	}
}

// waits has a picture under way when the model is evicted: it comes out as if nothing had happened.
func (s *shelfRunner) waits(t *testing.T) {
	req := s.base
	req.Steps = 30
	want := s.must(t, req).Image.Pix
	var once sync.Once
	evicted := make(chan error, 1)
	p, err := s.engine.GenerateImage(t.Context(), req, func(engine.Progress) {
		once.Do(func() {
			go func() { evicted <- s.loader.Evict(t.Context(), s.model) }()
		})
	})
	switch {
	case err != nil:
		t.Errorf("the picture that was under way: %v", err)
	case !bytes.Equal(p.Image.Pix, want):
		t.Error("the picture that was under way is another one")
	}
	if err := <-evicted; err != nil {
		t.Errorf("evict: %v", err)
	}
	s.resident(t, false)
}

// impatient gives up an eviction while a picture is under way: the picture is made, and the model stays.
func (s *shelfRunner) impatient(t *testing.T) {
	s.load(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := s.base
	req.Steps = 30
	var once sync.Once
	_, err := s.engine.GenerateImage(t.Context(), req, func(engine.Progress) {
		once.Do(func() {
			go cancel() // in the middle of the wait, or before it: both are given up
			if err := s.loader.Evict(ctx, s.model); !errors.Is(err, context.Canceled) {
				t.Errorf("evict: error %v, want context.Canceled", err)
			}
		})
	})
	if err != nil {
		t.Errorf("the picture that was under way: %v", err)
	}
	s.resident(t, true)
}

func (s *shelfRunner) cold(t *testing.T) {
	s.evict(t)
	s.evict(t)
}

func (s *shelfRunner) requested(t *testing.T) {
	want := s.must(t, s.base).Image.Pix
	s.evict(t)
	if !bytes.Equal(s.must(t, s.base).Image.Pix, want) {
		t.Error("another picture from the request that loaded it")
	}
	s.load(t) // there is nothing left to do, or the rest: a request needs one process of several
}

func (s *shelfRunner) same(t *testing.T) {
	want := s.must(t, s.base).Image.Pix
	s.evict(t)
	s.load(t)
	if !bytes.Equal(s.must(t, s.base).Image.Pix, want) {
		t.Error("another picture after it was loaded again")
	}
}

func (s *shelfRunner) killed(t *testing.T, kill func()) {
	var err error
	for i := 0; i < tries && err == nil; i++ {
		s.evict(t)
		var once sync.Once
		err = s.loader.Load(t.Context(), s.model, func(done, total int64) {
			if 0 < done && done < total {
				once.Do(kill)
			}
		})
	}
	if !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("killed while it loads: error %v, want ErrUnavailable", err)
	}
	s.resident(t, false)
	s.load(t)
	kill() // while it rests
	s.must(t, s.base)
}
