package queue

import (
	"log/slog"
	"sync"
	"time"
)

// A breaker keeps an engine that fails again and again from using up the attempts of the whole line. After failuresOpen
// failures in a row it is open: no ticket for that engine starts in this process, and all of them keep their places.
// When its time is over one ticket may try; if that goes well the breaker is closed, if not it is open for longer.
//
// github.com/sony/gobreaker was looked at: its open time cannot grow, it goes by the machine's clock alone, and it
// guards calls, where what is needed here is to leave tickets in line.

const (
	failuresOpen = 5
	openFirst    = 5 * time.Second
	openMost     = 5 * time.Minute
)

// breaker is of one engine in this process. The zero value is closed.
type breaker struct {
	row    int           // failures since the last run that went well
	open   time.Duration // how long it was opened for the last time; 0 = closed
	until  time.Time     // while it is open: when a ticket may try
	trial  string        // ticket that tries
	failed int64         // failures, all
	opened int64         // times it was opened
}

// room says how many tickets may start: none, one, or any number.
type room int

const (
	roomNone room = iota
	roomOne
	roomAny
)

// room tells what may start now. A clock that went back does not keep a breaker open for longer than it was meant to be.
func (b *breaker) room(now time.Time) room {
	switch {
	case b.open == 0:
		return roomAny
	case b.trial != "":
		return roomNone
	case now.Before(b.until) && b.until.Sub(now) <= b.open:
		return roomNone
	}
	return roomOne
}

// worked takes a run that went well. It reports whether the breaker was open.
func (b *breaker) worked() bool {
	was := b.open > 0
	b.row, b.open, b.until, b.trial = 0, 0, time.Time{}, ""
	return was
}

// fail takes a run that failed by the engine's own fault. It reports whether that opened the breaker, or left it open
// for longer. What fails beside others while it is open already changes nothing.
func (b *breaker) fail(id string, now time.Time) bool {
	b.failed++
	b.row++
	if b.open > 0 && b.trial != id || b.open == 0 && b.row < failuresOpen {
		return false
	}
	b.open = min(max(openFirst, 2*b.open), openMost)
	b.until, b.trial = now.Add(b.open), ""
	b.opened++
	return true
}

// breakers are those of a dispatcher, by engine.
type breakers struct {
	mu  sync.Mutex
	of  map[string]*breaker
	log *slog.Logger
}

func newBreakers(log *slog.Logger) *breakers { return &breakers{of: map[string]*breaker{}, log: log} }

// get returns an engine's breaker. The caller holds mu.
func (b *breakers) get(engine string) *breaker {
	if b.of[engine] == nil {
		b.of[engine] = &breaker{}
	}
	return b.of[engine]
}

// ready keeps of the engines those that a ticket may start for, and says which of them take only one, to try.
func (b *breakers) ready(engines []string, now time.Time) (ready []string, trying map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	trying = map[string]bool{}
	for _, e := range engines {
		switch b.get(e).room(now) {
		case roomNone:
		case roomOne:
			trying[e] = true
			ready = append(ready, e)
		case roomAny:
			ready = append(ready, e)
		}
	}
	return ready, trying
}

// closed keeps of the engines those that work, as far as is known.
func (b *breakers) closed(engines []string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, e := range engines {
		if b.get(e).open == 0 {
			list = append(list, e)
		}
	}
	return list
}

// begin notes that a ticket starts, which tries the engine if its breaker is open and its time is over. One that was chosen
// before it opened tries nothing: its failure is one of those that opened it.
func (b *breakers) begin(t Ticket, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if br := b.get(t.Needs); br.room(now) == roomOne {
		br.trial = t.ID
	}
}

// end notes that a run is over. One that tried and says nothing about the engine, as when it was cancelled, leaves the
// trial to another.
func (b *breakers) end(t Ticket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if br := b.get(t.Needs); br.trial == t.ID {
		br.trial = ""
	}
}

func (b *breakers) worked(t Ticket) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed = b.get(t.Needs).worked()
	if changed {
		b.log.Info("the engine works again: its work goes on", "engine", t.Needs, "generation", t.ID)
	}
	return changed
}

func (b *breakers) fail(t Ticket, now time.Time, err error) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	br := b.get(t.Needs)
	changed = br.fail(t.ID, now)
	if changed {
		b.log.Error("the engine fails: its work waits in line, and one ticket tries again then", "engine", t.Needs,
			"failures", br.row, "seconds", br.open.Seconds(), "generation", t.ID, "error", err)
	}
	return changed
}

// EngineState is how an engine does in this process.
type EngineState struct {
	Engine   string
	Open     bool  // its work waits
	Failures int64 // runs that failed by the engine's own fault
	Opened   int64
}

// Engines tells how the engines do.
func (d *Dispatcher) Engines() []EngineState {
	d.breakers.mu.Lock()
	defer d.breakers.mu.Unlock()
	var list []EngineState
	for _, e := range d.worker.Engines() {
		b := d.breakers.get(e)
		list = append(list, EngineState{Engine: e, Open: b.open > 0, Failures: b.failed, Opened: b.opened})
	}
	return list
}
