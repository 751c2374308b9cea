package enginetest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"bottega/internal/clock"
	"bottega/internal/engine"
)

// Shelf is an engine.Imager and engine.Loader for tests of other packages: many models by name, of which those are
// resident that were loaded and not evicted since. How it paints Script says, how it loads LoadScript. It is safe for
// concurrent use.
type Shelf struct {
	*Scripted
	names  []string
	models map[string]*shelved

	mu    sync.Mutex // over what follows, and over the facts of the models
	loads LoadScript
	dead  chan struct{} // closed by Kill
	peak  int64
}

// OnShelf is one model of a Shelf.
type OnShelf struct {
	Name     string
	Memory   int64 // bytes it takes
	Size     int64 // bytes a load reads; 0 = Memory
	Resident bool  // from the start
}

// LoadScript is what loads do that start from now on. The zero value loads at once.
type LoadScript struct {
	Parts   int             // of equal size, each reported when it is there; 0 = 4
	Gate    <-chan struct{} // each part waits for one receive (or the close) of it; nil = no waiting
	Takes   time.Duration   // of Clock, over all parts; 0 = none
	Clock   clock.Clock     // moved by the test; nil = clock.System
	Started chan<- string   // gets the model's name when a load starts; nil = none
	Err     error           // fail with this error after the first part
	Hang    bool            // report the first part, and nothing more until the context ends
}

// ShelfFacts is what became of one model of a Shelf.
type ShelfFacts struct {
	Resident  bool
	Loads     int // begun
	Failed    int // of them, those that did not end with the model resident
	Evictions int // that found it resident
	Requests  int
	Cold      int // of them, those that found it not resident and loaded it
}

type shelved struct {
	OnShelf
	uses  *semaphore.Weighted // one for each request and load, all for an eviction: those wait in the order they came
	turn  chan struct{}       // held while it is loaded
	facts ShelfFacts
	takes bool // memory: it is resident or being loaded
}

const allUses = math.MaxInt32

// NewShelf returns an engine with these models. A request that names none is for the first.
func NewShelf(models ...OnShelf) *Shelf {
	s := &Shelf{Scripted: NewScripted(Script{}), models: map[string]*shelved{}, dead: make(chan struct{})}
	for _, m := range models {
		on := &shelved{OnShelf: m, uses: semaphore.NewWeighted(allUses), turn: make(chan struct{}, 1)}
		s.names, s.models[m.Name] = append(s.names, m.Name), on
		if m.Resident {
			on.facts.Resident = true
			s.take(on)
		}
	}
	return s
}

// Loads replaces how models are loaded; loads under way keep the script they started with.
func (s *Shelf) Loads(script LoadScript) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads = script
}

// Facts returns what became of a model.
func (s *Shelf) Facts(model string) ShelfFacts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.models[model]; m != nil {
		return m.facts
	}
	return ShelfFacts{}
}

// PeakMemory returns the most bytes that models took at one time; one that is being loaded takes all of its own.
func (s *Shelf) PeakMemory() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Kill does what the death of the process does that holds the models: none is resident, and what it works on and what is
// being loaded fails.
func (s *Shelf) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.dead)
	s.dead = make(chan struct{})
	for _, m := range s.models {
		m.facts.Resident, m.takes = false, false
	}
}

// take notes that a model takes its memory. The caller holds mu, or is alone.
func (s *Shelf) take(m *shelved) {
	m.takes = true
	all := int64(0)
	for _, m := range s.models {
		if m.takes {
			all += m.Memory
		}
	}
	s.peak = max(s.peak, all)
}

// Models implements engine.Loader.
func (s *Shelf) Models() []engine.Model {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []engine.Model
	for _, name := range s.names {
		m := s.models[name]
		list = append(list, engine.Model{Name: name, Memory: m.Memory, Resident: m.facts.Resident})
	}
	return list
}

// Load implements engine.Loader.
func (s *Shelf) Load(ctx context.Context, model string, report func(done, total int64)) error {
	m := s.models[model]
	if m == nil {
		return fmt.Errorf("load %q: there is no such model (have %v): %w", model, s.names, engine.ErrUnavailable)
	}
	if err := m.uses.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("load %s: %w", model, err)
	}
	defer m.uses.Release(1)
	_, err := s.ready(ctx, m, report)
	return err
}

