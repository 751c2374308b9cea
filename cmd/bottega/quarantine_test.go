package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
)

func TestQuarantine_ListAndShowTellWhatHappened(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t), func(c *app.Config) { c.Lease = time.Hour }) // time flies below, and no lease is to run out
	text := func(write func(out *bytes.Buffer) error) string {
		t.Helper()
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	list := func() string {
		return text(func(out *bytes.Buffer) error { return printQuarantine(t.Context(), w.App, out, 10) })
	}
	if got := list(); !strings.Contains(got, "nothing was put aside") {
		t.Errorf("an empty quarantine says %q", got)
	}
	ada := w.User("free")
	w.Engine.Script(enginetest.Script{Err: &engine.Death{How: "worker ended with status 3", Said: []string{"no memory left"}}})
	w.Run()
	id := w.Submit(ada, "a secret fox", 1).ID
	w.Wait(func() error {
		w.Clock.Advance(time.Second) // past the pause between attempts
		if g, err := w.Generations.Get(t.Context(), ada, id); err != nil || g.State != generation.Failed {
			return fmt.Errorf("it is %s, %w", g.State, err)
		}
		return nil
	})
	if got := list(); !strings.Contains(got, id) || !strings.Contains(got, email(t, w, ada)) || !strings.Contains(got, "status 3") {
		t.Errorf("the list says %q", got)
	}
	q, err := w.Generations.ShowQuarantined(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	shown := text(func(out *bytes.Buffer) error { return printDeaths(out, q, false) })
	for _, want := range []string{"attempt 1", "attempt 2", "worker ended with status 3", "| no memory left"} {
		if !strings.Contains(shown, want) {
			t.Errorf("it shows %q, want %q in it", shown, want)
		}
	}
	if strings.Contains(shown, "secret") {
		t.Errorf("the prompt is shown without having been asked for: %q", shown)
	}
	if got := text(func(out *bytes.Buffer) error { return printDeaths(out, q, true) }); !strings.Contains(got, "a secret fox") {
		t.Errorf("with --request it shows %q", got)
	}
}
