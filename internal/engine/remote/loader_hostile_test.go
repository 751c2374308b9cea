package remote_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/remote"
	"bottega/internal/engine/wire"
)

// onShelf is an honest worker with models.
func onShelf(change ...func(*remote.Hello)) said {
	return honest(append([]func(*remote.Hello){func(h *remote.Hello) {
		h.Engines[0].Models = []remote.Model{{Name: "a", Memory: 1000}, {Name: "b", Memory: 500, Resident: true}}
	}}, change...)...)
}

func TestPool_LetsInOnlyModelsThatCanBe(t *testing.T) {
	models := func(list ...remote.Model) said {
		return onShelf(func(h *remote.Hello) { h.Engines[0].Models = list })
	}
	for name, c := range map[string]struct {
		hello said
		code  string
		words []string
	}{
		"unknown model":   {models(remote.Model{Name: "c"}), remote.RefusedModel, []string{`"c"`, `["a" "b"]`}},
		"negative bytes":  {models(remote.Model{Name: "a", Memory: -1}), remote.RefusedHello, []string{"-1 bytes"}},
		"absurd bytes":    {models(remote.Model{Name: "a", Memory: 1 << 60}), remote.RefusedHello, []string{"1152921504606846976 bytes"}},
		"twice the same":  {models(remote.Model{Name: "a"}, remote.Model{Name: "a"}), remote.RefusedHello, []string{`"a" twice`}},
		"too many":        {models(make([]remote.Model, 1000)...), remote.RefusedHello, []string{"1000 models"}},
		"negative memory": {onShelf(func(h *remote.Hello) { h.ModelMemory = -7 }), remote.RefusedHello, []string{"-7 bytes"}},
		"absurd memory":   {onShelf(func(h *remote.Hello) { h.ModelMemory = 1 << 60 }), remote.RefusedHello, []string{"bytes for models"}},
		"negative idle":   {onShelf(func(h *remote.Hello) { h.ModelIdleMS = -7 }), remote.RefusedHello, []string{"-7 ms"}},
		"absurd idle":     {onShelf(func(h *remote.Hello) { h.ModelIdleMS = 1 << 60 }), remote.RefusedHello, []string{"after 1152921504606846976 ms"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, shelved)
			l := w.liar()
			l.say(c.hello)
			f := l.hear("welcome")
			if f.Type != "refused" || f.Refusal.Code != c.code {
				t.Fatalf("it heard %s %+v, want %s", f.Type, f.Refusal, c.code)
			}
			for _, word := range c.words {
				if !strings.Contains(f.Refusal.Text, word) {
					t.Errorf("it was told %q, want %q in it", f.Refusal.Text, word)
				}
			}
			w.counted(c.code, 1)
		})
	}
}

// shelvedLiar is a liar with models that was let in, and its loader.
func (w *world) shelvedLiar() (*liar, engine.Loader, *remote.Session) {
	w.t.Helper()
	l := w.liar()
	l.say(onShelf())
	l.hear("welcome")
	s, err := w.living(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return l, loaderOf(w.t, s), s
}

// What a worker says of its models later is held to the same: a lie changes nothing.
func TestSession_DoesNotBelieveModelsThatCannotBe(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, _ := w.shelvedLiar()
	a, b := engine.Model{Name: "a", Memory: 1000}, engine.Model{Name: "b", Memory: 500, Resident: true}
	for name, c := range map[string]struct {
		models []remote.Model
		code   string
	}{
		"unknown model": {[]remote.Model{{Name: "c", Resident: true}}, remote.RefusedModel},
		"absurd bytes":  {[]remote.Model{{Name: "a", Memory: 1 << 60}}, remote.RefusedRubbish},
		"too many":      {make([]remote.Model, 1000), remote.RefusedRubbish},
	} {
		before := w.pool.Counts().Refused[c.code]
		l.say(said{Type: "models", Engine: "house", Models: c.models})
		if f := l.hear("refused"); f.Refusal.Code != c.code || f.Refusal.Final {
			t.Errorf("%s: it was told %+v, want %s", name, f.Refusal, c.code)
		}
		w.counted(c.code, before+1)
		w.says(loader, a, b)
	}
	l.say(said{Type: "models", Engine: "nobody's", Models: []remote.Model{{Name: "c"}}}) // is left alone
	a.Resident, a.Memory = true, 1100
	l.say(said{Type: "models", Engine: "house", Models: []remote.Model{{Name: "a", Memory: 1100, Resident: true}, {Name: "b", Memory: 500, Resident: true}}})
	w.says(loader, a, b)
}

// asked starts a load and returns its id, and where its reports and its end come.
func asked(t *testing.T, l *liar, loader engine.Loader) (id uint64, reports chan [2]int64, done chan error) {
	t.Helper()
	reports, done = make(chan [2]int64, 100), make(chan error, 1)
	go func() {
		done <- loader.Load(t.Context(), "a", func(part, total int64) { reports <- [2]int64{part, total} })
	}()
	f := l.hear("load")
	if f.Engine != "house" || f.Model != "a" {
		t.Errorf("asked for %q of %q", f.Model, f.Engine)
	}
	return f.ID, reports, done
}

func TestSession_NumbersOfALoadThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, _ := w.shelvedLiar()
	id, reports, done := asked(t, l, loader)
	l.say(said{Type: "loading", ID: id, Load: &part{50, 100}})
	if got := <-reports; got != [2]int64{50, 100} {
		t.Errorf("reported %v", got)
	}
	for i, p := range []part{{-1, 100}, {49, 100}, {101, 100}, {60, 200}, {60, -1}, {60, 1 << 60}, {1 << 60, 0}} {
		l.say(said{Type: "loading", ID: id, Load: &p})
		if f := l.hear("refused"); f.Refusal.Code != remote.RefusedRubbish {
			t.Errorf("%+v: it was told %+v", p, f.Refusal)
		}
		w.counted(remote.RefusedRubbish, int64(i+1))
	}
	l.say(said{Type: "loaded", ID: id, Load: &part{100, 100}})
	if err := <-done; err != nil {
		t.Errorf("an honest end: %v", err)
	}
	if got := <-reports; got != [2]int64{100, 100} || len(reports) != 0 {
		t.Errorf("reported %v, and %d more", got, len(reports))
	}
}

