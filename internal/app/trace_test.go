package app_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/plan"
	"bottega/internal/telemetry"
	"bottega/internal/telemetry/telemetrytest"
)

// watched is an installation whose traces and log can be read.
type watched struct {
	*apptest.World
	handler   http.Handler
	collector *telemetrytest.Collector
	log       *lines
	actor     access.Actor
	key       string
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// all reads the log as JSON.
func (l *lines) all(t *testing.T) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("a line of the log is no JSON: %v: %s", err, line)
		}
		list = append(list, fields)
	}
	return list
}

func watch(t *testing.T, database string) *watched {
	t.Helper()
	w := &watched{collector: telemetrytest.New(t), log: &lines{}}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", w.collector.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	log := slog.New(telemetry.Logs(slog.NewJSONHandler(w.log, nil)))
	traces, err := telemetry.OpenTraces(t.Context(), "test", log)
	if err != nil || traces == nil {
		t.Fatalf("traces %v, %v", traces, err)
	}
	t.Cleanup(func() { _ = traces.Close(t.Context()) })
	w.World = apptest.New(t, database, func(c *app.Config) { c.Log, c.Traces = log, traces })
	if w.handler, err = w.Handler(); err != nil {
		t.Fatal(err)
	}
	w.actor = w.User(plan.Operator)
	if w.key, _, err = w.Auth.CreateKey(t.Context(), w.actor.AccountID, "test", time.Time{}, auth.KeyTerms{}); err != nil {
		t.Fatal(err)
	}
	return w
}

const secretPrompt = "a heron that nobody may know of"

// submit asks for a picture over HTTP and returns the generation's id.
func (w *watched) submit(t *testing.T, header http.Header) string {
	t.Helper()
	r := httptest.NewRequest("POST", "/api/rest/v1/generations", strings.NewReader(`{"prompt":"`+secretPrompt+`","num_images":1}`))
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Authorization", "Bearer "+w.key)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var body struct {
		Job struct {
			ID string `json:"generationId"`
		} `json:"sdGenerationJob"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Job.ID == "" {
		t.Fatalf("answered %d %s (%v)", answer.Code, answer.Body, err)
	}
	return body.Job.ID
}

// span waits for a span of a trace.
func (w *watched) span(trace, name string) telemetrytest.Span {
	var found telemetrytest.Span
	w.Wait(func() error {
		s, ok := w.collector.Find(trace, name)
		if !ok {
			return fmt.Errorf("trace %s has not exactly one span %q: %v", trace, name, w.collector.Spans())
		}
		found = s
		return nil
	})
	return found
}

// From the request to the engine and back is one trace, in whatever process the work runs; its id is the generation's.
func TestTrace_LeadsFromTheRequestToTheEngineAndBack(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, database string) {
		w := watch(t, database)
		w.Run()
		id := w.submit(t, nil)
		w.WaitState(w.actor, id, generation.Complete)
		trace := strings.ReplaceAll(id, "-", "")
		const route = "POST /api/rest/v1/generations"
		hangs := map[string][]string{
			route:               {},
			"generation.submit": {route},
			"generation.wait":   {route},
			"generation.run":    {route},
			"engine.generate":   {route, "generation.run"},
			"asset.keep":        {route, "generation.run"},
			"generation.finish": {route, "generation.run"},
		}
		for name := range hangs { // they are sent as they end: parents after their children
			w.span(trace, name)
		}
		for name, want := range hangs {
			if got := w.collector.Path(w.span(trace, name)); !slices.Equal(got, append(want, name)) {
				t.Errorf("%s hangs at %v, want %v", name, got, want)
			}
		}
		batches := 0
		for _, s := range w.collector.Spans() {
			if s.Trace == trace && s.Name == "db.batch" {
				batches++
				if s.Attributes["bottega.batch.operations"] != "1" {
					t.Errorf("a batch of one has attributes %v", s.Attributes)
				}
			}
			if text := fmt.Sprint(s); strings.Contains(text, "heron") || strings.Contains(text, w.key) {
				t.Errorf("a span tells a secret: %s", text)
			}
		}
		if batches != 2 {
			t.Errorf("%d batches in the trace, want that of the submission and that of the ending", batches)
		}
	})
}

func TestTrace_OfTheCallerIsLinkedWithTheGenerations(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	w.Run()
	const theirs, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	id := w.submit(t, http.Header{"Traceparent": {"00-" + theirs + "-" + parent + "-01"}})
	w.WaitState(w.actor, id, generation.Complete)
	own := strings.ReplaceAll(id, "-", "")
	if own == theirs {
		t.Fatal("a caller chose the id of a generation")
	}
	request, submitted := w.span(theirs, "POST /api/rest/v1/generations"), w.span(theirs, "generation.submit")
	if request.Parent != parent {
		t.Errorf("the request hangs at %s, want the caller's span", request.Parent)
	}
	root, run := w.span(own, "generation"), w.span(own, "generation.run")
	if run.Parent != root.ID || root.Parent != "" {
		t.Errorf("the run hangs at %s, and the root %s at %q", run.Parent, root.ID, root.Parent)
	}
	if !slices.Contains(root.Links, theirs) || !slices.Contains(submitted.Links, own) {
		t.Errorf("links of the root %v and of the submission %v, want each other", root.Links, submitted.Links)
	}
}

// A trace says that and how an attempt failed, by its code.
func TestTrace_SaysWhatFailed(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	w.Engine.Script(enginetest.Script{Err: fmt.Errorf("what it says about %s", secretPrompt)})
	w.Run()
	id := w.submit(t, nil)
	w.WaitState(w.actor, id, generation.Failed)
	run := w.span(strings.ReplaceAll(id, "-", ""), "generation.run")
	if !run.Failed || run.Attributes["bottega.outcome"] != "fail" || strings.Contains(fmt.Sprint(run), "heron") {
		t.Errorf("the attempt is told as %+v", run)
	}
}

// Every line about a generation names it, and every line of a request the request.
func TestLog_LinesCarryTheirIDs(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	w.Run()
	id := w.submit(t, nil)
	w.WaitState(w.actor, id, generation.Complete)
	trace := strings.ReplaceAll(id, "-", "")
	want := map[string]string{"generation accepted": "request", "generation started": "", "generation ended": "", "request": "request"}
	w.Wait(func() error {
		for message := range want {
			if !strings.Contains(w.log.String(), `"msg":"`+message+`"`) {
				return fmt.Errorf("the log has no line %q: %s", message, w.log)
			}
		}
		return nil
	})
	for _, line := range w.log.all(t) {
		message, _ := line["msg"].(string)
		also, known := want[message]
		if !known {
			continue
		}
		if message != "request" && line["generation"] != id {
			t.Errorf("%q names generation %v", message, line["generation"])
		}
		if line["trace"] != trace {
			t.Errorf("%q names trace %v, want %s", message, line["trace"], trace)
		}
		if also != "" && line[also] == nil {
			t.Errorf("%q has no %s: %v", message, also, line)
		}
	}
	if strings.Contains(w.log.String(), "heron") {
		t.Errorf("the log tells the prompt: %s", w.log)
	}
}
