package tempera

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"bottega/internal/clock"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

// crowd lets pictures that are painted at the same time share forwards. A forward begins when every picture under way
// at its grid waits for one: no timer, and nobody waits for somebody who does not come. It is safe for concurrent use.
type crowd struct {
	net   forwarder
	habit habit

	run sync.Mutex // one forward at a time

	mu      sync.Mutex
	under   map[[2]int]int // pictures under way, by grid
	waiting map[[2]int][]*wish
}

// forwarder is the network under a crowd: one run for all asks.
type forwarder interface {
	forward(ctx context.Context, height, width int, asks []paint.Ask) error
}

// wish is one picture's call of Predict.
type wish struct {
	ctx  context.Context
	asks []paint.Ask
	lead chan struct{} // the one who is told so runs the forward for all that wait
	done chan error
}

func newCrowd(net forwarder, habit habit) *crowd {
	return &crowd{
		net: net, habit: habit, under: map[[2]int]int{}, waiting: map[[2]int][]*wish{},
	}
}

// together is how many pictures it is worth painting at the same time.
func (c *crowd) together() int {
	if c.habit.sharing {
		return c.habit.most()
	}
	return 1
}

// enter says that a picture of this grid is under way; leave, that it is not any more.
func (c *crowd) enter(height, width int) (leave func()) {
	grid := [2]int{height, width}
	c.mu.Lock()
	c.under[grid]++
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.under[grid]--; c.under[grid] == 0 {
			delete(c.under, grid)
		}
		c.begin(grid)
	}
}

// begin tells the first who waits to lead when nobody else is to come. The caller holds mu.
func (c *crowd) begin(grid [2]int) {
	if w := c.waiting[grid]; len(w) > 0 && len(w) >= c.under[grid] {
		select {
		case w[0].lead <- struct{}{}:
		default: // told already
		}
	}
}

// Predict implements paint.Network.
func (c *crowd) Predict(ctx context.Context, height, width int, asks ...paint.Ask) error {
	if !c.habit.sharing {
		return c.forward(ctx, height, width, asks)
	}
	grid, w := [2]int{height, width}, &wish{ctx, asks, make(chan struct{}, 1), make(chan error, 1)}
	c.mu.Lock()
	c.waiting[grid] = append(c.waiting[grid], w)
	c.begin(grid)
	c.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-w.lead:
	case <-ctx.Done():
		if c.withdraw(grid, w) {
			return ctx.Err()
		}
		return <-w.done // its forward is under way
	}
	if err := c.lead(grid); err != nil {
		return err
	}
	return <-w.done
}

// withdraw takes a wish back, unless a forward has taken it.
func (c *crowd) withdraw(grid [2]int, w *wish) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.waiting[grid], w)
	if at < 0 {
		return false
	}
	c.waiting[grid] = slices.Delete(c.waiting[grid], at, at+1)
	c.begin(grid) // it may have been told to lead
	return true
}

// lead runs the forward for all that wait at a grid and gives each its answer.
func (c *crowd) lead(grid [2]int) error {
	c.mu.Lock()
	all := c.waiting[grid]
	delete(c.waiting, grid)
	c.mu.Unlock()
	ctx, asks := context.Background(), []paint.Ask{}
	if len(all) == 1 {
		ctx = all[0].ctx // a forward of several is not stopped for one of them
	}
	for _, w := range all {
		asks = append(asks, w.asks...)
	}
	err := c.forward(ctx, grid[0], grid[1], asks)
	for _, w := range all {
		if e := w.ctx.Err(); e != nil {
			w.done <- e
		} else {
			w.done <- err
		}
	}
	return nil
}

// forward answers the asks, as many at a time as is worth it.
func (c *crowd) forward(ctx context.Context, height, width int, asks []paint.Ask) error {
	c.run.Lock()
	defer c.run.Unlock()
	for len(asks) > 0 {
		n := c.habit.next(len(asks))
		if err := c.net.forward(ctx, height, width, asks[:n]); err != nil {
			return err
		}
		asks = asks[n:]
	}
	return nil
}

// habit is how the network is best asked on this machine.
type habit struct {
	sizes   []int           // how many asks a forward may have, the most first; the last is 1
	sharing bool            // asks of several pictures may stand in one forward; else only the two branches of one
	seconds map[int]float64 // measured: of one ask, by asks in a forward; nil when nothing was measured
}

func (h *habit) most() int { return h.sizes[0] }

// next is how many of the asks go into the next forward.
func (h *habit) next(asks int) int {
	for _, n := range h.sizes {
		if n <= asks {
			return n
		}
	}
	return 1
}

