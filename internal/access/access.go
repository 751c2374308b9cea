// Package access says who is acting and decides, in pure functions, what they may see and do. It knows no database
// and no HTTP; the api packages put the Actor into the context and the services ask.
package access

import (
	"context"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// Role is what an account may do on this installation.
type Role string

// The roles.
const (
	RoleUser  Role = "user"
	RoleOwner Role = "owner" // runs the installation
)

// Actor is who makes a request.
type Actor struct {
	AccountID string
	Role      Role
	KeyID     string // set when an API key was used, empty for a session

	Team    string       // id of the team whose tokens pay; empty = one's own pay
	Credits bool         // the key pays with the account's API credits, not with its tokens
	Budget  token.Amount // most that the key may use in a UTC month; 0 = no bound
}

type contextKey struct{}

// With returns a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// From returns the actor of the context, or an Unauthenticated fault.
func From(ctx context.Context) (Actor, error) {
	a, ok := ctx.Value(contextKey{}).(Actor)
	if !ok || a.AccountID == "" {
		return Actor{}, fault.New(fault.Unauthenticated, "unauthenticated", "sign in or send an API key")
	}
	return a, nil
}

// MaySee reports whether the actor may see what belongs to owner. Everything is private: nobody but the owner sees
// it, the installation's owner included.
func (a Actor) MaySee(ownerID string) bool { return a.AccountID != "" && a.AccountID == ownerID }

// ErrOperatorOnly is the fault of what only whoever runs the installation may do.
var ErrOperatorOnly = fault.New(fault.Forbidden, "operator_only", "that is for the owner of this studio")

// Operate returns nil for whoever runs the installation, signed in to the studio. An API key never operates, whoever
// made it: it lies in other people's programs.
func (a Actor) Operate() error {
	if a.Role != RoleOwner || a.KeyID != "" {
		return ErrOperatorOnly
	}
	return nil
}
