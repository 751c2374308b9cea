package api

import (
	"net/http"
	"time"

	"bottega/internal/fault"
)

// Problem is the error body of every dialect that has no form of its own: problem details (RFC 9457) with a stable
// code and the fields that were wrong.
type Problem struct {
	Type    string         `json:"type" doc:"always about:blank; branch on code"`
	Title   string         `json:"title" doc:"the status in words"`
	Status  int            `json:"status"`
	Code    string         `json:"code" doc:"stable, for machines" example:"insufficient_tokens"`
	Detail  string         `json:"detail" doc:"for people"`
	Errors  []ProblemField `json:"errors,omitempty" doc:"the fields that were wrong"`
	Details map[string]any `json:"details,omitempty" doc:"facts that belong to the code"`
}

// ProblemField is one wrong field.
type ProblemField struct {
	Field   string `json:"field"`
	Value   any    `json:"value,omitempty" doc:"what was sent"`
	Message string `json:"message" doc:"what is wrong with it" example:"must be a multiple of 8"`
	Allowed string `json:"allowed,omitempty" doc:"what would be right" example:"32 to 1536 in steps of 8"`
}

// NewProblem gives a failure the form of a Problem.
func NewProblem(f Failure) *Problem {
	p := &Problem{
		Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status,
		Code: f.Fault.Code, Detail: f.Fault.Message, Details: plainDetails(f.Fault.Details),
	}
	for _, x := range f.Fault.Fields {
		p.Errors = append(p.Errors, ProblemField{Field: x.Name, Value: shown(x), Message: x.Message, Allowed: x.Allowed})
	}
	return p
}

// GetStatus is the status the answer has.
func (p *Problem) GetStatus() int { return p.Status }

func (p *Problem) Error() string { return p.Detail }

// ContentType names the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// maxShown bounds how much of a wrong text is sent back.
const maxShown = 200

// shown is a field's value as it may be echoed: never a secret, never a whole document.
func shown(x fault.Field) any {
	if secretField(x.Name) {
		return nil
	}
	s, ok := x.Value.(string)
	if !ok {
		return x.Value
	}
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

// plainDetails writes times the way all times are written: RFC 3339, UTC.
func plainDetails(in map[string]any) map[string]any {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]any, len(in))
	for k, v := range in {
		switch t := v.(type) {
		case time.Time:
			if t.IsZero() {
				out[k] = nil
			} else {
				out[k] = t.UTC().Format(time.RFC3339)
			}
		default:
			out[k] = v
		}
	}
	return out
}
