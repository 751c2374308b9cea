// Package api is what the HTTP dialects share: the one table from fault kinds to statuses, the rendering of errors in
// the form of the dialect that was asked, authentication by cookie and by key, and the middleware around everything.
// It promises that no internal error text, secret or prompt reaches an answer or a log line. Routes, bodies and rules
// are left to the dialects and the services behind them.
package api

import (
	"net/http"

	"bottega/internal/fault"
)

// statuses is the one table fault kind → HTTP status. A dialect may render another status for its own clients
// (Leonardo's answer 400 where this table says 422), but starts from here.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Insufficient:    http.StatusPaymentRequired,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Status returns the HTTP status of a kind; an unknown kind is ours to answer for, so it is 500.
func Status(k fault.Kind) int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return http.StatusInternalServerError
}
