package app_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/generation"
)

// trouble is what happens to a request on its way to the S3 server.
type trouble int

const (
	fine   trouble = iota
	slow           // it takes a while
	failed         // 503, and nothing was done
	after          // it is done, and the answer is a 503
	hung           // it is done, and the connection ends without an answer
)

// badStore stands before the S3 server and does to writes and deletions what it is told.
func badStore(t *testing.T, address string, what func() trouble) string {
	t.Helper()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", address // the signature covers the host that was asked for: it stays
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		todo := fine
		if r.Method == http.MethodPut {
			todo = what()
		}
		done := httptest.NewRecorder()
		switch todo {
		case fine:
			proxy.ServeHTTP(out, r)
		case slow:
			time.Sleep(300 * time.Millisecond)
			proxy.ServeHTTP(out, r)
		case failed:
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(out, "slow down", http.StatusServiceUnavailable)
		case after:
			proxy.ServeHTTP(done, r)
			http.Error(out, "slow down", http.StatusServiceUnavailable)
		case hung:
			proxy.ServeHTTP(done, r)
			panic(http.ErrAbortHandler)
		}
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestFault_TheStoreIsSlowAndFails lets writes to S3 be slow, fail, and fail after they were done.
func TestFault_TheStoreIsSlowAndFails(t *testing.T) {
	address, bucket := apptest.S3Server(t)
	var writes, bad atomic.Int64
	var calm atomic.Bool
	proxy := badStore(t, address, func() trouble {
		writes.Add(1)
		if calm.Load() || rand.IntN(3) > 0 {
			return fine
		}
		bad.Add(1)
		return trouble(1 + rand.IntN(4))
	})
	one := apptest.New(t, apptest.Postgres(t), live(apptest.S3URL(proxy, bucket)))
	one.Run()
	p := newPress(t, times(4, 150), 50*time.Millisecond, one)
	ended := p.checkExact(nothing)
	calm.Store(true)
	if bad.Load() < 5 {
		t.Errorf("only %d of %d writes were disturbed", bad.Load(), writes.Load())
	}
	t.Logf("%d of %d writes were disturbed: %v", bad.Load(), writes.Load(), ended)
}

// TestFault_AStoreThatIsAwayIsTriedAgain: nothing can be kept for a while, and the work waits and is then done.
func TestFault_AStoreThatIsAwayIsTriedAgain(t *testing.T) {
	address, bucket := apptest.S3Server(t)
	var away atomic.Bool
	var refused atomic.Int64
	proxy := badStore(t, address, func() trouble {
		if !away.Load() {
			return fine
		}
		refused.Add(1)
		return failed
	})
	one := apptest.New(t, apptest.Postgres(t), live(apptest.S3URL(proxy, bucket)))
	user := one.User("free")
	away.Store(true)
	one.Run()
	g := one.Submit(user, "a fox", 1)
	one.Wait(func() error {
		if refused.Load() == 0 {
			return io.EOF
		}
		return nil
	})
	one.WaitState(user, g.ID, generation.Waiting) // back in the line
	away.Store(false)
	one.WaitState(user, g.ID, generation.Complete)
	one.Verify()
}
