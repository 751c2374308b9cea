package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/fault"
)

// The session cookie. Browsers take the __Host- name only over TLS and without a Domain, so that no sibling host can
// plant one; plain HTTP, as on one's own machine, has to do with the other name.
const (
	secureCookie = "__Host-sid"
	plainCookie  = "sid"
	cookieLasts  = 90 * 24 * time.Hour // the longest a session can last; the server decides
)

// SetSession hands the browser a session token.
func SetSession(w http.ResponseWriter, r *http.Request, p Proxies, token string) {
	setCookie(w, r, p, token, int(cookieLasts/time.Second))
}

// ClearSession makes the browser forget its session token.
func ClearSession(w http.ResponseWriter, r *http.Request, p Proxies) { setCookie(w, r, p, "", -1) }

func setCookie(w http.ResponseWriter, r *http.Request, p Proxies, value string, maxAge int) {
	https := p.HTTPS(r)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(https), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: https, SameSite: http.SameSiteLaxMode,
	})
}

func cookieName(https bool) string {
	if https {
		return secureCookie
	}
	return plainCookie
}

// SessionToken returns the session token a request carries, or "". Over TLS only the __Host- cookie counts.
func SessionToken(r *http.Request, p Proxies) string {
	c, err := r.Cookie(cookieName(p.HTTPS(r)))
	if err != nil {
		return ""
	}
	return c.Value
}

// Sessions is who knows session tokens: auth.Service.
type Sessions interface {
	Session(ctx context.Context, token string) (access.Actor, error)
}

var errNoSession = fault.New(fault.Unauthenticated, "unauthenticated", "sign in first")

// Session puts the actor of the request's session into the context, or returns an Unauthenticated fault.
func Session(ctx context.Context, s Sessions, token string) (context.Context, error) {
	if token == "" {
		return nil, errNoSession
	}
	actor, err := s.Session(ctx, token)
	if err != nil {
		return nil, err
	}
	noteAccount(ctx, actor.AccountID)
	return access.With(ctx, actor), nil
}

// Keys is who knows API keys: auth.Service.
type Keys interface {
	Key(ctx context.Context, presented string) (access.Actor, error)
}

var errNoKey = fault.New(fault.Unauthenticated, "missing_api_key", `an API key is required: send the header "Authorization: Bearer <key>"`)

// RequireKey lets requests pass that carry an API key as a bearer token and puts its actor into the context. Others
// get an Unauthenticated fault in the dialect's form.
func RequireKey(k Keys, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		key = strings.TrimSpace(key)
		if !strings.EqualFold(scheme, "Bearer") || key == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			WriteError(w, r, errNoKey)
			return
		}
		actor, err := k.Key(r.Context(), key)
		if err != nil {
			if f := fault.As(err); f != nil && f.Kind == fault.Unauthenticated {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
			WriteError(w, r, err)
			return
		}
		noteAccount(r.Context(), actor.AccountID)
		next.ServeHTTP(w, r.WithContext(access.With(r.Context(), actor)))
	})
}
