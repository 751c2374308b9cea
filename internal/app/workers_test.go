package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/remote"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/queue"
)

// seldom makes looking at the database hopeless: what happens soon was told.
func seldom(c *app.Config) { c.Poll = time.Hour }

// serving leaves all work to others.
func serving(c *app.Config) { c.SlotCount = app.NoSlots }

// work lets an installation work and serve nothing until the test ends, as `bottega worker` does.
func work(t *testing.T, w *apptest.World) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("work: %v", err)
		}
	})
}

// kindsOf are the machines that work, as they say of themselves.
func kindsOf(t *testing.T, w *apptest.World) string {
	t.Helper()
	list, err := queue.Workers(t.Context(), w.DB)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range list {
		out = append(out, fmt.Sprintf("%s %s %d %v %s %v", m.Kind, m.Name, m.Slots, m.Engines, m.Version, m.Models))
	}
	return strings.Join(out, "\n")
}

func has(t *testing.T, w *apptest.World, want string) {
	t.Helper()
	w.Wait(func() error {
		if got := kindsOf(t, w); !strings.Contains(got, want) {
			return fmt.Errorf("the workers are %s, want %s", got, want)
		}
		return nil
	})
}

// until reads an account's messages until f says that it has seen enough.
func until(t *testing.T, messages <-chan event.Message, what string, f func(event.Message) bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case m := <-messages:
			if f(m) {
				return
			}
		case <-late:
			t.Fatalf("twenty seconds without %s", what)
		}
	}
}

// twoMachines are a server without slots and a worker on one PostgreSQL and one store.
func twoMachines(t *testing.T) (server, worker *apptest.World) {
	ref, store := apptest.Postgres(t), t.TempDir()
	files := func(c *app.Config) { c.Storage = store }
	server = apptest.New(t, ref, seldom, serving, files)
	server.Run()
	has(t, server, "server ")
	worker = apptest.New(t, ref, seldom, files, func(c *app.Config) { c.Worker, c.Machine = true, "gpu-7" })
	work(t, worker)
	has(t, server, "worker gpu-7 4 [scripted] test [scripted@1]")
	server.Wait(func() error { // who does not hear yet would look in an hour
		if !server.Bus.Listening() || !worker.Bus.Listening() {
			return errors.New("not all hear")
		}
		return nil
	})
	return server, worker
}

func TestWorkers_WhatRunsElsewhereIsSeenHere(t *testing.T) {
	server, worker := twoMachines(t)
	user := server.User("artisan")
	messages := server.Hub.Subscribe(t.Context(), user.AccountID, 0)
	g := server.Submit(user, "a fox", 1)
	until(t, messages, "progress", func(m event.Message) bool { return m.Topic == event.TopicProgress && m.Subject == g.ID })
	until(t, messages, "the end", func(m event.Message) bool {
		now, err := server.Generations.Get(t.Context(), user, g.ID)
		return err == nil && m.Subject == g.ID && now.State == generation.Complete
	})
	if server.Engine.Calls() != 0 || worker.Engine.Calls() != 1 {
		t.Errorf("the server painted %d, the worker %d; want 0 and 1", server.Engine.Calls(), worker.Engine.Calls())
	}
	server.Verify()
}

func TestWorkers_CancelReachesWhoRunsIt(t *testing.T) {
	server, worker := twoMachines(t)
	gate, started := make(chan struct{}), make(chan struct{}, 9)
	worker.Engine.Script(enginetest.Script{Gate: gate, Started: started})
	user := server.User("artisan")
	g := server.Submit(user, "a fox", 2)
	<-started
	gate <- struct{}{} // both steps of the first picture
	gate <- struct{}{}
	<-started // of the second: the first is delivered
	got, err := server.Generations.Cancel(t.Context(), user, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != generation.Cancelled || len(got.Images) != 1 || got.Charged == 0 || got.Charged >= got.Price {
		t.Errorf("it is %s with %d pictures for %s of %s; want the first picture, and its share", got.State, len(got.Images), got.Charged, got.Price)
	}
	server.Verify()
}

func TestWorkers_AWorkerThatWouldPaintDifferentlyIsRefused(t *testing.T) {
	ref := apptest.Postgres(t)
	server := apptest.New(t, ref, serving)
	server.Run()
	has(t, server, "server ")
	for _, c := range []struct {
		name   string
		change func(*app.Config)
		want   error
		words  []string
	}{
		{"another version", func(c *app.Config) { c.Version = "test-2" }, db.ErrOtherVersion, []string{"test-2", "is Bottega test,"}},
		{"other weights", func(c *app.Config) { c.Engines = engine.Set{"scripted": &other{}} }, app.ErrOtherModels, []string{"scripted@1", "scripted@2"}},
	} {
		w := apptest.New(t, ref, func(c *app.Config) { c.Worker = true }, c.change)
		err := w.Work(t.Context())
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			continue
		}
		for _, word := range c.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v, want %q in it", c.name, err, word)
			}
		}
	}
}

