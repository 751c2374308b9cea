package app_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/engine/remote"
	"bottega/internal/telemetry"
)

// A panel or an alarm on a metric that nobody tells is silent for ever, and looks as if all were well.
func TestMetrics_DashboardAndAlarmsNameWhatThereIs(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	rec := httptest.NewRecorder()
	w.MetricsHandler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	there := map[string]bool{"up": true} // of Prometheus itself
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(rec.Body.String(), -1) {
		there[m[1]] = true
	}
	for _, name := range slices.Concat(w.Metrics.Names(), telemetry.NewWorkerMetrics("test", 1, remote.Codes()).Names()) {
		there[name] = true
	}
	for _, part := range []string{"bottega_queue_tickets", "bottega_generations_ended_total", "bottega_worker_connected", "process_resident_memory_bytes"} {
		if !there[part] {
			t.Fatalf("%s is not told: this test looks at the wrong place", part)
		}
	}
	metric := regexp.MustCompile(`\b(bottega|process|go)_[a-z_]+`)
	counted := 0
	for _, file := range []string{"../../deploy/grafana/bottega.json", "../../deploy/prometheus/alerts.yaml", "../../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metric.FindAllString(string(text), -1) {
			counted++
			known := there[name]
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				known = known || there[strings.TrimSuffix(name, part)]
			}
			// The documents shorten families: bottega_database_wait…_total.
			if strings.HasSuffix(file, ".md") && (strings.HasSuffix(name, "_") || !known) {
				for whole := range there {
					known = known || strings.HasPrefix(whole, name)
				}
			}
			if !known {
				t.Errorf("%s names %s, which nothing tells", file, name)
			}
		}
	}
	if counted < 100 {
		t.Errorf("only %d names were looked at", counted)
	}
}
