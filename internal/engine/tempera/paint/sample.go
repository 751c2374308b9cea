package paint

import (
	"context"
	"fmt"
	"math"
)

const (
	timePower = 1.3 // step i of S starts at t0 + (1-t0)(i/S)^timePower

	// ClosestReference is the highest start level from a reference: beyond it the network would hand its reference
	// back, and at 1 have nothing to paint.
	ClosestReference = 0.8
	// ClosestInit is the same for a picture that is to be changed a little.
	ClosestInit = 0.95
)

// Start is the level a picture starts from when it is to be as close (0 … 1) to what is shown, given the closest there
// is: closest · closeness³. From a level of about 0.15 on the network takes what it is shown for the answer, so most of
// the way lies below.
func Start(closeness, closest float64) float64 {
	c := min(max(closeness, 0), 1)
	return closest * c * c * c
}

// Branch is what the network is told about a picture.
type Branch struct {
	Guide  []float32 // [7,H,W], see Guide
	Tokens []int64
	Style  []float32 // a weight for each style
	Look   []float32 // of the style references; zeros without
}

// Ask is one question to the network: what is the clean picture behind Noisy [4,H,W]? The answer goes into X.
type Ask struct {
	Noisy  []float32
	T      float32
	Branch *Branch
	X      []float32
}

// Network predicts clean pictures. It may answer several asks of one grid in one go.
type Network interface {
	Predict(ctx context.Context, height, width int, asks ...Ask) error
}

// Job is one picture to paint.
type Job struct {
	Height, Width int
	Seed          uint64
	Steps         int
	Guidance      float64   // 1 = none
	GuidanceFrom  float64   // level below which there is no guidance
	Start         float64   // level the picture starts from, below 1
	From          []float32 // [4,H,W] what is noised at the start; not looked at when Start is 0
	Temperature   float64   // of the noise: 1 = as trained, less = calmer
	Finish        float64   // noise level of the finishing pair; 0 = none
	Truth         []float32 // [4,H,W] the picture where Known is above 0; nil when all is painted
	Known         []float32 // [H,W] 1 = stays as in Truth, 0 = painted
	Roll          int       // the picture repeats: roll it by multiples of so many pixels at every step; 0 = it does not
	Asked         Branch
	Avoided       Branch // the branch guidance leads away from; unused at guidance 1
}

// painting is a job under way.
type painting struct {
	*Job
	net    Network
	noise  []float32 // what the picture started from, temperature included
	other  []float32 // the avoided branch's answer
	rolled *rolled   // nil unless the picture repeats
}

// Sample paints: planes [4,H,W], each in [-1, 1]. step is called after each step with what the network then predicted,
// which it must not keep.
func Sample(ctx context.Context, net Network, job *Job, step func(i int, x []float32)) ([]float32, error) {
	n := 4 * job.Height * job.Width
	p := &painting{Job: job, net: net, noise: Noise(job.Seed, 0, n), other: make([]float32, n)}
	if job.Roll > 0 {
		p.rolled = &rolled{job: job}
	}
	z := make([]float32, n)
	for i := range z {
		p.noise[i] *= float32(job.Temperature)
		z[i] = float32(1-job.Start) * p.noise[i]
		if job.Start > 0 {
			z[i] += float32(job.Start) * job.From[i]
		}
	}
	p.restore(z, job.Start)
	x, lastV, lastH := make([]float32, n), make([]float32, n), 0.0
	for i := range job.Steps {
		t, next := Time(job.Start, i, job.Steps), Time(job.Start, i+1, job.Steps)
		last := i == job.Steps-1
		if err := p.predict(ctx, z, t, x, last); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", i+1, job.Steps, err)
		}
		step(i, x)
		if last {
			break
		}
		// Second-order Adams–Bashforth on v = (x - z)/(1 - t) with unequal steps; the first step is Euler.
		h, ratio := next-t, 0.0
		if i > 0 {
			ratio = h / (2 * lastH)
		}
		for k := range z {
			v := (x[k] - z[k]) / float32(1-t)
			z[k] += float32(h) * (v + float32(ratio)*(v-lastV[k]))
			lastV[k] = v
		}
		p.restore(z, next)
		lastH = h
	}
	if job.Finish == 0 {
		return x, nil
	}
	return p.settle(ctx, x)
}

// restore puts what is known back into z, noised to level t with the noise the picture started from.
func (p *painting) restore(z []float32, t float64) {
	if p.Truth == nil {
		return
	}
	n := p.Height * p.Width
	for i := range z {
		k := p.Known[i%n]
		z[i] = k*(float32(t)*p.Truth[i]+float32(1-t)*p.noise[i]) + (1-k)*z[i]
	}
}

// settle looks at the picture twice more, each time under new noise, once with it and once with its opposite, and
// returns the mean: what a little-trained network lets through of the noise is nearly linear in it and cancels
// (antithetic variates), what it says of the picture stays.
func (p *painting) settle(ctx context.Context, x []float32) ([]float32, error) {
	fresh := Noise(p.Seed, 1, len(x))
	z, pair, sum := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
	for _, sign := range []float64{1, -1} {
		for i := range z {
			z[i] = float32(p.Finish)*x[i] + float32(sign*(1-p.Finish)*p.Temperature)*fresh[i]
		}
		if err := p.predict(ctx, z, p.Finish, pair, true); err != nil {
			return nil, fmt.Errorf("finish: %w", err)
		}
		for i := range sum {
			sum[i] += pair[i] / 2
		}
	}
	return sum, nil
}

// Time is where step i of steps begins on the way from noise (0) to picture (1).
func Time(start float64, i, steps int) float64 {
	return start + (1-start)*math.Pow(float64(i)/float64(steps), timePower)
}

// predict fills x with the guided prediction, kept within what a picture can be and true where it is known. delivered
// says that it becomes part of the picture, and is not only a step on the way.
func (p *painting) predict(ctx context.Context, z []float32, t float64, x []float32, delivered bool) error {
	if err := p.look(ctx, z, t, x, delivered); err != nil {
		return err
	}
	n := p.Height * p.Width
	for i, v := range x {
		x[i] = min(max(v, -1), 1)
		if p.Truth != nil {
			k := p.Known[i%n]
			x[i] = k*p.Truth[i] + (1-k)*x[i]
		}
	}
	return nil
}

// look fills x with the guided prediction as it is.
func (p *painting) look(ctx context.Context, z []float32, t float64, x []float32, delivered bool) error {
	asked, avoided, height, width := p.Asked, p.Avoided, p.Height, p.Width
	answer, other, v := x, p.other, view{}
	if p.rolled != nil {
		v = p.rolled.next(delivered)
		height, width = v.size()
		z, asked.Guide, avoided.Guide = v.show(z), v.show(asked.Guide), v.show(avoided.Guide)
		answer, other = make([]float32, len(z)), make([]float32, len(z))
	}
	asks := []Ask{{z, float32(t), &asked, answer}}
	guided := p.Guidance != 1 && t >= p.GuidanceFrom
	if guided {
		asks = append(asks, Ask{z, float32(t), &avoided, other})
	}
	if err := p.net.Predict(ctx, height, width, asks...); err != nil {
		return err
	}
	if guided {
		for k, a := range other {
			answer[k] = a + float32(p.Guidance)*(answer[k]-a)
		}
	}
	if p.rolled != nil {
		v.back(x, answer)
	}
	return nil
}