// A worker that is still there when the database is taken to the next version must not go on with it.
func TestWorkers_AWorkerLeavesWhenTheSchemaMovesOn(t *testing.T) {
	ref := apptest.Postgres(t)
	apptest.New(t, ref, serving)
	w := apptest.New(t, ref, func(c *app.Config) { c.Worker, c.Lease = true, 200*time.Millisecond })
	done := make(chan error, 1)
	go func() { done <- w.Work(t.Context()) }()
	has(t, w, "worker ")
	err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, db.ErrOtherVersion) || !strings.Contains(err.Error(), "9999") {
			t.Errorf("it ended with %v, want ErrOtherVersion with the number", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on working after twenty seconds")
	}
}

// other has other weights.
type other struct{ enginetest.Scripted }

func (*other) Versions() []string { return []string{"scripted@2"} }

// site is a server without slots, on the network.
type site struct {
	*apptest.World
	url   string
	token string
	id    string // of the token
}

func newSite(t *testing.T, ref string, change ...func(*app.Config)) *site {
	t.Helper()
	w := apptest.New(t, ref, append([]func(*app.Config){serving}, change...)...)
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{World: w}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	token, info, err := w.Auth.CreateWorker(t.Context(), "gpu", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s.token, s.id = token, info.ID
	w.Run()
	return s
}

// worker is a worker over HTTP. stop lets it leave; ended waits until it does by itself.
func (s *site) worker(t *testing.T, e engine.Imager, name string) (stop, ended func() error) {
	t.Helper()
	address, err := remote.Address(s.url, false)
	if err != nil {
		t.Fatal(err)
	}
	a := &remote.Worker{
		Engines: engine.Set{"scripted": e}, Dial: remote.Dialer(address, s.token), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Hello: remote.Hello{Version: "test", Name: name, Slots: 2},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	ended = sync.OnceValue(func() error { return <-done })
	stop = func() error {
		cancel()
		return ended()
	}
	t.Cleanup(func() { _ = stop() })
	return stop, ended
}

func TestWorkers_OverHTTPTheyAreSlotsLikeOthers(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		painter := enginetest.NewScripted(enginetest.Script{})
		stop, _ := s.worker(t, painter, "gpu-1")
		has(t, s.World, "remote gpu-1 2 [scripted] test [scripted@1]")
		user := s.User("artisan")
		messages := s.Hub.Subscribe(t.Context(), user.AccountID, 0)
		g := s.Submit(user, "a fox", 2)
		until(t, messages, "progress", func(m event.Message) bool { return m.Topic == event.TopicProgress && m.Subject == g.ID })
		done := s.WaitState(user, g.ID, generation.Complete)
		if len(done.Images) != 2 || painter.Calls() != 2 || s.Engine.Calls() != 0 {
			t.Errorf("%d pictures, the worker painted %d, the server %d", len(done.Images), painter.Calls(), s.Engine.Calls())
		}
		gate, started := make(chan struct{}), make(chan struct{}, 9)
		painter.Script(enginetest.Script{Gate: gate, Started: started})
		g = s.Submit(user, "an owl", 1)
		<-started
		if got, err := s.Generations.Cancel(t.Context(), user, g.ID); err != nil || got.State != generation.Cancelled {
			t.Errorf("a cancelled picture of a worker is %+v, %v", got, err)
		}
		painter.Script(enginetest.Script{})
		s.WaitState(user, s.Submit(user, "a newt", 1).ID, generation.Complete)
		if err := stop(); err != nil {
			t.Errorf("the worker ended with %v", err)
		}
		s.Wait(func() error {
			if got := kindsOf(t, s.World); strings.Contains(got, "remote") {
				return fmt.Errorf("a worker that left is still there: %s", got)
			}
			return nil
		})
		s.Verify()
	})
}

