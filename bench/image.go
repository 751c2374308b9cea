package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"

	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/tempera"
)

//go:embed forward.py
var forwardScript string

const imageRuns = 7

// imageSpeed measures the house model through its worker process: a whole picture as a person gets it, the network
// alone against the runtime's own matrix product and against PyTorch, and the memory it took.
func imageSpeed(ctx context.Context, o options) (results []result, err error) {
	e, err := tempera.New(tempera.Options{Logger: o.Log, Command: []string{o.Program, tempera.WorkerCommand}})
	if err != nil {
		return nil, err
	}
	d := e.Describe()
	seconds, err := pictureSeconds(ctx, e, d)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	forward, err := e.Bench(ctx, tempera.Bench{Width: 256, Height: 256, Repeat: 40})
	if err := errors.Join(err, e.Close()); err != nil {
		return nil, err
	}
	memory, err := peakMemory() // before PyTorch, which would be the largest child
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%s, %d steps, guidance %g, grid %d × %d, %d threads", d.ModelVersion, d.Steps, d.Guidance,
		forward.GridWidth, forward.GridHeight, forward.Threads)
	results = []result{
		{Name: "image_seconds", Value: seconds, Unit: "s", Note: "256 × 256; " + note},
		{
			Name: "image_peak_share", Value: forward.PeakShare(), Unit: "share",
			Against: "the same operations as 1024² matrix products in ONNX Runtime, each in its precision; fp32 GFLOP/s", AgainstValue: forward.MatMulFLOPS / 1e9,
			Note: fmt.Sprintf("a forward: %.1f G operations, %.0f %% of them int8, in %.4f s at best; int8 products: %.0f G/s",
				forward.FLOPs/1e9, 100*forward.Int8Ops/forward.FLOPs, forward.ForwardFastest, forward.MatMulInt8/1e9),
		},
		memory,
	}
	if o.Python != "" {
		torch, err := torchForward(ctx, o.Python, forward)
		if err != nil {
			return nil, err
		}
		results = append(results, versusTorch(forward.ForwardFastest, torch)...)
	}
	return results, nil
}

// pictureSeconds is the median of several pictures, after one that warms the worker up.
func pictureSeconds(ctx context.Context, e *tempera.Engine, d tempera.Description) (float64, error) {
	times := make([]time.Duration, 0, imageRuns)
	now := clock.System{}
	for i := range imageRuns + 1 {
		start := now.Now()
		_, err := e.GenerateImage(ctx, engine.ImageRequest{
			Model: d.Name, Prompt: "a red fox on a hill", Style: tempera.AutoStyle, Width: 256, Height: 256, Seed: int64(i),
			Steps: d.Steps, Guidance: d.Guidance, Adherence: d.Adherence, Transparent: true,
		}, nil)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			times = append(times, now.Now().Sub(start))
		}
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds(), nil
}

// torchSeconds is the fastest of many runs of one forward of one picture in PyTorch: at its default precision, and with the matrix
// products and convolutions in bfloat16.
type torchSeconds struct {
	FP32 float64 `json:"fp32"`
	BF16 float64 `json:"bf16"`
}

// versusTorch compares our fastest forward with PyTorch's: how many times as long it takes there. The fastest, because
// the two run one after the other and other work on the machine would weigh on one of them.
func versusTorch(ours float64, torch torchSeconds) []result {
	best, precision := torch.FP32, "fp32"
	if torch.BF16 < best {
		best, precision = torch.BF16, "bf16"
	}
	note := fmt.Sprintf("a forward: %.4f s here, %.4f s in PyTorch fp32, %.4f s in bf16", ours, torch.FP32, torch.BF16)
	return []result{
		{
			Name: "image_vs_torch", Value: torch.FP32 / ours, Unit: "times",
			Against: "seconds of the same forward in PyTorch at its default, fp32, same threads", AgainstValue: torch.FP32, Note: note,
		},
		{
			Name: "image_vs_torch_best", Value: best / ours, Unit: "times",
			Against: "seconds of the same forward in PyTorch at its faster precision here, " + precision, AgainstValue: best, Note: note,
		},
	}
}

// torchForward runs the same network, with random weights, in PyTorch with as many threads.
func torchForward(ctx context.Context, python string, b *tempera.BenchResult) (seconds torchSeconds, err error) {
	cmd := exec.CommandContext(ctx, python, "-c", forwardScript,
		strconv.Itoa(b.GridHeight), strconv.Itoa(b.GridWidth), strconv.Itoa(b.Threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return seconds, fmt.Errorf("run PyTorch (from the top folder of a checkout, with tempera/requirements.txt installed): %w", err)
	}
	if err := json.Unmarshal(out, &seconds); err != nil {
		return seconds, fmt.Errorf("read what PyTorch printed: %w", err)
	}
	if seconds.FP32 <= 0 || seconds.BF16 <= 0 {
		return seconds, fmt.Errorf("PyTorch printed %s, want seconds for fp32 and bf16", out)
	}
	return seconds, nil
}

// peakMemory is the largest resident size of the worker, which has ended, and of this process.
func peakMemory() (result, error) {
	var own, children syscall.Rusage
	err := errors.Join(syscall.Getrusage(syscall.RUSAGE_SELF, &own), syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children))
	if err != nil {
		return result{}, fmt.Errorf("read peak memory: %w", err)
	}
	return result{
		Name: "peak_memory", Value: float64(children.Maxrss) * 1024, Unit: "bytes",
		Against: "the parent process", AgainstValue: float64(own.Maxrss) * 1024, Note: "largest child process: the house model's worker",
	}, nil
}
