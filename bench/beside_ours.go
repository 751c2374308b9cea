package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bottega/internal/access"
	accounts "bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/plan"
)

// peopleFor is how many accounts it takes to have so many run at once: each may have 6 running, and 200 waiting.
func peopleFor(slots int) int { return (slots + 5) / 6 }

// serveOptions is how our server runs beside another studio's.
type serveOptions struct {
	Dir    string // of its database and files
	Listen string
	Slots  int  // generations at once
	Keep   bool // a blank picture is made and kept; otherwise a run does nothing
	People int  // accounts to make; 0 = they are there
}

// sessionsFile is in which serveBeside leaves what the accounts it has made are signed in with.
const sessionsFile = "sessions.json"

// serveBeside is our side of the benchmarks beside another studio: the program's own server over HTTP, with an engine that
// takes no time, until ctx ends.
func serveBeside(ctx context.Context, o options, s serveOptions) (err error) {
	cfg := app.Config{
		Version: "bench", Data: s.Dir, SlotCount: s.Slots, Log: o.Log,
		Engines: engine.Set{"blank": blank{}}, Models: []catalog.Model{instantModel("blank")},
	}
	if !s.Keep {
		cfg.Around = func(k generation.Kind) generation.Kind { return noRun{k} }
	}
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var tokens []string
	for range s.People {
		acc, err := a.Accounts.Create(ctx, accounts.New{
			Email: id.New() + "@example.com", Password: id.New(), Role: access.RoleUser, Plan: plan.Operator,
		})
		if err != nil {
			return err
		}
		token, err := a.Auth.StartSession(ctx, acc.ID, "bench")
		if err != nil {
			return err
		}
		tokens = append(tokens, token)
	}
	if tokens != nil {
		text, err := json.Marshal(tokens)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.Dir, sessionsFile), text, 0o600); err != nil {
			return err
		}
	}
	_, stop, err := serve(ctx, a, s.Listen)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return stop()
}

// noRun is a kind whose work is done at once: planned, priced, held, in line, leased and ended as any other.
type noRun struct{ generation.Kind }

func (noRun) Run(context.Context, generation.Job) (generation.Result, error) {
	return generation.Result{}, nil
}

// blank is an engine that makes blank pictures in no time.
type blank struct{}

func (blank) GenerateImage(_ context.Context, r engine.ImageRequest, _ func(engine.Progress)) (*engine.Picture, error) {
	return &engine.Picture{
		Image: image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height)), ModelVersion: "instant", GeneratedWidth: r.Width, GeneratedHeight: r.Height,
	}, nil
}

// bottega is our server in a process of its own.
type bottega struct {
	*process
	options serveOptions
	people  []string // sessions
}

func ourStudio(o options, s serveOptions) func() (studio, error) {
	return func() (studio, error) {
		dir, err := o.scratch()
		if err != nil {
			return nil, err
		}
		s.Dir, s.People = dir, peopleFor(s.Slots)
		return &bottega{process: newProcess(dir), options: s}, nil
	}
}

func (b *bottega) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	b.options.Listen = "127.0.0.1:" + strconv.Itoa(port)
	text, err := json.Marshal(b.options)
	if err != nil {
		return err
	}
	if err := b.run(ctx, nil, self, "--serve", string(text)); err != nil {
		return err
	}
	b.base = "http://" + b.options.Listen
	if err := b.answers(ctx, "/readyz"); err != nil || b.people != nil {
		return err
	}
	text, err = os.ReadFile(filepath.Join(b.options.Dir, sessionsFile))
	if err != nil {
		return err
	}
	b.options.People = 0 // a next process finds them
	return json.Unmarshal(text, &b.people)
}

func (b *bottega) submit(ctx context.Context, n int) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	in := map[string]any{"prompt": "a fox", "width": 32, "height": 32, "seed": n}
	err := b.call(ctx, http.MethodPost, "/api/studio/generations", b.people[n%len(b.people)], in, &out)
	return out.ID, err
}

func (b *bottega) left(ctx context.Context) (left int, err error) {
	for _, session := range b.people {
		var out struct{ Running, Waiting, Kept int }
		if err := b.call(ctx, http.MethodGet, "/api/studio/queue", session, nil, &out); err != nil {
			return 0, err
		}
		left += out.Running + out.Waiting + out.Kept
	}
	return left, nil
}

func (b *bottega) outcomes(ctx context.Context) (map[string]outcome, error) {
	all := map[string]outcome{}
	for _, session := range b.people {
		for cursor, more := "", true; more; {
			var out struct {
				Items []struct {
					ID     string     `json:"id"`
					State  string     `json:"state"`
					Images []struct{} `json:"images"`
				} `json:"items"`
				Next *string `json:"next"`
			}
			query := url.Values{"limit": {"100"}}
			if cursor != "" {
				query.Set("cursor", cursor)
			}
			if err := b.call(ctx, http.MethodGet, "/api/studio/generations?"+query.Encode(), session, nil, &out); err != nil {
				return nil, err
			}
			for _, g := range out.Items {
				all[g.ID] = outcome{g.State, len(g.Images)}
			}
			if more = out.Next != nil; more {
				cursor = *out.Next
			}
		}
	}
	return all, nil
}

// pictures has no address of its own here: a picture is kept as part of its generation.
func (b *bottega) pictures(ctx context.Context) (n int, err error) {
	all, err := b.outcomes(ctx)
	for _, o := range all {
		n += o.pictures
	}
	return n, err
}

// ends listens to the events of the first account.
func (b *bottega) ends(ctx context.Context) (<-chan ended, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/api/studio/events", nil)
	if err != nil {
		return nil, err
	}
	req.AddCookie(&http.Cookie{Name: "sid", Value: b.people[0]})
	resp, err := b.client.Do(req) //nolint:bodyclose // whoever listens below closes it
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("events: %s", resp.Status), resp.Body.Close())
	}
	out := make(chan ended, 2*besideMost)
	go func() {
		defer close(out)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for event := ""; lines.Scan(); {
			at := clock.System{}.Now()
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
				continue
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var g struct{ ID, State string }
			if !ok || event != "generation" || json.Unmarshal([]byte(data), &g) != nil || g.State != "complete" {
				continue
			}
			out <- ended{g.ID, at}
		}
	}()
	return out, nil
}
