package api_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"bottega/internal/api"
	"bottega/internal/clock"
	"bottega/internal/telemetry"
)

// What is measured has a route and never an address, and what lasts is not measured.
func TestObserve_MeasuresRoutes(t *testing.T) {
	metrics := telemetry.NewMetrics("test")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("GET /events", func(http.ResponseWriter, *http.Request) {})
	log := slog.New(slog.DiscardHandler)
	h := api.AccessLog(log, clock.NewFake(start), api.Observe(nil, metrics, api.Recover(log, mux)))
	for _, path := range []string{"/assets/hidden?sig=s3cret", "/assets/other", "/nowhere/at/all"} {
		ask(h, "GET", path)
	}
	for _, header := range [][2]string{{"Accept", "text/event-stream"}, {"Upgrade", "websocket"}} {
		ask(h, "GET", "/events", func(r *http.Request) { r.Header.Set(header[0], header[1]) })
	}
	var out bytes.Buffer
	if err := metrics.Write(&out); err != nil {
		t.Fatal(err)
	}
	var counts []string
	for line := range strings.Lines(out.String()) {
		if rest, ok := strings.CutPrefix(line, "bottega_http_request_duration_seconds_count"); ok {
			counts = append(counts, strings.TrimSpace(rest))
		}
	}
	want := []string{`{method="GET",route="",status="404"} 1`, `{method="GET",route="GET /assets/{id}",status="418"} 2`}
	if strings.Join(counts, "\n") != strings.Join(want, "\n") {
		t.Errorf("measured %v, want %v", counts, want)
	}
}
