package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"bottega/internal/fault"
)

// MaxJSONBody bounds a JSON body. Uploads have bounds of their own.
const MaxJSONBody = 1 << 20

// Recover turns a panic into an internal error in the API's form. The stack goes to the log, with the request's id.
func Recover(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sw := &statusWriter{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) { // the handler wants the connection cut, net/http does that
				panic(p)
			}
			log.ErrorContext(r.Context(), "panic", "request", RequestID(r.Context()), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if sw.status != 0 { // an answer has begun: cut it off rather than let it look whole
				panic(http.ErrAbortHandler)
			}
			WriteError(sw, r, fmt.Errorf("panic: %v", p))
		}()
		next.ServeHTTP(sw, r)
	})
}

// contentPolicy lets the studio load its own files and nothing else; styles may be inline because the component
// library sets them at run time.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
	"connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// SecureHeaders sets what browsers should enforce on every answer. A handler may set a stricter policy of its own.
func SecureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// LimitBody refuses bodies above so many bytes: at once when their length is declared, otherwise while they are read.
func LimitBody(most int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > most {
			w.Header().Set("Connection", "close") // the rest of the body is not worth reading
			WriteError(w, r, bodyTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// NoStore keeps answers out of every cache. For everything that depends on who asks.
func NoStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "the request came from another site")

// SameOrigin refuses requests that a browser sends on behalf of another site. It is for routes that a cookie
// authenticates; programs, which send neither Origin nor Sec-Fetch-Site, pass. origins are further origins to trust,
// such as the public address behind a proxy that rewrites Host.
func SameOrigin(origins []string, next http.Handler) (http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	for _, o := range origins {
		if err := guard.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("trust origin %q: %w", o, err)
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, r, errCrossOrigin)
	}))
	return guard.Handler(next), nil
}
