package telemetry

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Metrics counts and measures what this process does. Labels have few values: routes, not addresses; models, not
// prompts. A nil *Metrics counts nothing.
type Metrics struct {
	registry *prometheus.Registry

	requests   *prometheus.HistogramVec
	operations prometheus.Histogram
	commits    prometheus.Histogram
	waits      *prometheus.HistogramVec
	told       *prometheus.HistogramVec
	runs       *prometheus.HistogramVec
	pictures   *prometheus.HistogramVec
	accepted   *prometheus.CounterVec
	ended      *prometheus.CounterVec
	returned   *prometheus.CounterVec
}

// Buckets, in seconds.
var (
	short = []float64{0.005, 0.02, 0.1, 0.5, 2.5, 10}
	long  = []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600}
	waits = []float64{0.05, 0.5, 2, 5, 15, 60, 300, 1200, 3600, 14400}
)

// NewMetrics returns the measures of this process, with those of Go and the system.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.requests = histogram("bottega_http_request_duration_seconds", "Requests that were answered, event streams left out.", short, "route", "method", "status")
	operations := histogram("bottega_batch_operations", "Submissions and endings that shared a transaction.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256})
	commits := histogram("bottega_batch_duration_seconds", "Shared transactions, the commit included.", []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2.5})
	m.operations, m.commits = operations.WithLabelValues().(prometheus.Histogram), commits.WithLabelValues().(prometheus.Histogram)
	m.waits = histogram("bottega_queue_wait_seconds", "From being accepted to the first start.", waits, "lane")
	m.told = histogram("bottega_queue_wait_told_seconds", "What was said about the same waits when the work was accepted.", waits, "lane")
	m.runs = histogram("bottega_generation_run_seconds", "Attempts, files and rows included.", long, "kind", "outcome")
	m.pictures = histogram("bottega_engine_duration_seconds", "One picture of an engine; outcome is ok or error.", long, "engine", "model", "outcome")
	m.accepted = counter("bottega_generations_accepted_total", "Submissions that were accepted.", "kind", "lane")
	m.ended = counter("bottega_generations_ended_total", "Generations by how they ended; reason is the failure's code.", "kind", "state", "reason")
	m.returned = counter("bottega_generations_returned_total", "Attempts after which the work went back into the line.", "kind")
	m.registry.MustRegister(buildInfo(version), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func buildInfo(version string) prometheus.Gauge {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bottega_build_info", Help: "1; the version is in the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	return build
}

// Write writes everything in Prometheus's text form.
func (m *Metrics) Write(w io.Writer) error {
	if m == nil {
		return nil
	}
	return write(m.registry, w)
}

func write(registry *prometheus.Registry, w io.Writer) error {
	families, err := registry.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	encoder := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// Request counts an answered request. route is a pattern.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if m != nil {
		m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
	}
}

// Batch counts a shared transaction.
func (m *Metrics) Batch(operations int, took time.Duration) {
	if m != nil {
		m.operations.Observe(float64(operations))
		m.commits.Observe(took.Seconds())
	}
}

// Accepted counts a submission that was accepted.
func (m *Metrics) Accepted(kind, lane string) {
	if m != nil {
		m.accepted.WithLabelValues(kind, lane).Inc()
	}
}

// Waited counts a first start. told is what was said when the work was accepted; below 0 nothing was.
func (m *Metrics) Waited(lane string, waited, told time.Duration) {
	if m == nil {
		return
	}
	m.waits.WithLabelValues(lane).Observe(max(0, waited.Seconds()))
	if told >= 0 {
		m.told.WithLabelValues(lane).Observe(told.Seconds())
	}
}

// Ran counts an attempt.
func (m *Metrics) Ran(kind, outcome string, took time.Duration) {
	if m != nil {
		m.runs.WithLabelValues(kind, outcome).Observe(took.Seconds())
	}
}

// Returned counts an attempt after which the work goes back into the line.
func (m *Metrics) Returned(kind string) {
	if m != nil {
		m.returned.WithLabelValues(kind).Inc()
	}
}

// Ended counts a generation that has ended. reason is the code of its failure, or empty.
func (m *Metrics) Ended(kind, state, reason string) {
	if m != nil {
		m.ended.WithLabelValues(kind, state, reason).Inc()
	}
}

// Picture counts what an engine was asked for.
func (m *Metrics) Picture(engine, model string, err error, took time.Duration) {
	if m == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.pictures.WithLabelValues(engine, model, outcome).Observe(took.Seconds())
}
