// Package app puts the parts together, in plain calls: the database, the ledger, the road of a generation, the engines
// and the three dialects. It is the one place that knows all of them. It decides nothing; each rule lives in the
// package it is about.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/account"
	"bottega/internal/alert"
	"bottega/internal/asset"
	"bottega/internal/auth"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/remote"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/operator"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/pricing"
	"bottega/internal/queue"
	"bottega/internal/team"
	"bottega/internal/telemetry"
)

// Config is what an installation is made of.
type Config struct {
	Version  string
	Data     string // folder of the database and the files, unless they are elsewhere
	Database string // postgres:// URL; empty = SQLite in Data
	Storage  string // s3:// or file:// URL; empty = files in Data

	PublicURL      string   // address people use; empty = what each request says
	TrustedProxies []string // addresses and networks whose X-Forwarded-… headers are believed
	SignupClosed   bool     // only the operator makes accounts
	Attempts       int      // sign-ins and sign-ups a minute from one place; 0 = 10, below = no bound

	Alarms   bool             // this process tells people about their tokens; others only answer and work
	Mail     mail.Config      // where mail goes out; no URL = none
	Provider payment.Provider // who takes payments; nil = nobody
	Trial    plan.Trial       // that accounts may have once
	Keeping  Keeping          // what people may keep

	Worker      bool          // this process only works: it serves nobody, and does not migrate
	Machine     string        // name of this machine, for people
	SlotCount   int           // generations run at once by this process; 0 = 1, NoSlots = none
	ModelMemory int64         // bytes for models that this process loads; 0 = no bound
	ModelIdle   time.Duration // after which a model that nobody asks for is evicted; 0 = never
	Lease       time.Duration // how long a dead process keeps its work
	Poll        time.Duration // how often the line is looked at without being woken
	Grace       time.Duration // how long running work may go on after SIGTERM
	Clock       clock.Clock
	Log         *slog.Logger

	Traces  *telemetry.Traces  // where spans go; nil = nowhere. Whoever opened it closes it
	Metrics *telemetry.Metrics // nil = this installation's own

	// Engines and Models are what this process can run and offer; the first model is the default.
	Engines engine.Set
	Models  []catalog.Model

	// Around puts something around each kind of work that this process runs itself, for measuring; nil = nothing.
	Around func(generation.Kind) generation.Kind
}

// App is an opened installation.
type App struct {
	Config
	DB          *db.DB
	Accounts    *account.Store
	Auth        *auth.Service
	Plans       *plan.Service
	Payments    *payment.Service
	Teams       *team.Service
	Ledger      *ledger.Service
	Prices      *pricing.Book
	Alerts      *alert.Service
	Catalog     *catalog.Catalog
	Assets      *asset.Store
	Uploads     *asset.Uploads
	Signer      *asset.Signer
	Hub         *event.Hub
	Bus         *event.Bus
	Workers     *remote.Pool
	Generations *generation.Service
	Line        *queue.Dispatcher
	Operator    *operator.Service

	lock     *Lock // of the data folder
	working  *Lock // see TakeOver
	watch    watch
	draining atomic.Bool // Run's context has ended: what comes in now waits for another process
}

// NoSlots as a SlotCount leaves all work to other processes.
const NoSlots = -1

// maxPixels bounds the decoding and encoding of pictures under way at once, in pixels.
const maxPixels = 64 << 20

// Open opens and migrates the database, opens the file store and wires the services. Nothing runs yet.
func Open(ctx context.Context, cfg Config) (*App, error) {
	a := &App{Config: cfg.withDefaults()}
	if err := a.open(ctx); err != nil {
		_ = a.Close() // the first error tells what matters
		return nil, err
	}
	return a, nil
}

