package telemetry

import (
	"context"
	"log/slog"
)

type (
	requestKey    struct{}
	generationKey struct{}
)

// WithRequest names the request that ctx belongs to, for the log.
func WithRequest(ctx context.Context, request string) context.Context {
	return context.WithValue(ctx, requestKey{}, request)
}

// WithGeneration names the generation that ctx's work is for, for the log.
func WithGeneration(ctx context.Context, generation string) context.Context {
	return context.WithValue(ctx, generationKey{}, generation)
}

// Logs is a slog.Handler that gives each line the ids of its context: request, generation and trace. What a line says
// itself is not said twice.
func Logs(next slog.Handler) slog.Handler { return logs{next} }

type logs struct{ slog.Handler }

// Handle implements slog.Handler.
func (l logs) Handle(ctx context.Context, r slog.Record) error {
	said := map[string]bool{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = true
		return true
	})
	add := func(key, value string) {
		if value != "" && !said[key] {
			r.AddAttrs(slog.String(key, value))
		}
	}
	request, _ := ctx.Value(requestKey{}).(string)
	generation, _ := ctx.Value(generationKey{}).(string)
	add("request", request)
	add("generation", generation)
	add("trace", TraceID(ctx))
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l logs) WithAttrs(attrs []slog.Attr) slog.Handler { return logs{l.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (l logs) WithGroup(name string) slog.Handler { return logs{l.Handler.WithGroup(name)} }
