package tempera

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/wire"
)

func TestEngine_PassesTheSuiteThroughAWorker(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Imager { return open(t, Options{WeightsDir: stubWeights(t)}) })
}

func TestEngine_PassesTheSuiteInProcess(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), InProcess: true})
	type withoutKill struct{ engine.Imager }
	enginetest.Run(t, func(*testing.T) engine.Imager { return withoutKill{e} })
}

func TestEngine_PassesTheSuiteWithTwoWorkers(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Imager { return open(t, Options{WeightsDir: stubWeights(t), Workers: 2}) })
}

func TestEngine_PassesTheSuiteWithAWorkerThatPaintsSeveral(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Imager {
		return open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, crowdedWorker)})
	})
}

// The weights in this repository: what the stub keeps by being simple, the trained network keeps too. How they are loaded
// and evicted does not depend on them. It is part of the long run: every day TestTrained paints with them, and the stub passes
// the suite.
func TestEngine_PassesTheSuiteWithTheTrainedWeights(t *testing.T) {
	if os.Getenv("BOTTEGA_TEST_LONG") == "" {
		t.Skip("part of make test-long")
	}
	type killer interface{ Kill() }
	type withoutLoads struct {
		engine.Imager
		killer
	}
	enginetest.Run(t, func(t *testing.T) engine.Imager {
		e := open(t, Options{WeightsDir: os.Getenv("BOTTEGA_TEMPERA_WEIGHTS")})
		return withoutLoads{e, e}
	})
}

// Four requests are under way at once in one worker; one is cancelled, and the others are the pictures they are alone.
func TestWorker_PaintsSeveralAtOnce(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, crowdedWorker)})
	want, err := e.GenerateImage(t.Context(), together("a fox", 1), nil)
	must(t, err)
	begun := make(chan struct{}, 4)
	var all, ready sync.WaitGroup
	ready.Add(4)
	for i := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			defer cancel()
			var once sync.Once
			req := together("a fox", 1)
			if i == 0 {
				req.Steps = MostSteps
			}
			got, err := e.GenerateImage(ctx, req, func(engine.Progress) {
				once.Do(func() {
					begun <- struct{}{}
					ready.Done()
					if i == 0 {
						ready.Wait() // all four have begun: nobody waits for another's end
						cancel()
					}
				})
			})
			switch {
			case i == 0 && !errors.Is(err, context.Canceled):
				t.Errorf("cancelled: error %v", err)
			case i > 0 && err != nil:
				t.Error(err)
			case i > 0 && !bytes.Equal(got.Image.Pix, want.Image.Pix):
				t.Error("another picture when others are painted beside it")
			}
		})
	}
	all.Wait()
	if len(begun) != 4 {
		t.Errorf("%d requests began", len(begun))
	}
}

func TestEngine_WorkerAndProcessPaintTheSame(t *testing.T) {
	dir := stubWeights(t)
	a, err := open(t, Options{WeightsDir: dir}).GenerateImage(t.Context(), small("a red fox on a hill"), nil)
	must(t, err)
	b, err := open(t, Options{WeightsDir: dir, InProcess: true}).GenerateImage(t.Context(), small("a red fox on a hill"), nil)
	must(t, err)
	if !bytes.Equal(a.Image.Pix, b.Image.Pix) {
		t.Error("a worker paints other pixels than this process")
	}
	if len(a.Sources) != 1 || a.Sources[0].Licence != "CC0-1.0" {
		t.Errorf("sources %+v did not come through the pipe", a.Sources)
	}
}

