package studio_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bottega/internal/api"
	"bottega/internal/api/studio"
	"bottega/internal/apptest"
)

// cookie is the visitor's session cookie, or a cookie without a value.
func (v *visitor) cookie() *http.Cookie {
	u, err := url.Parse(v.site.url)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == "sid" {
			return c
		}
	}
	return &http.Cookie{}
}

func TestSession_FromSignUpToSignOut(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.stranger()
		up := v.must(200, "POST", "/signup", map[string]any{"email": "Ada@Example.com", "password": password})
		set := up.header.Get("Set-Cookie")
		for _, part := range []string{"sid=", "Path=/", "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(set, part) {
				t.Errorf("Set-Cookie is %q, want %s in it", set, part)
			}
		}
		if strings.Contains(set, "Secure") || strings.Contains(set, "__Host-") {
			t.Errorf("Set-Cookie over plain HTTP is %q", set)
		}
		got := v.must(200, "GET", "/session", nil)
		if got.text("account", "email") != "ada@example.com" || got.text("account", "role") != "user" ||
			got.text("account", "plan") != "free" || got.text("account", "plan_title") != "Free" ||
			got.text("account", "created_at") != "2026-11-23T12:00:00Z" || got.at("studio", "signup_open") != true {
			t.Errorf("session is %s", got.raw)
		}
		if got.number("balance", "available_mt") != 150_000 || got.number("balance", "daily_mt") != 150_000 ||
			got.text("balance", "renews_at") != "2026-11-24T00:00:00Z" {
			t.Errorf("balance is %v, want the free plan's 150 tokens of today", got.at("balance"))
		}
		old := v.cookie().Value
		v.must(200, "POST", "/signin", map[string]any{"email": "ada@example.com", "password": password})
		if v.cookie().Value == old {
			t.Error("signing in again kept the token")
		}
		v.refused(s.stranger().call("GET", "/session", nil, "Cookie", "sid="+old), 401, "unauthenticated")
		v.must(204, "POST", "/signout", nil)
		if c := v.cookie(); c.Value != "" {
			t.Error("the cookie survived signing out")
		}
		v.refused(v.call("GET", "/session", nil), 401, "unauthenticated")
		v.must(204, "POST", "/signout", nil)
	})
}

func TestSession_OverTLSOnlyTheHostCookieCounts(t *testing.T) {
	proxies, err := api.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, _ *http.Server) { d.Proxies = proxies })
	v := s.stranger()
	a := v.must(200, "POST", "/signup", map[string]any{"email": "ada@example.com", "password": password}, "X-Forwarded-Proto", "https")
	set := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-sid=") || !strings.Contains(set, "Secure") || strings.Contains(set, "Domain") {
		t.Fatalf("Set-Cookie is %q", set)
	}
	token := strings.TrimPrefix(strings.Split(set, ";")[0], "__Host-sid=")
	tls := func(cookie string) int {
		return s.stranger().call("GET", "/session", nil, "X-Forwarded-Proto", "https", "Cookie", cookie).status
	}
	if got := tls("__Host-sid=" + token); got != 200 {
		t.Errorf("with the __Host- cookie: %d, want 200", got)
	}
	if got := tls("sid=" + token); got != 401 {
		t.Errorf("with a cookie that a sibling host could have planted: %d, want 401", got)
	}
}

func TestSignIn_DoesNotSayWhatWasWrong(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	s.member("ada@example.com")
	v := s.stranger()
	wrong := v.call("POST", "/signin", map[string]any{"email": "ada@example.com", "password": "something else"})
	nobody := v.call("POST", "/signin", map[string]any{"email": "eve@example.com", "password": "something else"})
	v.refused(wrong, 401, "wrong_credentials")
	if string(wrong.raw) != string(nobody.raw) {
		t.Errorf("a wrong password answers %s, an unknown address %s", wrong.raw, nobody.raw)
	}
}

func TestSignUp_NamesFieldsAndNeverRepeatsThePassword(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	v.refused(v.call("POST", "/signup", map[string]any{"email": "ada@example.com", "password": password}), 409, "email_taken")
	for name, body := range map[string]string{
		"short":     `{"email":"ada","password":"s3cr-t"}`,
		"extra":     `{"email":"ada@example.com","password":"s3cr-t","admin":true}`,
		"number":    `{"email":"ada@example.com","password":["s3cr-t"]}`,
		"cut":       `{"email":"ada@example.com","password":"s3cr-t`,
		"zero byte": `{"email":"ada\u0000@example.com","password":"s3cr-t"}`,
	} {
		a := v.call("POST", "/signup", body)
		v.refused(a, 422, "invalid_request")
		if strings.Contains(string(a.raw), "s3cr-t") {
			t.Errorf("%s: the answer repeats the password: %s", name, a.raw)
		}
		if len(a.list("errors")) == 0 {
			t.Errorf("%s: no field is named in %s", name, a.raw)
		}
	}
}

func TestSignUp_CanBeClosed(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, _ *http.Server) { d.SignupOpen = false })
	v := s.stranger()
	v.refused(v.call("POST", "/signup", map[string]any{"email": "ada@example.com", "password": password}), 403, "signup_closed")
	st := v.must(200, "GET", "/status", nil)
	if st.at("signup_open") != false || st.at("models_ready") != true || st.text("version") != "test" {
		t.Errorf("status is %s", st.raw)
	}
}

func TestSignIn_AttemptsAreBounded(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, _ *http.Server) { d.Attempts = 5 })
	v := s.stranger()
	try := func(email string) answer {
		return v.call("POST", "/signin", map[string]any{"email": email, "password": "something else"})
	}
	for range 5 {
		v.refused(try("ada@example.com"), 401, "wrong_credentials")
	}
	a := try("eve@example.com")
	v.refused(a, 429, "rate_limited")
	if a.header.Get("Retry-After") != "12" {
		t.Errorf("Retry-After is %q, want 12 seconds at 5 a minute", a.header.Get("Retry-After"))
	}
	s.Clock.Advance(12 * time.Second)
	v.refused(try("eve@example.com"), 401, "wrong_credentials")
	v.refused(try("eve@example.com"), 429, "rate_limited")
	s.Clock.Advance(time.Minute)
	v.refused(try("eve@example.com"), 401, "wrong_credentials")
}

func TestOwner_LinkMakesTheOwnerOnce(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	link, err := s.Auth.OwnerLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := s.stranger()
	claim := func(token string) answer {
		return v.call("POST", "/owner", map[string]any{"token": token, "email": "owner@example.com", "password": password})
	}
	v.refused(claim("guess"), 403, "invalid_owner_link")
	a := claim(link)
	if a.status != 200 || a.text("account", "role") != "owner" || a.text("account", "plan") != "operator" {
		t.Fatalf("claimed: %d %s", a.status, a.raw)
	}
	v.must(200, "GET", "/session", nil)
	v.refused(claim(link), 403, "invalid_owner_link")
}

func TestCookies_OtherSitesCannotUseThem(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, _ *http.Server) { d.Origins = []string{"https://art.example"} })
	v := s.member("ada@example.com")
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"cross-site":       {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"sibling":          {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"old browser":      {[]string{"Origin", "https://evil.example"}, 403},
		"same origin":      {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		"behind the proxy": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://art.example"}, 200},
		"a program":        {nil, 200},
	} {
		a := v.call("POST", "/quote", map[string]any{"prompt": ""}, c.headers...)
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.raw, c.status)
		}
		if a.status == 403 {
			v.refused(a, 403, "cross_origin")
		}
	}
	v.must(200, "GET", "/session", nil, "Sec-Fetch-Site", "cross-site")
}
