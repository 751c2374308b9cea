package telemetry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"bottega/internal/fault"
	"bottega/internal/id"
)

// A generation waits between the request that submits it and its run, which may be in another process and days later.
// Nothing is stored to lead from one to the other: the id of a generation's trace is the generation's own id, and the
// id of that trace's root span follows from it. A trace that begins here gets an id that can be a generation's, and the
// first generation that its request submits takes it; so request and run share one trace. Where the caller brought a
// trace, or submits a second generation, the generation has a trace of its own, and the two are linked both ways.

// GenerationAttribute names a generation in attributes.
const GenerationAttribute = attribute.Key("bottega.generation")

// ids makes the ids of spans. Ids of traces are random UUIDs, as those of generations are.
type ids struct{}

type rootKey struct{} // of a context: the trace.TraceID that the next root takes

// NewIDs implements sdk.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	t, ok := ctx.Value(rootKey{}).(trace.TraceID)
	if !ok {
		t = trace.TraceID(uuid.New())
	}
	return t, rootSpan(t)
}

// NewSpanID implements sdk.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (s trace.SpanID) {
	for !s.IsValid() {
		_, _ = rand.Read(s[:]) // never fails: crypto/rand ends the program instead
	}
	return s
}

// rootSpan is the id of a trace's root span.
func rootSpan(t trace.TraceID) trace.SpanID {
	sum := sha256.Sum256(append([]byte("root span of "), t[:]...))
	return trace.SpanID(sum[:8])
}

// unclaimed is the id of a trace that began here, as long as no generation has taken it.
type (
	unclaimedKey struct{}
	unclaimed    struct{ taken atomic.Bool }
)

// GenerationID returns an id for a generation that ctx's request submits: the id of its trace where that is free.
func GenerationID(ctx context.Context) string {
	u, ok := ctx.Value(unclaimedKey{}).(*unclaimed)
	if !ok || !u.taken.CompareAndSwap(false, true) {
		return id.New()
	}
	return uuid.UUID(trace.SpanContextFromContext(ctx).TraceID()).String()
}

// traceOf is the trace of a generation; not valid for an id that is none.
func traceOf(generation string) (t trace.TraceID) {
	raw, err := hex.DecodeString(strings.ReplaceAll(generation, "-", ""))
	if err != nil || len(raw) != len(t) {
		return trace.TraceID{}
	}
	return trace.TraceID(raw)
}

// Accepted says that ctx's request submitted a generation. Where that has a trace of its own, the trace gets its root.
func (t *Traces) Accepted(ctx context.Context, generation string) {
	own := traceOf(generation)
	if t == nil || !own.IsValid() {
		return
	}
	here := trace.SpanFromContext(ctx)
	here.SetAttributes(GenerationAttribute.String(generation))
	if here.SpanContext().TraceID() == own {
		return
	}
	root := context.WithValue(trace.ContextWithSpan(ctx, nil), rootKey{}, own)
	_, span := t.tracer.Start(root, "generation", trace.WithNewRoot(), trace.WithAttributes(GenerationAttribute.String(generation)),
		trace.WithLinks(trace.Link{SpanContext: here.SpanContext()}))
	here.AddLink(trace.Link{SpanContext: span.SpanContext()})
	span.End()
}

// Work begins a span in the trace of a generation, in whatever process.
func (t *Traces) Work(ctx context.Context, generation, name string, attributes ...attribute.KeyValue) (context.Context, Span) {
	return t.within(ctx, generation, name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attributes...))
}

// Waited adds to the trace of a generation that it stood in the line.
func (t *Traces) Waited(ctx context.Context, generation string, from, to time.Time, attributes ...attribute.KeyValue) {
	if to.Before(from) {
		return // the clock was set back
	}
	_, span := t.within(ctx, generation, "generation.wait", trace.WithTimestamp(from), trace.WithAttributes(attributes...))
	if span.span != nil {
		span.span.End(trace.WithTimestamp(to))
	}
}

// within begins a span below the root of a generation's trace.
func (t *Traces) within(ctx context.Context, generation, name string, options ...trace.SpanStartOption) (context.Context, Span) {
	own := traceOf(generation)
	if t == nil || !own.IsValid() {
		return ctx, Span{}
	}
	parent := trace.SpanContextConfig{TraceID: own, SpanID: rootSpan(own), Remote: true}
	if t.root.ShouldSample(sdk.SamplingParameters{ParentContext: context.Background(), TraceID: own}).Decision == sdk.RecordAndSample {
		parent.TraceFlags = trace.FlagsSampled
	}
	ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(parent))
	ctx, span := t.tracer.Start(ctx, name, append(options, trace.WithAttributes(GenerationAttribute.String(generation)))...)
	return ctx, Span{span}
}

// fail marks a span by the code of a fault, or as an error without words.
func fail(span trace.Span, err error) {
	switch f := fault.As(err); {
	case err == nil:
	case ended(err):
		span.SetStatus(codes.Error, "cancelled")
	case f != nil:
		span.SetStatus(codes.Error, f.Code)
	default:
		span.SetStatus(codes.Error, "error")
	}
}
