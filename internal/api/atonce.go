package api

import "net/http"

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
