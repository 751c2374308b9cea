package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"bottega/internal/app"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
)

// How many submissions are accepted in a second over HTTP, while nothing of them runs.
const (
	acceptedSQLite   = "submissions_per_second_sqlite"
	acceptedPostgres = "submissions_per_second_postgres"

	acceptedClients = 64
	acceptedTimes   = 5_000
	acceptedOf      = 40 // accounts, each of which may have 200 waiting
)

func acceptedOnSQLite(ctx context.Context, o options) ([]result, error) {
	return accepted(ctx, o, "", acceptedSQLite)
}

func acceptedOnPostgres(ctx context.Context, o options) ([]result, error) {
	if o.Postgres == "" {
		return nil, nil
	}
	return accepted(ctx, o, o.Postgres, acceptedPostgres)
}

func accepted(ctx context.Context, o options, database, name string) (results []result, err error) {
	dir, err := os.MkdirTemp(o.Dir, "accepted-*")
	if err != nil {
		return nil, err
	}
	never := &instant{clock: clock.System{}, asked: map[int64]time.Time{}, heard: make(chan int64)} // nobody listens: it waits
	a, err := app.Open(ctx, app.Config{
		Version: "bench", Data: dir, Database: database, SlotCount: 1, Log: o.Log, Grace: time.Millisecond,
		Engines: engine.Set{"never": never}, Models: []catalog.Model{instantModel("never")},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var keys []string
	for range acceptedOf {
		key, _, err := benchKey(ctx, a)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	base, stop, err := serve(ctx, a, anyPort)
	if err != nil {
		return nil, err
	}
	clients := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: acceptedClients}} // each keeps its connection
	defer clients.CloseIdleConnections()
	now := clock.System{}
	var seed atomic.Int64
	submit := func(ctx context.Context) error {
		n := seed.Add(1)
		return post(ctx, clients, base, keys[int(n)%len(keys)], n)
	}
	if err := together(ctx, acceptedClients, 4*acceptedClients, submit); err != nil { // warms up
		return nil, errors.Join(err, stop())
	}
	began := now.Now()
	err = together(ctx, acceptedClients, acceptedTimes, submit)
	took := now.Now().Sub(began)
	go func() { // lets the one that runs end
		for range never.heard {
		}
	}()
	err = errors.Join(err, stop())
	close(never.heard)
	return []result{{
		Name: name, Value: acceptedTimes / took.Seconds(), Unit: "submissions/s",
		Note: fmt.Sprintf("over HTTP by %d clients of %d accounts; one generation runs meanwhile and does not end", acceptedClients, acceptedOf),
	}}, err
}
