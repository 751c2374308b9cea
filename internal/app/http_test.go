package app_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bottega/internal/alert"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/db"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/mail/mailtest"
	"bottega/internal/plan"
)

// A submission that cannot be written is refused as something that may work later, in the form of the dialect.
func TestSubmit_AFullDiskIsTold(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	actor := w.User(plan.Operator)
	key, _, err := w.Auth.CreateKey(t.Context(), actor.AccountID, "test", time.Time{}, auth.KeyTerms{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "PRAGMA max_page_count = 1") // the file may not grow any more
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	prompt := strings.Repeat("a very long story ", 80)
	var answer *httptest.ResponseRecorder
	for range 200 { // what is free inside the file goes first
		r := httptest.NewRequest("POST", "/api/rest/v1/generations", strings.NewReader(`{"prompt":"`+prompt+`"}`))
		r.Header.Set("Authorization", "Bearer "+key)
		answer = httptest.NewRecorder()
		if handler.ServeHTTP(answer, r); answer.Code != http.StatusOK {
			break
		}
	}
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "the disk is full") ||
		answer.Header().Get("Retry-After") == "" {
		t.Fatalf("answered %d %s, want 503 that says that the disk is full and when to come back", answer.Code, answer.Body)
	}
	w.Verify()
}

// status asks the handler for a path.
func status(h http.Handler, path string) int {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer.Code
}

// The limit has its own tests where it lives; this one is that the assembled product has it without being asked.
func TestSignIn_IsBoundedWithoutASetting(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	try := func() int {
		body := strings.NewReader(`{"email":"ada@example.com","password":"a guess of mine"}`)
		r := httptest.NewRequest("POST", "/api/studio/signin", body)
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		return answer.Code
	}
	for n := range 10 {
		if got := try(); got != http.StatusUnauthorized {
			t.Fatalf("guess %d is answered %d, want 401", n+1, got)
		}
	}
	if got := try(); got != http.StatusTooManyRequests {
		t.Fatalf("the eleventh guess within a minute is answered %d, want 429", got)
	}
}

func TestReady_SaysNoFromTheFirstMomentOfDraining(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	gate, started := make(chan struct{}), make(chan struct{}, 1)
	w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
	stop := w.Run()
	actor := w.User(plan.Free)
	g := w.Submit(actor, "a red fox", 1)
	<-started
	if got := status(handler, "/readyz"); got != http.StatusOK {
		t.Fatalf("/readyz of a working server answers %d", got)
	}

	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }() // its work stands at the gate: it drains until that opens
	w.Wait(func() error {
		if got := status(handler, "/readyz"); got != http.StatusServiceUnavailable {
			return fmt.Errorf("/readyz of a draining server answers %d, want 503", got)
		}
		return nil
	})
	if got := status(handler, "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz of a draining server answers %d: it lives until it has ended", got)
	}
	if waiting := w.Submit(actor, "a blue boat", 1); waiting.State != generation.Waiting {
		t.Errorf("what is submitted to a draining server is %s, want waiting", waiting.State)
	}
	close(gate)
	<-stopped
	w.WaitState(actor, g.ID, generation.Complete)
	w.Verify()
}

// A mail program that ends mails with one click (RFC 8058) posts a form to the address in the mail, without a session.
func TestUnsubscribe_WithOneClick(t *testing.T) {
	var log strings.Builder
	sink := mailtest.New(t, false)
	w := apptest.New(t, apptest.SQLite(t), func(c *app.Config) {
		c.PublicURL, c.Log = "https://studio.example.com", slog.New(slog.NewTextHandler(&log, nil))
		c.Mail = mail.Config{URL: "smtp://studio%40example.com@" + sink.Addr, Password: mailtest.Password, From: "studio@example.com", Roots: sink.Roots}
	})
	user := w.User(plan.Free)
	err := w.Ledger.Grant(t.Context(), user.AccountID, ledger.GrantRequest{Kind: ledger.Promo, Amount: 20_000, Ref: "fair", ExpiresAt: w.Clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Alerts.Look(t.Context(), user.AccountID); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Alerts.Deliver(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d mails, %v", n, err)
	}
	link := strings.Trim(sink.Messages()[0].Parsed(t).Header.Get("List-Unsubscribe"), "<>")
	address := strings.TrimPrefix(link, w.PublicURL)
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	click := func(address string) int {
		r := httptest.NewRequest("POST", address, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		return answer.Code
	}
	ways := func() map[alert.Kind]alert.Way {
		c, err := w.Alerts.Choice(t.Context(), user.AccountID)
		if err != nil {
			t.Fatal(err)
		}
		return c.Ways
	}
	if got := click(address + "0"); got != http.StatusNotFound || ways()[alert.Expiring] != alert.ByMail {
		t.Errorf("a wrong link is answered %d, and the choice is %v", got, ways())
	}
	if got := click(address); got != http.StatusNoContent || ways()[alert.Expiring] != alert.OnPage {
		t.Errorf("one click is answered %d, and the choice is %v", got, ways())
	}
	if _, token, _ := strings.Cut(address, "token="); strings.Contains(log.String(), token) || !strings.Contains(log.String(), "unsubscribe") {
		t.Errorf("the log is %s", &log)
	}
}

// Who has no room is told so in both dialects: 429, when to come back, and why in words.
func TestSubmit_NoRoomIsToldInTheAPIToo(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	actor := w.User(plan.Free)
	err = w.Ledger.Grant(t.Context(), actor.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: 1_000_000_000, Ref: "fair"})
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := w.Auth.CreateKey(t.Context(), actor.AccountID, "test", time.Time{}, auth.KeyTerms{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/api/rest/v1/generations", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		return answer
	}
	const large, small = `{"prompt":"a fox","width":1536,"height":1536,"num_images":8}`, `{"prompt":"a fox","width":64,"height":64,"num_images":1}`
	for _, c := range []struct {
		body   string
		status int
		says   string
	}{
		{large, 200, ""},
		{large, 200, ""},
		{large, 429, "your plan allows 40.0"},
		{small, 200, ""},
		{small, 200, ""},
		{small, 200, ""},
		{small, 200, ""},
		{small, 429, "6 generations are waiting or running, your plan allows 6"},
	} {
		a := ask(c.body)
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.says) || (a.Code == 429) != (a.Header().Get("Retry-After") != "") {
			t.Errorf("%s is answered %d, Retry-After %q: %s; want %d with %q", c.body, a.Code, a.Header().Get("Retry-After"), a.Body, c.status, c.says)
		}
	}
	w.Verify()
}
