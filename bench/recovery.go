package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/generation"
	kind "bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/plan"
)

// How long it takes after a SIGKILL until all that ran runs again, in a new process, while ten thousand wait. On PostgreSQL
// most of it is the lease of the dead process.
const (
	recoverySQLite   = "queue_recovery_seconds_sqlite"
	recoveryPostgres = "queue_recovery_seconds_postgres"

	recoveryWaiting = 10_000
	recoveryOf      = 60 // accounts, each of which may have 200 waiting
	recoverySlots   = 4
	recoveryRun     = 500 * time.Millisecond // of one generation
)

func recovery(ctx context.Context, o options) (results []result, err error) {
	for _, d := range []struct{ name, ref string }{{recoverySQLite, ""}, {recoveryPostgres, o.Postgres}} {
		if d.name == recoveryPostgres && d.ref == "" {
			continue
		}
		dir, err := os.MkdirTemp(o.Dir, "recovery-*")
		if err != nil {
			return nil, err
		}
		r, err := recoverOnce(ctx, o, dir, d.ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		results = append(results, result{
			Name: d.name, Value: r.all.Seconds(), Unit: "s",
			Note: fmt.Sprintf("until all %d that ran when the process was killed run again in a new one, %d waiting; other work began after %.2f s", recoverySlots, recoveryWaiting, r.first.Seconds()),
		})
	}
	return results, nil
}

// recovered is how long after the kill the first work began, and the last of what had run began again.
type recovered struct{ first, all time.Duration }

func recoverOnce(ctx context.Context, o options, dir, ref string) (r recovered, err error) {
	if err := fillRecovery(ctx, o, dir, ref); err != nil {
		return r, err
	}
	before, err := startWorker(ctx, dir, ref)
	if err != nil {
		return r, err
	}
	var ran []string // the last ones that began are those that run
	for len(ran) < 3*recoverySlots {
		id, err := before.began()
		if err != nil {
			return r, errors.Join(err, before.kill())
		}
		ran = append(ran, id)
	}
	now := clock.System{}
	if err := before.kill(); err != nil {
		return r, err
	}
	killed := now.Now()
	after, err := startWorker(ctx, dir, ref)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, after.kill()) }()
	missing := ran[len(ran)-recoverySlots:]
	for len(missing) > 0 {
		id, err := after.began()
		if err != nil {
			return r, err
		}
		if r.first == 0 {
			r.first = now.Now().Sub(killed)
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == id })
		if now.Now().Sub(killed) > time.Minute {
			return r, fmt.Errorf("%v do not run again a minute after the kill", missing)
		}
	}
	r.all = now.Now().Sub(killed)
	return r, nil
}

// sleeper is an engine that takes the same time for everything and says when it begins.
type sleeper struct{ out io.Writer }

func (s sleeper) GenerateImage(ctx context.Context, r engine.ImageRequest, _ func(engine.Progress)) (*engine.Picture, error) {
	if _, err := fmt.Fprintln(s.out, r.Prompt); err != nil {
		return nil, err
	}
	timer := time.NewTimer(recoveryRun)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &engine.Picture{
		Image: image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height)), ModelVersion: "instant", GeneratedWidth: r.Width, GeneratedHeight: r.Height,
	}, nil
}

func openSleeper(ctx context.Context, o options, dir, ref string, out io.Writer) (*app.App, error) {
	return app.Open(ctx, app.Config{
		Version: "bench", Data: dir, Database: ref, SlotCount: recoverySlots, Log: o.Log,
		Engines: engine.Set{"sleeper": sleeper{out}}, Models: []catalog.Model{instantModel("sleeper")},
	})
}

// fillRecovery submits what waits. The prompt names the generation, so that the engine can say which one it works on.
func fillRecovery(ctx context.Context, o options, dir, ref string) (err error) {
	a, err := openSleeper(ctx, o, dir, ref, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var actors []access.Actor
	for range recoveryOf {
		acc, err := a.Accounts.Create(ctx, account.New{Email: id.New() + "@example.com", Password: id.New(), Role: access.RoleUser, Plan: plan.Operator})
		if err != nil {
			return err
		}
		actors = append(actors, access.Actor{AccountID: acc.ID, Role: acc.Role})
	}
	turn := make(chan int, recoveryWaiting)
	for n := range recoveryWaiting {
		turn <- n
	}
	size := 32
	return together(ctx, 64, recoveryWaiting, func(ctx context.Context) error {
		n := <-turn
		_, err := a.Generations.Submit(ctx, actors[n%len(actors)], generation.SubmitRequest{
			Kind: "image", Input: &kind.Request{Prompt: fmt.Sprintf("job %d", n), Width: &size, Height: &size},
		})
		return err
	})
}

// worker is a process that runs what waits and says which it begins.
type worker struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// startWorker starts this program as a worker; see runWaiting.
func startWorker(ctx context.Context, dir, ref string) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "--work", filepath.Clean(dir))
	cmd.Env = append(os.Environ(), "BOTTEGA_TEST_POSTGRES="+ref) // not an argument: it holds a password
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &worker{cmd, bufio.NewScanner(out)}, nil
}

func (w *worker) began() (string, error) {
	if !w.lines.Scan() {
		return "", fmt.Errorf("the worker ended: %w", errors.Join(w.lines.Err(), io.ErrUnexpectedEOF))
	}
	return w.lines.Text(), nil
}

// kill ends the process as a power cut would.
func (w *worker) kill() error {
	err := w.cmd.Process.Kill()
	_ = w.cmd.Wait() // "signal: killed"
	return err
}

// runWaiting runs what waits in the folder, or in the PostgreSQL of the options, until ctx ends, and prints what it begins: the other
// side of the benchmark of recovery.
func runWaiting(ctx context.Context, o options, out io.Writer) (err error) {
	a, err := openSleeper(ctx, o, o.Dir, o.Postgres, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.TakeOver(ctx); err != nil {
		return err
	}
	return a.Run(ctx)
}
