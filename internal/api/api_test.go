package api_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/auth"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestStatus_EveryKindHasOne(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 422, fault.Unauthenticated: 401, fault.Insufficient: 402, fault.Forbidden: 403,
		fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413, fault.RateLimited: 429, fault.Unavailable: 503,
	}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if got := api.Status(k); got != want[k] {
			t.Errorf("kind %d is %d, want %d", k, got, want[k])
		}
	}
	if got := api.Status(fault.Unavailable + 1); got != 500 {
		t.Errorf("a kind of tomorrow is %d, want 500", got)
	}
}

// ask sends one request to a handler.
func ask(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func failing(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { api.WriteError(w, r, err) })
}

func TestWriteError_ShowsFaultsAndHidesTheRest(t *testing.T) {
	late := fault.New(fault.RateLimited, "rate_limited", "later")
	late.RetryAfter = 1200 * time.Millisecond
	poor := fault.New(fault.Insufficient, "insufficient_tokens", "not enough")
	poor.Details = map[string]any{"missing_mt": 5, "next_tokens_at": time.Date(2026, 11, 24, 1, 0, 0, 0, time.FixedZone("x", 3600)), "never": time.Time{}}
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
		retry  string
	}{
		"wrapped fault": {
			fmt.Errorf("submit: %w", fault.Wrap(fault.Conflict, "taken", "it is taken", errors.New("secret cause"))),
			409, `{"type":"about:blank","title":"Conflict","status":409,"code":"taken","detail":"it is taken"}`, "",
		},
		"internal":        {errors.New("secret cause"), 500, `{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal","detail":"something went wrong on our side"}`, ""},
		"internal fault":  {fault.New(fault.Internal, "secret", "secret cause"), 500, `{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal","detail":"something went wrong on our side"}`, ""},
		"full batch":      {fmt.Errorf("submit: %w", db.ErrBusy), 503, `{"type":"about:blank","title":"Service Unavailable","status":503,"code":"busy","detail":"the studio is busy, try again in a moment"}`, "1"},
		"retry rounds up": {late, 429, `{"type":"about:blank","title":"Too Many Requests","status":429,"code":"rate_limited","detail":"later"}`, "2"},
		"details": {
			poor, 402, `{"type":"about:blank","title":"Payment Required","status":402,"code":"insufficient_tokens","detail":"not enough",` +
				`"details":{"missing_mt":5,"never":null,"next_tokens_at":"2026-11-24T00:00:00Z"}}`, "",
		},
		"fields": {
			&fault.Error{Kind: fault.Invalid, Code: "invalid_request", Message: "wrong", Fields: []fault.Field{
				{Name: "width", Value: 33, Message: "is not a multiple of 8", Allowed: "32 to 1536"}, {Name: "new_password", Value: "s3cret", Message: "is short"},
			}},
			422, `{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"invalid_request","detail":"wrong","errors":[` +
				`{"field":"width","value":33,"message":"is not a multiple of 8","allowed":"32 to 1536"},{"field":"new_password","message":"is short"}]}`, "",
		},
	} {
		w := ask(failing(c.err), "GET", "/somewhere")
		if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.body {
			t.Errorf("%s: %d %s\nwant %d %s", name, w.Code, w.Body, c.status, c.body)
		}
		if got := w.Header().Get("Retry-After"); got != c.retry {
			t.Errorf("%s: Retry-After %q, want %q", name, got, c.retry)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type %q", name, got)
		}
	}
}

// odd is an error body of another dialect.
type odd struct {
	Text   string `json:"error"`
	status int
}

func (o *odd) Error() string  { return o.Text }
func (o *odd) GetStatus() int { return o.status }

func TestRegister_ThePathChoosesTheForm(t *testing.T) {
	form := func(name string) func(api.Failure) huma.StatusError {
		return func(f api.Failure) huma.StatusError { return &odd{Text: name + ": " + f.Fault.Message, status: 400} }
	}
	api.Register(api.Dialect{Prefix: "/api/odd", Render: form("first")})
	api.Register(api.Dialect{Prefix: "/api/odd", Render: form("odd")})
	api.Register(api.Dialect{Prefix: "/api/odd/inner", Render: form("inner")})
	for path, want := range map[string]string{
		"/api/odd":         `{"error":"odd: no"}`,
		"/api/odd/x":       `{"error":"odd: no"}`,
		"/api/odd/inner/x": `{"error":"inner: no"}`,
	} {
		w := ask(failing(fault.New(fault.NotFound, "no", "no")), "GET", path)
		if w.Code != 400 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %s, want %s", path, w.Code, w.Header().Get("Content-Type"), w.Body, want)
		}
	}
	if w := ask(failing(fault.New(fault.NotFound, "no", "no")), "GET", "/api/oddity"); w.Code != 404 {
		t.Errorf("a path that only begins alike: %d %s, want a problem 404", w.Code, w.Body)
	}
}

