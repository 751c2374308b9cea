package tempera

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

// network runs network.onnx. It is used by one goroutine at a time.
type network struct {
	session *ort.DynamicAdvancedSession
	styles  int // S of FORMAT.md
	looks   int // C
	sets    map[shape]*tensors
}

// shape of one forward: pictures, rows, columns.
type shape struct{ batch, height, width int }

// keptShapes is how many sets of tensors are kept: a picture, a pair and their like at two grids.
const keptShapes = 4

func openNetwork(onnx []byte, m *manifest, use *device) (*network, error) {
	inputs := []string{"noisy", "t", "guide", "tokens", "style", "look"}
	session, err := use.open(onnx, inputs, []string{"x"})
	if err != nil {
		return nil, err
	}
	n := &network{session: session, styles: len(m.Styles), looks: m.LookWidth, sets: map[shape]*tensors{}}
	// A graph of other inputs opens and fails when it runs: better to find out here.
	probe := paint.Branch{
		Guide: make([]float32, paint.GuidePlanes*m.Multiple*m.Multiple), Tokens: make([]int64, read.TokenLength),
		Style: make([]float32, n.styles), Look: make([]float32, n.looks),
	}
	planes := make([]float32, 4*m.Multiple*m.Multiple)
	err = n.forward(context.Background(), m.Multiple, m.Multiple, []paint.Ask{{Noisy: planes, Branch: &probe, X: planes}})
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// tensors hold what goes in and comes out of forwards of one shape.
type tensors struct {
	noisy, t, guide, style, look, x *ort.Tensor[float32]
	tokens                          *ort.Tensor[int64]
}

// tensorsOf returns the tensors of a shape, and forgets old ones when there are many.
func (n *network) tensorsOf(s shape) (*tensors, error) {
	if set := n.sets[s]; set != nil {
		return set, nil
	}
	if len(n.sets) >= keptShapes {
		n.release()
	}
	b, h, w := int64(s.batch), int64(s.height), int64(s.width)
	set := &tensors{}
	var errs [7]error
	set.noisy, errs[0] = ort.NewEmptyTensor[float32](ort.NewShape(b, 4, h, w))
	set.x, errs[1] = ort.NewEmptyTensor[float32](ort.NewShape(b, 4, h, w))
	set.guide, errs[2] = ort.NewEmptyTensor[float32](ort.NewShape(b, paint.GuidePlanes, h, w))
	set.t, errs[3] = ort.NewEmptyTensor[float32](ort.NewShape(b))
	set.tokens, errs[4] = ort.NewEmptyTensor[int64](ort.NewShape(b, read.TokenLength))
	set.style, errs[5] = ort.NewEmptyTensor[float32](ort.NewShape(b, int64(n.styles)))
	set.look, errs[6] = ort.NewEmptyTensor[float32](ort.NewShape(b, int64(n.looks)))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("make tensors of %d pictures of %d×%d: %w", s.batch, s.width, s.height, err)
	}
	n.sets[s] = set
	return set, nil
}

// Freeing memory cannot fail in a way that something could be done about.
func (n *network) release() {
	for _, s := range n.sets {
		for _, t := range []*ort.Tensor[float32]{s.noisy, s.t, s.guide, s.style, s.look, s.x} {
			_ = t.Destroy()
		}
		_ = s.tokens.Destroy()
	}
	clear(n.sets)
}

func (n *network) close() {
	n.release()
	_ = n.session.Destroy()
}

// forward answers all asks, which are of one grid, in one run.
func (n *network) forward(ctx context.Context, height, width int, asks []paint.Ask) error {
	set, err := n.tensorsOf(shape{len(asks), height, width})
	if err != nil {
		return err
	}
	for i, a := range asks {
		put(set.noisy.GetData(), i, a.Noisy)
		put(set.guide.GetData(), i, a.Branch.Guide)
		put(set.tokens.GetData(), i, a.Branch.Tokens)
		put(set.style.GetData(), i, a.Branch.Style)
		put(set.look.GetData(), i, a.Branch.Look)
		set.t.GetData()[i] = a.T
	}
	inputs := []ort.Value{set.noisy, set.t, set.guide, set.tokens, set.style, set.look}
	if err := runSession(ctx, n.session, inputs, []ort.Value{set.x}); err != nil {
		return err
	}
	answers, size := set.x.GetData(), 4*height*width
	for i, a := range asks {
		copy(a.X, answers[i*size:(i+1)*size])
	}
	return nil
}

// put writes values as row i of a tensor.
func put[T any](tensor []T, i int, values []T) { copy(tensor[i*len(values):], values) }

// renderer runs render.onnx for the composer. It is safe for concurrent use.
type renderer struct{ session *ort.DynamicAdvancedSession }

// codeLength is how many numbers say which rendering is shown and which is asked.
const codeLength = 8

func openRenderer(onnx []byte, use *device) (*renderer, error) {
	session, err := use.open(onnx, []string{"picture", "code"}, []string{"rendered"})
	if err != nil {
		return nil, err
	}
	r := &renderer{session}
	if _, err := r.Render(16, make([]float32, 4*16*16), make([]float32, codeLength)); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *renderer) close() { _ = r.session.Destroy() }

// Render is compose.Renderer's.
func (r *renderer) Render(side int, planes, code []float32) ([]float32, error) {
	shape := ort.NewShape(1, 4, int64(side), int64(side))
	picture, err := ort.NewTensor(shape, planes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = picture.Destroy() }()
	told, err := ort.NewTensor(ort.NewShape(1, codeLength), code)
	if err != nil {
		return nil, err
	}
	defer func() { _ = told.Destroy() }()
	rendered, err := ort.NewEmptyTensor[float32](shape)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rendered.Destroy() }()
	// A drawing takes some milliseconds: nobody waits for it to be stopped.
	if err := runSession(context.Background(), r.session, []ort.Value{picture, told}, []ort.Value{rendered}); err != nil {
		return nil, err
	}
	return slices.Clone(rendered.GetData()), nil
}

// looker runs look.onnx: what a style reference looks like, as the network understands it.
type looker struct {
	session *ort.DynamicAdvancedSession
	width   int
}

// lookSide is the side of the square that look.onnx reads, in pixels.
const lookSide = 64

func openLooker(onnx []byte, width int, use *device) (*looker, error) {
	session, err := use.open(onnx, []string{"picture"}, []string{"look"})
	if err != nil {
		return nil, err
	}
	l := &looker{session, width}
	if _, err := l.look(context.Background(), make([]float32, 4*lookSide*lookSide)); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *looker) close() { _ = l.session.Destroy() }

// look reads planes [4,64,64]. It is safe for concurrent use.
func (l *looker) look(ctx context.Context, planes []float32) ([]float32, error) {
	picture, err := ort.NewTensor(ort.NewShape(1, 4, lookSide, lookSide), planes)
	if err != nil {
		return nil, fmt.Errorf("read style reference: %w", err)
	}
	defer func() { _ = picture.Destroy() }()
	look, err := ort.NewEmptyTensor[float32](ort.NewShape(1, int64(l.width)))
	if err != nil {
		return nil, fmt.Errorf("read style reference: %w", err)
	}
	defer func() { _ = look.Destroy() }()
	if err := runSession(ctx, l.session, []ort.Value{picture}, []ort.Value{look}); err != nil {
		return nil, fmt.Errorf("read style reference: %w", err)
	}
	return slices.Clone(look.GetData()), nil
}
