package remote_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/remote"
)

// shelved makes a pool whose engine has two models.
func shelved(o *remote.Options) {
	o.Engines = engine.Set{"house": shelf(), "plain": enginetest.NewScripted(enginetest.Script{})}
}

func shelf() *enginetest.Shelf {
	return enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 1000}, enginetest.OnShelf{Name: "b", Memory: 500})
}

// anyShelf is anywhere for a Loader; its death takes the models with it.
type anyShelf struct {
	*anywhere
	shelf *enginetest.Shelf
}

func (a anyShelf) loader(ctx context.Context) (engine.Loader, error) {
	s, err := a.living(ctx)
	if err != nil {
		return nil, err
	}
	return s.Engines().Loader("house")
}

func (a anyShelf) Models() []engine.Model {
	l, err := a.loader(context.Background())
	if err != nil {
		a.t.Fatal(err)
	}
	return l.Models()
}

func (a anyShelf) Load(ctx context.Context, model string, report func(done, total int64)) error {
	l, err := a.loader(context.Background())
	if err != nil {
		return err
	}
	return l.Load(ctx, model, report)
}

func (a anyShelf) Evict(ctx context.Context, model string) error {
	l, err := a.loader(context.Background())
	if err != nil {
		return err
	}
	return l.Evict(ctx, model)
}

func (a anyShelf) Kill() {
	a.shelf.Kill()
	a.anywhere.Kill()
}

// slowShelf takes a moment for each step that the suite disturbs.
type slowShelf struct{ *enginetest.Shelf }

func (s slowShelf) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	return s.Shelf.GenerateImage(ctx, req, unhurried(ctx, req, report))
}

func TestRemote_PassesTheSuiteOfLoaders(t *testing.T) {
	w := newWorld(t, shelved)
	a := anyShelf{&anywhere{world: w}, shelf()}
	a.shelf.Script(enginetest.Script{Styles: []string{"flat"}})
	a.shelf.Loads(enginetest.LoadScript{Takes: 100 * time.Millisecond}) // there is a middle in which to cancel and to kill
	w.worker(slowShelf{a.shelf}, 2, a.dial)
	enginetest.Suite{
		Open:     func(*testing.T) engine.Imager { return a },
		Base:     engine.ImageRequest{Model: "a", Prompt: "a fox", Width: 64, Height: 64, Steps: 4},
		Pictures: true,
	}.Run(t)
}

// loaderOf is the loader of the session's house engine.
func loaderOf(t *testing.T, s *remote.Session) engine.Loader {
	t.Helper()
	l, err := s.Engines().Loader("house")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// says waits until the session's models are these.
func (w *world) says(l engine.Loader, want ...engine.Model) {
	w.t.Helper()
	w.until(func() string {
		if got := l.Models(); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Sprintf("models %+v, want %+v", got, want)
		}
		return ""
	})
}

// A worker says how its models are when it comes, and whenever that changes, whoever changed it.
func TestRemote_AWorkerSaysWhatIsResident(t *testing.T) {
	w := newWorld(t, shelved, func(o *remote.Options) { o.Lease = 400 * time.Millisecond })
	e := shelf()
	if err := e.Load(t.Context(), "b", func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	w.worker(e, 2, w.dial)
	s, err := w.living(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := loaderOf(t, s)
	a, b := engine.Model{Name: "a", Memory: 1000}, engine.Model{Name: "b", Memory: 500, Resident: true}
	w.says(l, a, b)
	if err := e.Evict(t.Context(), "b"); err != nil { // the worker's own doing: its next beat tells
		t.Fatal(err)
	}
	b.Resident = false
	w.says(l, a, b)
	if _, err := s.Engines()["house"].(engine.Imager).GenerateImage(t.Context(), engine.ImageRequest{Model: "a", Width: 8, Height: 8}, nil); err != nil {
		t.Fatal(err)
	}
	a.Resident = true
	w.says(l, a, b)
}

// What is loaded does not take the place of a picture.
func TestRemote_ALoadTakesNoSlot(t *testing.T) {
	w := newWorld(t, shelved)
	e, gate, started := shelf(), make(chan struct{}), make(chan struct{}, 1)
	e.Script(enginetest.Script{Gate: gate, Started: started})
	w.worker(e, 1, w.dial)
	s, err := w.living(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	painted := make(chan error, 1)
	go func() {
		_, err := s.Engines()["house"].(engine.Imager).GenerateImage(t.Context(), engine.ImageRequest{Model: "a", Width: 8, Height: 8, Steps: 1}, nil)
		painted <- err
	}()
	<-started
	if err := loaderOf(t, s).Load(t.Context(), "b", func(int64, int64) {}); err != nil {
		t.Errorf("load beside a picture: %v", err)
	}
	close(gate)
	if err := <-painted; err != nil {
		t.Error(err)
	}
}

// An engine that is none here is none there, whatever a worker says of it; and one whose models are always there has no
// loader.
func TestRemote_OnlyLoadersLoad(t *testing.T) {
	w := newWorld(t, shelved)
	l := w.liar()
	l.say(honest(func(h *remote.Hello) {
		h.Engines = []remote.Engine{
			{Name: "house", Versions: []string{"scripted@1"}},
			{Name: "plain", Versions: []string{"scripted@1"}, Models: []remote.Model{{Name: "x"}}},
		}
	}))
	l.hear("welcome")
	s, err := w.living(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"house", "plain"} {
		if _, err := s.Engines().Loader(name); err == nil {
			t.Errorf("%s is a loader", name)
		}
		if _, err := s.Engines().Imager(name); err != nil {
			t.Error(err)
		}
	}
}
