package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"bottega/internal/api"
	"bottega/internal/app"
	"bottega/internal/auth"
	"bottega/internal/mail"
	"bottega/internal/telemetry"
)

// serveFlags are the settings of a server.
type serveFlags struct {
	storeFlags
	engineFlags
	payFlags
	keepFlags
	Listen         string        `help:"Address to listen on." default:"127.0.0.1:7860" placeholder:"HOST:PORT"`
	MetricsListen  string        `help:"Another address to listen on, for metrics and health checks alone; for a Prometheus that is not on this machine." placeholder:"HOST:PORT" name:"metrics-listen"`
	PublicURL      string        `help:"Address people use, when it is not the one they connect to." placeholder:"URL" name:"public-url"`
	TrustedProxies []string      `help:"Addresses or networks whose X-Forwarded headers are believed." placeholder:"ADDR" name:"trusted-proxies"`
	Grace          time.Duration `help:"How long running work may go on after SIGTERM before it goes back into the queue." default:"20s"`
	SignupClosed   bool          `help:"Only the operator makes accounts." name:"signup-closed"`

	SMTPURL      string `help:"Where mail goes out: smtp://USER@HOST:587 (with STARTTLS) or smtps://USER@HOST:465; without it none does." placeholder:"URL" name:"smtp-url"`
	SMTPPassword string `help:"Password for the SMTP server; better in the environment than here." placeholder:"WORD" name:"smtp-password"`
	MailFrom     string `help:"Sender of mails: an address, or \"Name <address>\"." placeholder:"ADDR" name:"mail-from"`
}

type serveCmd struct {
	serveFlags
	Attempts int           `help:"Sign-ins and sign-ups a minute from one place; -1 = no bound." default:"10" hidden:""`
	Lease    time.Duration `help:"How long a dead process keeps its work." default:"15s" hidden:""`
}

func (c *serveCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err == nil {
		cfg, err = c.withPayments(cfg)
	}
	if err == nil {
		cfg, err = c.withKeeping(cfg)
	}
	if err != nil {
		return err
	}
	// The port first: a second server started by mistake must not touch the first one's data.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	defer func() { _ = listener.Close() }() // the server closes it; this is for the paths before
	if cfg, err = c.withEngines(cfg); err != nil {
		return err
	}
	cfg.PublicURL, cfg.TrustedProxies, cfg.Grace = c.PublicURL, c.TrustedProxies, c.Grace
	cfg.Alarms, cfg.Mail = true, mail.Config{URL: c.SMTPURL, Password: c.SMTPPassword, From: c.MailFrom}
	cfg.SignupClosed, cfg.Attempts, cfg.Lease = c.SignupClosed, c.Attempts, c.Lease
	if cfg.Traces, err = telemetry.OpenTraces(ctx, cfg.Version, cfg.Log); err != nil {
		return err
	}
	defer closeTraces(ctx, cfg.Traces, 5*time.Second, cfg.Log)
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(serveMetrics(ctx, c.MetricsListen, a, func() error { return c.serve(ctx, a, listener) }), a.Close())
}

// serveMetrics serves metrics on an address of their own, where there is one, while f runs.
func serveMetrics(ctx context.Context, address string, a *app.App, f func() error) error {
	return serveBeside(ctx, address, a.MetricsHandler(), a.Log, f)
}

// serveBeside serves a handler on an address of its own while f runs; an empty address is none.
func serveBeside(ctx context.Context, address string, handler http.Handler, log *slog.Logger, f func() error) error {
	if address == "" {
		return f()
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s for metrics: %w", address, err)
	}
	server := api.NewServer(address, handler, log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "serving metrics ended", "address", address, "error", err)
		}
	}()
	err = f()
	_ = server.Close() // a scrape that is under way comes again
	<-ended
	return err
}

func (c *serveCmd) serve(ctx context.Context, a *app.App, listener net.Listener) error {
	handler, err := a.Handler()
	if err != nil {
		return err
	}
	if err := c.greet(ctx, a, listener); err != nil {
		return err
	}
	server := api.NewServer(c.Listen, handler, a.Log)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	served := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		if !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
		served <- err
	}()
	if err = a.TakeOver(ctx); err == nil {
		err = a.Run(ctx) // until SIGTERM; drains
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if shutdown := server.Shutdown(stop); shutdown != nil {
		_ = server.Close() // whoever is still connected has had five seconds
	}
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		return errors.Join(err, fmt.Errorf("serve on %s: %w", c.Listen, served))
	}
	return err
}

// greet prints where the studio is, and the owner link while nobody owns it.
func (c *serveCmd) greet(ctx context.Context, a *app.App, listener net.Listener) error {
	address := c.PublicURL
	if address == "" {
		address = "http://" + listener.Addr().String()
	}
	fmt.Fprintf(os.Stdout, "Bottega %s\n\n  Studio      %s\n", a.Version, address)
	token, err := a.Auth.OwnerLink(ctx)
	switch {
	case errors.Is(err, auth.ErrOwned):
	case err != nil:
		return err
	default:
		fmt.Fprintf(os.Stdout, "  Owner link  %s/owner?token=%s\n              opens once, within 24 hours: whoever opens it runs this studio\n", address, token)
	}
	fmt.Fprintln(os.Stdout)
	return nil
}
