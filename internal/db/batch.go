package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/clock"
	"bottega/internal/telemetry"
)

// ErrBusy says that a batch's line is full; nothing was written.
var ErrBusy = errors.New("too many writes are waiting")

// Batch lets many callers share one transaction: what arrives while a transaction commits goes into the next one
// (group commit, no timer). Each operation gets its own answer; an operation that is refused writes nothing and harms
// no neighbour. When the database refuses a shared transaction, the operations are tried again in halves, so that only
// the one that causes it fails; when the database itself is in Trouble, all of them fail.
type Batch[Op, Res any] struct {
	db    *DB
	max   int
	apply func(ctx context.Context, tx *Tx, ops []Op) ([]Outcome[Res], error)
	line  chan *waiting[Op, Res]
	stop  chan struct{} // closed by Close: nothing more is taken in
	once  sync.Once
	ended chan struct{} // closed when everything taken in has its answer

	// Metrics counts the shared transactions; nil = nobody. Set it before the first Do.
	Metrics *telemetry.Metrics
}

// Outcome is the answer to one operation.
type Outcome[Res any] struct {
	Res Res
	Err error
}

type waiting[Op, Res any] struct {
	op  Op
	out chan Outcome[Res] // capacity 1

	// Of the transaction that carried it, for its span: known when out has the answer.
	began  time.Time
	shared int
}

// NewBatch starts a batcher. apply gets at most that many operations and must return one outcome each, or an error when the
// database failed; it must not have effects outside tx. Up to 4096 callers may wait, more get ErrBusy. Close it.
func NewBatch[Op, Res any](d *DB, most int, apply func(ctx context.Context, tx *Tx, ops []Op) ([]Outcome[Res], error)) *Batch[Op, Res] {
	b := &Batch[Op, Res]{
		db: d, max: most, apply: apply,
		line: make(chan *waiting[Op, Res], 4096), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go b.run()
	return b
}

// Do hands in an operation and waits for its answer. When ctx ends first the operation may still be carried out.
func (b *Batch[Op, Res]) Do(ctx context.Context, op Op) (res Res, err error) {
	w := &waiting[Op, Res]{op: op, out: make(chan Outcome[Res], 1)}
	from := clock.System{}.Now()
	ctx, span := telemetry.Start(ctx, "db.batch")
	defer func() { span.End(err) }()
	var zero Res
	select {
	case <-b.stop:
		return zero, ErrBusy
	default:
	}
	select {
	case b.line <- w:
	default:
		return zero, ErrBusy
	}
	select {
	case o := <-w.out:
		span.Set(attribute.Int("bottega.batch.operations", w.shared), attribute.Float64("bottega.batch.wait_seconds", w.began.Sub(from).Seconds()))
		return o.Res, o.Err
	case <-ctx.Done():
		return zero, ctx.Err()
	case <-b.ended: // it got into the line while Close was at work: either it has its answer by now or it never will
	}
	select {
	case o := <-w.out:
		return o.Res, o.Err
	default:
		return zero, ErrBusy
	}
}

// Close finishes what is in line and stops.
func (b *Batch[Op, Res]) Close() {
	b.once.Do(func() { close(b.stop) })
	<-b.ended
}

func (b *Batch[Op, Res]) run() {
	defer close(b.ended)
	for {
		select {
		case w := <-b.line:
			b.commit(b.drain(w))
		case <-b.stop:
			for {
				select {
				case w := <-b.line:
					b.commit(b.drain(w))
				default:
					return
				}
			}
		}
	}
}

// drain takes what is already waiting, without waiting for more.
func (b *Batch[Op, Res]) drain(first *waiting[Op, Res]) []*waiting[Op, Res] {
	ws := []*waiting[Op, Res]{first}
	for len(ws) < b.max {
		select {
		case w := <-b.line:
			ws = append(ws, w)
		default:
			return ws
		}
	}
	return ws
}

// commit runs the operations in one transaction, or in halves when that fails.
func (b *Batch[Op, Res]) commit(ws []*waiting[Op, Res]) {
	began := clock.System{}.Now()
	for _, w := range ws {
		w.began, w.shared = began, len(ws)
	}
	outcomes, err := b.try(ws)
	b.Metrics.Batch(len(ws), clock.System{}.Now().Sub(began))
	if err == nil {
		for i, w := range ws {
			w.out <- outcomes[i]
		}
		return
	}
	if len(ws) == 1 || Trouble(err) != "" { // no operation of these is to blame
		for _, w := range ws {
			w.out <- Outcome[Res]{Err: err}
		}
		return
	}
	b.commit(ws[:len(ws)/2])
	b.commit(ws[len(ws)/2:])
}

func (b *Batch[Op, Res]) try(ws []*waiting[Op, Res]) (outcomes []Outcome[Res], err error) {
	ops := make([]Op, len(ws))
	for i, w := range ws {
		ops[i] = w.op
	}
	// The callers' contexts do not bound the shared transaction: one that gives up must not undo its neighbours.
	ctx := context.Background()
	err = b.db.Tx(ctx, func(tx *Tx) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("batch panicked: %v", p)
			}
		}()
		outcomes, err = b.apply(ctx, tx, ops)
		if err == nil && len(outcomes) != len(ops) {
			return fmt.Errorf("batch gave %d outcomes for %d operations", len(outcomes), len(ops))
		}
		return err
	})
	return outcomes, err
}
