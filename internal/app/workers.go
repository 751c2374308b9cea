package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"bottega/internal/api/worker"
	"bottega/internal/db"
	"bottega/internal/engine/remote"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/queue"
)

// neighbours are the other processes on the same database.
type neighbours struct{ bus *event.Bus }

// LineChanged implements generation.Elsewhere.
func (n neighbours) LineChanged() { n.bus.Tell(event.Note{Kind: event.NoteLine}) }

// Cancel implements generation.Elsewhere.
func (n neighbours) Cancel(generationID string) {
	n.bus.Tell(event.Note{Kind: event.NoteCancel, Subject: generationID})
}

// elsewhere is nil on SQLite: there, one server is all there is.
func (a *App) elsewhere() generation.Elsewhere {
	if a.DB.Dialect != db.Postgres {
		return nil
	}
	return neighbours{a.Bus}
}

// lineChanged tells everybody that work went back into the line.
func (a *App) lineChanged() {
	a.Bus.Tell(event.Note{Kind: event.NoteLine})
	a.Hub.Wake()
}

// planChanged lets every process read anew what accounts may run at once.
func (a *App) planChanged(string) {
	a.Generations.ForgetLimits()
	a.Bus.Tell(event.Note{Kind: event.NotePlans})
}

// hear does what another process asks for.
func (a *App) hear(n event.Note) {
	switch n.Kind {
	case event.NoteFacts:
		a.Hub.Look()
	case event.NoteLine:
		a.Line.Wake()
	case event.NotePlans:
		a.Generations.ForgetLimits()
	case event.NoteCancel:
		a.Generations.CancelHere(n.Subject)
	case event.NoteProgress:
		a.Hub.Pass(n.AccountID, n.Subject, n.Data)
	}
}

// machine is what this process says of itself.
func (a *App) machine() queue.Machine {
	kind := queue.MachineServer
	if a.Worker {
		kind = queue.MachineWorker
	}
	host, _ := os.Hostname() // without a name it is told by its id
	return queue.Machine{Kind: kind, Name: cmp.Or(a.Machine, host), Version: a.Version, Models: a.Engines.AllVersions()}
}

// openWorkers prepares for workers that come over HTTP. Each gets a dispatcher of its own, with the worker's slots: the
// line gives its leases to a session as to any process, and the server renews them as long as the session lives.
func (a *App) openWorkers() {
	a.Workers = remote.NewPool(remote.Options{
		Version: a.Version, Engines: a.Engines, Lease: a.Lease, Log: a.Log, InForce: worker.InForce(a.Auth.WorkerInForce),
		Work: func(ctx context.Context, s *remote.Session) error {
			engines := s.Engines()
			road := a.Generations.Through(engines, a.kinds(engines)...)
			line := a.Line.Beside(road, func(o *queue.Options) {
				o.Owner, o.Slots = s.ID, s.Hello.Slots
				o.ModelMemory, o.ModelIdle = s.Hello.ModelMemory, time.Duration(s.Hello.ModelIdleMS)*time.Millisecond
				o.Machine = queue.Machine{Kind: queue.MachineRemote, Name: s.Hello.Name, Version: s.Hello.Version, Models: engines.AllVersions()}
			})
			road.Drive(line)
			return a.Line.RunBeside(ctx, line, a.Grace)
		},
	})
}

// ErrOtherModels says that a worker would make other pictures than the servers it works for.
var ErrOtherModels = errors.New("pictures would differ")

// Work runs waiting work and nothing else until ctx ends, then drains. When the servers are replaced by ones that this
// worker does not fit, it drains and says so.
func (a *App) Work(ctx context.Context) error {
	if err := a.fits(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	work, over := context.WithCancelCause(ctx)
	defer over(nil)
	defer context.AfterFunc(work, a.drains)()
	var besides sync.WaitGroup
	besides.Go(func() { a.Bus.Run(background) })
	besides.Go(func() {
		every(background, a.Lease, func() {
			if err := errors.Join(a.DB.Current(background), a.fits(background)); errors.Is(err, db.ErrOtherVersion) || errors.Is(err, ErrOtherModels) {
				over(err)
			}
		})
	})
	err := a.Line.Run(work, a.Grace)
	stop()
	besides.Wait()
	if why := context.Cause(work); ctx.Err() == nil && why != nil {
		err = errors.Join(why, err)
	}
	return err
}

// WorkHandler answers for a process that only works: whether it lives, whether it works, and its metrics.
func (a *App) WorkHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /metrics", a.metrics)
	return mux
}

// fits compares this worker with the servers that are there. Where none is, it works for those that come.
func (a *App) fits(ctx context.Context) error {
	list, err := queue.Workers(ctx, a.DB)
	if err != nil {
		return err
	}
	me, now := a.machine(), a.Clock.Now()
	for _, w := range list {
		switch {
		case w.Kind != queue.MachineServer || w.Gone(now):
		case w.Version != me.Version:
			err = fmt.Errorf("the server %s is Bottega %s, this worker is %s: %w", w.Name, w.Version, me.Version, db.ErrOtherVersion)
		case !slices.Equal(w.Models, me.Models):
			err = fmt.Errorf("the server %s paints with %v, this worker with %v: %w", w.Name, w.Models, me.Models, ErrOtherModels)
		default:
			return nil // during an upgrade there are servers of two versions
		}
	}
	return err
}
