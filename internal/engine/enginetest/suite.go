package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"testing"
	"time"

	"bottega/internal/engine"
)

// patience is how long an engine may take to notice that it should stop.
const patience = 5 * time.Second

// Run holds an engine that takes pictures and places to the behaviour that callers count on; Suite is for one that takes
// none. open is called once; an engine that also has Kill(), a kill -9 of whatever works for it, is killed in the middle
// of a picture too. An engine.Loader is also held to what that promises.
func Run(t *testing.T, open func(t *testing.T) engine.Imager) {
	Suite{Open: open, Pictures: true, Base: engine.ImageRequest{
		Prompt: "a red fox on a hill", Width: 64, Height: 64, Seed: 7, Steps: 4, Guidance: 1, Adherence: 0.35,
	}}.Run(t)
}

// Suite is Run with a request of one's own as the base of all others.
type Suite struct {
	Open func(t *testing.T) engine.Imager
	Base engine.ImageRequest
	// Pictures also holds an engine that takes pictures and places (Init, Mask, Erase, References, Boxes, Tile) to what
	// the boundary says about them.
	Pictures bool
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	e := s.Open(t)
	r := runner{e, s.Base}
	t.Run("exact size", r.exactSize)
	t.Run("same request same picture", r.deterministic)
	t.Run("progress in order", r.progress)
	t.Run("opaque unless asked", r.opaque)
	t.Run("cancelled before", r.cancelledBefore)
	t.Run("cancelled in the middle", r.cancelled)
	t.Run("deadline", r.deadline)
	t.Run("rubbish is rejected", r.rejected)
	t.Run("many at once", r.concurrent)
	if s.Pictures {
		r.pictures(t)
	}
	var kill func()
	if k, ok := e.(interface{ Kill() }); ok {
		kill = k.Kill
		t.Run("killed", func(t *testing.T) { r.killed(t, kill) })
	}
	r.loads(t, kill)
}

type runner struct {
	engine engine.Imager
	base   engine.ImageRequest
}

// must makes a picture and checks what every picture must be.
func (r *runner) must(t *testing.T, req engine.ImageRequest) *engine.Picture {
	t.Helper()
	p, err := r.engine.GenerateImage(t.Context(), req, nil)
	if err != nil {
		t.Fatalf("generate %+v: %v", req, err)
	}
	if p == nil || p.Image == nil {
		t.Fatalf("generate %+v: no picture and no error", req)
	}
	if want := image.Rect(0, 0, req.Width, req.Height); p.Image.Rect != want {
		t.Errorf("picture is %v, want %v", p.Image.Rect, want)
	}
	if p.ModelVersion == "" || p.GeneratedWidth < 1 || p.GeneratedHeight < 1 {
		t.Errorf("incomplete: version %q, generated %d×%d", p.ModelVersion, p.GeneratedWidth, p.GeneratedHeight)
	}
	for _, source := range p.Sources {
		if source.ID == "" || source.Licence == "" || source.Origin == "" {
			t.Errorf("source %+v lacks an id, a licence or an origin", source)
		}
	}
	return p
}

func (r *runner) exactSize(t *testing.T) {
	for _, size := range [][2]int{{32, 32}, {33, 77}, {256, 256}, {512, 288}, {1536, 32}, {32, 1536}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			req := r.base
			req.Width, req.Height, req.Steps = size[0], size[1], 1
			r.must(t, req)
		})
	}
}

func (r *runner) deterministic(t *testing.T) {
	a, b := r.must(t, r.base), r.must(t, r.base)
	if !bytes.Equal(a.Image.Pix, b.Image.Pix) || a.ModelVersion != b.ModelVersion {
		t.Error("the same request gave two pictures")
	}
	other := r.base
	other.Seed++
	if bytes.Equal(a.Image.Pix, r.must(t, other).Image.Pix) {
		t.Error("another seed gave the same picture")
	}
	other = r.base
	other.Prompt = "three blue robots in a row"
	if bytes.Equal(a.Image.Pix, r.must(t, other).Image.Pix) {
		t.Error("another prompt gave the same picture")
	}
}

