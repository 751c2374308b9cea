package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

type stoppingKey struct{}

// NewServer returns a server with time limits that a slow or silent caller cannot stretch. There is no write limit:
// event streams and large pictures last; event streams set their own for every message. Shutdown ends the event
// streams first (see Stopping), everything else is answered to its end.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	stopping, stop := context.WithCancel(context.Background())
	srv := &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), stoppingKey{}, stopping.Done())
		},
	}
	srv.RegisterOnShutdown(stop)
	return srv
}

// Stopping returns a channel that closes when the server that ctx's request came through begins to shut down; nil,
// which never closes, for a request of no such server.
func Stopping(ctx context.Context) <-chan struct{} {
	done, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return done
}
