package generation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
	"bottega/internal/queue"
	"bottega/internal/telemetry"
)

// Entitlement is what an account's plan allows here.
type Entitlement struct {
	Schedule    ledger.Schedule
	Credits     ledger.Schedule // of the wallet of API credits
	Concurrency int
	Queue       int   // most that may wait
	Pixels      int64 // most that wait and run at once, of all pictures; 0 = no bound
	Relaxed     bool  // work goes on without tokens
}

// Entitlements tells what an account, or a team by the name of its wallet, may do.
type Entitlements interface {
	Entitlement(ctx context.Context, payer string) (Entitlement, error)
}

// Prices gives the price sheet in force: pricing.Book, or one sheet by itself.
type Prices interface{ Current() *pricing.Sheet }

// Wallets tells what an account has: ledger.Service.
type Wallets interface {
	Balance(ctx context.Context, accountID string) (ledger.Balance, error)
}

// Files removes the files of deleted pictures.
type Files interface {
	Remove(ctx context.Context, accountID, sha256 string) error
}

// Elsewhere is the other processes on the same database. What it is told may be lost.
type Elsewhere interface {
	LineChanged()
	Cancel(generationID string) // whoever runs it ends it
}

// Deps are what a Service is made of.
type Deps struct {
	DB           *db.DB
	Clock        clock.Clock
	Prices       Prices
	Wallets      Wallets // may be nil where nobody asks for an Offer
	Kinds        []Kind
	Entitlements Entitlements
	Teams        Teams // may be nil where there are no teams
	Room         Room  // may be nil: then everything can be kept
	Hub          *event.Hub
	Elsewhere    Elsewhere // nil where one process is all there is
	Files        Files
	Log          *slog.Logger
	// Present are the engines that are here; a ticket that needs another one waits for a process that has it.
	Present engine.Set
	// Traces and Metrics tell what happens here; nil = nobody is told.
	Traces  *telemetry.Traces
	Metrics *telemetry.Metrics
	// MaxBatch is how many operations share a transaction at most; 0 = 256. The benchmarks compare it with 1.
	MaxBatch int
}

// Service is the road: submit, run, finish, and the questions in between. Close it after its dispatcher has stopped.
type Service struct {
	Deps
	kinds  map[string]Kind
	batch  *db.Batch[operation, *Generation]
	line   *queue.Dispatcher // nil in a process that runs nothing
	runs   *queue.Dispatcher // whose runs these are: it learns how the engines do
	limits *limits           // shared with the services from Through
}

// New returns a service. It accepts work at once; Attach a dispatcher to run it.
func New(d Deps) *Service {
	s := &Service{Deps: d, kinds: map[string]Kind{}, limits: newLimits()}
	for _, k := range d.Kinds {
		s.kinds[k.Name()] = k
	}
	if d.MaxBatch == 0 {
		d.MaxBatch = 256
	}
	s.batch = db.NewBatch(d.DB, d.MaxBatch, s.apply)
	s.batch.Metrics = d.Metrics
	return s
}

// Attach names the dispatcher that drives this service's runs in this process. Call it before either is used.
func (s *Service) Attach(line *queue.Dispatcher) { s.line, s.runs = line, line }

// Close finishes the writes that are waiting.
func (s *Service) Close() { s.batch.Close() }

// wake tells the dispatchers and the event hubs, here and elsewhere, that something was committed.
func (s *Service) wake() {
	if s.line != nil {
		s.line.Wake()
	}
	if s.Elsewhere != nil {
		s.Elsewhere.LineChanged()
	}
	s.Hub.Wake()
}

// Through returns the service as it runs work on other engines than its own: with kinds that know them. Everything else
// is shared, so it is closed with the original.
func (s *Service) Through(present engine.Set, kinds ...Kind) *Service {
	other := *s
	other.Present, other.kinds = present, map[string]Kind{}
	for _, k := range kinds {
		other.kinds[k.Name()] = k
	}
	return &other
}

// Drive names the dispatcher beside the attached one that drives the runs of a service from Through: what they say about
// their engines concerns nobody else's. Call it before the dispatcher runs.
func (s *Service) Drive(beside *queue.Dispatcher) { s.runs = beside }

var errUnknownKind = errors.New("unknown kind of work")

func (s *Service) kind(name string) (Kind, error) {
	k, ok := s.kinds[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", errUnknownKind, name)
	}
	return k, nil
}

// ErrNotFound is the fault for a generation that does not exist or is somebody else's.
var ErrNotFound = fault.New(fault.NotFound, "generation_not_found", "there is no such generation")

// Get returns one generation of the actor.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string) (*Generation, error) {
	g, err := readGeneration(ctx, s.DB, id)
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, ErrNotFound
	}
	may, err := s.may(ctx, actor, g, access.SeeWork, access.SeeWork)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, ErrNotFound
	}
	return g, s.complete(ctx, []*Generation{g})
}

// List returns the actor's generations, newest first, and the cursor of the next page, empty at the end. What a team paid
// for is among them as long as the actor sees that team's work.
func (s *Service) List(ctx context.Context, actor access.Actor, page Page) ([]Generation, string, error) {
	args, err := s.seen(ctx, actor)
	if err != nil {
		return nil, "", err
	}
	return s.list(ctx, page, "account_id = $5 AND team_id IN "+db.In(6, len(args)-1), args...)
}

