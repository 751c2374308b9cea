package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/remote"
	"bottega/internal/engine/wire"
)

// said is a frame as it looks on the way.
type said struct {
	Type    string          `json:"type"`
	ID      uint64          `json:"id,omitempty"`
	Hello   *remote.Hello   `json:"hello,omitempty"`
	Refusal *remote.Refusal `json:"refusal,omitempty"`
	Picture *wire.Picture   `json:"picture,omitempty"`
	Fault   *wire.Fault     `json:"fault,omitempty"`
	Engine  string          `json:"engine,omitempty"`
	Model   string          `json:"model,omitempty"`
	Models  []remote.Model  `json:"models,omitempty"`
	Load    *part           `json:"load,omitempty"`
}

// part is how far a load is.
type part struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// liar is a worker that says what a test wants.
type liar struct {
	t    *testing.T
	conn net.Conn
}

func (w *world) liar() *liar {
	ours, theirs := net.Pipe()
	go w.pool.Serve(context.Background(), theirs, "token")
	w.t.Cleanup(func() { _ = ours.Close() })
	return &liar{w.t, ours}
}

func (l *liar) say(f said, pixels ...byte) {
	l.t.Helper()
	_ = l.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := wire.Write(l.conn, f, 1<<30, pixels); err != nil {
		l.t.Fatalf("say %s: %v", f.Type, err)
	}
}

// hear waits for a frame of the type, or for one that refuses.
func (l *liar) hear(kind string) said {
	l.t.Helper()
	_ = l.conn.SetDeadline(time.Now().Add(10 * time.Second))
	for {
		var f said
		if _, err := wire.Read(l.conn, &f, 1<<30); err != nil {
			l.t.Fatalf("wait for %s: %v", kind, err)
		}
		if f.Type == kind || f.Type == "refused" {
			return f
		}
	}
}

func honest(change ...func(*remote.Hello)) said {
	h := remote.Hello{
		Protocol: remote.Protocol, Version: version, Name: "liar", Slots: 2,
		Engines: []remote.Engine{{Name: "house", Versions: []string{"scripted@1"}}, {Name: "other", Versions: []string{"unknown@9"}}},
	}
	for _, f := range change {
		f(&h)
	}
	return said{Type: "hello", Hello: &h}
}

// joined is a liar that was let in, and its session.
func (w *world) joined() (*liar, *remote.Session) {
	w.t.Helper()
	w.mu.Lock()
	before := len(w.sessions)
	w.mu.Unlock()
	l := w.liar()
	l.say(honest())
	if f := l.hear("welcome"); f.Type != "welcome" {
		w.t.Fatalf("an honest worker heard %+v", f.Refusal)
	}
	var s *remote.Session
	w.until(func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.sessions) == before {
			return "the session has not come"
		}
		s = w.sessions[len(w.sessions)-1]
		return ""
	})
	return l, s
}

// paint asks the session for a small picture.
func paint(t *testing.T, s *remote.Session) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Engines()["house"].(engine.Imager).GenerateImage(t.Context(), engine.ImageRequest{Prompt: "a fox", Width: 4, Height: 4, Steps: 1}, nil)
		done <- err
	}()
	return done
}

func picture(id uint64, change ...func(*wire.Picture)) said {
	p := &wire.Picture{Width: 4, Height: 4, ModelVersion: "scripted@1", GeneratedWidth: 4, GeneratedHeight: 4}
	for _, f := range change {
		f(p)
	}
	return said{Type: "picture", ID: id, Picture: p}
}

// counted waits until the pool has refused exactly so much for the reason, and the log says so.
func (w *world) counted(code string, n int64) {
	w.t.Helper()
	w.until(func() string {
		if got := w.pool.Counts().Refused[code]; got != n {
			return fmt.Sprintf("%s was counted %d times, want %d", code, got, n)
		}
		return ""
	})
	if !strings.Contains(w.log.String(), "code="+code) {
		w.t.Errorf("the log does not say %q: %s", code, w.log)
	}
}

