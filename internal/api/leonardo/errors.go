package leonardo

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/api"
	"bottega/internal/fault"
	"bottega/internal/ledger"
)

// ErrorBody is the one form of an error in this dialect.
type ErrorBody struct {
	Message string `json:"error" doc:"what is wrong, naming the field" example:"Unexpected variable sd_Version"`
	Path    string `json:"path" doc:"where in the request" example:"$"`
	Code    string `json:"code" doc:"class of the error" example:"bad-request"`

	status int
}

// GetStatus and Error are what the api package asks of an error body.
func (e *ErrorBody) GetStatus() int { return e.status }

func (e *ErrorBody) Error() string { return e.Message }

// ErrorForm is how errors below the dialect's prefix are written. New registers it.
func ErrorForm() api.Dialect { return api.Dialect{Prefix: Prefix, Render: renderError} }

// Codes of the error body. The first four are Leonardo's; it has none for the others.
const (
	codeUnexpected       = "unexpected"
	codeValidationFailed = "validation-failed"
	codeBadRequest       = "bad-request"
	codeAccessDenied     = "access-denied"
	codeInsufficient     = "insufficient-tokens"
	codeNotFound         = "not-found"
	codeConflict         = "conflict"
	codeTooLarge         = "too-large"
	codeRateLimited      = "rate-limited"
	codeUnavailable      = "unavailable"
)

var codes = map[fault.Kind]string{
	fault.Internal:        codeUnexpected,
	fault.Invalid:         codeBadRequest,
	fault.Unauthenticated: codeAccessDenied,
	fault.Insufficient:    codeInsufficient,
	fault.Forbidden:       codeAccessDenied,
	fault.NotFound:        codeNotFound,
	fault.Conflict:        codeConflict,
	fault.TooLarge:        codeTooLarge,
	fault.RateLimited:     codeRateLimited,
	fault.Unavailable:     codeUnavailable,
}

func renderError(f api.Failure) huma.StatusError {
	b := &ErrorBody{Message: f.Fault.Message, Path: "$", Code: codes[f.Fault.Kind], status: f.Status}
	if b.status == http.StatusUnprocessableEntity {
		b.status = http.StatusBadRequest // the only status for a wrong request that Leonardo's clients know
	}
	switch f.Fault.Code {
	case codeValidationFailed:
		b.Code = codeValidationFailed
	case ledger.ErrNoCredits.Code, ledger.ErrPoolIsEmpty.Code, "key_budget_spent", "member_limit_reached":
		b.Code = strings.ReplaceAll(f.Fault.Code, "_", "-")
	}
	if p, ok := f.Fault.Details[detailPath].(string); ok {
		b.Path = p
	}
	return b
}

// detailPath is where a fault of this dialect keeps the place in the request.
const detailPath = "path"

// badRequest is a 400 in Leonardo's own words.
func badRequest(message string) *fault.Error {
	return fault.New(fault.Invalid, codeBadRequest, message)
}

// validationFailed is the 400 of a value of the wrong type, or of a missing one.
func validationFailed(path, message string) *fault.Error {
	f := fault.New(fault.Invalid, codeValidationFailed, message)
	f.Details = map[string]any{detailPath: path}
	return f
}

func unknownVariable(name string) *fault.Error {
	return badRequest("Unexpected variable " + shorten(name))
}

// shorten keeps what callers sent from filling the answer.
func shorten(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
