package tempera

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"bottega/internal/engine"
)

const stub = "stub" // the model of stubWeights

func load(t *testing.T, e *Engine) {
	t.Helper()
	must(t, e.Load(t.Context(), stub, func(int64, int64) {}))
}

func pidOf(w *worker) int { return w.current().cmd.Process.Pid }

// Resident means all of them: when one is gone, a load brings it back and leaves the others alone.
func TestLoad_StartsTheWorkersThatAreMissing(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Workers: 2})
	load(t, e)
	first, second := pidOf(e.workers[0]), pidOf(e.workers[1])
	e.workers[0].kill()
	waitFor(t, func() bool { return !e.Models()[0].Resident })
	load(t, e)
	if e.workers[0].current() == nil || pidOf(e.workers[0]) == first || pidOf(e.workers[1]) != second {
		t.Error("want a new process for the killed one, and the other one as it was")
	}
	if !e.Models()[0].Resident {
		t.Error("it is not resident after the load")
	}
}

func TestEvict_EndsTheProcesses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is measured on Linux only")
	}
	e := open(t, Options{WeightsDir: stubWeights(t), Workers: 2})
	before := e.Models()[0]
	if want := 2 * e.manifest.memory(); before.Resident || before.Memory != want {
		t.Errorf("before it ran: %+v, want an estimate of %d", before, want)
	}
	load(t, e)
	pids, held := []int{pidOf(e.workers[0]), pidOf(e.workers[1])}, int64(0)
	for _, pid := range pids {
		held += residentBytes(pid)
	}
	while := e.Models()[0]
	if !while.Resident || while.Memory < held/2 || while.Memory > 2*held {
		t.Errorf("while it is there: %+v, its processes hold %d", while, held)
	}
	must(t, e.Evict(t.Context(), stub))
	for _, pid := range pids {
		if n := residentBytes(pid); n != 0 {
			t.Errorf("process %d still holds %d bytes", pid, n)
		}
	}
	if after := e.Models()[0]; after.Resident || after.Memory < while.Memory {
		t.Errorf("afterwards: %+v, want what it held: %d or more", after, while.Memory)
	}
}

// No step is painted after the eviction is done, and the eviction is not done before the last step.
func TestEvict_WaitsForWhatIsPainted(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Workers: 2})
	load(t, e)
	var once sync.Once
	var gone atomic.Bool
	evicted := make(chan error, 1)
	req := small("a fox")
	req.Steps = MostSteps
	_, err := e.GenerateImage(t.Context(), req, func(p engine.Progress) {
		once.Do(func() {
			go func() {
				err := e.Evict(t.Context(), stub)
				gone.Store(true)
				evicted <- err
			}()
		})
		if gone.Load() {
			t.Errorf("evicted at step %d of %d", p.Step, p.Steps)
		}
	})
	must(t, err)
	must(t, <-evicted)
}

// A request that waits for the same start is not harmed by a load that is given up.
func TestLoad_CancelledBesideARequest(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	want, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	must(t, err)
	must(t, e.Evict(t.Context(), stub))
	ctx, cancel := context.WithCancel(t.Context())
	type painted struct {
		picture *engine.Picture
		err     error
	}
	done := make(chan painted, 1)
	err = e.Load(ctx, stub, func(int64, int64) {
		if ctx.Err() != nil {
			return
		}
		go func() {
			p, err := e.GenerateImage(t.Context(), small("a fox"), nil)
			done <- painted{p, err}
		}()
		waitFor(t, func() bool { // the request has its room
			free := e.workers[0].room.TryAcquire(mostTogether)
			if free {
				e.workers[0].room.Release(mostTogether)
			}
			return !free
		})
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("load: error %v, want context.Canceled", err)
	}
	got := <-done
	must(t, got.err)
	if !bytes.Equal(got.picture.Image.Pix, want.Image.Pix) {
		t.Error("another picture")
	}
}

func TestLoad_CancelledEndsAWorkerThatIsStuck(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, stuckWorker)})
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Load(ctx, stub, func(done, _ int64) {
		if done > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if e.workers[0].current() != nil {
		t.Error("the process that was loading goes on")
	}
}

func TestLoad_BelievesNoMoreThanThereIs(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, boastWorker)})
	last := int64(-1)
	must(t, e.Load(t.Context(), stub, func(done, total int64) {
		if total != e.size || done < last || done > total {
			t.Errorf("%d of %d after %d, there are %d bytes", done, total, last, e.size)
		}
		last = done
	}))
	if last != e.size {
		t.Errorf("it ended at %d of %d", last, e.size)
	}
}

// What is read is what stands in the files: the weights, the drawings among them, and the runtime.
func TestLoad_ReadsTheWeightsAndTheRuntime(t *testing.T) {
	dir := stubWeights(t)
	e := open(t, Options{WeightsDir: dir})
	want := runtimeSize("")
	for _, name := range weightFiles {
		f, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		want += f.Size()
	}
	read := int64(0)
	_, err := loadModel(os.DirFS(dir), func(n int64) { read += n })
	must(t, err)
	if read += runtimeSize(""); read != want || e.size != want || runtimeSize("") < 1<<20 {
		t.Errorf("%d bytes were read, %d announced, the files have %d", read, e.size, want)
	}
	load(t, e)
	if said := e.workers[0].current().read.Load(); said > want || said <= want-saidEvery {
		t.Errorf("a worker says that it has read %d of %d bytes", said, want)
	}
}

func TestLoad_SaysWhatIsWrong(t *testing.T) {
	for role, why := range map[string]string{rubbishWorker: "not a frame", failedWorker: "status 3"} {
		e := open(t, Options{WeightsDir: stubWeights(t), Command: asRole(t, role)})
		unavailable(t, e.Load(t.Context(), stub, func(int64, int64) {}), why)
	}
	dir := stubWeights(t)
	e := open(t, Options{WeightsDir: dir})
	network, err := os.ReadFile(filepath.Join(dir, networkFile))
	must(t, err)
	network[len(network)/2] ^= 1
	must(t, os.WriteFile(filepath.Join(dir, networkFile), network, 0o600))
	unavailable(t, e.Load(t.Context(), stub, func(int64, int64) {}), "is not the file the manifest describes")
	if m := e.Models()[0]; m.Resident {
		t.Errorf("it is resident: %+v", m)
	}
}

func TestLoads_OfAClosedEngine(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	load(t, e)
	must(t, e.Close())
	unavailable(t, e.Load(t.Context(), stub, func(int64, int64) {}), "closed")
	must(t, e.Evict(t.Context(), stub))
	if m := e.Models()[0]; m.Resident {
		t.Errorf("it is resident: %+v", m)
	}
}

func TestLoads_InProcessTheModelIsAlwaysThere(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t), InProcess: true})
	load(t, e)
	if m := e.Models()[0]; !m.Resident || m.Memory != e.manifest.memory() {
		t.Errorf("%+v, want it resident with the estimate", m)
	}
	if err := e.Evict(t.Context(), stub); err == nil {
		t.Error("evicted from this process, which cannot be")
	}
}
