package api

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"bottega/internal/clock"
	"bottega/internal/telemetry"
)

// record is what becomes known about a request while it is answered, for the one log line it gets.
type record struct {
	id string

	mu      sync.Mutex // a handler's goroutines may note as well
	route   string
	account string
	trace   string
	err     error
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if r := recordOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// NoteRoute tells the log which route answers: "GET /api/studio/generations/{id}".
func NoteRoute(ctx context.Context, route string) {
	if r := recordOf(ctx); r != nil {
		r.mu.Lock()
		r.route = route
		r.mu.Unlock()
	}
}

// noteAccount tells the log who called.
func noteAccount(ctx context.Context, accountID string) {
	if r := recordOf(ctx); r != nil {
		r.mu.Lock()
		r.account = accountID
		r.mu.Unlock()
	}
}

// note keeps an error that is not shown for the log line.
func note(ctx context.Context, err error) {
	if r := recordOf(ctx); r != nil {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
	}
}

// noteTrace tells the log which trace the request belongs to.
func noteTrace(ctx context.Context) {
	if r := recordOf(ctx); r != nil {
		r.mu.Lock()
		r.trace = telemetry.TraceID(ctx)
		r.mu.Unlock()
	}
}

// errServer stands for a failure of which nothing was noted.
var errServer = errors.New("the answer says that the server failed")

// noted is why the request failed.
func noted(ctx context.Context) error {
	if r := recordOf(ctx); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err != nil {
			return r.err
		}
	}
	return errServer
}

// AccessLog gives each request an id, answers it in X-Request-Id, and writes one line when it is done: method, route,
// status, bytes, duration, who called, and the trace. Addresses with their parameters, headers and bodies are not written.
func AccessLog(log *slog.Logger, c clock.Clock, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{id: newRequestID()}
		w.Header().Set("X-Request-Id", rec.id)
		sw := &statusWriter{ResponseWriter: w}
		r = r.WithContext(telemetry.WithRequest(context.WithValue(r.Context(), recordKey{}, rec), rec.id))
		from := c.Now()
		defer func() { rec.log(log, r, sw, c.Now().Sub(from)) }()
		next.ServeHTTP(sw, r)
	})
}

func (rec *record) log(log *slog.Logger, r *http.Request, w *statusWriter, took time.Duration) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	route := rec.route
	if route == "" {
		route = r.Pattern // set by the mux when no middleware below made a copy
	}
	attrs := []slog.Attr{
		slog.String("request", rec.id), slog.String("method", r.Method), slog.String("route", route),
		slog.Int("status", w.Status()), slog.Int64("bytes", w.written), slog.Float64("duration_seconds", took.Seconds()),
	}
	if rec.account != "" {
		attrs = append(attrs, slog.String("account", rec.account))
	}
	if rec.trace != "" {
		attrs = append(attrs, slog.String("trace", rec.trace))
	}
	level := slog.LevelInfo
	if rec.err != nil {
		attrs = append(attrs, slog.String("error", rec.err.Error()))
		level = slog.LevelWarn
	}
	if w.Status() >= 500 && w.Status() != http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}

// newRequestID returns 80 random bits in 16 characters.
func newRequestID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status  int
	written int64
}

// Status is what was answered so far; nothing yet counts as 200, as net/http does.
func (w *statusWriter) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader remembers the first status that is not informational.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController and huma's event streams reach the flusher and the deadlines below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