func TestRecover_TurnsAPanicIntoAnInternalError(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	h := api.AccessLog(log, clock.NewFake(start), api.Recover(log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("the roof is leaking")
	})))
	w := ask(h, "GET", "/")
	if w.Code != 500 || strings.Contains(w.Body.String(), "roof") || !strings.Contains(w.Body.String(), `"code":"internal"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	if !strings.Contains(out.String(), "the roof is leaking") || strings.Count(out.String(), id) < 2 || !strings.Contains(out.String(), "api_test.go") {
		t.Errorf("the log does not tell what happened to request %s:\n%s", id, out.String())
	}
	begun := api.Recover(log, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an ")
		panic("the roof is leaking")
	}))
	defer func() {
		if p := recover(); p != any(http.ErrAbortHandler) {
			t.Errorf("an answer that had begun went on with %v, want it cut off", p)
		}
	}()
	ask(begun, "GET", "/")
}

func TestLimitBody_CountsWhatIsNotDeclared(t *testing.T) {
	h := api.LimitBody(10, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("a long body was read to its end")
		}
		w.WriteHeader(204)
	}))
	long := func(declared int64) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("more than ten bytes")), declared
		}
	}
	if w := ask(h, "POST", "/", long(19)); w.Code != 413 {
		t.Errorf("declared: %d, want 413", w.Code)
	}
	if w := ask(h, "POST", "/", long(-1)); w.Code != 204 {
		t.Errorf("not declared: %d", w.Code)
	}
}

func TestSameOrigin_RefusesAnOriginThatIsNone(t *testing.T) {
	if _, err := api.SameOrigin([]string{"art.example"}, http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), "art.example") {
		t.Errorf("got %v, want an error that names it", err)
	}
}

// onlyKey knows one key.
type onlyKey struct{}

func (onlyKey) Key(_ context.Context, presented string) (access.Actor, error) {
	switch presented {
	case "good":
		return access.Actor{AccountID: "ada", KeyID: "k"}, nil
	case "broken":
		return access.Actor{}, errors.New("the database is away")
	}
	return access.Actor{}, auth.ErrKeyUnknown
}

func TestRequireKey_PutsTheActorIntoTheContext(t *testing.T) {
	h := api.RequireKey(onlyKey{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := access.From(r.Context())
		if err != nil || a.AccountID != "ada" || a.KeyID != "k" {
			t.Errorf("actor %+v, %v", a, err)
		}
		w.WriteHeader(204)
	}))
	for header, want := range map[string]int{
		"Bearer good": 204, "bearer   good ": 204, "": 401, "Bearer": 401, "Bearer ": 401, "Basic good": 401, "good": 401,
		"Bearer bad": 401, "Bearer broken": 500,
	} {
		w := ask(h, "GET", "/", func(r *http.Request) { r.Header.Set("Authorization", header) })
		if w.Code != want {
			t.Errorf("Authorization %q: %d %s, want %d", header, w.Code, w.Body, want)
		}
		if asked := w.Header().Get("WWW-Authenticate") != ""; asked != (want == 401) {
			t.Errorf("Authorization %q: WWW-Authenticate is %q", header, w.Header().Get("WWW-Authenticate"))
		}
	}
}

func TestProxies_BelieveOnlyTheTrusted(t *testing.T) {
	trusted, err := api.ParseProxies([]string{"10.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		proxies              api.Proxies
		peer, forwarded, who string
	}{
		"direct":                   {trusted, "192.0.2.1:5", "", "192.0.2.1"},
		"direct and lying":         {trusted, "192.0.2.1:5", "1.1.1.1", "192.0.2.1"},
		"through one":              {trusted, "10.1.2.3:5", "192.0.2.9", "192.0.2.9"},
		"through two":              {trusted, "10.1.2.3:5", "192.0.2.9, 10.9.9.9", "192.0.2.9"},
		"planted before the proxy": {trusted, "10.1.2.3:5", "1.1.1.1, 192.0.2.9", "192.0.2.9"},
		"unreadable":               {trusted, "10.1.2.3:5", "192.0.2.9, unknown", "10.1.2.3"},
		"IPv6":                     {trusted, "[::1]:5", "2001:db8::7", "2001:db8::7"},
		"mapped":                   {trusted, "[::ffff:10.1.2.3]:5", "192.0.2.9", "192.0.2.9"},
		"nobody is trusted":        {nil, "10.1.2.3:5", "192.0.2.9", "10.1.2.3"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := c.proxies.Client(r).String(); got != c.who {
			t.Errorf("%s: %s, want %s", name, got, c.who)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	if trusted.HTTPS(r) {
		t.Error("X-Forwarded-Proto of a stranger was believed")
	}
	r.RemoteAddr = "10.1.2.3:5"
	if !trusted.HTTPS(r) {
		t.Error("X-Forwarded-Proto of a trusted proxy was not believed")
	}
	r = httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !api.Proxies(nil).HTTPS(r) {
		t.Error("our own TLS was not noticed")
	}
	if _, err := api.ParseProxies([]string{"proxy.local"}); err == nil || !strings.Contains(err.Error(), "proxy.local") {
		t.Errorf("a name instead of an address: %v, want an error that names it", err)
	}
}

func TestLimiter_CountsEachKeyOverTime(t *testing.T) {
	c := clock.NewFake(start)
	l := api.NewLimiter(c, 3, time.Minute)
	for i := range 3 {
		if err := l.Allow("ada"); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	for range 5 { // refused attempts do not push the next one away
		f := fault.As(l.Allow("ada"))
		if f == nil || f.Kind != fault.RateLimited || f.RetryAfter != 20*time.Second {
			t.Fatalf("got %+v, want RateLimited for 20 s", f)
		}
	}
	if err := l.Allow("eve"); err != nil {
		t.Errorf("another key: %v", err)
	}
	c.Advance(20 * time.Second)
	if err := l.Allow("ada"); err != nil {
		t.Errorf("after 20 seconds: %v", err)
	}
	if err := l.Allow("ada"); err == nil {
		t.Error("a second one after 20 seconds was allowed")
	}
	none := api.NewLimiter(c, 0, time.Minute)
	for range 100 {
		if err := none.Allow("ada"); err != nil {
			t.Fatalf("without a limit: %v", err)
		}
	}
}

func TestAccessLog_NamesRouteAndStatusAndNoAddress(t *testing.T) {
	var out bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := api.AccessLog(slog.New(slog.NewJSONHandler(&out, nil)), clock.NewFake(start), api.SecureHeaders(mux))
	w := ask(h, "GET", "/assets/hidden?sig=s3cret")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["route"] != "GET /assets/{id}" || line["status"] != float64(418) || line["request"] != w.Header().Get("X-Request-Id") || line["method"] != "GET" {
		t.Errorf("line is %v", line)
	}
	if strings.Contains(out.String(), "s3cret") || strings.Contains(out.String(), "hidden") {
		t.Errorf("the log holds a signed address: %s", out.String())
	}
}

func FuzzProxies_Client(f *testing.F) {
	trusted, err := api.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("10.0.0.1:1", "192.0.2.1, 10.0.0.2")
	f.Add("[fe80::1%eth0]:1", ",,,")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = []string{forwarded}
		if got := trusted.Client(r); got.Zone() != "" || got.Is4In6() {
			t.Errorf("peer %q forwarded for %q gives %s, which is another key for the same machine", peer, forwarded, got)
		}
	})
}

func TestAtOnce_OthersWaitOrGo(t *testing.T) {
	inside, leave := make(chan struct{}, 2), make(chan struct{})
	h := api.AtOnce(1, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-leave
	}))
	ask := func(ctx context.Context) chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil).WithContext(ctx))
		}()
		return done
	}
	first := ask(t.Context())
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	gone, second := ask(ctx), ask(t.Context())
	cancel()
	<-gone // whose caller has left does not wait
	select {
	case <-inside:
		t.Fatal("two at once")
	default:
	}
	leave <- struct{}{}
	<-first
	<-inside
	leave <- struct{}{}
	<-second
}

func TestPatient_OutlastsTheServersOwnPatience(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/usual", read)
	mux.Handle("/patient", api.Patient(time.Minute, http.HandlerFunc(read)))
	srv := httptest.NewUnstartedServer(api.Recover(slog.New(slog.DiscardHandler), mux))
	srv.Config.ReadTimeout = 100 * time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	for path, want := range map[string]int{"/usual": http.StatusRequestTimeout, "/patient": http.StatusOK} {
		body, send := io.Pipe()
		time.AfterFunc(400*time.Millisecond, func() { _ = send.Close() })
		res, err := http.Post(srv.URL+path, "text/plain", body)
		if err != nil {
			if path == "/patient" {
				t.Errorf("%s: %v", path, err)
			}
			continue // the usual server may just hang up
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s answered %d, want %d", path, res.StatusCode, want)
		}
	}
}
