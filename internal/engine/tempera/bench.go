package tempera

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"bottega/internal/clock"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

// c = a · b and nothing else; tempera/vectors_make.py writes it.
//
//go:embed matmul.onnx
var matMul []byte

const matMulSide = 1024

// Bench asks how fast this machine runs the network.
type Bench struct {
	Width  int `json:"width"` // of a delivered picture; its grid is measured
	Height int `json:"height"`
	Repeat int `json:"repeat"`
}

// BenchResult is what was measured.
type BenchResult struct {
	GridWidth      int     `json:"grid_width"`
	GridHeight     int     `json:"grid_height"`
	Threads        int     `json:"threads"`
	ForwardSeconds float64 `json:"forward_seconds"` // median of one forward of one picture
	ForwardFastest float64 `json:"forward_fastest"` // seconds of the best
	ForwardFLOPs   float64 `json:"forward_flops"`   // multiply-adds times two
	MatMulFLOPS    float64 `json:"matmul_flops"`    // operations a second of a plain matrix product, the best run
	Device         Device  `json:"device"`
	Together       int     `json:"together"` // asks that share a forward; 1 = that is not faster here
	// Seconds of one ask by the number of asks in its forward, as measured when the worker started.
	AskSeconds map[int]float64 `json:"ask_seconds"`
}

// PeakShare is how much of the machine's plain matrix speed the network reaches: the best run of each, so that other
// work on the machine weighs little.
func (r *BenchResult) PeakShare() float64 {
	if r.ForwardFastest <= 0 || r.MatMulFLOPS <= 0 {
		return 0
	}
	return r.ForwardFLOPs / r.ForwardFastest / r.MatMulFLOPS
}

func (p *painter) bench(ctx context.Context, b *Bench) (*BenchResult, error) {
	repeat := min(max(b.Repeat, 1), 1000)
	w, h := paint.Grid(max(b.Width, 1), max(b.Height, 1), p.manifest.Grid, p.manifest.Multiple)
	branch := &paint.Branch{
		Guide: make([]float32, paint.GuidePlanes*w*h), Tokens: make([]int64, read.TokenLength),
		Style: make([]float32, len(p.manifest.Styles)), Look: make([]float32, p.manifest.LookWidth),
	}
	noisy := paint.Noise(0, 0, 4*w*h)
	ask := paint.Ask{Noisy: noisy, T: 0.5, Branch: branch, X: make([]float32, len(noisy))}
	forward, err := measure(repeat, func() error { return p.crowd.forward(ctx, h, w, []paint.Ask{ask}) })
	if err != nil {
		return nil, err
	}
	product, err := p.product(ctx, repeat)
	if err != nil {
		return nil, err
	}
	return &BenchResult{
		GridWidth: w, GridHeight: h, Threads: p.threads, ForwardSeconds: forward[len(forward)/2], ForwardFastest: forward[0],
		ForwardFLOPs: p.manifest.flops(w, h), MatMulFLOPS: 2 * matMulSide * matMulSide * matMulSide / product[0],
		Device: p.device.name(), Together: p.habit.most(), AskSeconds: p.habit.seconds,
	}, nil
}

// product measures a matrix product through the same runtime with the same threads.
func (p *painter) product(ctx context.Context, repeat int) ([]float64, error) {
	session, err := p.device.open(matMul, []string{"a", "b"}, []string{"c"})
	if err != nil {
		return nil, fmt.Errorf("measure matrix product: %w", err)
	}
	defer func() { _ = session.Destroy() }()
	var values []ort.Value
	for range 3 {
		t, err := ort.NewTensor(ort.NewShape(matMulSide, matMulSide), paint.Noise(1, 0, matMulSide*matMulSide))
		if err != nil {
			return nil, fmt.Errorf("measure matrix product: %w", err)
		}
		defer func() { _ = t.Destroy() }()
		values = append(values, t)
	}
	return measure(repeat, func() error { return runSession(ctx, session, values[:2], values[2:]) })
}

// measure runs f once unmeasured and then repeat times; seconds, the fastest first.
func measure(repeat int, f func() error) ([]float64, error) {
	if err := f(); err != nil {
		return nil, err
	}
	seconds := make([]float64, repeat)
	for i := range seconds {
		from := clock.System{}.Now()
		if err := f(); err != nil {
			return nil, err
		}
		seconds[i] = max(clock.System{}.Now().Sub(from), time.Microsecond).Seconds()
	}
	slices.Sort(seconds)
	return seconds, nil
}
