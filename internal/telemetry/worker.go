package telemetry

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// WorkerMetrics counts and measures what a process does that makes pictures for a server over HTTP. What it paints has a
// name of its own, because the server counts the same pictures as its engine's. A nil *WorkerMetrics counts nothing.
type WorkerMetrics struct {
	registry *prometheus.Registry

	painted  *prometheus.HistogramVec
	painting prometheus.Gauge
	joined   prometheus.Counter
	refused  *prometheus.CounterVec
	up       atomic.Bool
}

// NewWorkerMetrics returns the measures of a worker with so many slots, with those of Go and the system. Each of the
// codes of refusals is told from the beginning, as 0.
func NewWorkerMetrics(version string, slots int, codes []string) *WorkerMetrics {
	m := &WorkerMetrics{registry: prometheus.NewRegistry()}
	m.painted = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "bottega_worker_painted_seconds", Help: "Pictures that the server asked for; outcome is ok, error or cancelled.", Buckets: long,
	}, []string{"engine", "model", "outcome"})
	m.painting = prometheus.NewGauge(prometheus.GaugeOpts{Name: "bottega_worker_painting", Help: "Pictures that are being painted."})
	m.joined = prometheus.NewCounter(prometheus.CounterOpts{Name: "bottega_worker_connections_total", Help: "Times that a server let this worker in."})
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bottega_worker_refusals_total", Help: "What servers refused: this worker, or what it said, by reason.",
	}, []string{"reason"})
	connected := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "bottega_worker_connected", Help: "1 = a server has let this worker in.",
	}, func() float64 {
		if m.up.Load() {
			return 1
		}
		return 0
	})
	most := prometheus.NewGauge(prometheus.GaugeOpts{Name: "bottega_worker_slots", Help: "Pictures that this worker paints at once."})
	most.Set(float64(slots))
	for _, code := range codes {
		m.refused.WithLabelValues(code)
	}
	m.registry.MustRegister(m.painted, m.painting, m.joined, m.refused, connected, most, buildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Write writes everything in Prometheus's text form.
func (m *WorkerMetrics) Write(w io.Writer) error {
	if m == nil {
		return nil
	}
	return write(m.registry, w)
}

// Connected says that a server has let this worker in, and how that ended when left is called.
func (m *WorkerMetrics) Connected() (left func()) {
	if m == nil {
		return func() {}
	}
	m.joined.Inc()
	m.up.Store(true)
	return func() { m.up.Store(false) }
}

// Refused counts what a server refused, by the code it gave. A code that is not known is of a newer server: its label is
// other, so that a server cannot make up labels without end.
func (m *WorkerMetrics) Refused(code string, known bool) {
	if m == nil {
		return
	}
	if !known {
		code = "other"
	}
	m.refused.WithLabelValues(code).Inc()
}

// Paints counts a picture that is begun; ended says how it went.
func (m *WorkerMetrics) Paints(engine, model string) (ended func(err error, took time.Duration)) {
	if m == nil {
		return func(error, time.Duration) {}
	}
	m.painting.Inc()
	return func(err error, took time.Duration) {
		m.painting.Dec()
		outcome := "ok"
		switch {
		case errors.Is(err, context.Canceled):
			outcome = "cancelled"
		case err != nil:
			outcome = "error"
		}
		m.painted.WithLabelValues(engine, model, outcome).Observe(took.Seconds())
	}
}
