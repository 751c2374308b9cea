package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"bottega/internal/db"
)

// MetricsHandler serves /metrics and the checks of health on an address of their own, to whoever reaches that: a
// Prometheus on another machine does not come from this one.
func (a *App) MetricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /metrics", a.writeMetrics)
	return mux
}

// writeProcess writes what this process alone knows: its events, its connections, and what it has counted and measured.
func (a *App) writeProcess(ctx context.Context, w io.Writer) {
	events, err := a.eventMetrics(ctx)
	if err != nil {
		a.Log.Error("reading the outbox for the metrics failed", "error", err)
	}
	_, _ = io.WriteString(w, events+a.databaseMetrics())
	if err := a.Metrics.Write(w); err != nil && ctx.Err() == nil {
		a.Log.Error("writing the metrics failed", "error", err)
	}
}

// eventMetrics tells how far this process is behind in telling people, and how many listen.
func (a *App) eventMetrics(ctx context.Context) (string, error) {
	listening := fmt.Sprintf("# HELP bottega_event_streams Event streams that are open.\n# TYPE bottega_event_streams gauge\nbottega_event_streams %d\n", a.Hub.Listening())
	lag, err := a.Hub.Lag(ctx, a.Clock.Now())
	if err != nil {
		return listening, err
	}
	return listening + fmt.Sprintf("# HELP bottega_outbox_lag_seconds Age of the oldest event that this process has not passed on; 0 = none waits.\n"+
		"# TYPE bottega_outbox_lag_seconds gauge\nbottega_outbox_lag_seconds %g\n", lag.Seconds()), nil
}

// databaseMetrics tells how the pools of connections are used.
func (a *App) databaseMetrics() string {
	var b strings.Builder
	pools := a.DB.Pools()
	for _, m := range []struct {
		name, kind, help string
		value            func(db.Pool) float64
	}{
		{"bottega_database_connections_limit", "gauge", "Connections that may be open.", func(p db.Pool) float64 { return float64(p.MaxOpenConnections) }},
		{"bottega_database_connections_used", "gauge", "Connections in use.", func(p db.Pool) float64 { return float64(p.InUse) }},
		{"bottega_database_connections_idle", "gauge", "Connections that are open and not in use.", func(p db.Pool) float64 { return float64(p.Idle) }},
		{"bottega_database_waits_total", "counter", "Times that a connection was waited for.", func(p db.Pool) float64 { return float64(p.WaitCount) }},
		{"bottega_database_wait_seconds_total", "counter", "How long connections were waited for.", func(p db.Pool) float64 { return p.WaitDuration.Seconds() }},
	} {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
		for _, p := range pools {
			fmt.Fprintf(&b, "%s{pool=%q} %g\n", m.name, p.Name, m.value(p))
		}
	}
	return b.String()
}