func (a *App) open(ctx context.Context) (err error) {
	if err := a.openData(ctx); err != nil {
		return err
	}
	a.Catalog = catalog.New(a.Models...)
	a.Accounts = account.NewStore(a.DB, a.Clock, account.NewPasswords(2))
	if a.Auth, err = auth.New(ctx, a.DB, a.Accounts, a.Clock, plan.Operator); err != nil {
		return err
	}
	key, err := a.Auth.Secret(ctx, "asset-urls")
	if err != nil {
		return err
	}
	a.Signer = asset.NewSigner(key)
	a.Plans = plan.NewService(a.DB, a.Clock, a.Accounts)
	sender, err := mail.New(a.Mail)
	if err != nil {
		return err
	}
	a.Teams = team.NewService(a.DB, a.Clock, a.Accounts, a.Plans, a.post(sender))
	a.Uploads = asset.NewUploads(a.DB, a.Assets, a.Clock, uploadRules{a.Accounts, a.Plans, a.Teams, a.Keeper()})
	a.Ledger = ledger.NewService(a.DB, a.Clock, a.Plans)
	if a.Prices, err = pricing.Open(ctx, a.DB, a.Clock); err != nil {
		return err
	}
	a.Payments = payment.NewService(payment.Deps{
		DB: a.DB, Clock: a.Clock, Accounts: a.Accounts, Plans: a.Plans, Teams: a.Teams, Ledger: a.Ledger, Provider: a.Provider, Trial: a.Trial, Log: a.Log,
	})
	if err := a.openAlerts(ctx, sender); err != nil {
		return err
	}
	owner := id.New()
	a.Bus = event.NewBus(a.DB, owner, a.Log, a.hear)
	a.Hub = event.NewHub(a.DB)
	a.Hub.Attach(a.Bus)
	a.Generations = generation.New(generation.Deps{
		DB: a.DB, Clock: a.Clock, Prices: a.Prices, Wallets: a.Ledger, Entitlements: entitlements{a.Plans}, Teams: a.Teams, Hub: a.Hub, Files: a.Assets, Log: a.Log,
		Room: a.Keeper(), Traces: a.Traces, Metrics: a.Metrics,
		Elsewhere: a.elsewhere(), Kinds: a.ownKinds(), Present: a.Engines,
	})
	a.Line = queue.New(a.DB, a.Clock, a.Generations, a.Generations, queue.Options{
		Owner: owner, Slots: max(0, a.SlotCount), Lease: a.Lease, MaxAttempts: generation.MaxAttempts, MaxDeaths: generation.MaxDeaths, Poll: a.Poll,
		Machine: a.machine(), Returned: a.lineChanged, ModelMemory: a.ModelMemory, ModelIdle: a.ModelIdle,
	}, a.Log)
	a.Generations.Attach(a.Line)
	a.Plans.Changed, a.Teams.Changed = a.planChanged, a.planChanged
	a.Operator = operator.New(operator.Deps{
		DB: a.DB, Clock: a.Clock, Generations: a.Generations, Line: a.Line, Ledger: a.Ledger, Plans: a.Plans, People: a.Accounts, Hub: a.Hub, Log: a.Log,
	})
	a.openWorkers()
	return nil
}

// kinds are the kinds of work, done by these engines.
func (a *App) kinds(engines engine.Set) []generation.Kind {
	return []generation.Kind{&image.Kind{
		Catalog: a.Catalog, Engines: engines, Store: a.Assets, Pictures: a.Uploads, Version: a.Version, Metrics: a.Metrics,
		Runs: func(ctx context.Context, engine string) (bool, error) { return queue.EverRan(ctx, a.DB, engine) },
	}}
}

// ownKinds are the kinds of work that this process runs itself.
func (a *App) ownKinds() []generation.Kind {
	kinds := a.kinds(a.Engines)
	if a.Around != nil {
		for i, k := range kinds {
			kinds[i] = a.Around(k)
		}
	}
	return kinds
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Lease, 15*time.Second)
	set(&c.Poll, 500*time.Millisecond)
	set(&c.Grace, 20*time.Second)
	if c.SlotCount == 0 {
		c.SlotCount = 1
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = telemetry.NewMetrics(c.Version)
	}
	return c
}

// Places are where an installation keeps its rows and its files.
type Places struct {
	Folder   string // data folder, where any of the two lies in it; empty = none does
	Database string // of db.Open
	Storage  string // of asset.OpenStore
}

// Places resolves what a configuration leaves open.
func (c Config) Places() Places {
	p := Places{Database: c.Database, Storage: c.Storage}
	if p.Database == "" || p.Storage == "" {
		p.Folder = c.Data
	}
	if p.Database == "" {
		p.Database = filepath.Join(c.Data, "bottega.db")
	}
	if p.Storage == "" {
		p.Storage = filepath.Join(c.Data, "files")
	}
	return p
}

// OpenStore opens the store of files; a folder is made when missing.
func (p Places) OpenStore(ctx context.Context) (*asset.Store, error) {
	return asset.OpenStore(ctx, p.Storage, maxPixels)
}

