package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"bottega/internal/engine"
	"bottega/internal/id"
)

// Options of a pool.
type Options struct {
	Version string        // of Bottega: workers are of the same
	Engines engine.Set    // what the server knows; workers make the same pictures or are not let in
	Lease   time.Duration // silence after which a worker is given up
	Most    int           // workers at once; 0 = 64
	Log     *slog.Logger

	// InForce returns nil as long as a token may be used; it is asked again and again.
	InForce func(ctx context.Context, tokenID string) error
	// Work gives a session work until ctx ends, lets what runs finish, and returns. When the session is lost, its engines
	// say so.
	Work func(ctx context.Context, s *Session) error
}

// Pool lets workers in and knows those that are there. It is safe for concurrent use.
type Pool struct {
	opt    Options
	lastID atomic.Uint64 // of pictures, over all sessions

	mu       sync.Mutex
	draining bool
	sessions map[*Session]bool
	refused  map[string]int64
	joined   int64
	all      sync.WaitGroup // sessions
	drain    chan struct{}
}

// NewPool returns a pool that takes workers until Run's context ends.
func NewPool(opt Options) *Pool {
	if opt.Most == 0 {
		opt.Most = 64
	}
	return &Pool{opt: opt, sessions: map[*Session]bool{}, refused: map[string]int64{}, drain: make(chan struct{})}
}

// Run takes no more workers once ctx ends, and returns when the last one's work is over. It may run again after that.
func (p *Pool) Run(ctx context.Context) {
	p.mu.Lock()
	if p.draining {
		p.draining, p.drain = false, make(chan struct{})
	}
	p.mu.Unlock()
	<-ctx.Done()
	p.mu.Lock()
	p.draining = true
	close(p.drain)
	p.mu.Unlock()
	p.all.Wait()
}

// Counts is what a pool has seen.
type Counts struct {
	Sessions, Slots int              // now
	Joined          int64            // since the start
	Refused         map[string]int64 // by code, since the start
}

// Codes are all keys that Counts.Refused can have.
func Codes() []string { return slices.Clone(codes) }

// Counts returns what the pool has seen.
func (p *Pool) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Counts{Sessions: len(p.sessions), Joined: p.joined, Refused: map[string]int64{}}
	for s := range p.sessions {
		c.Slots += s.Hello.Slots
	}
	for _, code := range codes {
		c.Refused[code] = p.refused[code]
	}
	return c
}

// Refused counts a refusal that was made before a connection came here.
func (p *Pool) Refused(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused[code]++
}

// note logs and counts what a session was refused.
func (p *Pool) note(s *Session, code, text string) {
	p.Refused(code)
	p.opt.Log.Warn("refused what a worker said", "code", code, "reason", text, "worker", s.Hello.Name, "session", s.ID)
}

// Serve speaks with one worker that has shown a token in force, until it leaves or is lost. It closes the connection.
func (p *Pool) Serve(ctx context.Context, conn io.ReadWriteCloser, tokenID string) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Session{
		ID: id.New(), pool: p, over: make(chan struct{}), stop: stop, left: make(chan struct{}), works: map[uint64]*work{},
		orders: map[uint64]*order{}, models: map[string][]engine.Model{},
	}
	s.line = newLine(conn, helloWithin, func(d time.Duration) { s.close(fmt.Sprintf("it was not heard of for %s", d)) })
	defer s.close("it is over")
	if r := p.admit(s); r != nil {
		p.Refused(r.Code)
		p.opt.Log.Warn("a worker is not let in", "code", r.Code, "reason", r.Text, "worker", s.Hello.Name, "token", tokenID)
		_ = s.line.send(&frame{Type: sayRefused, Refusal: r}) // whoever does not listen learns nothing
		return
	}
	defer p.gone(s)
	log := p.opt.Log.With("worker", s.Hello.Name, "session", s.ID)
	s.line.patient(p.opt.Lease)
	beat := p.opt.Lease / 4
	err := s.line.send(&frame{Type: sayWelcome, Welcome: &welcome{s.ID, beat.Milliseconds(), p.opt.Lease.Milliseconds()}})
	if err != nil {
		log.Warn("a worker was let in and did not listen", "error", err)
		return
	}
	log.Info("a worker has joined", "slots", s.Hello.Slots, "engines", s.Engines().Names(), "token", tokenID)
	var besides sync.WaitGroup
	besides.Go(s.listen)
	besides.Go(func() { p.watch(ctx, s, tokenID, beat) })
	besides.Go(func() {
		defer stop()
		select {
		case <-s.over:
		case <-s.left:
		case <-s.drain:
		}
	})
	err = p.opt.Work(working, s)
	s.close("it has no more work")
	besides.Wait()
	log.Info("a worker has gone", "reason", s.reason, "error", err)
}