// What a lost worker had begun goes to another one, once, and a worker without a token in force is none.
func TestWorkers_OverHTTPALostOnesWorkMovesOn(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(c *app.Config) { c.Lease = 2 * time.Second })
	user := s.User("artisan")
	started := make(chan struct{}, 9)
	hanging := enginetest.NewScripted(enginetest.Script{Hang: true, Started: started})
	_, lost := s.worker(t, hanging, "gpu-1")
	g := s.Submit(user, "a fox", 1)
	<-started
	if err := s.Auth.RevokeWorker(t.Context(), s.id); err != nil {
		t.Fatal(err)
	}
	// Its connection ends with the token, and it is told why when it comes back.
	if err := lost(); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("the worker without a token ended with %v, want the reason", err)
	}
	if c := s.Workers.Counts(); c.Sessions != 0 || c.Refused[remote.RefusedToken] != 2 {
		t.Errorf("a worker whose token was revoked: %+v", c)
	}
	s.Wait(func() error {
		got, err := s.Generations.Get(t.Context(), user, g.ID)
		if err == nil && got.State != generation.Waiting {
			err = fmt.Errorf("its work is %+v; want it back in the line", got)
		}
		return err
	})
	var err error
	if s.token, _, err = s.Auth.CreateWorker(t.Context(), "gpu", time.Time{}); err != nil {
		t.Fatal(err)
	}
	painter := enginetest.NewScripted(enginetest.Script{})
	s.worker(t, painter, "gpu-2")
	s.Clock.Advance(5 * time.Second) // a lost attempt waits a moment before the next
	s.WaitState(user, g.ID, generation.Complete)
	if painter.Calls() != 1 {
		t.Errorf("it was painted %d times, want once", painter.Calls())
	}
	s.Verify()
}

func TestWorkers_OnlyATokenInForceConnects(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	user := s.User("operator")
	key, _, err := s.Auth.CreateKey(t.Context(), user.AccountID, "key", time.Time{}, auth.KeyTerms{})
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.Auth.StartSession(t.Context(), user.AccountID, "browser")
	if err != nil {
		t.Fatal(err)
	}
	short, _, err := s.Auth.CreateWorker(t.Context(), "short", s.Clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	gone, info, err := s.Auth.CreateWorker(t.Context(), "gone", time.Time{})
	if err == nil {
		err = s.Auth.RevokeWorker(t.Context(), info.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	ask := func(bearer string, change ...func(*http.Request)) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+remote.Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		for _, f := range change {
			f(req)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	if status, body := ask(short); status != http.StatusUpgradeRequired { // let in, and it speaks no WebSocket
		t.Errorf("a token in force: %d %s", status, body)
	}
	s.Clock.Advance(2 * time.Hour)
	forged := s.token[:len(s.token)-1] + string(rune('a'+(s.token[len(s.token)-1]-'a'+1)%26))
	refused := int64(0)
	for name, c := range map[string]struct{ token, want string }{
		"nobody": {"", "required"}, "an API key": {key, "well formed"}, "a session": {session, "well formed"}, "rubbish": {"let me in", "well formed"},
		"a forged token": {forged, "well formed"}, "an expired token": {short, "expired"}, "a revoked token": {gone, "revoked"},
	} {
		status, body := ask(c.token, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "sid", Value: session}) })
		if status != http.StatusUnauthorized || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want 401 with %q", name, status, body, c.want)
		}
		refused++
	}
	if got := s.Workers.Counts().Refused[remote.RefusedToken]; got != refused {
		t.Errorf("%d refusals were counted, want %d", got, refused)
	}
	if status, _ := ask(s.token, func(r *http.Request) { r.Method = http.MethodPost }); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", status)
	}
}
