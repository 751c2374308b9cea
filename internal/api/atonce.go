package api

import (
	"net/http"
	"time"

	"bottega/internal/clock"
)

// AtOnce lets so many requests through at a time; others wait their turn, or until their caller is gone. It is for
// bodies that are held in memory.
func AtOnce(n int, next http.Handler) http.Handler {
	room := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// Patient gives a request longer than the server's usual time to send its body: files come over slow lines.
func Patient(d time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Where the connection cannot be told, as in tests, the usual time holds.
		_ = http.NewResponseController(w).SetReadDeadline(clock.System{}.Now().Add(d))
		next.ServeHTTP(w, r)
	})
}