func TestPool_LetsInOnlyWhoFits(t *testing.T) {
	for name, c := range map[string]struct {
		hello said
		code  string
		words []string
	}{
		"another protocol": {honest(func(h *remote.Hello) { h.Protocol = 1 }), remote.RefusedProtocol, []string{"version 1", "speaks 2"}},
		"another version":  {honest(func(h *remote.Hello) { h.Version = "0.9.1" }), remote.RefusedVersion, []string{"0.9.1", version}},
		"no slots":         {honest(func(h *remote.Hello) { h.Slots = 0 }), remote.RefusedHello, []string{"0 slots"}},
		"negative slots":   {honest(func(h *remote.Hello) { h.Slots = -7 }), remote.RefusedHello, []string{"-7 slots"}},
		"absurd slots":     {honest(func(h *remote.Hello) { h.Slots = 1 << 40 }), remote.RefusedHello, []string{"1 to 64"}},
		"other weights": {
			honest(func(h *remote.Hello) { h.Engines[0].Versions[0] = "scripted@2" }), remote.RefusedModel,
			[]string{"scripted@2", "scripted@1", "differ"},
		},
		"no engine that is known": {honest(func(h *remote.Hello) { h.Engines = h.Engines[1:] }), remote.RefusedModel, []string{"house"}},
		"too many engines":        {honest(func(h *remote.Hello) { h.Engines = make([]remote.Engine, 1000) }), remote.RefusedHello, []string{"1000 engines"}},
		"too many models":         {honest(func(h *remote.Hello) { h.Engines[0].Versions = make([]string, 1000) }), remote.RefusedHello, []string{"1000 models"}},
		"no hello":                {said{Type: "picture"}, remote.RefusedHello, []string{"hello"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.liar()
			l.say(c.hello)
			f := l.hear("welcome")
			if f.Type != "refused" || f.Refusal.Code != c.code {
				t.Fatalf("it heard %s %+v, want %s", f.Type, f.Refusal, c.code)
			}
			for _, word := range c.words {
				if !strings.Contains(f.Refusal.Text, word) {
					t.Errorf("it was told %q, want %q in it", f.Refusal.Text, word)
				}
			}
			w.counted(c.code, 1)
			if c := w.pool.Counts(); c.Sessions != 0 || c.Joined != 0 {
				t.Errorf("it counts as a worker: %+v", c)
			}
		})
	}
}

func TestPool_ANameIsShownAsItMayBe(t *testing.T) {
	for in, want := range map[string]string{
		"gpu-1": "gpu-1", "": "unnamed", "\x1b[31mred\x00\n": "[31mred", "Grüße 7": "Grüße 7", strings.Repeat("ü", 300): strings.Repeat("ü", 100),
	} {
		w := newWorld(t)
		l := w.liar()
		l.say(honest(func(h *remote.Hello) { h.Name = in }))
		l.hear("welcome")
		s, err := w.living(t.Context())
		if err != nil || s.Hello.Name != want {
			t.Errorf("%q is shown as %q, %v; want %q", in, s.Hello.Name, err, want)
		}
	}
}

func TestPool_RefusesMoreThanItTakesAndAfterItsEnd(t *testing.T) {
	w := newWorld(t, func(o *remote.Options) { o.Most = 1 })
	w.joined()
	l := w.liar()
	l.say(honest())
	if f := l.hear("welcome"); f.Type != "refused" || f.Refusal.Code != remote.RefusedFull || f.Refusal.Final {
		t.Errorf("the second worker heard %+v", f)
	}
	w.counted(remote.RefusedFull, 1)
	w.stop()
	l = w.liar()
	l.say(honest())
	if f := l.hear("welcome"); f.Type != "refused" || f.Refusal.Code != remote.RefusedDraining || f.Refusal.Final {
		t.Errorf("after the end it heard %+v", f)
	}
}