// Where ONNX Runtime prepares to send messages to its maker, it begins a file in the folder for temporary ones.
func TestWorker_DoesNotCallHome(t *testing.T) {
	dir := stubWeights(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("CI", "") // it keeps quiet there by itself
	e := open(t, Options{WeightsDir: dir})
	_, err := e.GenerateImage(t.Context(), small("a red fox on a hill"), nil)
	must(t, err)
	must(t, e.Close())
	left, err := filepath.Glob(filepath.Join(temporary, "mat-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the worker left %v: ONNX Runtime's telemetry is on (%v)", left, err)
	}
}

// unavailable checks the error and that it says why.
func unavailable(t *testing.T, err error, why string) {
	t.Helper()
	if !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), why) {
		t.Errorf("error %v, want ErrUnavailable because of %q", err, why)
	}
}

func TestWorker_DeafOneIsKilled(t *testing.T) {
	for name, limit := range map[string]time.Duration{"cancelled": 0, "over its time": 8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			log := &buffer{}
			e := open(t, Options{
				WeightsDir: stubWeights(t), Command: asRole(t, deafWorker), Logger: slog.New(slog.NewTextHandler(log, nil)),
			})
			ctx, cancel := context.WithCancel(t.Context())
			stop := cancel
			if limit > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), limit)
				stop = func() {}
			}
			defer cancel()
			_, err := e.GenerateImage(ctx, small("a fox"), func(engine.Progress) { stop() })
			if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				t.Errorf("error %v, want one that wraps %v", err, ctx.Err())
			}
			waitFor(t, func() bool { return strings.Contains(log.String(), "did not stop in time") })
		})
	}
}

func TestWorker_MemoryLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is watched on Linux only")
	}
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, hungryWorker), MemoryLimit: 200 << 20})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	unavailable(t, err, "memory limit")
}

func TestWorker_BrokenOnesSayWhy(t *testing.T) {
	for role, why := range map[string]string{rubbishWorker: "not a frame", failedWorker: "status 3"} {
		t.Run(role, func(t *testing.T) {
			e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, role)})
			_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
			unavailable(t, err, why)
		})
	}
	e := open(t, Options{WeightsDir: stubWeights(t), Command: []string{"/nonexistent/bottega"}})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	unavailable(t, err, "no such file")
}

func TestWorker_SignalIsNamed(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	req := small("a fox")
	req.Steps = 100
	var once sync.Once
	_, err := e.GenerateImage(t.Context(), req, func(engine.Progress) { once.Do(e.Kill) })
	unavailable(t, err, "worker was killed by signal 9")
}

// buffer is a log that many goroutines write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestWorker_ComplaintsGoToTheLog(t *testing.T) {
	log := &buffer{}
	e := open(t, Options{
		WeightsDir: stubWeights(t), Command: []string{"sh", "-c", "echo something is wrong >&2; head -c 1 >/dev/null; exit 4"},
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	unavailable(t, err, "status 4")
	waitFor(t, func() bool { return strings.Contains(log.String(), "something is wrong") })
}

func TestEngine_CloseEndsWhatIsUnderWayAndWhatComes(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, deafWorker)})
	done := make(chan error, 1)
	go func() {
		_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
		done <- err
	}()
	waitFor(t, func() bool { return e.workers[0].current() != nil })
	must(t, e.Close())
	unavailable(t, <-done, "closed")
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	unavailable(t, err, "closed")
}

// waitFor polls for a fact that nothing announces.
func waitFor(t *testing.T, fact func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not happen within 30 s")
		}
	}
}

func TestWorker_EndsWhenItsParentIsKilled(t *testing.T) {
	self := asRole(t, parentOfOne)[0]
	parent := exec.CommandContext(t.Context(), self, parentOfOne, stubWeights(t), sharedData(t))
	out, err := parent.StdoutPipe()
	must(t, err)
	must(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	must(t, err)
	must(t, syscall.Kill(pid, 0))
	must(t, parent.Process.Kill())
	_ = parent.Wait() // killed, as told
	waitFor(t, func() bool { return residentBytes(pid) == 0 })
}

func TestWorkerMain_EndsWhenStdinCloses(t *testing.T) {
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- WorkerMain(t.Context(), read, io.Discard, WorkerOptions{}) }()
	must(t, write.Close())
	if err := <-done; err != nil {
		t.Errorf("error %v when the parent has gone", err)
	}
}