// openData makes sure that the data folder can be written and opens what lies in it.
func (a *App) openData(ctx context.Context) (err error) {
	p := a.Places()
	if p.Folder != "" {
		if err := writable(p.Folder); err != nil {
			return err
		}
		if a.lock, err = LockShared(p.Folder); err != nil {
			return err
		}
	}
	if a.DB, err = db.Open(ctx, p.Database); err != nil {
		return err
	}
	if a.Worker {
		err = a.DB.Current(ctx)
	} else {
		err = a.DB.Migrate(ctx)
	}
	if err != nil {
		return err
	}
	a.Assets, err = p.OpenStore(ctx)
	return err
}

// writable makes the folder and tries to write into it, so that a wrong path is told at the start.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Close ends what Open began. Whatever runs (Run) must have returned.
func (a *App) Close() error {
	var errs []error
	if a.Generations != nil {
		a.Generations.Close()
	}
	if a.Assets != nil {
		errs = append(errs, a.Assets.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	errs = append(errs, a.lock.Close(), a.working.Close())
	for _, e := range a.Engines {
		if c, ok := e.(interface{ Close() error }); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Run relays events, runs waiting work and does the chores until ctx ends, then drains.
func (a *App) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, a.drains)()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	hub := make(chan error, 1)
	go func() { hub <- a.Hub.Run(background, a.Poll) }()
	var besides sync.WaitGroup
	for _, f := range []func(context.Context){a.Bus.Run, a.chores, a.Payments.Run, a.followPrices, a.watchLedger, a.watchAlerts, a.sendMail} {
		besides.Go(func() { f(background) })
	}
	var workers sync.WaitGroup
	workers.Go(func() { a.Workers.Run(ctx) })
	err := a.Line.Run(ctx, a.Grace)
	workers.Wait()
	stop()
	besides.Wait()
	return errors.Join(err, <-hub)
}

// drains notes that this process is on its way out.
func (a *App) drains() {
	a.draining.Store(true)
	a.Log.Info("shutting down: running work may finish, a second signal ends at once", "grace_seconds", a.Grace.Seconds())
}

// every calls f after each pause until ctx ends.
func every(ctx context.Context, pause time.Duration, f func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// chores tidies up once an hour: ended sessions, old events, files without a row.
func (a *App) chores(ctx context.Context) {
	every(ctx, time.Hour, func() {
		if err := a.tidy(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("tidying up failed; trying again in an hour", "error", err)
		}
	})
}

// followPrices takes up a price sheet that another process has put in force.
func (a *App) followPrices(ctx context.Context) {
	every(ctx, 15*time.Second, func() {
		if err := a.Prices.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("reading the price sheet failed; the one before stays in force", "error", err)
		}
	})
}

const (
	keepEvents = 7 * 24 * time.Hour

	keepMessages = 90 * 24 * time.Hour // of the payment provider, for taking them up again
	keepDeaths   = 90 * 24 * time.Hour // the evidence about work that was put aside
	keepLoads    = 7 * 24 * time.Hour  // loads of models that have ended
	orphanAfter  = 24 * time.Hour      // longer than any run
)

func (a *App) tidy(ctx context.Context) error {
	now := a.Clock.Now()
	_, err := a.Auth.Sweep(ctx)
	errs := []error{err, event.Prune(ctx, a.DB, now.Add(-keepEvents)), a.Payments.Prune(ctx, now.Add(-keepMessages)), a.Uploads.Sweep(ctx)}
	errs = append(errs, queue.PruneDeaths(ctx, a.DB, now.Add(-keepDeaths)), queue.PruneLoads(ctx, a.DB, now.Add(-keepLoads)), a.expire(ctx))
	_, err = a.Assets.Sweep(ctx, func(accountID, sha256 string) (bool, error) {
		return asset.FileUsed(ctx, a.DB, accountID, sha256)
	}, orphanAfter, now)
	return errors.Join(append(errs, err)...)
}

// LocalAccount returns the account that `bottega generate` works for, making it when needed. Nobody can sign in to it.
func (a *App) LocalAccount(ctx context.Context) (account.Account, error) {
	acc, err := a.Accounts.ByEmail(ctx, LocalEmail)
	if !errors.Is(err, account.ErrUnknown) {
		return acc, err
	}
	return a.Accounts.Create(ctx, account.New{Email: LocalEmail, Password: id.New() + id.New(), Role: "user", Plan: plan.Operator})
}

// LocalEmail is the address of the account that `bottega generate` works for.
const LocalEmail = "local@bottega.invalid"
