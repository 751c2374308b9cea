package tempera

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/tempera/paint"
)

// countingNet answers an ask with its noise plus one, and remembers how many asks came together.
type countingNet struct {
	mu     sync.Mutex
	sizes  []int
	failed error
	block  chan struct{} // when not nil, a forward waits for it or its context
}

func (n *countingNet) forward(ctx context.Context, _, _ int, asks []paint.Ask) error {
	if n.block != nil {
		select {
		case <-n.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sizes = append(n.sizes, len(asks))
	for _, a := range asks {
		for i, v := range a.Noisy {
			a.X[i] = v + 1
		}
	}
	return n.failed
}

// askOnce asks for one value.
func askOnce(ctx context.Context, c *crowd, side int, v float32) (float32, error) {
	x := []float32{0}
	err := c.Predict(ctx, side, side, paint.Ask{Noisy: []float32{v}, X: x})
	return x[0], err
}

func TestCrowd_PicturesOfOneGridShareForwards(t *testing.T) {
	net := &countingNet{}
	c := newCrowd(net, habit{sizes: []int{4, 2, 1}, sharing: true})
	const pictures, steps = 4, 20
	var all sync.WaitGroup
	leaves := make([]func(), pictures)
	for i := range leaves {
		leaves[i] = c.enter(8, 8) // all are there before the first asks
	}
	for i := range pictures {
		all.Go(func() {
			defer leaves[i]()
			for s := range steps + 5*i { // they do not end together
				if x, err := askOnce(t.Context(), c, 8, float32(s)); err != nil || x != float32(s)+1 {
					t.Errorf("step %d: %v, %v", s, x, err)
				}
			}
		})
	}
	all.Wait()
	asks := 0
	for i, size := range net.sizes {
		asks += size
		if i < steps && size != pictures {
			t.Errorf("forward %d has %d asks while %d pictures are under way", i, size, pictures)
		}
	}
	if want := pictures*steps + 5*(1+2+3); asks != want || len(c.under)+len(c.waiting) > 0 {
		t.Errorf("%d asks of %d were answered; left: %v, %v", asks, want, c.under, c.waiting)
	}
}

func TestCrowd_OtherGridsAndTooManyAreKeptApart(t *testing.T) {
	net := &countingNet{}
	c := newCrowd(net, habit{sizes: []int{2, 1}, sharing: true})
	var all sync.WaitGroup
	for _, side := range []int{8, 8, 8, 16} {
		leave := c.enter(side, side)
		all.Go(func() {
			defer leave()
			if x, err := askOnce(t.Context(), c, side, 5); err != nil || x != 6 {
				t.Errorf("%v, %v", x, err)
			}
		})
	}
	all.Wait()
	for _, size := range net.sizes {
		if size > 2 {
			t.Errorf("%d asks in a forward of at most 2", size)
		}
	}
}

func TestCrowd_OneThatIsCancelledHoldsNobodyUp(t *testing.T) {
	net := &countingNet{}
	c := newCrowd(net, habit{sizes: []int{4, 2, 1}, sharing: true})
	ctx, cancel := context.WithCancel(t.Context())
	leaveA, leaveB := c.enter(8, 8), c.enter(8, 8)
	done := make(chan error, 1)
	go func() {
		_, err := askOnce(ctx, c, 8, 1) // waits for the other
		leaveA()
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if x, err := askOnce(t.Context(), c, 8, 2); err != nil || x != 3 {
		t.Errorf("%v, %v", x, err)
	}
	leaveB()
}

func TestCrowd_AFailedForwardFailsAllInIt(t *testing.T) {
	net := &countingNet{failed: errors.New("out of memory")}
	c := newCrowd(net, habit{sizes: []int{4, 2, 1}, sharing: true})
	var all sync.WaitGroup
	leaves := []func(){c.enter(8, 8), c.enter(8, 8)}
	for _, leave := range leaves {
		all.Go(func() {
			defer leave()
			if _, err := askOnce(t.Context(), c, 8, 1); !errors.Is(err, net.failed) {
				t.Errorf("error %v", err)
			}
		})
	}
	all.Wait()
}

// Whoever paints beside it, a picture is the same.
func TestCrowd_PicturesPaintedTogetherAreThoseAlone(t *testing.T) {
	p := stubPainter(t)
	prompts := []string{"a red fox", "two cats on a hill", "a dog", "a red fox"}
	want := make([][]byte, len(prompts))
	for i, prompt := range prompts {
		want[i] = painted(t, p, together(prompt, i)).Image.Pix
	}
	p.crowd = crowded(p.net)
	var all sync.WaitGroup
	for i, prompt := range prompts {
		all.Go(func() {
			req := together(prompt, i)
			got, err := p.paint(t.Context(), &req, nil)
			if err != nil {
				t.Error(err)
			} else if !bytes.Equal(got.Image.Pix, want[i]) {
				t.Errorf("%q is another picture when others are painted beside it", prompt)
			}
		})
	}
	all.Wait()
}

func together(prompt string, i int) engine.ImageRequest {
	req := small(prompt)
	req.Seed, req.Guidance, req.Tile = int64(i), float64(1+i%2), i == 3
	return req
}

func TestHabit_IsMeasuredAndNeverMixesPictures(t *testing.T) {
	p := stubPainter(t)
	if p.habit.seconds[1] <= 0 || p.habit.most() < 1 || p.habit.most() > mostTogether {
		t.Errorf("%+v", p.habit)
	}
	if p.habit.most() == 1 && p.habit.sharing || p.crowd.together() > p.habit.most() {
		t.Errorf("%+v shares forwards that it does not have", p.habit)
	}
}

// fakeNet takes so long for a forward as it is told, and mixes what stands in one if it is told to.
type fakeNet struct {
	clock   *clock.Fake // which it moves on
	seconds map[int]float64
	mixes   bool
}

func (f *fakeNet) forward(_ context.Context, _, _ int, asks []paint.Ask) error {
	for _, a := range asks {
		copy(a.X, a.Noisy)
		if f.mixes {
			a.X[0] = float32(len(asks))
		}
	}
	f.clock.Advance(time.Duration(f.seconds[len(asks)] * float64(time.Second)))
	return nil
}

func TestMeasureHabit_SharesWhereThatIsFasterAndChangesNothing(t *testing.T) {
	m := &manifest{Grid: 16, LookWidth: 2, Styles: []string{"none", "flat"}}
	faster, slower := map[int]float64{1: 0.02, 2: 0.024, 4: 0.03, 8: 0.04}, map[int]float64{1: 0.01, 2: 0.03, 4: 0.09, 8: 0.3}
	for name, c := range map[string]struct {
		net     *fakeNet
		cuda    bool
		most    int
		sharing bool
	}{
		"faster":            {&fakeNet{seconds: faster}, false, 4, true},
		"slower":            {&fakeNet{seconds: slower}, false, 1, false},
		"faster, but mixes": {&fakeNet{seconds: faster, mixes: true}, false, 1, false},
		"CUDA":              {&fakeNet{seconds: slower}, true, 8, true},
		"CUDA that mixes":   {&fakeNet{seconds: faster, mixes: true}, true, 2, false},
	} {
		c.net.clock = clock.NewFake(time.Unix(0, 0))
		got, err := measureHabit(c.net, m, &device{cuda: c.cuda}, c.net.clock)
		must(t, err)
		if got.most() != c.most || got.sharing != c.sharing {
			t.Errorf("%s: %+v, want %d asks in a forward, sharing %v", name, got, c.most, c.sharing)
		}
	}
}

func TestFindDevice_CUDAThatIsNotThereIsToldAndTheCPUTaken(t *testing.T) {
	log := &buffer{}
	e := open(t, Options{WeightsDir: stubWeights(t), Device: DeviceCUDA, Logger: logTo(log)})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	must(t, err)
	r, err := e.Bench(t.Context(), Bench{Width: 32, Height: 32, Repeat: 1})
	must(t, err)
	if r.Device == DeviceCUDA {
		t.Skip("this machine has CUDA, and a runtime that uses it")
	}
	if s := log.String(); !bytes.Contains([]byte(s), []byte("was to use CUDA and paints on the CPU")) {
		t.Errorf("the log does not say that CUDA was not used: %s", s)
	}
	if _, err := New(Options{WeightsDir: stubWeights(t), Device: "tpu"}); err == nil {
		t.Error("an unknown device was taken")
	}
}
