// Package fault is the one shape of an error that a person outside may see: a kind that a dialect turns into a status,
// a stable code, a safe text, and the fields that were wrong with what would be right. Errors that are not faults are
// internal and are never shown.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is the class of a fault. The api package turns each into one HTTP status.
type Kind int

// The kinds. The zero value is Internal, so that a forgotten kind is never shown as the caller's mistake.
const (
	Internal        Kind = iota // our mistake: 500
	Invalid                     // a field is wrong: 400 or 422 by dialect
	Unauthenticated             // no valid credentials: 401
	Insufficient                // not enough tokens: 402
	Forbidden                   // known, but may not: 403
	NotFound                    // does not exist, or is somebody else's: 404
	Conflict                    // clashes with what is there: 409
	TooLarge                    // a body or a file over its limit: 413
	RateLimited                 // too many: 429
	Unavailable                 // try again later: 503
)

// Field says what is wrong with one field of a request.
type Field struct {
	Name    string // as the caller wrote it: "width", "controlnets[0].weight"
	Value   any    // what was sent; nil when it was missing
	Message string // what is wrong, in words: "must be a multiple of 8"
	Allowed string // what would be right: "32 to 1536 in steps of 8"
}

func (f Field) String() string {
	s := f.Name + " " + f.Message
	if f.Value != nil {
		v := fmt.Sprint(f.Value)
		if runes := []rune(v); len(runes) > 60 {
			v = string(runes[:57]) + "…"
		}
		s += fmt.Sprintf(" (got %q)", v)
	}
	if f.Allowed != "" {
		s += "; allowed: " + f.Allowed
	}
	return s
}

// Error is an error that may be shown.
type Error struct {
	Kind       Kind
	Code       string // stable, for machines: "insufficient_tokens"
	Message    string // safe, for people
	Fields     []Field
	RetryAfter time.Duration // with RateLimited and Unavailable
	Details    map[string]any
	cause      error
}

// New returns a fault of the kind.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Wrap returns a fault that keeps cause for the log. The cause is not shown to people.
func Wrap(kind Kind, code, message string, cause error) *Error {
	return &Error{Kind: kind, Code: code, Message: message, cause: cause}
}

// Bad returns an Invalid fault that names the fields.
func Bad(fields ...Field) *Error {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.String()
	}
	return &Error{Kind: Invalid, Code: "invalid_request", Message: strings.Join(texts, ". "), Fields: fields}
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// Is reports two faults with the same code as the same, so that callers can branch on a package's sentinel.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// As returns the fault inside err, or nil when there is none.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
