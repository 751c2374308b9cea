package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"bottega/bench"
)

type benchCmd struct {
	Prefix   []string `arg:"" optional:"" help:"Run the benchmarks whose names start so; all without one."`
	JSON     bool     `help:"One JSON object a line." name:"json"`
	Postgres string   `help:"postgres:// URL of a database to use up; without it the PostgreSQL benchmarks are left out." env:"BOTTEGA_TEST_POSTGRES"`
	Work     string   `help:"Be the worker of a benchmark, for what waits in this folder." placeholder:"DIR" hidden:""`
	Python   string   `help:"Python with PyTorch, for the comparison; without it that is left out." env:"BOTTEGA_TORCH_PYTHON"`
}

func (c *benchCmd) Run(ctx context.Context) error {
	if c.Work != "" {
		return bench.Work(ctx, bench.Options{Dir: c.Work, Postgres: c.Postgres, Log: slog.New(slog.DiscardHandler)}, os.Stdout)
	}
	dir, err := os.MkdirTemp("", "bottega-bench-*")
	if err != nil {
		return err
	}
	err = bench.Run(ctx, bench.Options{
		Dir: dir, Postgres: c.Postgres, Python: c.Python, Log: slog.New(slog.DiscardHandler),
	}, c.Prefix, c.JSON, os.Stdout)
	return errors.Join(err, os.RemoveAll(dir))
}