func (r *runner) progress(t *testing.T) {
	req := r.base
	req.Steps = 6
	last, preview := 0, 0
	_, err := r.engine.GenerateImage(t.Context(), req, func(p engine.Progress) {
		if p.Step <= last || p.Step > p.Steps || p.Steps != req.Steps {
			t.Errorf("step %d of %d after %d", p.Step, p.Steps, last)
		}
		last = p.Step
		if p.Preview == nil {
			return
		}
		if p.Step-preview > 2 {
			t.Errorf("no preview between steps %d and %d", preview, p.Step)
		}
		preview = p.Step
		if b := p.Preview.Bounds(); b.Dx() > 96 || b.Dy() > 96 {
			t.Errorf("preview of %v", b)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != req.Steps || preview == 0 {
		t.Errorf("progress ended at step %d of %d, last preview at %d", last, req.Steps, preview)
	}
}

func (r *runner) opaque(t *testing.T) {
	req := r.base
	req.Transparent = false
	p := r.must(t, req)
	for i := 3; i < len(p.Image.Pix); i += 4 {
		if p.Image.Pix[i] != 255 {
			t.Fatalf("pixel %d of an opaque picture has alpha %d", i/4, p.Image.Pix[i])
		}
	}
}

// ended checks that f returns soon, with an error that wraps the context's.
func (r *runner) ended(t *testing.T, ctx context.Context, report func(engine.Progress)) {
	t.Helper()
	req := r.base
	req.Steps = 100
	done := make(chan error, 1)
	go func() {
		_, err := r.engine.GenerateImage(ctx, req, report)
		done <- err
	}()
	select {
	case err := <-done:
		if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
			t.Errorf("error %v, want one that wraps %v", err, ctx.Err())
		}
	case <-after(ctx, patience):
		t.Fatalf("still busy %v after the context ended", patience)
	}
}

// after returns a channel that closes so long after ctx ended.
func after(ctx context.Context, d time.Duration) <-chan struct{} {
	late := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { close(late) }) })
	return late
}

func (r *runner) cancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.ended(t, ctx, nil)
}

func (r *runner) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.ended(t, ctx, func(engine.Progress) { cancel() })
	r.must(t, r.base) // and the engine goes on
}

func (r *runner) deadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r.ended(t, ctx, func(engine.Progress) { <-ctx.Done() })
	r.must(t, r.base)
}

func (r *runner) rejected(t *testing.T) {
	cases := map[string]func(*engine.ImageRequest){
		"unknown model": func(q *engine.ImageRequest) { q.Model = "no-such-model" },
		"unknown style": func(q *engine.ImageRequest) { q.Style = "no-such-style" },
		"no width":      func(q *engine.ImageRequest) { q.Width = 0 },
		"negative":      func(q *engine.ImageRequest) { q.Height = -5 },
		"endless":       func(q *engine.ImageRequest) { q.Width = 1 << 30 },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			req := r.base
			spoil(&req)
			if _, err := r.engine.GenerateImage(t.Context(), req, nil); !errors.Is(err, engine.ErrRejected) {
				t.Errorf("error %v, want ErrRejected", err)
			}
		})
	}
	r.must(t, r.base)
}

func (r *runner) concurrent(t *testing.T) {
	want := r.must(t, r.base).Image.Pix
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			p, err := r.engine.GenerateImage(t.Context(), r.base, func(engine.Progress) {})
			if err != nil {
				t.Error(err)
			} else if !bytes.Equal(p.Image.Pix, want) {
				t.Error("another picture when others work at the same time")
			}
		})
	}
	all.Wait()
}

func (r *runner) killed(t *testing.T, kill func()) {
	want := r.must(t, r.base).Image.Pix
	req := r.base
	req.Steps = 100
	var once sync.Once
	_, err := r.engine.GenerateImage(t.Context(), req, func(engine.Progress) { once.Do(kill) })
	if !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("killed in the middle: error %v, want ErrUnavailable", err)
	}
	if !bytes.Equal(r.must(t, r.base).Image.Pix, want) {
		t.Error("another picture after the kill")
	}
	kill() // while it rests
	r.must(t, r.base)
}
