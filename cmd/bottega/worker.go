package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"bottega/internal/api"
	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/auth"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/engine/remote"
	"bottega/internal/telemetry"
)

// workerCmd makes pictures on this machine: on the studio's own database and store, or through one of its servers.
type workerCmd struct {
	storeFlags
	engineFlags
	Server        string        `help:"Address of the studio, https://…; without it --database and --storage." placeholder:"URL"`
	Token         string        `help:"With --server: a token of 'bottega admin worker create'; better in the environment than here." placeholder:"WORD"`
	PlainHTTP     bool          `help:"With --server: send the token over http:// to another machine, in the clear." name:"plain-http"`
	Name          string        `help:"Name of this machine, for people; without it the system's." placeholder:"WORD"`
	Listen        string        `help:"Address on which /healthz and /readyz answer, and to this machine /metrics; without it nowhere." placeholder:"HOST:PORT"`
	MetricsListen string        `help:"Another address, for metrics and health checks alone, as the servers have it." placeholder:"HOST:PORT" name:"metrics-listen"`
	Grace         time.Duration `help:"With --database: how long running work may go on after SIGTERM before it goes back into the queue." default:"20s"`
	Lease         time.Duration `help:"How long a dead process keeps its work." default:"15s" hidden:""`
}

func (c *workerCmd) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg, err = c.withEngines(cfg); err != nil {
		return err
	}
	if c.Name == "" {
		c.Name, _ = os.Hostname() // without one it is told by its id
	}
	if cfg.Traces, err = telemetry.OpenTraces(ctx, cfg.Version, cfg.Log); err != nil {
		return err
	}
	defer closeTraces(ctx, cfg.Traces, 5*time.Second, cfg.Log)
	if c.Server != "" {
		return errors.Join(c.remote(ctx, cfg), closeEngines(cfg))
	}
	cfg.Worker, cfg.Machine, cfg.Grace, cfg.Lease = true, c.Name, c.Grace, c.Lease
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	work := func(ctx context.Context) error {
		return serveMetrics(ctx, c.MetricsListen, a, func() error { return a.Work(ctx) })
	}
	return errors.Join(c.answering(ctx, cfg, a.WorkHandler(), work), a.Close())
}

// check says what is missing, in words.
func (c *workerCmd) check() error {
	postgres := strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://")
	switch {
	case c.Slots < 1:
		return fmt.Errorf("--slots %d: a worker has 1 or more", c.Slots)
	case c.Server != "" && c.Database != "":
		return errors.New("--server and --database: want one of them")
	case c.Server != "" && c.Token == "":
		return errors.New("--token is missing: make one with `bottega admin worker create` where the studio is")
	case c.Server == "" && !postgres:
		return errors.New("want --server https://… with a token, or --database postgres://… with --storage: the database of the studio, which other machines reach")
	case c.Server == "" && c.Storage == "":
		return errors.New("--storage is missing: pictures belong where the studio's servers find them")
	case c.Server != "" && c.Slots > remote.MostSlots:
		return fmt.Errorf("--slots %d: at most %d through a server", c.Slots, remote.MostSlots)
	}
	return nil
}

// remote works through a server.
func (c *workerCmd) remote(ctx context.Context, cfg app.Config) error {
	address, err := remote.Address(c.Server, c.PlainHTTP)
	if err != nil {
		return err
	}
	worker := &remote.Worker{
		Engines: cfg.Engines, Log: cfg.Log, Clock: clock.System{}, Traces: cfg.Traces, Dial: remote.Dialer(address, c.Token),
		Hello:   remote.Hello{Version: cfg.Version, Name: c.Name, Slots: cfg.SlotCount, ModelMemory: cfg.ModelMemory, ModelIdleMS: cfg.ModelIdle.Milliseconds()},
		Metrics: telemetry.NewWorkerMetrics(cfg.Version, cfg.SlotCount, remote.Codes()),
	}
	answers := remoteAnswers{worker, cfg.Log, ctx}
	return c.answering(ctx, cfg, answers.handler(app.ToThisMachine), func(ctx context.Context) error {
		return serveBeside(ctx, c.MetricsListen, answers.handler(nil), cfg.Log, func() error { return worker.Run(ctx) })
	})
}

