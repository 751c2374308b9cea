package tempera

import (
	"context"
	"errors"
	"fmt"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"bottega/internal/engine/tempera/ortlib"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

// ONNX Runtime has one environment a process, which its C library keeps in globals; this is the one place that starts
// it, once, with the library of the first caller. It is never shut down: the worker process ends instead.
var startRuntime = func() func(dir string) error {
	var once sync.Once
	var failed error
	return func(dir string) error {
		once.Do(func() {
			var path string
			if path, failed = ortlib.Unpack(dir); failed != nil {
				return
			}
			ort.SetSharedLibraryPath(path)
			if failed = ort.InitializeEnvironment(ort.WithLogLevelError()); failed != nil {
				failed = fmt.Errorf("start ONNX Runtime: %w", failed)
			}
		})
		return failed
	}
}()

// network runs network.onnx. It is used by one goroutine at a time.
type network struct {
	session       *ort.DynamicAdvancedSession
	height, width int // of the tensors below
	noisy, x      *ort.Tensor[float32]
	t             *ort.Tensor[float32]
	reference     *ort.Tensor[float32]
	tokens, style *ort.Tensor[int64]
	told          *paint.Branch // what the tensors hold at present
}

func openNetwork(onnx []byte, threads int) (*network, error) {
	session, err := openSession(onnx, []string{"noisy", "t", "reference", "tokens", "style"}, []string{"x"}, threads)
	if err != nil {
		return nil, err
	}
	return &network{session: session}, nil
}

func openSession(onnx []byte, inputs, outputs []string, threads int) (*ort.DynamicAdvancedSession, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("prepare network: %w", err)
	}
	defer func() { _ = options.Destroy() }()
	err = errors.Join(
		options.SetIntraOpNumThreads(threads),
		options.SetInterOpNumThreads(1),
		// Waiting threads sleep instead of spinning: the machine is shared with the rest of the studio.
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare network: %w", err)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(onnx, inputs, outputs, options)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	return session, nil
}

// resize makes the tensors for pictures of this size.
func (n *network) resize(height, width int) error {
	if n.height == height && n.width == width {
		return nil
	}
	n.release()
	h, w := int64(height), int64(width)
	var errs [6]error
	n.noisy, errs[0] = ort.NewEmptyTensor[float32](ort.NewShape(1, 4, h, w))
	n.x, errs[1] = ort.NewEmptyTensor[float32](ort.NewShape(1, 4, h, w))
	n.reference, errs[2] = ort.NewEmptyTensor[float32](ort.NewShape(1, 5, h, w))
	n.t, errs[3] = ort.NewEmptyTensor[float32](ort.NewShape(1))
	n.tokens, errs[4] = ort.NewEmptyTensor[int64](ort.NewShape(1, read.TokenLength))
	n.style, errs[5] = ort.NewEmptyTensor[int64](ort.NewShape(1))
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("make tensors of %d×%d: %w", width, height, err)
	}
	n.height, n.width = height, width
	return nil
}

func (n *network) release() {
	for _, t := range []interface{ Destroy() error }{n.noisy, n.x, n.reference, n.t, n.tokens, n.style} {
		if n.noisy != nil {
			_ = t.Destroy() // frees memory; there is nothing to do about a failure
		}
	}
	n.height, n.width, n.told, n.noisy = 0, 0, nil, nil
}

func (n *network) close() {
	n.release()
	_ = n.session.Destroy() // as above
}

// Predict implements paint.Network. The two branches of guidance run one after the other: as one batch of two they
// took longer on CPUs (larger activations fall out of the cache).
func (n *network) Predict(ctx context.Context, noisy []float32, t float32, b *paint.Branch, height, width int) ([]float32, error) {
	if err := n.resize(height, width); err != nil {
		return nil, err
	}
	copy(n.noisy.GetData(), noisy)
	n.t.GetData()[0] = t
	if n.told != b {
		copy(n.reference.GetData(), b.Reference)
		copy(n.tokens.GetData(), b.Tokens)
		n.style.GetData()[0] = b.Style
		n.told = b
	}
	inputs := []ort.Value{n.noisy, n.t, n.reference, n.tokens, n.style}
	if err := runSession(ctx, n.session, inputs, []ort.Value{n.x}); err != nil {
		return nil, err
	}
	return n.x.GetData(), nil
}

// runSession runs once and stops in the middle when ctx ends.
func runSession(ctx context.Context, s *ort.DynamicAdvancedSession, inputs, outputs []ort.Value) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return fmt.Errorf("run network: %w", err)
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		_ = options.Terminate() // a run that cannot be stopped ends by itself soon
	})
	err = s.RunWithOptions(inputs, outputs, options)
	if !stop() {
		<-told
	}
	_ = options.Destroy() // frees memory; there is nothing to do about a failure
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("run network: %w", err)
	}
	return nil
}
