package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/telemetry"
	"bottega/internal/telemetry/telemetrytest"
)

// open returns traces that go to a collector; finish sends them.
func open(t *testing.T) (*telemetry.Traces, *telemetrytest.Collector, func()) {
	t.Helper()
	c := telemetrytest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	traces, err := telemetry.OpenTraces(t.Context(), "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return traces, c, func() {
		if err := traces.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenTraces_NothingWithoutACollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	traces, err := telemetry.OpenTraces(t.Context(), "test", slog.New(slog.DiscardHandler))
	if traces != nil || err != nil {
		t.Fatalf("%v, %v", traces, err)
	}
	ctx, span := traces.Request(t.Context(), http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}, "x")
	traces.Accepted(ctx, id.New())
	_, work := traces.Work(ctx, id.New(), "y")
	work.End(nil)
	span.End(nil)
	if telemetry.TraceID(ctx) != "" || telemetry.Carry(ctx) != "" || traces.Close(ctx) != nil {
		t.Error("traces that go nowhere left something")
	}
}

func TestOpenTraces_RefusesASamplerItDoesNotKnow(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	for _, c := range [][2]string{{"sometimes", ""}, {"traceidratio", "half"}, {"traceidratio", "2"}} {
		t.Setenv("OTEL_TRACES_SAMPLER", c[0])
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", c[1])
		if _, err := telemetry.OpenTraces(t.Context(), "test", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// The first generation of a request that began here has the trace's id, the second one does not, and none ever has an
// id that a caller chose.
func TestGenerationID_IsTheTracesOnce(t *testing.T) {
	traces, _, finish := open(t)
	defer finish()
	ctx, _ := traces.Request(t.Context(), http.Header{}, "x")
	first, second := telemetry.GenerationID(ctx), telemetry.GenerationID(ctx)
	if strings.ReplaceAll(first, "-", "") != telemetry.TraceID(ctx) || !id.Valid(first) {
		t.Errorf("the first is %s in trace %s", first, telemetry.TraceID(ctx))
	}
	if second == first || !id.Valid(second) {
		t.Errorf("the second is %s", second)
	}
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	ctx, _ = traces.Request(t.Context(), http.Header{"Traceparent": {"00-" + theirs + "-b7ad6b7169203331-01"}}, "x")
	if got := telemetry.GenerationID(ctx); telemetry.TraceID(ctx) != theirs || strings.ReplaceAll(got, "-", "") == theirs {
		t.Errorf("%s in trace %s", got, telemetry.TraceID(ctx))
	}
	if !id.Valid(telemetry.GenerationID(t.Context())) {
		t.Error("without a trace there is no id")
	}
}

// Two processes that know nothing but the generation's id put their spans into one trace, below one root.
func TestWork_MeetsInOneTrace(t *testing.T) {
	traces, c, finish := open(t)
	ctx, request := traces.Request(t.Context(), http.Header{}, "request")
	generation := telemetry.GenerationID(ctx)
	traces.Accepted(ctx, generation)
	request.End(nil)
	finish()
	other, err := telemetry.OpenTraces(t.Context(), "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run, span := other.Work(t.Context(), generation, "run")
	_, paint := other.Continue(context.Background(), telemetry.Carry(run), "paint")
	paint.End(fault.New(fault.Unavailable, "no_paint", "a text with a heron in it"))
	span.End(errors.New("another text with a heron in it"))
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	trace := strings.ReplaceAll(generation, "-", "")
	p, ok := c.Find(trace, "paint")
	if got := strings.Join(c.Path(p), " "); !ok || got != "request run paint" {
		t.Errorf("the last span hangs at %q: %+v", got, c.Spans())
	}
	if !p.Failed || p.Status != "no_paint" {
		t.Errorf("a fault is told as %q", p.Status)
	}
	if r, _ := c.Find(trace, "run"); r.Status != "error" {
		t.Errorf("an error is told as %q", r.Status)
	}
}

// What is kept is decided by the trace's id alone, so a trace is kept in all processes or in none.
func TestWork_SamplesAsTheRequestDid(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
	traces, c, finish := open(t)
	for range 200 {
		ctx, request := traces.Request(t.Context(), http.Header{}, "request")
		_, run := traces.Work(t.Context(), telemetry.GenerationID(ctx), "run")
		run.End(nil)
		request.End(nil)
	}
	finish()
	spans := map[string]int{}
	for _, s := range c.Spans() {
		spans[s.Trace]++
	}
	if len(spans) < 50 || len(spans) > 150 {
		t.Errorf("%d of 200 traces were kept, want about half", len(spans))
	}
	for trace, n := range spans {
		if n != 2 {
			t.Errorf("of trace %s %d spans were kept", trace, n)
		}
	}
}

func TestTraces_ACollectorThatIsAwayIsSaidOnce(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	var log bytes.Buffer
	traces, err := telemetry.OpenTraces(t.Context(), "test", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, span := traces.Request(t.Context(), http.Header{}, "x")
		span.End(nil)
	}
	if err := traces.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if n := strings.Count(log.String(), "sending traces failed"); n != 1 {
		t.Errorf("said %d times: %s", n, &log)
	}
}

func TestLogs_AddWhatTheContextKnows(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(telemetry.Logs(slog.NewTextHandler(&out, nil))).With("part", "x")
	ctx := telemetry.WithGeneration(telemetry.WithRequest(t.Context(), "r1"), "g1")
	log.InfoContext(ctx, "one")
	log.InfoContext(ctx, "two", "generation", "g2")
	log.Info("three")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{
		"msg=one part=x request=r1 generation=g1", "msg=two part=x generation=g2 request=r1", "msg=three part=x",
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d is %q, want its end to be %q", i, lines[i], want)
		}
	}
}