// seen is the actor, and the teams whose work they see; the first team is none.
func (s *Service) seen(ctx context.Context, actor access.Actor) ([]any, error) {
	args := []any{actor.AccountID, ""}
	if s.Teams == nil {
		return args, nil
	}
	teams, err := s.Teams.TeamsOf(ctx, s.DB, actor.AccountID)
	if err != nil || len(teams) == 0 {
		return args, err
	}
	of := make([]access.Membership, len(teams))
	for i, t := range teams {
		of[i] = access.Membership{TeamID: t, AccountID: actor.AccountID}
	}
	list, err := s.Teams.Memberships(ctx, s.DB, of)
	for _, m := range list {
		if m.May(access.SeeWork) {
			args = append(args, m.TeamID)
		}
	}
	return args, err
}

// list reads a page of the generations that a condition on $5 and what follows it describes.
func (s *Service) list(ctx context.Context, page Page, where string, args ...any) ([]Generation, string, error) {
	if page.Limit < 1 || page.Limit > 100 {
		return nil, "", fault.Bad(fault.Field{Name: "limit", Value: page.Limit, Message: "is out of range", Allowed: "1 to 100"})
	}
	if page.Offset < 0 {
		return nil, "", fault.Bad(fault.Field{Name: "offset", Value: page.Offset, Message: "is out of range", Allowed: "0 or more"})
	}
	list, next, err := listGenerations(ctx, s.DB, page, where, args)
	if err != nil {
		return nil, "", err
	}
	if err := s.complete(ctx, list); err != nil {
		return nil, "", err
	}
	out := make([]Generation, len(list))
	for i, g := range list {
		out[i] = *g
	}
	return out, next, nil
}

// complete adds pictures and places in line.
func (s *Service) complete(ctx context.Context, list []*Generation) error {
	ids := make([]string, len(list))
	for i, g := range list {
		ids[i] = g.ID
	}
	images, err := asset.ByGenerations(ctx, s.DB, ids)
	if err != nil {
		return err
	}
	for _, g := range list {
		g.Images = images[g.ID]
	}
	return s.place(ctx, list)
}

// place adds where waiting generations stand in line.
func (s *Service) place(ctx context.Context, list []*Generation) error {
	var waiting []string
	for _, g := range list {
		if g.State == Waiting {
			waiting = append(waiting, g.ID)
		}
	}
	if s.line == nil || len(waiting) == 0 {
		return nil
	}
	places, err := s.line.Places(ctx, waiting)
	if err != nil {
		return err
	}
	for _, g := range list {
		if p, ok := places[g.ID]; ok {
			g.Position, g.Starts, g.Paused, g.Stopped, g.Loading = p.Position, p.Wait, p.Paused, p.Stopped, p.Loading
		}
	}
	return nil
}

// Delete removes a finished generation of the actor, its pictures and its prompt. The journal keeps what it cost.
func (s *Service) Delete(ctx context.Context, actor access.Actor, id string) error {
	g, err := s.Get(ctx, actor, id)
	if err != nil {
		return err
	}
	switch may, err := s.may(ctx, actor, g, access.SeeWork, access.DeleteWork); {
	case err != nil:
		return err
	case !may:
		return errNotYours
	}
	if !g.State.Final() {
		return fault.New(fault.Conflict, "generation_open", "this generation is "+string(g.State)+": cancel it before deleting it")
	}
	var removed []asset.Image
	now := s.Clock.Now()
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		if removed, err = asset.DeleteByGeneration(ctx, tx, id); err != nil {
			return err
		}
		if err := blank(ctx, tx, id, now); err != nil {
			return err
		}
		return event.Append(ctx, tx, []event.Record{{AccountID: g.AccountID, Topic: event.TopicDeleted, Subject: id, At: now}})
	})
	if err != nil {
		return fmt.Errorf("delete generation %s: %w", id, err)
	}
	s.Hub.Wake()
	s.removeFiles(ctx, removed)
	return nil
}

// removeFiles deletes files that no row needs any more. What fails here is left to the sweeper.
func (s *Service) removeFiles(ctx context.Context, images []asset.Image) {
	for _, img := range images {
		used, err := asset.FileUsed(ctx, s.DB, img.AccountID, img.SHA256)
		if err == nil && !used {
			err = s.Files.Remove(ctx, img.AccountID, img.SHA256)
		}
		if err != nil {
			s.Log.Warn("file of a deleted picture stays for the sweeper", "image", img.ID, "error", err)
		}
	}
}

// Verify checks what the ledger alone cannot: that exactly the open generations have an open hold and a ticket.
func (s *Service) Verify(ctx context.Context, problem func(string)) error {
	return Check(ctx, s.DB, problem)
}

// waitEnd polls until the generation is final, for callers that must answer with the outcome.
func (s *Service) waitEnd(ctx context.Context, id string, limit time.Duration) (*Generation, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		g, err := readGeneration(ctx, s.DB, id)
		if err != nil || g == nil || g.State.Final() {
			return g, err
		}
		select {
		case <-ctx.Done():
			return g, ctx.Err()
		case <-tick.C:
		}
	}
}
