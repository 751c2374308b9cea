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

// c = a · b with a fixed b and nothing else, in fp32 and in int8; tempera/vectors_make.py writes them.
var (
	//go:embed matmul.onnx
	matMul []byte
	//go:embed matmul8.onnx
	matMul8 []byte
)

const (
	matMulSide = 1024
	matMulOps  = 2 * matMulSide * matMulSide * matMulSide
)

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
	FLOPs          float64 `json:"flops"`           // of a forward: multiply-adds times two
	Int8Ops        float64 `json:"int8_ops"`        // how many of them are int8
	MatMulFLOPS    float64 `json:"matmul_flops"`    // operations a second of a plain matrix product, the best run
	MatMulInt8     float64 `json:"matmul_int8"`     // the same in int8
	Device         Device  `json:"device"`
	Together       int     `json:"together"` // asks that share a forward; 1 = that is not faster here
	// Seconds of one ask by the number of asks in its forward, as measured when the worker started.
	AskSeconds map[int]float64 `json:"ask_seconds"`
}

// PeakShare is how much of the machine's matrix speed the network reaches: the time its operations would take as plain
// matrix products, each in its own precision, over the time a forward takes. The best run of each counts, so that
// other work on the machine weighs little.
func (r *BenchResult) PeakShare() float64 {
	if r.ForwardFastest <= 0 || r.MatMulFLOPS <= 0 || r.MatMulInt8 <= 0 {
		return 0
	}
	return ((r.FLOPs-r.Int8Ops)/r.MatMulFLOPS + r.Int8Ops/r.MatMulInt8) / r.ForwardFastest
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
	a := paint.Noise(1, 0, matMulSide*matMulSide)
	product, err := product(ctx, p.device, matMul, repeat, a, make([]float32, len(a)))
	if err != nil {
		return nil, err
	}
	product8, err := product8(ctx, p.device, repeat)
	if err != nil {
		return nil, err
	}
	flops, int8Ops := p.manifest.flops(w, h)
	return &BenchResult{
		GridWidth: w, GridHeight: h, Threads: p.threads, ForwardSeconds: forward[len(forward)/2], ForwardFastest: forward[0],
		FLOPs: flops, Int8Ops: int8Ops, MatMulFLOPS: matMulOps / product, MatMulInt8: matMulOps / product8,
		Device: p.device.name(), Together: p.habit.most(), AskSeconds: p.habit.seconds,
	}, nil
}

// product8 is product in int8.
func product8(ctx context.Context, d *device, repeat int) (float64, error) {
	a := make([]uint8, matMulSide*matMulSide)
	for i := range a {
		a[i] = uint8(i * 31)
	}
	return product(ctx, d, matMul8, repeat, a, make([]int32, len(a)))
}

// product is the fastest seconds of a matrix product through the same runtime with the same threads.
func product[A, C ort.TensorData](ctx context.Context, d *device, graph []byte, repeat int, a []A, c []C) (float64, error) {
	session, err := d.open(graph, []string{"a"}, []string{"c"})
	if err != nil {
		return 0, fmt.Errorf("measure matrix product: %w", err)
	}
	defer func() { _ = session.Destroy() }()
	shape := ort.NewShape(matMulSide, matMulSide)
	in, err := ort.NewTensor(shape, a)
	if err != nil {
		return 0, fmt.Errorf("measure matrix product: %w", err)
	}
	defer func() { _ = in.Destroy() }()
	out, err := ort.NewTensor(shape, c)
	if err != nil {
		return 0, fmt.Errorf("measure matrix product: %w", err)
	}
	defer func() { _ = out.Destroy() }()
	seconds, err := measure(repeat, func() error { return runSession(ctx, session, []ort.Value{in}, []ort.Value{out}) })
	if err != nil {
		return 0, err
	}
	return seconds[0], nil
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
