package api

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"bottega/internal/clock"
	"bottega/internal/fault"
)

// Limiter counts attempts by key: so many at once, and as many again over each window. It remembers at most maxKeys
// keys; when more come, the newcomers share one allowance. It is safe for concurrent use; nil allows everything.
type Limiter struct {
	clock  clock.Clock
	every  rate.Limit
	burst  int
	window time.Duration

	mu    sync.Mutex
	keys  map[string]*rate.Limiter
	swept time.Time
}

const maxKeys = 50_000

// NewLimiter allows n attempts a window for each key; n below one allows everything.
func NewLimiter(c clock.Clock, n int, window time.Duration) *Limiter {
	if n < 1 {
		return nil
	}
	return &Limiter{
		clock: c, every: rate.Every(window / time.Duration(n)), burst: n, window: window,
		keys: map[string]*rate.Limiter{}, swept: c.Now(),
	}
}

// Allow counts one attempt, or returns a RateLimited fault that says when to come back.
func (l *Limiter) Allow(key string) error {
	if l == nil {
		return nil
	}
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	lim := l.keys[key]
	if lim == nil {
		if len(l.keys) >= maxKeys {
			key = "" // no caller's key is empty
			lim = l.keys[key]
		}
		if lim == nil {
			lim = rate.NewLimiter(l.every, l.burst)
			l.keys[key] = lim
		}
	}
	res := lim.ReserveN(now, 1)
	wait := res.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	res.CancelAt(now) // a refused attempt must not push the next one further away
	f := fault.New(fault.RateLimited, "rate_limited", "too many attempts, wait a moment and try again")
	f.RetryAfter = wait
	return f
}

// sweep forgets, once a window, the keys whose allowance is whole again.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < l.window {
		return
	}
	l.swept = now
	for key, lim := range l.keys {
		if lim.TokensAt(now) >= float64(l.burst) {
			delete(l.keys, key)
		}
	}
}

// AllowClient counts one attempt of the address that made the request.
func (l *Limiter) AllowClient(p Proxies, r *http.Request) error {
	if l == nil {
		return nil
	}
	return l.Allow("address " + clientKey(p.Client(r)))
}
