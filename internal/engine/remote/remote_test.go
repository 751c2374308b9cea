package remote_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/remote"
)

// world is a pool, with sessions that stay until they are lost or left.
type world struct {
	t    *testing.T
	pool *remote.Pool
	log  *lockedBuffer
	stop func() // ends the pool and waits for its sessions

	mu       sync.Mutex
	sessions []*remote.Session // in the order in which they came; gone ones too
	over     map[*remote.Session]bool
	came     chan struct{}
	revoked  error
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const version = "1.2.3"

func quiet(w *world) *slog.Logger { return slog.New(slog.NewTextHandler(w.log, nil)) }

func newWorld(t *testing.T, change ...func(*remote.Options)) *world {
	t.Helper()
	w := &world{t: t, log: &lockedBuffer{}, came: make(chan struct{}, 100), over: map[*remote.Session]bool{}}
	opt := remote.Options{
		Version: version, Lease: 2 * time.Second, Log: quiet(w),
		Engines: engine.Set{"house": enginetest.NewScripted(enginetest.Script{})}, // what the server compares with
		InForce: func(context.Context, string) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.revoked
		},
		Work: func(ctx context.Context, s *remote.Session) error {
			w.mu.Lock()
			w.sessions = append(w.sessions, s)
			w.mu.Unlock()
			w.came <- struct{}{}
			<-ctx.Done()
			w.mu.Lock()
			w.over[s] = true
			w.mu.Unlock()
			return nil
		},
	}
	for _, f := range change {
		f(&opt)
	}
	w.pool = remote.NewPool(opt)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.pool.Run(ctx) }()
	w.stop = func() {
		stop()
		<-ended
	}
	t.Cleanup(w.stop)
	return w
}

// dial is a worker's way to the pool, without a network.
func (w *world) dial(context.Context) (io.ReadWriteCloser, error) {
	ours, theirs := net.Pipe()
	go w.pool.Serve(context.Background(), theirs, "token")
	return ours, nil
}

// worker runs a worker with the engine until the test ends or stop is called.
func (w *world) worker(e engine.Imager, slots int, dial func(context.Context) (io.ReadWriteCloser, error)) (stop func()) {
	a := &remote.Worker{
		Engines: engine.Set{"house": e}, Dial: dial, Log: quiet(w),
		Hello: remote.Hello{Version: version, Name: "gpu-1", Slots: slots},
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the worker: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// living waits for a session that is not over.
func (w *world) living(ctx context.Context) (*remote.Session, error) {
	for {
		w.mu.Lock()
		for _, s := range w.sessions {
			if !w.over[s] {
				w.mu.Unlock()
				return s, nil
			}
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-w.came:
		case <-time.After(10 * time.Second):
			return nil, errors.New("no worker came in ten seconds")
		}
	}
}

// anywhere is an engine that takes whichever worker is there, and kills it by cutting its connection.
type anywhere struct {
	*world
	mu    sync.Mutex
	conns []net.Conn
}

func (a *anywhere) dial(context.Context) (io.ReadWriteCloser, error) {
	ours, theirs := net.Pipe()
	a.mu.Lock()
	a.conns = append(a.conns, ours)
	a.mu.Unlock()
	go a.pool.Serve(context.Background(), theirs, "token")
	return ours, nil
}

func (a *anywhere) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	s, err := a.living(ctx)
	if err != nil {
		return nil, err
	}
	return s.Engines()["house"].(engine.Imager).GenerateImage(ctx, req, report)
}

// Kill cuts every connection and waits until the pool has noticed.
func (a *anywhere) Kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conns {
		_ = c.Close()
	}
	a.conns = nil
	for range 1000 {
		if a.pool.Counts().Sessions == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	a.t.Error("the pool still has a session five seconds after its connection was cut")
}

// slow makes each step take a moment, so that there is a middle in which to cancel and to kill.
type slow struct{ *enginetest.Scripted }

func (s slow) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	return s.Scripted.GenerateImage(ctx, req, unhurried(ctx, req, report))
}

func unhurried(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) func(engine.Progress) {
	return func(p engine.Progress) {
		report(p)
		if req.Steps >= 30 { // what the suite cancels, kills and evicts
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func TestRemote_PassesTheSuite(t *testing.T) {
	w := newWorld(t)
	a := &anywhere{world: w}
	w.worker(slow{enginetest.NewScripted(enginetest.Script{Model: "house", Styles: []string{"flat"}})}, 2, a.dial)
	enginetest.Suite{
		Open:     func(*testing.T) engine.Imager { return a },
		Base:     engine.ImageRequest{Model: "house", Prompt: "a fox", Width: 64, Height: 64, Steps: 4},
		Pictures: true,
	}.Run(t)
}

func TestRemote_APictureIsTheOneThatTheServerWouldMake(t *testing.T) {
	w := newWorld(t)
	here := enginetest.NewScripted(enginetest.Script{})
	w.worker(enginetest.NewScripted(enginetest.Script{}), 1, w.dial)
	s, err := w.living(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := engine.ImageRequest{Prompt: "a fox", Width: 200, Height: 120, Seed: 9, Steps: 2, Adherence: -1, Transparent: true}
	want, err := here.GenerateImage(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Engines()["house"].(engine.Imager).GenerateImage(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Image.Pix) != string(want.Image.Pix) || got.ModelVersion != want.ModelVersion || len(got.Sources) != len(want.Sources) {
		t.Error("another picture, or another recipe, came from the worker")
	}
}

// A worker that leaves finishes what it has begun, and the server learns at once that it wants nothing more.
func TestRemote_LeavingFinishesWhatWasBegun(t *testing.T) {
	sessions, left, finish := make(chan *remote.Session, 1), make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(o *remote.Options) {
		o.Work = func(ctx context.Context, s *remote.Session) error {
			sessions <- s
			<-ctx.Done()
			close(left)
			<-finish
			return nil
		}
	})
	gate, started := make(chan struct{}), make(chan struct{}, 1)
	stop := w.worker(enginetest.NewScripted(enginetest.Script{Gate: gate, Started: started}), 1, w.dial)
	s := <-sessions
	painted := make(chan error, 1)
	go func() {
		_, err := s.Engines()["house"].(engine.Imager).GenerateImage(t.Context(), engine.ImageRequest{Width: 8, Height: 8, Steps: 1}, nil)
		painted <- err
	}()
	<-started
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	<-left
	close(gate)
	if err := <-painted; err != nil {
		t.Errorf("the picture that was begun: %v", err)
	}
	close(finish)
	<-stopped
	w.until(func() string {
		if n := w.pool.Counts().Sessions; n != 0 {
			return "a worker that left is still counted"
		}
		return ""
	})
}

// until waits for a fact: f returns what is still wrong, or nothing.
func (w *world) until(f func() string) {
	w.t.Helper()
	wrong := ""
	for range 2000 {
		if wrong = f(); wrong == "" {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Fatalf("after ten seconds: %s", wrong)
}
