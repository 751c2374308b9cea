// Package worker is where machines connect that make pictures for this server and reach nothing but its address. It
// checks their token and hands the connection over; what is said then belongs to engine/remote.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"bottega/internal/api"
	"bottega/internal/engine/remote"
	"bottega/internal/fault"
)

// Tokens is who knows worker tokens: auth.Service.
type Tokens interface {
	Worker(ctx context.Context, presented string) (tokenID string, err error)
}

// Deps are what the handler is made of.
type Deps struct {
	Tokens Tokens
	Pool   *remote.Pool
	Log    *slog.Logger
}

var errNoToken = fault.New(fault.Unauthenticated, "missing_worker_token", `a worker token is required: send the header "Authorization: Bearer <token>"`)

// New returns the handler of remote.Path.
func New(d Deps) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			api.NotFound(http.MethodGet).ServeHTTP(w, r)
			return
		}
		tokenID, err := d.admitted(r)
		if err != nil {
			if f := fault.As(err); f != nil && f.Kind == fault.Unauthenticated {
				d.Pool.Refused(remote.RefusedToken)
				d.Log.Warn("a worker is not let in", "code", remote.RefusedToken, "reason", f.Message)
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			api.WriteError(w, r, err)
			return
		}
		conn, err := websocket.Accept(w, r, nil) // answers by itself what is no WebSocket; an Origin of elsewhere is refused
		if err != nil {
			d.Log.Warn("a worker could not connect", "error", err)
			return
		}
		d.Pool.Serve(r.Context(), remote.Stream(conn), tokenID)
	})
}

func (d Deps) admitted(r *http.Request) (tokenID string, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoToken
	}
	return d.Tokens.Worker(r.Context(), token)
}

// InForce tells a pool whether a token may still be used. A database that is away ends no session.
func InForce(inForce func(ctx context.Context, tokenID string) error) func(ctx context.Context, tokenID string) error {
	return func(ctx context.Context, tokenID string) error {
		err := inForce(ctx, tokenID)
		if f := (*fault.Error)(nil); errors.As(err, &f) && f.Kind == fault.Unauthenticated {
			return &remote.Refusal{Code: remote.RefusedToken, Text: f.Message, Final: true}
		}
		return nil
	}
}
