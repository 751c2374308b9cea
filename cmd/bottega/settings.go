package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"bottega/internal/app"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/tempera"
)

// storeFlags say where an installation lies. Every command that opens one has them.
type storeFlags struct {
	Data     string `help:"Folder of the database and the pictures." default:"./data" type:"path" placeholder:"DIR"`
	Database string `help:"postgres:// URL of the database; without it SQLite in the data folder." placeholder:"URL"`
	Storage  string `help:"s3:// or file:// URL of the pictures; without it a folder in the data folder." placeholder:"URL"`

	LogFormat string `help:"Form of the log on standard error: text or json." enum:"text,json" default:"text"`
	LogLevel  string `help:"Least level of the log: debug, info, warn or error." default:"${log_level}"`

	Clock string `help:"To rehearse on a copy: an instant at which time stands still, or a duration to be ahead." placeholder:"TIME" hidden:""`
}

// engineFlags say how the house model runs.
type engineFlags struct {
	Slots        int   `help:"Generations that run at once; a server with 0 leaves all of them to workers." default:"1"`
	Threads      int   `help:"CPU threads of the house model; 0 = all cores." default:"0"`
	WorkerMemory int64 `help:"MiB a house model worker may use before it is replaced." default:"2048" name:"worker-memory"`

	ModelMemory int64         `help:"MiB for models that are loaded, all together; 0 = no bound." default:"0" name:"model-memory"`
	ModelIdle   time.Duration `help:"A model that nobody asked for so long is taken out of memory; 0 = never." default:"0" name:"model-idle"`

	EngineDevice  string `help:"What the house model runs on: auto (CUDA where it works, else the CPU), cpu or cuda." enum:"auto,cpu,cuda" default:"auto"`
	EngineRuntime string `help:"ONNX Runtime library to load instead of the built-in one, which knows no CUDA." type:"path" placeholder:"FILE"`
}

// config makes the application's configuration of the flags. Without engines nothing can run, only be asked.
func (s storeFlags) config() (app.Config, error) {
	log, err := logger(s.LogFormat, s.LogLevel)
	if err != nil {
		return app.Config{}, err
	}
	slog.SetDefault(log) // for what is far from any of our parts
	c, err := clock.Parse(s.Clock)
	if err != nil {
		return app.Config{}, err
	}
	if s.Clock != "" {
		log.Warn("the clock is not the machine's: this is for rehearsals on a copy", "now", c.Now())
	}
	return app.Config{Version: buildVersion(), Data: s.Data, Database: s.Database, Storage: s.Storage, Clock: c, Log: log}, nil
}

// Bounds of what may be asked for; a server that a worker connects to has the same.
const (
	mostModelMemory = 16 << 20 // MiB
	mostModelIdle   = 365 * 24 * time.Hour
)

// withEngines adds the engines of this process to a configuration.
func (e engineFlags) withEngines(cfg app.Config) (app.Config, error) {
	switch {
	case e.Slots < 0:
		return cfg, fmt.Errorf("--slots %d: want 0 or more", e.Slots)
	case e.Threads < 0:
		return cfg, fmt.Errorf("--threads %d: want 0 for all cores, or more", e.Threads)
	case e.WorkerMemory < 1:
		return cfg, fmt.Errorf("--worker-memory %d: want 1 MiB or more", e.WorkerMemory)
	case e.ModelMemory < 0 || e.ModelMemory > mostModelMemory:
		return cfg, fmt.Errorf("--model-memory %d: want 0 for no bound, or 1 to %d MiB", e.ModelMemory, mostModelMemory)
	case e.ModelIdle < 0 || e.ModelIdle > mostModelIdle:
		return cfg, fmt.Errorf("--model-idle %s: want 0 for never, or up to %s", e.ModelIdle, mostModelIdle)
	}
	house, err := tempera.New(tempera.Options{
		Threads: e.Threads, MemoryLimit: e.WorkerMemory << 20, Logger: cfg.Log,
		Device: tempera.Device(e.EngineDevice), Runtime: e.EngineRuntime,
	})
	if err != nil {
		return cfg, err
	}
	for _, m := range house.Models() {
		// An estimate, and half as much again: a model that turns out to take more than the bound is not loaded again.
		if least := (m.Memory*3/2 + 1<<20 - 1) >> 20; e.ModelMemory > 0 && e.ModelMemory < least {
			return cfg, errors.Join(fmt.Errorf("--model-memory %d: the model %s alone may take %d MiB; want 0 for no bound, or that much at least",
				e.ModelMemory, m.Name, least), house.Close())
		}
	}
	cfg.ModelMemory, cfg.ModelIdle = e.ModelMemory<<20, e.ModelIdle
	if cfg.SlotCount = e.Slots; e.Slots == 0 {
		cfg.SlotCount = app.NoSlots
	}
	cfg.Engines = engine.Set{app.TemperaEngine: house}
	cfg.Models = append(cfg.Models, app.TemperaModel(house.Describe()))
	return cfg, nil
}

// settingsCmd prints what serve would run with.
type settingsCmd struct {
	serveFlags
}

func (c *settingsCmd) Run(k *kong.Context) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, f := range k.Selected().Flags {
		fmt.Fprintf(out, "%s\t%s\t%s\n", f.Name, shown(f.Name, k.FlagValue(f)), origin(k, f))
	}
	return out.Flush()
}

// origin says where a setting came from: the command line, the environment, a configuration file, or the default.
func origin(k *kong.Context, f *kong.Flag) string {
	for _, p := range k.Path {
		if p.Flag == f && !p.Resolved {
			return "flag"
		}
	}
	for _, name := range f.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return "environment " + name
		}
	}
	for _, p := range k.Path {
		if p.Flag == f {
			return "configuration file"
		}
	}
	return "default"
}

// shown is a setting as it may be read by others: of a secret only that it is set.
func shown(name string, v any) string {
	text := redact(v)
	secret := strings.HasSuffix(name, "-key") || strings.HasSuffix(name, "-secret") || strings.HasSuffix(name, "-secrets") || strings.HasSuffix(name, "-password") ||
		name == "token"
	if secret && text != "" && text != "[]" {
		return "…"
	}
	return text
}

// redact hides the password inside a URL.
func redact(v any) string {
	s := fmt.Sprint(v)
	if d, ok := v.(time.Duration); ok {
		s = d.String()
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	at := strings.LastIndexByte(rest, '@') // the last one: a password may have some that nobody escaped
	if at < 0 {
		return s
	}
	name, _, ok := strings.Cut(rest[:at], ":")
	if !ok {
		return s
	}
	return scheme + "://" + name + ":…" + rest[at:]
}