// ready loads a model that is not resident; the caller has a use of it. Of several at once one loads, and the others wait.
func (s *Shelf) ready(ctx context.Context, m *shelved, report func(done, total int64)) (cold bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("load %s: %w", m.Name, err)
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return false, fmt.Errorf("load %s: %w", m.Name, ctx.Err())
	}
	total := m.Size
	if total == 0 {
		total = m.Memory
	}
	s.mu.Lock()
	script, dead, resident := s.loads, s.dead, m.facts.Resident
	if !resident {
		m.facts.Loads++
		s.take(m)
	}
	s.mu.Unlock()
	if resident {
		report(total, total)
		return false, nil
	}
	err = script.load(ctx, dead, m.Name, func(part, parts int) { report(total*int64(part)/int64(parts), total) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.dead != dead {
		err = died(m.Name)
	}
	if err != nil {
		m.facts.Failed++
	}
	m.facts.Resident, m.takes = err == nil, err == nil
	return true, err
}

func died(model string) error {
	return fmt.Errorf("load %s: the process was killed: %w", model, engine.ErrUnavailable)
}

// load does what is told, until all parts are there.
func (l LoadScript) load(ctx context.Context, dead <-chan struct{}, model string, report func(part, parts int)) error {
	stopped := func() error {
		select {
		case <-ctx.Done():
			return fmt.Errorf("load %s: %w", model, ctx.Err())
		case <-dead:
			return died(model)
		default:
			return nil
		}
	}
	if l.Started != nil {
		select {
		case l.Started <- model:
		case <-ctx.Done():
		case <-dead:
		}
	}
	parts := l.Parts
	if parts == 0 {
		parts = 4
	}
	due := l.due(parts)
	for part := 1; part <= parts; part++ {
		if l.Gate != nil {
			select {
			case <-l.Gate:
			case <-ctx.Done():
			case <-dead:
			}
		}
		due(part, ctx.Done(), dead)
		if err := stopped(); err != nil {
			return err
		}
		report(part, parts)
		if l.Hang {
			select {
			case <-ctx.Done():
			case <-dead:
			}
			return stopped()
		}
		if l.Err != nil {
			return l.Err
		}
	}
	return nil
}

// due returns what waits until the clock says that a part is there. A clock that tests move tells nobody: it is asked.
func (l LoadScript) due(parts int) func(part int, over ...<-chan struct{}) {
	if l.Takes == 0 {
		return func(int, ...<-chan struct{}) {}
	}
	c := l.Clock
	if c == nil {
		c = clock.System{}
	}
	from := c.Now()
	return func(part int, over ...<-chan struct{}) {
		at := from.Add(l.Takes * time.Duration(part) / time.Duration(parts))
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for c.Now().Before(at) {
			select {
			case <-tick.C:
			case <-over[0]:
				return
			case <-over[1]:
				return
			}
		}
	}
}

// Evict implements engine.Loader.
func (s *Shelf) Evict(ctx context.Context, model string) error {
	m := s.models[model]
	if m == nil {
		return nil
	}
	if err := m.uses.Acquire(ctx, allUses); err != nil {
		return fmt.Errorf("evict %s: %w", model, err)
	}
	defer m.uses.Release(allUses)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.facts.Resident {
		m.facts.Evictions++
	}
	m.facts.Resident, m.takes = false, false
	return nil
}

// GenerateImage implements engine.Imager.
func (s *Shelf) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	name := req.Model
	if name == "" && len(s.names) > 0 {
		name = s.names[0]
	}
	m := s.models[name]
	if m == nil {
		return nil, fmt.Errorf("unknown model %q: %w", req.Model, engine.ErrRejected)
	}
	if err := m.uses.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for %s: %w", name, err)
	}
	defer m.uses.Release(1)
	cold, err := s.ready(ctx, m, func(int64, int64) {})
	s.mu.Lock()
	m.facts.Requests++
	if cold {
		m.facts.Cold++
	}
	dead := s.dead
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.paint(ctx, dead, req, report)
}

// paint is the scripted engine's, which ends when the process is killed.
func (s *Shelf) paint(ctx context.Context, dead <-chan struct{}, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	painting, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-dead:
			stop()
		case <-over:
		}
	}()
	p, err := s.Scripted.GenerateImage(painting, req, report)
	select {
	case <-dead:
		if ctx.Err() == nil {
			return nil, &engine.Death{How: "worker was killed by signal 9"}
		}
	default:
	}
	return p, err
}

var (
	_ engine.Imager = (*Shelf)(nil)
	_ engine.Loader = (*Shelf)(nil)
)