func TestSession_AWrongAnswerFailsTheLoadAndNothingElse(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, s := w.shelvedLiar()
	for i, answer := range []said{
		{Type: "evicted"}, picture(0), {Type: "loaded", Load: &part{7, 3}},
	} {
		id, _, done := asked(t, l, loader)
		answer.ID = id
		l.say(answer)
		if err := <-done; !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", answer.Type, err)
		}
		if f := l.hear("refused"); f.Refusal.Code != remote.RefusedRubbish {
			t.Errorf("%s: it was told %+v", answer.Type, f.Refusal)
		}
		w.counted(remote.RefusedRubbish, int64(i+1))
	}
	painted := paint(t, s)
	l.say(said{Type: "loaded", ID: l.hear("paint").ID, Load: &part{1, 1}})
	if err := <-painted; !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("a load as the answer to a picture: %v, want ErrUnavailable", err)
	}
	if f := l.hear("refused"); f.Refusal.Code != remote.RefusedRubbish {
		t.Errorf("it was told %+v", f.Refusal)
	}
	w.counted(remote.RefusedRubbish, 4)
	id, _, done := asked(t, l, loader)
	l.say(said{Type: "failed", ID: id, Fault: &wire.Fault{Kind: "rejected", Text: strings.Repeat("no memory ", 1000)}})
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) || len(err.Error()) > 700 {
		t.Errorf("a failure: %.80v, want ErrUnavailable in bounds", err)
	}
	id, _, done = asked(t, l, loader)
	l.say(said{Type: "failed", ID: id, Fault: &wire.Fault{Kind: "cancelled", Text: "it was cancelled here"}})
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) || errors.Is(err, context.Canceled) {
		t.Errorf("cancelled over there: %v, want ErrUnavailable, for nobody cancelled it here", err)
	}
}

func TestSession_ALoadIsAnsweredOnceAndByWhoWasAsked(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, _ := w.shelvedLiar()
	w.mu.Lock()
	w.sessions = nil // the next one is eve's
	w.mu.Unlock()
	eve, _, _ := w.shelvedLiar()
	id, _, done := asked(t, l, loader)
	for _, c := range []struct {
		id   uint64
		code string
	}{{id, remote.RefusedForeign}, {id + 1000, remote.RefusedUnknown}} {
		for _, answer := range []said{{Type: "loaded", Load: &part{1, 1}}, {Type: "evicted"}} {
			answer.ID = c.id
			eve.say(answer)
			if f := eve.hear("refused"); f.Refusal.Code != c.code {
				t.Errorf("%s %d: it was told %+v, want %s", answer.Type, c.id, f.Refusal, c.code)
			}
		}
	}
	eve.say(said{Type: "loading", ID: id, Load: &part{99, 100}}) // is dropped
	select {
	case err := <-done:
		t.Fatalf("the load ended (%v) before the worker that was asked has answered", err)
	default:
	}
	l.say(said{Type: "loaded", ID: id, Load: &part{1, 1}})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l.say(said{Type: "loaded", ID: id, Load: &part{1, 1}})
	if f := l.hear("refused"); f.Refusal.Code != remote.RefusedLate {
		t.Errorf("a second answer: %+v", f.Refusal)
	}
}

// The cancel follows the load, and the load has not ended before the worker says so.
func TestSession_ACancelledLoadWaitsForTheWorker(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, _ := w.shelvedLiar()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- loader.Load(ctx, "a", func(int64, int64) {}) }()
	id := l.hear("load").ID
	cancel()
	if f := l.hear("cancel"); f.ID != id {
		t.Errorf("cancelled %d, asked for %d", f.ID, id)
	}
	select {
	case err := <-done:
		t.Fatalf("it ended (%v) before the worker has stopped", err)
	default:
	}
	l.say(said{Type: "failed", ID: id, Fault: &wire.Fault{Kind: "cancelled", Text: "stopped"}})
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestSession_ALoadEndsWithTheConnection(t *testing.T) {
	w := newWorld(t, shelved)
	l, loader, _ := w.shelvedLiar()
	_, _, done := asked(t, l, loader)
	_ = l.conn.Close()
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}
