package api

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/clock"
	"bottega/internal/telemetry"
)

// Observe measures requests and gives those to an API a span, below their caller's where that sent traceparent. It
// stands inside AccessLog, whose line then names the trace. What lasts is left out: event streams, and connections of
// workers.
func Observe(t *telemetry.Traces, m *telemetry.Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := r.Context(), telemetry.Span{}
		lasts := r.Header.Get("Upgrade") != "" || strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
		if strings.HasPrefix(r.URL.Path, "/api/") && !lasts {
			ctx, span = t.Request(ctx, r.Header, "HTTP "+knownMethod(r.Method))
		}
		noteTrace(ctx)
		r = r.WithContext(ctx)
		sw := &statusWriter{ResponseWriter: w}
		from := clock.System{}.Now() // a duration, not a date: the installation's clock may stand still
		defer func() {
			route := settleRoute(ctx, r)
			if !lasts {
				m.Request(route, knownMethod(r.Method), sw.Status(), clock.System{}.Now().Sub(from))
			}
			span.Rename(route)
			span.Set(attribute.String("http.request.method", knownMethod(r.Method)), attribute.String("http.route", route),
				attribute.Int("http.response.status_code", sw.Status()), attribute.String("bottega.request", RequestID(ctx)))
			var err error
			if sw.Status() >= http.StatusInternalServerError {
				err = noted(ctx)
			}
			span.End(err)
		}()
		next.ServeHTTP(sw, r)
	})
}

// knownMethod keeps what a stranger calls a method out of the metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// settleRoute is the route that answered: what the handler noted, or the pattern of the mux.
func settleRoute(ctx context.Context, r *http.Request) string {
	rec := recordOf(ctx)
	if rec == nil {
		return r.Pattern
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.route == "" {
		rec.route = r.Pattern
	}
	return rec.route
}