// admit reads a worker's first word and decides whether it comes in. Nil: it is in.
func (p *Pool) admit(s *Session) *Refusal {
	f, err := s.line.read(0)
	if err != nil || f.Type != sayHello || f.Hello == nil {
		return refuse(RefusedHello, "the first word is no hello")
	}
	h := *f.Hello
	h.Name = shown(h.Name)
	s.Hello = h
	if r := p.check(h); r != nil {
		return r
	}
	s.slots = make(chan struct{}, h.Slots)
	for _, e := range h.Engines {
		s.models[e.Name] = modelsOf(e.Models)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.draining:
		return refuse(RefusedDraining, "the server is shutting down")
	case len(p.sessions) >= p.opt.Most:
		return refuse(RefusedFull, "the server has %d workers already", len(p.sessions))
	}
	s.drain = p.drain
	p.sessions[s] = true
	p.joined++
	p.all.Add(1)
	return nil
}

// shown is a name as it may stand in logs, tables and terminals.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > mostName {
		name = string(runes[:mostName])
	}
	return cmp.Or(name, "unnamed")
}

// check compares what a worker says of itself with the server. Engines that the server does not know are left alone.
func (p *Pool) check(h Hello) *Refusal {
	switch {
	case h.Protocol != Protocol:
		return refuse(RefusedProtocol, "it speaks version %d of the protocol, the server speaks %d", h.Protocol, Protocol)
	case h.Version != p.opt.Version:
		return refuse(RefusedVersion, "it is Bottega %.40q, the server is %q: install the same version on both", h.Version, p.opt.Version)
	case h.Slots < 1 || h.Slots > MostSlots:
		return refuse(RefusedHello, "it offers %d slots (1 to %d)", h.Slots, MostSlots)
	case h.ModelMemory < 0 || h.ModelMemory > mostMemory:
		return refuse(RefusedHello, "it has %d bytes for models (0 to %d)", h.ModelMemory, int64(mostMemory))
	case h.ModelIdleMS < 0 || h.ModelIdleMS > mostIdle.Milliseconds():
		return refuse(RefusedHello, "it evicts models after %d ms (0 to %d)", h.ModelIdleMS, mostIdle.Milliseconds())
	case len(h.Engines) > mostEngines:
		return refuse(RefusedHello, "it names %d engines (at most %d)", len(h.Engines), mostEngines)
	}
	known := 0
	for _, e := range h.Engines {
		if p.opt.Engines[e.Name] == nil {
			continue
		}
		known++
		if len(e.Versions) > mostVersions {
			return refuse(RefusedHello, "its engine %s has %d models (at most %d)", e.Name, len(e.Versions), mostVersions)
		}
		if want := p.opt.Engines.Versions(e.Name); !slices.Equal(e.Versions, want) {
			return refuse(RefusedModel, "its engine %s paints with %.200q, the server's with %q: pictures would differ", e.Name, e.Versions, want)
		}
		if r := p.checkModels(e.Name, e.Models); r != nil {
			return r
		}
	}
	if known == 0 {
		return refuse(RefusedModel, "it has no engine that the server knows (%v)", p.opt.Engines.Names())
	}
	return nil
}

// watch says regularly that the server lives, and ends the session with its token.
func (p *Pool) watch(ctx context.Context, s *Session, tokenID string, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.over:
			return
		case <-tick.C:
		}
		_ = s.line.send(&frame{Type: sayBeat}) // a line that is gone has ended the session
		var r *Refusal
		if err := p.inForce(ctx, tokenID, every); errors.As(err, &r) {
			p.note(s, RefusedToken, r.Text)
			s.close("its token ended")
			return
		}
	}
}

// inForce asks for no longer than until the next beat: a database that hangs must not look like a dead server.
func (p *Pool) inForce(ctx context.Context, tokenID string, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return p.opt.InForce(ctx, tokenID)
}

func (p *Pool) gone(s *Session) {
	p.mu.Lock()
	delete(p.sessions, s)
	p.mu.Unlock()
	p.all.Done()
}
