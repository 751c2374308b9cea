package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/fault"
)

// faultOf turns what huma found into a fault: either a handler's own error, or a request that never reached one.
func faultOf(status int, msg string, errs []error) error {
	for _, err := range errs {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return bodyTooLarge
		}
	}
	switch {
	case msg == "cannot read request body":
		return fault.New(fault.Invalid, "unreadable_body", "the body could not be read to its end")
	case status >= 500 && len(errs) > 0:
		return errs[0] // what a handler returned
	case status == http.StatusRequestEntityTooLarge:
		return bodyTooLarge
	case status == http.StatusUnsupportedMediaType:
		return fault.New(fault.Invalid, "unsupported_media_type", "the body must be sent as application/json")
	case status == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "slow_body", "the body did not arrive in time")
	case status == http.StatusBadRequest && len(errs) == 0:
		return fault.New(fault.Invalid, "invalid_request", "a body is required")
	case len(errs) == 0:
		return fault.New(fault.Invalid, "invalid_request", msg)
	}
	return fault.Bad(fieldsOf(errs)...)
}

var bodyTooLarge = fault.New(fault.TooLarge, "body_too_large", "the body is too large")

// fieldsOf translates the validator's findings, sorted by field so that the same request gets the same answer.
func fieldsOf(errs []error) []fault.Field {
	fields := make([]fault.Field, 0, len(errs))
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			fields = append(fields, fault.Field{Name: "body", Message: "is wrong"})
			continue
		}
		fields = append(fields, fieldOf(d))
	}
	slices.SortStableFunc(fields, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func fieldOf(d *huma.ErrorDetail) fault.Field {
	name := fieldName(d.Location)
	if missing, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		missing = strings.TrimSuffix(missing, " to be present")
		if name != "body" {
			missing = name + "." + missing
		}
		return fault.Field{Name: missing, Message: "is required"}
	}
	f := fault.Field{Name: name, Value: d.Value, Message: inWords(d.Message)}
	switch d.Value.(type) {
	case string, bool, float64, int, int64:
	default: // objects and lists may hold other fields' secrets
		f.Value = nil
	}
	if name == "body" || secretField(name) {
		f.Value = nil
	}
	switch {
	case strings.HasPrefix(d.Message, "json: cannot unmarshal"): // the schema was met, the Go type was not
		f.Message = "holds a number that is out of range"
	case name == "body" && !strings.HasPrefix(d.Message, "expected"):
		f.Message = "is not valid JSON: " + d.Message
	}
	return f
}

// fieldName drops where the field was ("body.", "query."), which the caller knows.
func fieldName(location string) string {
	for _, in := range []string{"body.", "query.", "path.", "header."} {
		if name, ok := strings.CutPrefix(location, in); ok {
			return name
		}
	}
	if location == "" {
		return "body"
	}
	return location
}

// secretField reports whether a field's value must not be sent back or logged.
func secretField(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.Contains(name, "token") || strings.Contains(name, "key")
}

// inWords says the validator's message in the words that the rest of the API uses.
func inWords(msg string) string {
	for from, to := range map[string]string{
		"expected integer":    "must be a whole number",
		"expected number":     "must be a number",
		"expected string":     "must be text",
		"expected boolean":    "must be true or false",
		"expected array":      "must be a list",
		"expected object":     "must be an object",
		"unexpected property": "is not a field of this request",
		"invalid integer":     "must be a whole number",
	} {
		if msg == from {
			return to
		}
	}
	for _, p := range [][2]string{
		{"expected number >= ", "must be at least "},
		{"expected number <= ", "must be at most "},
		{"expected length >= ", "must have a length of at least "},
		{"expected length <= ", "must have a length of at most "},
		{"expected value to be one of ", "must be one of "},
		{"expected ", "must be "},
	} {
		if rest, ok := strings.CutPrefix(msg, p[0]); ok {
			return p[1] + rest
		}
	}
	return msg
}