func TestWorkerMain_RefusesWhatIsNotForIt(t *testing.T) {
	for name, f := range map[string]*frame{
		"unknown frame":      {Type: "dance"},
		"work before start":  {Type: frameGenerate, Request: &request{Request: wire.Request{Image: small("a fox")}}},
		"start without more": {Type: frameStart},
	} {
		var in bytes.Buffer
		must(t, writeFrame(&in, f))
		if err := WorkerMain(t.Context(), &in, io.Discard, WorkerOptions{}); !errors.Is(err, errFrame) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestBench_MeasuresNetworkAndProduct(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	r, err := e.Bench(t.Context(), Bench{Width: 64, Height: 64, Repeat: 2})
	must(t, err)
	if r.GridWidth != 32 || r.ForwardSeconds <= 0 || r.FLOPs != 663552 || r.Int8Ops != 63552 || r.MatMulFLOPS < 1e8 || r.MatMulInt8 < 1e8 || r.PeakShare() <= 0 {
		t.Errorf("measured %+v", r)
	}
}

func FuzzReadFrame(f *testing.F) {
	for _, v := range []*frame{
		{Type: frameReady},
		{Type: frameCancel, ID: 7},
		{Type: frameProgress, Progress: &progress{Step: 1}, payload: []byte("abc")},
		{Type: frameGenerate, Request: &request{Request: wire.Request{Shown: []shownHeader{{What: "init", Width: 1, Height: 1}}}}, payload: []byte("abcd")},
	} {
		var b bytes.Buffer
		if err := writeFrame(&b, v); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := readFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		if v.Request != nil {
			if q, err := v.unpacked(); err == nil {
				checked := &manifest{Name: "a", Version: "1", Styles: []string{"none"}}
				_ = checked.check(q) // whatever it says, it does not panic
			}
		}
		var b bytes.Buffer
		must(t, writeFrame(&b, v))
		again, err := readFrame(&b)
		must(t, err)
		if again.Type != v.Type || !bytes.Equal(again.payload, v.payload) {
			t.Errorf("%+v came back as %+v", v, again)
		}
	})
}

func logTo(b *buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// A process that dies of a request says how and why; one that cannot even start has no request to blame.
func TestWorker_ADeathTellsHowAndItsLastWords(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, brokenWorker)})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	var death *engine.Death
	if !errors.As(err, &death) || death.How != "worker ended with status 4" || death.Beside != 0 || len(death.Said) != 20 || death.Said[19] != "complaint 49" {
		t.Fatalf("error %v, death %+v", err, death)
	}
	unavailable(t, err, "status 4")
	e = open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, failedWorker)})
	if _, err := e.GenerateImage(t.Context(), small("a fox"), nil); err == nil || errors.As(err, &death) {
		t.Errorf("a process that never started is the request's death: %v", err)
	}
}

// A request that wants to be alone is painted beside nothing, and makes the same picture.
func TestWorker_ARequestAloneHasTheProcessToItself(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, crowdedWorker)})
	want, err := e.GenerateImage(t.Context(), together("a fox", 1), nil) // and now the engine knows that four are worth it
	must(t, err)
	var under, beside atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			req := together("a fox", 1)
			req.Alone = i%4 == 0
			counted := false
			got, err := e.GenerateImage(t.Context(), req, func(p engine.Progress) {
				if !counted {
					counted = true
					under.Add(1)
				}
				if req.Alone && under.Load() > 1 {
					beside.Add(1)
				}
				if p.Step == p.Steps {
					under.Add(-1)
				}
			})
			if err != nil || !bytes.Equal(got.Image.Pix, want.Image.Pix) {
				t.Errorf("request %d: %v, or another picture", i, err)
			}
		})
	}
	all.Wait()
	if n := beside.Load(); n > 0 {
		t.Errorf("%d steps of a request that is alone had another one beside", n)
	}
}
