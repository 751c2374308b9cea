package main

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bottega/internal/telemetry/telemetrytest"
)

// One trace leads through the server, a worker that reaches only the server, and the process in which the house model
// computes there. What was not sent yet is sent when they end, and the metrics stand on an address of their own.
func TestTrace_ReachesTheWorkersOfOtherMachines(t *testing.T) {
	collector := telemetrytest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "60000") // so that only the end sends
	data, metrics, workers := t.TempDir(), freePort(t), freePort(t)
	s := startServer(t, "--data", data, "--slots=0", "--metrics-listen", metrics, "--log-format", "json")
	m := startMachine(t, os.Args[0], "--server", s.base, "--metrics-listen", workers, "--token", must(t, "admin", "worker", "create", "--data", data, "--name", "test"))
	m.working()
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
	const painted = `bottega_worker_painted_seconds_count{engine="tempera",model="tempera-image",outcome="ok"} 1`
	for where, address := range map[string]string{"--listen": strings.TrimSuffix(m.ready, "/readyz"), "--metrics-listen": "http://" + workers} {
		if status, text := fetch(t, address+"/healthz"); status != http.StatusOK {
			t.Errorf("%s: /healthz says %d %s", where, status, text)
		}
		status, text := fetch(t, address+"/metrics")
		for _, want := range []string{painted, "bottega_worker_connected 1", "bottega_worker_connections_total 1", "bottega_worker_slots 1", "bottega_worker_painting 0", `bottega_worker_refusals_total{reason="token"} 0`} {
			if status != http.StatusOK || !strings.Contains(text, "\n"+want+"\n") {
				t.Errorf("%s: the worker's metrics (%d) do not have %s", where, status, want)
			}
		}
	}
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := m.cmd.Wait(); err != nil {
		t.Fatalf("the worker ended with %v: %s", err, m.log.String())
	}
	if err := s.terminate(); err != nil {
		t.Fatalf("the server ended with %v", err)
	}
	trace := strings.ReplaceAll(id, "-", "")
	processes := map[string]bool{}
	path := []string{"POST /api/rest/v1/generations"}
	for _, name := range []string{"generation.run", "engine.generate", "worker.paint", "tempera.paint", "tempera.sample"} {
		path = append(path, name)
		span, ok := collector.Find(trace, name)
		if got := collector.Path(span); !ok || !slices.Equal(got, path) {
			t.Errorf("%s hangs at %v, want %v", name, got, path)
		}
		processes[span.Process] = true
	}
	if len(processes) != 3 {
		t.Errorf("the work was done by %d processes, want server, worker, and that of the house model", len(processes))
	}
	if log := s.log.String(); !strings.Contains(log, `"msg":"generation ended","generation":"`+id+`"`) {
		t.Errorf("the log does not say that %s ended:\n%s", id, log)
	}
}

// fetch reads an address.
func fetch(t *testing.T, address string) (status int, text string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
