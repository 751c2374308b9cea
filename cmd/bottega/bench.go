package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"bottega/bench"
)

type benchCmd struct {
	Prefix   []string `arg:"" optional:"" help:"Run the benchmarks whose names start so; all without one."`
	JSON     bool     `help:"One JSON object a line." name:"json"`
	Postgres string   `help:"postgres:// URL of a database to use up; without it the PostgreSQL benchmarks are left out." env:"BOTTEGA_TEST_POSTGRES"`
	Work     string   `help:"Be the worker of a benchmark, for what waits in this folder." placeholder:"DIR" hidden:""`
	Serve    string   `help:"Be our server of a benchmark beside another studio's, as this JSON says." placeholder:"JSON" hidden:""`
	Python   string   `help:"Python with PyTorch, for the comparison; without it that is left out." env:"BOTTEGA_TORCH_PYTHON"`
	InvokeAI string   `help:"invokeai-web of InvokeAI, for the comparison of queues; without it that is left out. make bench-invokeai installs it." name:"invokeai" type:"path" env:"BOTTEGA_INVOKEAI" placeholder:"FILE"`
}

func (c *benchCmd) Run(ctx context.Context) error {
	if c.Work != "" {
		return bench.Work(ctx, bench.Options{Dir: c.Work, Postgres: c.Postgres, Log: slog.New(slog.DiscardHandler)}, os.Stdout)
	}
	if c.Serve != "" {
		var s bench.ServeOptions
		if err := json.Unmarshal([]byte(c.Serve), &s); err != nil {
			return fmt.Errorf("--serve: %w", err)
		}
		log, err := logger("text", "info") // as a server says by default
		if err != nil {
			return err
		}
		return bench.Serve(ctx, bench.Options{Log: log}, s)
	}
	dir, err := os.MkdirTemp("", "bottega-bench-*")
	if err != nil {
		return err
	}
	err = bench.Run(ctx, bench.Options{
		Dir: dir, Postgres: c.Postgres, Python: c.Python, InvokeAI: c.InvokeAI, Log: slog.New(slog.DiscardHandler),
	}, c.Prefix, c.JSON, os.Stdout)
	return errors.Join(err, os.RemoveAll(dir))
}
