package studio_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"

	"bottega/internal/api"
	"bottega/internal/api/studio"
	"bottega/internal/apptest"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// site is an installation with its studio answering on a port of this machine.
type site struct {
	*apptest.World
	url    string
	server *http.Server
	log    *lockedBuffer
	t      *testing.T
}

// lockedBuffer collects the log of concurrent requests.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newSite opens the studio on a database. Attempts are bounded only when the test says so.
func newSite(t *testing.T, ref string, change ...func(*studio.Deps, *http.Server)) *site {
	t.Helper()
	return newSiteOf(t, apptest.New(t, ref), change...)
}

// newSiteOf is newSite for an installation that is open already.
func newSiteOf(t *testing.T, w *apptest.World, change ...func(*studio.Deps, *http.Server)) *site {
	t.Helper()
	s := &site{World: w, log: &lockedBuffer{}, t: t}
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	s.server = api.NewServer("", nil, log)
	deps := studio.Deps{
		Accounts: w.Accounts, Auth: w.Auth, Generations: w.Generations, Teams: w.Teams, Prices: w.Prices, Uploads: w.Uploads, Ledger: w.Ledger, Codes: w.Plans, Plans: w.Plans, Payments: w.Payments,
		Alerts: w.Alerts, Keeper: w.Keeper(), Operator: w.Operator, Hub: w.Hub, Models: w.Catalog, Assets: w.Signer, Clock: w.Clock, Log: log, Version: "test", SignupOpen: true, Attempts: -1,
	}
	for _, f := range change {
		f(&deps, s.server)
	}
	h, err := studio.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Handler = api.AccessLog(log, w.Clock, api.Recover(log, api.SecureHeaders(h)))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.server.Close() // what is open is of no more interest
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	s.url = "http://" + ln.Addr().String()
	return s
}

// visitor is a browser, or a program.
type visitor struct {
	site   *site
	client *http.Client
	t      *testing.T
}

func (s *site) stranger() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	v := &visitor{site: s, client: &http.Client{Jar: jar}, t: s.t}
	s.t.Cleanup(v.client.CloseIdleConnections)
	return v
}

const password = "violet harbour nine"

// member is a browser signed in to a new account.
func (s *site) member(email string) *visitor {
	s.t.Helper()
	v := s.stranger()
	v.must(200, "POST", "/signup", map[string]any{"email": email, "password": password})
	return v
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (a answer) text(path ...string) string {
	s, _ := a.at(path...).(string)
	return s
}

// at walks into the body: at("errors", "0", "field") is not needed anywhere, lists are read by the tests themselves.
func (a answer) at(path ...string) any {
	var v any = a.body
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (a answer) number(path ...string) int64 {
	f, _ := a.at(path...).(float64)
	return int64(f)
}

func (a answer) list(name string) []map[string]any {
	items, _ := a.body[name].([]any)
	out := make([]map[string]any, len(items))
	for i, it := range items {
		out[i], _ = it.(map[string]any)
	}
	return out
}

// call sends JSON; a string body is sent as it is. headers are pairs.
func (v *visitor) call(method, path string, body any, headers ...string) answer {
	v.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			v.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.site.url+studio.Prefix+path, reader)
	if err != nil {
		v.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{status: res.StatusCode, header: res.Header}
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		v.t.Fatalf("%s %s: read: %v", method, path, err)
	}
	if len(a.raw) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			v.t.Fatalf("%s %s answered %q: %v", method, path, a.raw, err)
		}
	}
	return a
}

// must is call for when the status is not the question.
func (v *visitor) must(status int, method, path string, body any, headers ...string) answer {
	v.t.Helper()
	a := v.call(method, path, body, headers...)
	if a.status != status {
		v.t.Fatalf("%s %s answered %d %s, want %d", method, path, a.status, a.raw, status)
	}
	return a
}

// refused checks that an answer is a problem document with this status and code.
func (v *visitor) refused(a answer, status int, code string) {
	v.t.Helper()
	if a.status != status || a.text("code") != code || a.header.Get("Content-Type") != "application/problem+json" ||
		a.number("status") != int64(status) || a.text("type") != "about:blank" || a.text("title") == "" || a.text("detail") == "" {
		v.t.Errorf("answered %d %s %s, want problem %d %q", a.status, a.header.Get("Content-Type"), a.raw, status, code)
	}
}

// topUp is a gift of so many milli-tokens.
func topUp(amount token.Amount) ledger.GrantRequest {
	return ledger.GrantRequest{Kind: ledger.TopUp, Amount: amount, Ref: "test"}
}