func TestSession_AnAnswerCountsOnceAndForWhoWasAsked(t *testing.T) {
	w := newWorld(t)
	ada, hers := w.joined()
	eve, _ := w.joined()
	done := paint(t, hers)
	id := ada.hear("paint").ID
	pixels := make([]byte, 4*4*4)

	eve.say(picture(id), pixels...)
	if f := eve.hear("refused"); f.Refusal.Code != remote.RefusedForeign {
		t.Errorf("an answer to what another worker was asked: %+v", f.Refusal)
	}
	eve.say(said{Type: "failed", ID: id, Fault: &wire.Fault{Kind: "rejected", Text: "never"}})
	if f := eve.hear("refused"); f.Refusal.Code != remote.RefusedForeign {
		t.Errorf("a failure of what another worker was asked: %+v", f.Refusal)
	}
	eve.say(picture(id+1000), pixels...)
	if f := eve.hear("refused"); f.Refusal.Code != remote.RefusedUnknown {
		t.Errorf("an answer to what nobody asked: %+v", f.Refusal)
	}
	select {
	case err := <-done:
		t.Fatalf("the picture ended (%v) before the worker that was asked has answered", err)
	default:
	}
	ada.say(picture(id), pixels...)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ada.say(picture(id), pixels...)
	if f := ada.hear("refused"); f.Refusal.Code != remote.RefusedLate {
		t.Errorf("a second answer: %+v", f.Refusal)
	}
	w.counted(remote.RefusedForeign, 2)
	w.counted(remote.RefusedUnknown, 1)
	w.counted(remote.RefusedLate, 1)
}

func TestSession_RubbishFailsThePictureAndNothingElse(t *testing.T) {
	w := newWorld(t)
	l, s := w.joined()
	for name, c := range map[string]struct {
		answer said
		bytes  int
		code   string
	}{
		"wrong size":       {picture(0, func(p *wire.Picture) { p.Width = 5 }), 5 * 4 * 4, remote.RefusedRubbish},
		"too few bytes":    {picture(0), 12, remote.RefusedRubbish},
		"too many bytes":   {picture(0), 4*4*4 + 4, remote.RefusedRubbish},
		"a negative size":  {picture(0, func(p *wire.Picture) { p.Width, p.Height = -4, -4 }), 4 * 4 * 4, remote.RefusedRubbish},
		"generated at 0":   {picture(0, func(p *wire.Picture) { p.GeneratedWidth = 0 }), 4 * 4 * 4, remote.RefusedRubbish},
		"by another model": {picture(0, func(p *wire.Picture) { p.ModelVersion = "scripted@2" }), 4 * 4 * 4, remote.RefusedModel},
	} {
		before := w.pool.Counts().Refused[c.code]
		done := paint(t, s)
		c.answer.ID = l.hear("paint").ID
		l.say(c.answer, make([]byte, c.bytes)...)
		if err := <-done; !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		if f := l.hear("refused"); f.Refusal.Code != c.code {
			t.Errorf("%s: it was told %+v", name, f.Refusal)
		}
		w.counted(c.code, before+1)
	}
	done := paint(t, s)
	l.say(picture(l.hear("paint").ID), make([]byte, 4*4*4)...)
	if err := <-done; err != nil {
		t.Errorf("an honest answer afterwards: %v", err)
	}
}

func TestSession_TellsOfADeathInBounds(t *testing.T) {
	w := newWorld(t)
	l, s := w.joined()
	done := paint(t, s)
	said := make([]string, 500)
	for i := range said {
		said[i] = strings.Repeat("x", 900)
	}
	l.say(saidOf(l.hear("paint").ID, &engine.Death{How: strings.Repeat("h", 5000), Said: said, Beside: 1 << 40}))
	var death *engine.Death
	if err := <-done; !errors.As(err, &death) || !errors.Is(err, engine.ErrUnavailable) {
		t.Fatalf("a death came as %v", err)
	}
	if len(death.How) > 600 || len(death.Said) > 20 || len(death.Said[0]) > 500 || death.Beside > remote.MostSlots {
		t.Errorf("it came with %d bytes, %d lines of %d, beside %d", len(death.How), len(death.Said), len(death.Said[0]), death.Beside)
	}
}

