// Package id makes and checks the identifiers of accounts, generations, pictures and keys: random UUIDs (version 4),
// which nobody can guess and which every Leonardo client accepts.
package id

import "github.com/google/uuid"

// New returns a fresh random identifier in the usual 36-character form.
func New() string { return uuid.NewString() }

// Valid reports whether s is an identifier in the 36-character form.
func Valid(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }
