// Package telemetry is what the program tells about itself while it works: traces that follow one generation from the
// request to the engine and back, measurements for Prometheus, and the ids that log lines carry. It promises that
// nothing leaves the machine unless the operator named a collector, that a nil *Traces and a nil *Metrics do nothing,
// and that neither errors' texts nor prompts nor secrets become attributes. What is worth telling is left to its callers.
package telemetry

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"bottega/internal/id"
)

// scope is the name under which collectors file our spans.
const scope = "bottega"

// Traces makes the spans that no other span of this process leads to; everything below them is made by Start. A nil
// *Traces makes none.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	root     sdk.Sampler // decides by the trace's id, so every process decides alike
}

// OpenTraces returns where spans go, as the environment says it in OpenTelemetry's own variables; nil unless
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set. Spans are sent from a bounded queue: when
// the collector is away they are dropped and the log says so once. Close sends what is left.
func OpenTraces(ctx context.Context, version string, log *slog.Logger) (*Traces, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil // a nil *Traces does nothing, and nothing is what was asked for
	}
	root, sampler, err := samplers(os.Getenv("OTEL_TRACES_SAMPLER"), os.Getenv("OTEL_TRACES_SAMPLER_ARG"))
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare to send traces: %w", err)
	}
	res, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "bottega"), attribute.String("service.version", version), attribute.String("service.instance.id", id.New())),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("describe this process for traces: %w", err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(&patient{SpanExporter: exporter, log: log}), sdk.WithResource(res), sdk.WithSampler(sampler), sdk.WithIDGenerator(ids{}),
	)
	return &Traces{provider: provider, tracer: provider.Tracer(scope), root: root}, nil
}

// Close sends what is left, for as long as ctx lasts.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// samplers reads OpenTelemetry's settings of which traces are kept: root decides about those that begin here, sampler
// follows a parent first.
func samplers(name, arg string) (root, sampler sdk.Sampler, err error) {
	ratio := 1.0
	if arg != "" {
		if ratio, err = strconv.ParseFloat(arg, 64); err != nil || ratio < 0 || ratio > 1 {
			return nil, nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG %q: want a number from 0 to 1", arg)
		}
	}
	switch name {
	case "always_on":
		return sdk.AlwaysSample(), sdk.AlwaysSample(), nil
	case "always_off":
		return sdk.NeverSample(), sdk.NeverSample(), nil
	case "traceidratio":
		return part(ratio), part(ratio), nil
	case "", "parentbased_always_on":
		root = sdk.AlwaysSample()
	case "parentbased_always_off":
		root = sdk.NeverSample()
	case "parentbased_traceidratio":
		root = part(ratio)
	default:
		return nil, nil, fmt.Errorf("OTEL_TRACES_SAMPLER %q is not known: want always_on, always_off, traceidratio, or one of them after parentbased_", name)
	}
	return root, sdk.ParentBased(root), nil
}

// part is a sampler that keeps a part of all traces, 0 to 1, by the last 56 bits of their ids, as the W3C's level 2 of
// trace context wants it. OpenTelemetry's own looks at bits that are fixed in a UUID.
type part float64

// ShouldSample implements sdk.Sampler.
func (p part) ShouldSample(in sdk.SamplingParameters) sdk.SamplingResult {
	random := binary.BigEndian.Uint64(in.TraceID[8:]) & (1<<56 - 1)
	result := sdk.SamplingResult{Decision: sdk.Drop, Tracestate: trace.SpanContextFromContext(in.ParentContext).TraceState()}
	if float64(random) >= (1-float64(p))*(1<<56) {
		result.Decision = sdk.RecordAndSample
	}
	return result
}

// Description implements sdk.Sampler.
func (p part) Description() string { return fmt.Sprintf("part of traces: %g", float64(p)) }

// patient is an exporter whose failures are said once, until it works again.
type patient struct {
	sdk.SpanExporter
	log *slog.Logger

	mu     sync.Mutex
	failed bool
}

// ExportSpans implements sdk.SpanExporter.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && !p.failed {
		p.log.Warn("sending traces failed; they are dropped until it works", "error", err)
	}
	p.failed = err != nil
	return nil // it is told
}

// Span is a piece of work in a trace. The zero Span is none.
type Span struct{ span trace.Span }

// End ends the span, as failed unless err is nil. Of the error only its code is told, never its text.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	fail(s.span, err)
	s.span.End()
}

// Set adds facts that became known later.
func (s Span) Set(attributes ...attribute.KeyValue) {
	if s.span != nil {
		s.span.SetAttributes(attributes...)
	}
}

// Rename gives the span the name that became known later.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Start begins a span below the one of ctx; without one it begins none.
func Start(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, Span{span}
}

var wire propagation.TraceContext

// Request begins the span of a request: below its caller's, where that sent traceparent.
func (t *Traces) Request(ctx context.Context, h http.Header, name string, attributes ...attribute.KeyValue) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx = wire.Extract(ctx, propagation.HeaderCarrier(h))
	own := !trace.SpanContextFromContext(ctx).IsValid()
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	if own {
		ctx = context.WithValue(ctx, unclaimedKey{}, &unclaimed{})
	}
	return ctx, Span{span}
}

// Carry is the span of ctx as another process reads it with Continue; "" where there is none.
func Carry(ctx context.Context) string {
	c := propagation.MapCarrier{}
	wire.Inject(ctx, c)
	return c["traceparent"]
}

// Continue begins a span below one that another process has told with Carry; without one it begins none.
func (t *Traces) Continue(ctx context.Context, carried, name string, attributes ...attribute.KeyValue) (context.Context, Span) {
	if t == nil || carried == "" {
		return ctx, Span{}
	}
	ctx = wire.Extract(ctx, propagation.MapCarrier{"traceparent": carried})
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, Span{span}
}

// TraceID is the id of ctx's trace; "" where there is none.
func TraceID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.HasTraceID() {
		return c.TraceID().String()
	}
	return ""
}

// ended reports whether work ended because somebody wanted it to.
func ended(err error) bool { return errors.Is(err, context.Canceled) }
