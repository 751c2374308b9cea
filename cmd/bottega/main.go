// Command bottega is the whole studio: the server, its tools and its worker processes, in one binary. `bottega --help`
// is the reference; every flag can also be a BOTTEGA_… environment variable or an entry of the configuration file.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"bottega/internal/telemetry"
)

// version is set by the linker: -X main.version=…
var version = ""

// cli is every command and flag. Field order is the order of the help text.
type cli struct {
	Config kong.ConfigFlag `help:"JSON file with settings; keys are flag names." placeholder:"FILE"`

	Serve    serveCmd    `cmd:"" help:"Run the studio and its API."`
	Worker   workerCmd   `cmd:"" help:"Make pictures on this machine for a studio elsewhere, and serve nothing."`
	Generate generateCmd `cmd:"" set:"log_level=warn" help:"Make pictures from the command line, with or without a server running."`
	Admin    adminCmd    `cmd:"" help:"Accounts, keys, tokens and checks; works while the server runs and while it does not."`
	Backup   backupCmds  `cmd:"" set:"log_level=warn" help:"Write a backup of everything, or verify one."`
	Restore  restoreCmd  `cmd:"" set:"log_level=warn" help:"Bring a backup back."`
	Doctor   doctorCmd   `cmd:"" set:"log_level=warn" help:"Look an installation over: what is wrong, and what to do; exit 1 when something does not work."`
	Settings settingsCmd `cmd:"" name:"config" help:"Print the settings in force and where each came from."`
	Health   healthCmd   `cmd:"" name:"healthcheck" help:"Ask a server on this machine whether it lives; for containers."`
	Version  versionCmd  `cmd:"" help:"Print the version."`

	TemperaWorker temperaWorkerCmd `cmd:"" hidden:"" name:"tempera-worker" help:"Run the house model for a parent process."`
}

// configFiles are read when they exist; --config names another one.
var configFiles = []string{"/etc/bottega.json", "~/.config/bottega.json", "bottega.json"}

func main() {
	if err := run(untilSignal(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bottega:", err)
		os.Exit(1)
	}
}

// untilSignal returns a context that the first signal ends: it asks for an orderly end. The second ends the program at
// once, as signals do that nobody listens to; nobody does before the context has ended, so that none is swallowed.
func untilSignal() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-asked
		signal.Stop(asked)
		stop()
	}()
	return ctx
}

func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		var wrong *kong.ParseError
		if errors.As(err, &wrong) && wrong.Context != nil {
			help := strings.Join(append(strings.Fields("bottega "+wrong.Context.Command()), "--help"), " ")
			return fmt.Errorf("%w\n\nrun `%s` for what is possible", err, help)
		}
		return err
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(parsed)
}

func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("bottega"),
		kong.Description("A self-hosted creative studio: text to pictures, paid in tokens."),
		kong.DefaultEnvars("BOTTEGA"),
		kong.Vars{"log_level": "info"}, // a command whose output people watch may set another default
		kong.Configuration(readSettings, configFiles...),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
}

type versionCmd struct{}

func (versionCmd) Run() error {
	fmt.Println(buildVersion())
	return nil
}

// buildVersion is what the linker set, or what the Go tool knows of the checkout.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}

func logger(format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	opt := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(telemetry.Logs(slog.NewJSONHandler(os.Stderr, opt))), nil
	}
	return slog.New(telemetry.Logs(slog.NewTextHandler(os.Stderr, opt))), nil
}
