package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"bottega/internal/access"
	accounts "bottega/internal/account"
	"bottega/internal/api"
	"bottega/internal/app"
	"bottega/internal/auth"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/id"
	"bottega/internal/plan"
)

// instant is an engine that takes no time and notes when it was asked, by seed.
type instant struct {
	clock clock.Clock
	mu    sync.Mutex
	asked map[int64]time.Time
	heard chan int64
}

func (e *instant) GenerateImage(_ context.Context, r engine.ImageRequest, _ func(engine.Progress)) (*engine.Picture, error) {
	now := e.clock.Now()
	e.mu.Lock()
	e.asked[r.Seed] = now
	e.mu.Unlock()
	e.heard <- r.Seed
	return &engine.Picture{
		Image: image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height)), ModelVersion: "instant",
		GeneratedWidth: r.Width, GeneratedHeight: r.Height,
	}, nil
}

func span(low, high, value float64) catalog.Range {
	return catalog.Range{Min: low, Max: high, Step: 1, Default: value}
}

// instantModel is a model of an engine that only one benchmark has, so that none runs what another left waiting.
func instantModel(engine string) catalog.Model {
	return catalog.Model{
		ID: "00000000-0000-4000-8000-000000000001", Name: "instant", Title: "Instant", Version: "1", Engine: engine,
		Image: catalog.Capability{
			Width: span(32, 1536, 32), Height: span(32, 1536, 32), Count: span(1, 8, 1), Steps: span(1, 60, 1),
			Guidance: span(1, 20, 1), Adherence: span(0, 1, 0), MaxPrompt: 1500,
			Styles: []catalog.Style{{ID: "none", Title: "None"}}, DefaultStyle: "none", Transparent: true,
		},
	}
}

func submitSQLite(ctx context.Context, o options) ([]result, error) {
	return submitToStart(ctx, o, "", "sqlite")
}

func submitPostgres(ctx context.Context, o options) ([]result, error) {
	if o.Postgres == "" {
		return nil, nil
	}
	return submitToStart(ctx, o, o.Postgres, "postgres")
}

const submissions = 300

// submitToStart measures, one request after the other over HTTP on loopback, from before the request is sent until the
// engine is asked for the picture: parse, authenticate, plan, quote, commit, dispatch, lease, start.
func submitToStart(ctx context.Context, o options, database, suffix string) (results []result, err error) {
	dir, err := os.MkdirTemp(o.Dir, "submit-*")
	if err != nil {
		return nil, err
	}
	e := &instant{clock: clock.System{}, asked: map[int64]time.Time{}, heard: make(chan int64, 1)}
	a, err := app.Open(ctx, app.Config{
		Version: "bench", Data: dir, Database: database, SlotCount: 2, Log: o.Log,
		Engines: engine.Set{"instant": e}, Models: []catalog.Model{instantModel("instant")},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	key, account, err := benchKey(ctx, a)
	if err != nil {
		return nil, err
	}
	base, stop, err := serve(ctx, a, anyPort)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()

	times := make([]time.Duration, 0, submissions)
	for i := range int64(submissions + 20) {
		sent := e.clock.Now()
		if err := post(ctx, http.DefaultClient, base, key, i); err != nil {
			return nil, err
		}
		<-e.heard
		if err := idle(ctx, a, account); err != nil {
			return nil, err
		}
		e.mu.Lock()
		took := e.asked[i].Sub(sent)
		e.mu.Unlock()
		if i >= 20 { // the first few warm connections and caches up
			times = append(times, took)
		}
	}
	slices.Sort(times)
	note := fmt.Sprintf("%d submissions over HTTP, each when the one before has ended", submissions)
	return []result{
		{Name: "submit_to_start_p50_" + suffix, Value: milliseconds(percentile(times, 0.50)), Unit: "ms", Note: note},
		{Name: "submit_to_start_p99_" + suffix, Value: milliseconds(percentile(times, 0.99)), Unit: "ms", Note: note},
	}, nil
}

// idle waits until nothing of an account runs or waits.
func idle(ctx context.Context, a *app.App, account string) error {
	return until(ctx, func() (bool, error) {
		own, err := a.Generations.Own(ctx, access.Actor{AccountID: account})
		return own.Running+own.Waiting == 0, err
	})
}

func benchKey(ctx context.Context, a *app.App) (key, account string, err error) {
	acc, err := a.Accounts.Create(ctx, accounts.New{
		Email: id.New() + "@example.com", Password: id.New(), Role: access.RoleUser, Plan: plan.Operator,
	})
	if err != nil {
		return "", "", err
	}
	key, _, err = a.Auth.CreateKey(ctx, acc.ID, "bench", time.Time{}, auth.KeyTerms{})
	return key, acc.ID, err
}

// anyPort is a free port of the loopback interface.
const anyPort = "127.0.0.1:0"

// serve runs the application.
func serve(ctx context.Context, a *app.App, listen string) (base string, stop func() error, err error) {
	handler, err := a.Handler()
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, err
	}
	server := api.NewServer("", handler, a.Log)
	work, cancel := context.WithCancel(ctx)
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- a.Run(work) }()
	go func() { served <- server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() error {
		cancel()
		err := errors.Join(<-ran, server.Close())
		if s := <-served; !errors.Is(s, http.ErrServerClosed) {
			err = errors.Join(err, s)
		}
		return err
	}, nil
}

// post submits a small picture with the seed.
func post(ctx context.Context, client *http.Client, base, key string, seed int64) error {
	body, err := json.Marshal(map[string]any{
		"prompt": "a fox", "width": 32, "height": 32, "num_images": 1, "seed": seed, "alchemy": false,
		"num_inference_steps": 10, "guidance_scale": 1,
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/rest/v1/generations", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("submit: %s: %s", resp.Status, text)
	}
	return err
}
