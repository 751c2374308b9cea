// Command bench measures this machine with the parts of Bottega and, where a whole process counts, with bottega itself:
// `make bench`. Every speed that depends on the machine comes with a peer or a limit measured in the same run. What was
// measured where is written down in docs/benchmarks.md. It is not shipped: what only a benchmark needs stays out of
// bottega.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"bottega/internal/telemetry"
)

type cli struct {
	Prefix   []string `arg:"" optional:"" help:"Run the benchmarks whose names start so; all without one."`
	JSON     bool     `help:"One JSON object a line." name:"json"`
	Postgres string   `help:"postgres:// URL of a database to use up; without it the PostgreSQL benchmarks are left out." env:"BOTTEGA_TEST_POSTGRES"`
	Work     string   `help:"Be the worker of a benchmark, for what waits in this folder." placeholder:"DIR" hidden:""`
	Serve    string   `help:"Be our server of a benchmark beside another studio's, as this JSON says." placeholder:"JSON" hidden:""`
	Python   string   `help:"Python with PyTorch, for the comparison; without it that is left out." env:"BOTTEGA_TORCH_PYTHON"`
	InvokeAI string   `help:"invokeai-web of InvokeAI, for the comparison of queues; without it that is left out. make bench-invokeai installs it." name:"invokeai" type:"path" env:"BOTTEGA_INVOKEAI" placeholder:"FILE"`
	Program  string   `help:"bottega, for what is measured from outside; without it the one beside this program." type:"path" placeholder:"FILE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return fmt.Errorf("%w\n\nrun `bench --help` for what is possible", err)
	}
	return c.run(ctx)
}

func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("bench"),
		kong.Description("The benchmarks of Bottega, on this machine."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
}

func (c *cli) run(ctx context.Context) (err error) {
	quiet := slog.New(slog.DiscardHandler)
	if c.Work != "" {
		return runWaiting(ctx, options{Dir: c.Work, Postgres: c.Postgres, Log: quiet}, os.Stdout)
	}
	if c.Serve != "" {
		var s serveOptions
		if err := json.Unmarshal([]byte(c.Serve), &s); err != nil {
			return fmt.Errorf("--serve: %w", err)
		}
		log := slog.New(telemetry.Logs(slog.NewTextHandler(os.Stderr, nil))) // as a server says by default
		return serveBeside(ctx, options{Log: log}, s)
	}
	program, err := c.program()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bottega-bench-*")
	if err != nil {
		return err
	}
	err = measure(ctx, options{
		Dir: dir, Postgres: c.Postgres, Python: c.Python, InvokeAI: c.InvokeAI, Program: program, Log: quiet,
	}, c.Prefix, c.JSON, os.Stdout)
	return errors.Join(err, os.RemoveAll(dir))
}

// program finds bottega. A benchmark that takes hours should not end because it is missing, so it is looked for first.
func (c *cli) program() (string, error) {
	file := c.Program
	if file == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		file = filepath.Join(filepath.Dir(self), "bottega")
	}
	if _, err := exec.LookPath(file); err != nil {
		return "", fmt.Errorf("--program: bottega cannot be run; make build makes bin/bottega: %w", err)
	}
	return file, nil
}
