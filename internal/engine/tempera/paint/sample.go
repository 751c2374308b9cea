package paint

import (
	"context"
	"fmt"
	"math"
)

const (
	timePower    = 1.3 // step i of S starts at t0 + (1-t0)(i/S)^timePower
	closestStart = 0.8 // beyond it the network would hand its reference back, and at 1 have nothing to paint
)

// Branch is what the network is told about a picture.
type Branch struct {
	Reference []float32 // [5,H,W]: four planes and presence; all zero without a reference
	Tokens    []int64
	Style     int64
}

// Network predicts the clean picture [4,H,W] from z_t. The result is only good until the next call.
type Network interface {
	Predict(ctx context.Context, noisy []float32, t float32, b *Branch, height, width int) ([]float32, error)
}

// Job is one picture to paint.
type Job struct {
	Height, Width int
	Seed          uint64
	Steps         int
	Guidance      float64 // 1 = none
	Adherence     float64 // start level, 0 without a reference
	Temperature   float64 // of the noise: 1 = as trained, less = calmer
	Finish        float64 // noise level of the finishing pair; 0 = none
	Asked         Branch
	Avoided       Branch // the branch guidance leads away from; unused at guidance 1
}

// Sample paints: planes [4,H,W], each in [-1, 1]. step is called after each step with what the network then predicted,
// which it must not keep.
func Sample(ctx context.Context, net Network, job *Job, step func(i int, x []float32)) ([]float32, error) {
	n := 4 * job.Height * job.Width
	start := 0.0
	if job.Asked.Reference[n] > 0 { // the presence plane
		start = min(max(job.Adherence, 0), closestStart)
	}
	z := Noise(job.Seed, 0, n)
	for i := range z {
		z[i] = float32(start)*job.Asked.Reference[i] + float32((1-start)*job.Temperature)*z[i]
	}
	x, last, lastH := make([]float32, n), make([]float32, n), 0.0
	for i := range job.Steps {
		t, next := Time(start, i, job.Steps), Time(start, i+1, job.Steps)
		if err := predict(ctx, net, job, z, float32(t), x); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", i+1, job.Steps, err)
		}
		step(i, x)
		if i == job.Steps-1 {
			break
		}
		// Second-order Adams–Bashforth on v = (x - z)/(1 - t) with unequal steps; the first step is Euler.
		h, ratio := next-t, 0.0
		if i > 0 {
			ratio = h / (2 * lastH)
		}
		for k := range z {
			v := (x[k] - z[k]) / float32(1-t)
			z[k] += float32(h) * (v + float32(ratio)*(v-last[k]))
			last[k] = v
		}
		lastH = h
	}
	if job.Finish == 0 {
		return x, nil
	}
	return settle(ctx, net, job, x)
}

// settle looks at the picture twice more, each time under new noise, once with it and once with its opposite, and
// returns the mean: what a little-trained network lets through of the noise is nearly linear in it and cancels
// (antithetic variates), what it says of the picture stays.
func settle(ctx context.Context, net Network, job *Job, x []float32) ([]float32, error) {
	fresh := Noise(job.Seed, 1, len(x))
	z, pair, sum := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
	for _, sign := range []float64{1, -1} {
		for i := range z {
			z[i] = float32(job.Finish)*x[i] + float32(sign*(1-job.Finish)*job.Temperature)*fresh[i]
		}
		if err := predict(ctx, net, job, z, float32(job.Finish), pair); err != nil {
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

// predict fills x with the guided prediction, kept within what a picture can be.
func predict(ctx context.Context, net Network, job *Job, z []float32, t float32, x []float32) error {
	asked, err := net.Predict(ctx, z, t, &job.Asked, job.Height, job.Width)
	if err != nil {
		return err
	}
	copy(x, asked)
	if job.Guidance != 1 {
		avoided, err := net.Predict(ctx, z, t, &job.Avoided, job.Height, job.Width)
		if err != nil {
			return err
		}
		for k, a := range avoided {
			x[k] = a + float32(job.Guidance)*(x[k]-a)
		}
	}
	for k, v := range x {
		x[k] = min(max(v, -1), 1)
	}
	return nil
}
