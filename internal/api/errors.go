package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/db"
	"bottega/internal/fault"
)

// Failure is an error on its way out, before a dialect gives it a form.
type Failure struct {
	Status int          // from the table, or the protocol's own where no kind fits: 405, 406, 415
	Fault  *fault.Error // never nil, safe to show
	Path   string       // of the request
}

// Dialect is how the API below one path prefix writes its errors. The returned value is marshalled as JSON; when it
// has a method ContentType(string) string that names the media type.
type Dialect struct {
	Prefix string // "/api/rest/v1", no slash at the end
	Render func(Failure) huma.StatusError
}

// huma keeps the function that makes error bodies in one variable for the whole process, so the choice between the
// dialects has to be made behind it, by path: this registry and that variable are the only mutable package state.
var (
	dialects sync.Map // prefix → Dialect
	install  sync.Once
)

// Register makes errors below d.Prefix take the dialect's form; paths of no dialect get a Problem. Registering a
// prefix again replaces it. It must be called before the dialect's routes are declared.
func Register(d Dialect) {
	Install()
	dialects.Store(d.Prefix, d)
}

// Install hooks the error forms into huma. A dialect that is content with Problem calls it instead of Register.
func Install() {
	install.Do(func() {
		huma.NewErrorWithContext = func(hc huma.Context, status int, msg string, errs ...error) huma.StatusError {
			f := failure(hc.Context(), hc.URL().Path, faultOf(status, msg, errs), status)
			if v := retryAfter(f.Fault); v != "" {
				hc.SetHeader("Retry-After", v)
			}
			return render(f)
		}
		// Without a context the dialect is unknown. Handlers return faults, never huma.Error404NotFound and its kin.
		huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return bareStatus(status) }
	})
}

// bareStatus is not a struct on purpose: huma puts the struct it finds here into every document's schemas.
type bareStatus int

// GetStatus implements huma.StatusError.
func (s bareStatus) GetStatus() int { return int(s) }
func (s bareStatus) Error() string  { return http.StatusText(int(s)) }

// WriteError answers a request with err in the form of the dialect that the path belongs to. Errors that are not
// faults are noted for the log and shown as an internal error.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	writeFailure(w, failure(r.Context(), r.URL.Path, err, http.StatusInternalServerError))
}

// NotFound answers 404 for a path that no route has, or 405 when other methods would be allowed there.
func NotFound(allowed ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(allowed) == 0 {
			WriteError(w, r, fault.New(fault.NotFound, "not_found", "there is nothing at this address"))
			return
		}
		list := strings.Join(allowed, ", ")
		w.Header().Set("Allow", list)
		f := fault.New(fault.Invalid, "method_not_allowed", "this address takes "+list)
		writeFailure(w, failure(r.Context(), r.URL.Path, f, http.StatusMethodNotAllowed))
	})
}

// failure settles what is shown for err. status is used where the protocol knows better than the fault's kind.
func failure(ctx context.Context, path string, err error, status int) Failure {
	f := fault.As(err)
	switch {
	case f == nil && errors.Is(err, db.ErrBusy):
		f = fault.Wrap(fault.Unavailable, "busy", "the studio is busy, try again in a moment", err)
		f.RetryAfter = time.Second
	case f == nil && db.Trouble(err) != "":
		f = fault.Wrap(fault.Unavailable, "database_trouble", db.Trouble(err)+", try again in a moment", err)
		f.RetryAfter = 5 * time.Second
	case f == nil && errors.Is(err, context.Canceled) && ctx.Err() != nil:
		// The caller is gone; nobody reads this and nothing is broken.
		f = fault.New(fault.Unavailable, "cancelled", "the request was cancelled")
	case f == nil:
		f = fault.Wrap(fault.Internal, "internal", "something went wrong on our side", err)
	}
	switch status {
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusRequestTimeout, http.StatusUnsupportedMediaType:
	default:
		status = Status(f.Kind)
	}
	if f.Kind == fault.Internal {
		// Whatever an internal fault says was written for the log.
		note(ctx, f)
		f = fault.New(fault.Internal, "internal", "something went wrong on our side")
	} else if cause := f.Unwrap(); cause != nil {
		note(ctx, cause)
	}
	return Failure{Status: status, Fault: f, Path: path}
}

func render(f Failure) huma.StatusError {
	var best Dialect
	dialects.Range(func(_, v any) bool {
		d := v.(Dialect)
		inside := f.Path == d.Prefix || strings.HasPrefix(f.Path, d.Prefix+"/")
		if inside && len(d.Prefix) > len(best.Prefix) {
			best = d
		}
		return true
	})
	if best.Render == nil {
		return NewProblem(f)
	}
	return best.Render(f)
}

func writeFailure(w http.ResponseWriter, f Failure) {
	body := render(f)
	ct := "application/json"
	if c, ok := body.(huma.ContentTypeFilter); ok {
		ct = c.ContentType(ct)
	}
	if v := retryAfter(f.Fault); v != "" {
		w.Header().Set("Retry-After", v)
	}
	w.Header().Set("Content-Type", ct)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(body.GetStatus())
	_ = json.NewEncoder(w).Encode(body) // fails only when the caller is gone
}

// retryAfter is the header's value in whole seconds, rounded up so that nobody comes back too early.
func retryAfter(f *fault.Error) string {
	if f.RetryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds())))
}
