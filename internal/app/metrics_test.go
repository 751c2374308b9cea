package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"bottega/internal/apptest"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/remote"
	"bottega/internal/generation"
	"bottega/internal/telemetry"
)

// scrape reads the metrics as Prometheus does, and returns the name of every series with its value, labels in the order
// of their names.
func scrape(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatalf("what is served is not Prometheus's text form: %v", err)
	}
	series := map[string]float64{}
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help text", name)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			slices.Sort(labels)
			at := func(suffix string) string { return name + suffix + "{" + strings.Join(labels, ",") + "}" }
			switch {
			case m.GetHistogram() != nil:
				series[at("_count")], series[at("_sum")] = float64(m.GetHistogram().GetSampleCount()), m.GetHistogram().GetSampleSum()
				series[at("_bucket")] = 0
			case m.GetCounter() != nil:
				series[at("")] = m.GetCounter().GetValue()
			default:
				series[at("")] = m.GetGauge().GetValue() + m.GetUntyped().GetValue()
			}
		}
	}
	return series
}

// What happened is counted, once, under labels that no stranger can make up.
func TestMetrics_CountWhatHappened(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	w.Run()
	done := w.submit(t, nil)
	w.WaitState(w.actor, done, generation.Complete)
	w.Engine.Script(enginetest.Script{Err: fmt.Errorf("no such paint: %w", engine.ErrRejected)})
	w.WaitState(w.actor, w.submit(t, nil), generation.Failed)
	for _, method := range []string{"GET", "MADE-UP-1", "MADE-UP-2"} {
		w.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/api/nothing/of/"+method, nil))
	}
	want := map[string]float64{
		"bottega_generations_accepted_total{kind=image,lane=fast}":                                                2,
		"bottega_generations_ended_total{kind=image,reason=,state=complete}":                                      1,
		"bottega_generations_ended_total{kind=image,reason=rejected,state=failed}":                                1,
		"bottega_generation_run_seconds_count{kind=image,outcome=succeed}":                                        1,
		"bottega_generation_run_seconds_count{kind=image,outcome=fail}":                                           1,
		"bottega_engine_duration_seconds_count{engine=scripted,model=scripted,outcome=ok}":                        1,
		"bottega_engine_duration_seconds_count{engine=scripted,model=scripted,outcome=error}":                     1,
		"bottega_queue_wait_seconds_count{lane=api}":                                                              2,
		"bottega_http_request_duration_seconds_count{method=POST,route=POST /api/rest/v1/generations,status=200}": 2,
		"bottega_http_request_duration_seconds_count{method=other,route=/api/,status=404}":                        2,
		"bottega_http_request_duration_seconds_count{method=GET,route=/api/,status=404}":                          1,
		"bottega_batch_operations_count{}":                                                                        4,
		"bottega_batch_operations_sum{}":                                                                          4,
		"bottega_outbox_lag_seconds{}":                                                                            0,
		"bottega_database_connections_limit{pool=write}":                                                          1,
		"bottega_build_info{version=test}":                                                                        1,
	}
	w.Wait(func() error { // the last attempt is counted just after its end can be seen
		got := scrape(t, w.MetricsHandler())
		for name, value := range want {
			if v, there := got[name]; !there || v != value {
				return fmt.Errorf("%s is %v, want %v; there is %v", name, v, value, slices.Sorted(keysLike(got, name)))
			}
		}
		return nil
	})
}

// keysLike are the series of the same metric.
func keysLike(series map[string]float64, name string) func(func(string) bool) {
	metric, _, _ := strings.Cut(name, "{")
	return func(yield func(string) bool) {
		for k := range series {
			if strings.HasPrefix(k, metric+"{") && !yield(k) {
				return
			}
		}
	}
}

var metricName = regexp.MustCompile(`\b(?:bottega|go|process)_[a-z0-9_]+\b`)

// The dashboard and the alarms ask for what there is: every metric that they name stands in a real scrape, and every
// metric of ours is on the dashboard.
func TestMetrics_AreThoseOfDashboardAndAlarms(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	w.Run()
	w.Engine.Script(enginetest.Script{})
	w.WaitState(w.actor, w.submit(t, nil), generation.Complete)
	w.Metrics.Returned("image") // nothing is lost in this world, and nothing foretold: its clock stands still
	w.Metrics.Waited("api", 0, 0)
	there := map[string]bool{}
	w.Wait(func() error {
		for series := range scrape(t, w.MetricsHandler()) {
			name, _, _ := strings.Cut(series, "{")
			there[name] = true
		}
		if !there["bottega_generation_run_seconds_count"] {
			return fmt.Errorf("the attempt is not counted yet")
		}
		return nil
	})
	workers := map[string]bool{} // what a worker through a server tells, beside the servers
	of := telemetry.NewWorkerMetrics("test", 1, remote.Codes())
	for series := range scrape(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = of.Write(w) })) {
		name, _, _ := strings.Cut(series, "{")
		workers[name] = true
	}
	named := map[string]bool{}
	for _, file := range []string{"../../deploy/grafana/bottega.json", "../../deploy/prometheus/alerts.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := metricName.FindAllString(string(text), -1)
		if len(found) < 10 {
			t.Errorf("%s names only %d metrics", file, len(found))
		}
		for _, name := range found {
			named[name] = true
			if !there[name] && !workers[name] {
				t.Errorf("%s asks for %s, which is not at /metrics", file, name)
			}
		}
	}
	base := func(name string) string {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		return name
	}
	shown := map[string]bool{
		"bottega_price_sheet_version": true, "bottega_database_waits_total": true, "bottega_database_connections_idle": true,
		// What the operator did is on the studio's own pages.
		"bottega_operator_actions_total": true, "bottega_queue_drained_workers": true, "bottega_queue_kept_tickets": true,
	}
	for name := range named {
		shown[base(name)] = true
	}
	for name := range there {
		if strings.HasPrefix(name, "bottega_") && !shown[base(name)] {
			t.Errorf("%s is at /metrics, and neither on the dashboard nor in an alarm", name)
		}
	}
}

// The address for metrics serves nothing else, and the other one gives them to nobody from elsewhere.
func TestMetrics_StandOnAnAddressOfTheirOwn(t *testing.T) {
	w := watch(t, apptest.SQLite(t))
	for path, want := range map[string]int{
		"/metrics": 200, "/healthz": 200, "/readyz": 200, "/": 404, "/api/studio/me": 404, "/api/rest/v1/me": 404, "/assets/x": 404,
	} {
		if got := status(w.MetricsHandler(), path); got != want {
			t.Errorf("the address for metrics answers %s with %d, want %d", path, got, want)
		}
	}
	if got := status(w.handler, "/metrics"); got != http.StatusNotFound { // httptest's address is not this machine's
		t.Errorf("a stranger reads the metrics: %d", got)
	}
}
