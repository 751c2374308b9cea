package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"bottega/internal/telemetry/telemetrytest"
)

// One trace leads through the server into the worker process of the house model and back, what was not sent yet is
// sent when they end, and the metrics stand on an address of their own.
func TestTrace_ReachesTheWorkerProcess(t *testing.T) {
	collector := telemetrytest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "60000") // so that only the end sends
	data, metrics := t.TempDir(), freePort(t)
	s := startServer(t, "--data", data, "--metrics-listen", metrics, "--log-format", "json")
	c := newClient(t, s, data)
	id, err := c.submit(t.Name(), 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.wait(t, id); got != "COMPLETE" {
		t.Fatalf("the generation is %s", got)
	}
	answer, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	const counted = `bottega_engine_duration_seconds_count{engine="tempera",model="tempera-image",outcome="ok"} 1`
	if err != nil || !strings.Contains(string(text), counted) {
		t.Errorf("the metrics do not have %s (%v)", counted, err)
	}
	if err := s.terminate(); err != nil {
		t.Fatalf("the server ended with %v", err)
	}
	trace := strings.ReplaceAll(id, "-", "")
	run := []string{"POST /api/rest/v1/generations", "generation.run", "engine.generate"}
	var processes []string
	for name, want := range map[string][]string{
		"engine.generate": run, "tempera.paint": append(run, "tempera.paint"),
		"tempera.compose": append(run, "tempera.paint", "tempera.compose"), "tempera.sample": append(run, "tempera.paint", "tempera.sample"),
	} {
		span, ok := collector.Find(trace, name)
		if got := collector.Path(span); !ok || !slices.Equal(got, want) {
			t.Errorf("%s hangs at %v, want %v", name, got, want)
		}
		if name == "engine.generate" || name == "tempera.paint" {
			processes = append(processes, span.Process)
		}
	}
	if len(processes) != 2 || processes[0] == processes[1] {
		t.Errorf("the picture was asked for and painted in processes %v, want two", processes)
	}
	if log := s.log.String(); !strings.Contains(log, `"msg":"generation ended","generation":"`+id+`"`) {
		t.Errorf("the log does not say that %s ended:\n%s", id, log)
	}
}