const (
	mostTogether = 8    // asks in one forward
	worthwhile   = 0.97 // of the time of single ones, that forwards of several have to stay below
	littleSide   = 4    // of a small picture, in the smallest steps that sizes have
)

// measureHabit runs a few forwards of one, two and four asks (and eight on CUDA) at the model's own grid. Several share
// one when that takes less time for each, or always on CUDA, whose single forwards leave most of it idle. On a CPU, and
// for pictures of several requests anywhere, every answer has to be the same, bit for bit, whoever stands beside it:
// else a picture would depend on who else was painting, or on how fast the machine was when the worker started (int8
// networks that scale by the whole batch are like that).
func measureHabit(net forwarder, m *manifest, use *device, c clock.Clock) (habit, error) {
	h := habit{sizes: []int{1}, seconds: map[int]float64{}}
	l := newTrial(net, m, m.Grid, c)
	if _, err := l.single(0); err != nil { // the first forward of all is slow
		return h, err
	}
	if !use.cuda {
		// A network that mixes is found out on small pictures, in a fraction of the time.
		little := newTrial(net, m, min(m.Grid, littleSide*max(1, m.Multiple)), c)
		if same, _, err := little.several(2); err != nil || !same {
			if err == nil {
				h.seconds[1], err = l.single(0)
			}
			return h, err
		}
	}
	sizes := []int{2, 4}
	if use.cuda {
		sizes = append(sizes, mostTogether)
	}
	for _, n := range sizes {
		same, took, err := l.several(n)
		if err != nil {
			return h, err
		}
		h.seconds[1], h.seconds[n] = l.fastest, took/float64(n)
		pair := use.cuda && n == 2
		if !pair && !(same && (use.cuda || h.seconds[n] < worthwhile*h.seconds[1])) {
			break // more are not better where fewer are not
		}
		h.sizes, h.sharing = append([]int{n}, h.sizes...), same
	}
	return h, nil
}

// trial are forwards whose time is taken.
type trial struct {
	net     forwarder
	clock   clock.Clock
	side    int
	asks    []paint.Ask
	alone   [][]float32 // answers to the asks one by one, as far as they were asked
	fastest float64     // seconds of a single one
}

func newTrial(net forwarder, m *manifest, side int, c clock.Clock) *trial {
	return &trial{net: net, clock: c, side: side, asks: trialAsks(m, side, mostTogether)}
}

// run is one forward of some asks, in seconds.
func (l *trial) run(asks []paint.Ask) (float64, error) {
	from := l.clock.Now()
	if err := l.net.forward(context.Background(), l.side, l.side, asks); err != nil {
		return 0, fmt.Errorf("measure a forward of %d: %w", len(asks), err)
	}
	return max(l.clock.Now().Sub(from), time.Microsecond).Seconds(), nil
}

// single asks one alone.
func (l *trial) single(i int) (float64, error) { return l.run(l.asks[i : i+1]) }

// several asks n in one forward, twice: whether each answer is the one it is alone, and the seconds of the faster run.
func (l *trial) several(n int) (same bool, fastest float64, err error) {
	for i := len(l.alone); i < n; i++ {
		took, err := l.single(i)
		if err != nil {
			return false, 0, err
		}
		l.alone = append(l.alone, slices.Clone(l.asks[i].X))
		if l.fastest == 0 || took < l.fastest {
			l.fastest = took
		}
	}
	same = true
	for try := range 2 {
		took, err := l.run(l.asks[:n])
		if err != nil {
			return false, 0, err
		}
		for i, a := range l.asks[:n] {
			same = same && slices.Equal(a.X, l.alone[i])
		}
		if try == 0 || took < fastest {
			fastest = took
		}
	}
	return same, fastest, nil
}

// trialAsks are asks that differ in everything: a network that mixes them gives itself away.
func trialAsks(m *manifest, side, count int) []paint.Ask {
	n := side * side
	asks := make([]paint.Ask, count)
	for i := range asks {
		b := &paint.Branch{
			Guide: make([]float32, paint.GuidePlanes*n), Tokens: make([]int64, read.TokenLength),
			Style: make([]float32, len(m.Styles)), Look: make([]float32, m.LookWidth),
		}
		b.Style[i%len(m.Styles)] = 1
		b.Tokens[0] = int64(i % 3)
		noisy := paint.Noise(uint64(i), 0, 4*n)
		for k := range noisy {
			noisy[k] *= float32(1+i) / 2
		}
		asks[i] = paint.Ask{Noisy: noisy, T: float32(i) / float32(count+1), Branch: b, X: make([]float32, 4*n)}
	}
	return asks
}