func saidOf(id uint64, d *engine.Death) said {
	return said{Type: "failed", ID: id, Fault: &wire.Fault{Kind: "unavailable", Text: "it died", Death: d}}
}

func TestSession_AnOversizedFrameEndsItAndItsPictures(t *testing.T) {
	w := newWorld(t)
	l, s := w.joined()
	done := paint(t, s)
	id := l.hear("paint").ID
	go func() { // as far as it comes: nobody reads to the end
		_ = wire.Write(l.conn, picture(id), 1<<30, make([]byte, 17<<20))
	}()
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("the picture: %v, want ErrUnavailable", err)
	}
	w.counted(remote.RefusedTooLarge, 1)
	w.until(func() string {
		if w.pool.Counts().Sessions != 0 {
			return "the session goes on"
		}
		return ""
	})
}

func TestSession_EndsWithItsToken(t *testing.T) {
	w := newWorld(t)
	l, s := w.joined()
	done := paint(t, s)
	l.hear("paint")
	w.mu.Lock()
	w.revoked = &remote.Refusal{Code: remote.RefusedToken, Text: "the worker token was revoked"}
	w.mu.Unlock()
	stop := make(chan struct{})
	defer close(stop)
	go func() { // it lives, and reads what it is told
		for {
			var f said
			if _, err := wire.Read(l.conn, &f, 1<<30); err != nil {
				return
			}
		}
	}()
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "token") {
		t.Errorf("the picture: %v, want ErrUnavailable with the reason", err)
	}
	w.counted(remote.RefusedToken, 1)
}

func TestSession_SilenceEndsIt(t *testing.T) {
	w := newWorld(t, func(o *remote.Options) { o.Lease = 200 * time.Millisecond })
	l, s := w.joined()
	done := paint(t, s)
	l.hear("paint") // and then nothing more
	go func() {
		for {
			var f said
			if _, err := wire.Read(l.conn, &f, 1<<30); err != nil {
				return
			}
		}
	}()
	if err := <-done; !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "not heard of") {
		t.Errorf("the picture: %v, want ErrUnavailable with the reason", err)
	}
}

func TestWorker_EndsWhenAskingAgainChangesNothing(t *testing.T) {
	w := newWorld(t, func(o *remote.Options) { o.Version = "2.0.0" })
	a := &remote.Worker{Engines: engine.Set{}, Dial: w.dial, Log: quiet(w), Hello: remote.Hello{Version: version, Name: "old", Slots: 1}}
	var r *remote.Refusal
	if err := a.Run(t.Context()); !errors.As(err, &r) || !strings.Contains(err.Error(), "2.0.0") || !strings.Contains(err.Error(), version) {
		t.Errorf("the worker ended with %v, want both versions", err)
	}
}

func TestAddress_WantsTLSOrThisMachine(t *testing.T) {
	for in, want := range map[string]string{
		"https://studio.example.com":  "wss://studio.example.com/api/worker/connect",
		"https://example.com/bottega": "wss://example.com/bottega/api/worker/connect",
		"http://127.0.0.1:7860":       "ws://127.0.0.1:7860/api/worker/connect",
		"http://localhost:7860/":      "ws://localhost:7860/api/worker/connect",
		"http://[::1]:7860":           "ws://[::1]:7860/api/worker/connect",
	} {
		if got, err := remote.Address(in, false); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"http://studio.example.com", "http://10.0.0.1", "studio.example.com", "ftp://example.com", "https://me:word@example.com", "", "https://"} {
		if got, err := remote.Address(in, false); err == nil {
			t.Errorf("%q was taken as %s", in, got)
		}
	}
	if _, err := remote.Address("http://10.0.0.1", true); err != nil {
		t.Errorf("plain HTTP where it was asked for: %v", err)
	}
}