// remoteAnswers answers for a worker that works through a server.
type remoteAnswers struct {
	worker *remote.Worker
	log    *slog.Logger
	work   context.Context // over = the worker is on its way out
}

// handler serves the checks of health, and the metrics to whom the filter lets; nil = everybody.
func (a remoteAnswers) handler(only func(http.HandlerFunc) http.HandlerFunc) http.Handler {
	metrics := a.metrics
	if only != nil {
		metrics = only(metrics)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if a.work.Err() != nil || !a.worker.Connected() {
			http.Error(w, "not connected to a server", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	mux.HandleFunc("GET /metrics", metrics)
	return mux
}

func (a remoteAnswers) metrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	if err := a.worker.Metrics.Write(w); err != nil && r.Context().Err() == nil {
		a.log.Error("writing the metrics failed", "error", err)
	}
}

// answering works, and meanwhile answers whether it does where that is wanted.
func (c *workerCmd) answering(ctx context.Context, cfg app.Config, handler http.Handler, work func(context.Context) error) error {
	if c.Listen == "" {
		return work(ctx)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	server := api.NewServer(c.Listen, handler, cfg.Log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cfg.Log.Error("answering whether this worker lives failed; it goes on working", "error", err)
		}
	}()
	err = work(ctx)
	_ = server.Close() // nobody needs an answer any more
	<-ended
	return err
}

func closeEngines(cfg app.Config) error {
	var errs []error
	for _, e := range cfg.Engines {
		if e, ok := e.(interface{ Close() error }); ok {
			errs = append(errs, e.Close())
		}
	}
	return errors.Join(errs...)
}

type workerCmds struct {
	Create workerCreateCmd `cmd:"" help:"Make a token and print it alone on standard output."`
	List   workerListCmd   `cmd:"" help:"All tokens, without what they are."`
	Revoke workerRevokeCmd `cmd:"" help:"End a token; who is connected with it is sent away within seconds."`
}

type workerCreateCmd struct {
	storeFlags
	Name string        `help:"Name to recognise the token by." required:""`
	For  time.Duration `help:"How long it works; 0 = until it is revoked." default:"0"`
}

func (c *workerCreateCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		var expires time.Time
		if c.For != 0 {
			expires = a.Clock.Now().Add(c.For)
		}
		token, info, err := a.Auth.CreateWorker(ctx, c.Name, expires, func(w auth.WorkerToken) db.Also {
			return a.Operator.ByShell(audit.Line{Action: "worker_token.create", Subject: w.ID, Details: details{
				"name": w.Name, "lasts_seconds": int64(c.For.Seconds()),
			}})
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "made the token %s for %s; it is shown this once\n", info.ID, info.Name)
		fmt.Println(token)
		return nil
	})
}

type workerListCmd struct{ storeFlags }

func (c *workerListCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		list, err := a.Auth.Workers(ctx)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(out, "ID\tNAME\tTOKEN\tMADE\tLAST USED\tSTATE")
		now := a.Clock.Now()
		for _, w := range list {
			state := "in force"
			switch {
			case !w.RevokedAt.IsZero():
				state = "revoked " + day(w.RevokedAt)
			case !w.ExpiresAt.IsZero() && !now.Before(w.ExpiresAt):
				state = "expired " + day(w.ExpiresAt)
			case !w.ExpiresAt.IsZero():
				state = "until " + day(w.ExpiresAt)
			}
			fmt.Fprintf(out, "%s\t%s\t%s…\t%s\t%s\t%s\n", w.ID, w.Name, w.Prefix, day(w.CreatedAt), day(w.LastUsedAt), state)
		}
		return out.Flush()
	})
}

// day is when something was, to the minute; never is the zero time.
func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

type workerRevokeCmd struct {
	storeFlags
	ID string `arg:"" help:"Id of the token, from 'bottega admin worker list'."`
}

func (c *workerRevokeCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		if err := a.Auth.RevokeWorker(ctx, c.ID, a.Operator.ByShell(audit.Line{Action: "worker_token.revoke", Subject: c.ID})); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "revoked the token %s\n", c.ID)
		return nil
	})
}
