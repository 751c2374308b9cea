package event

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/db"
)

// Kinds of notes.
const (
	NoteFacts    = "facts"    // the outbox has grown
	NoteLine     = "line"     // the line of waiting work has changed
	NotePlans    = "plans"    // somebody's plan has changed
	NoteCancel   = "cancel"   // whoever runs the subject ends it
	NoteProgress = "progress" // of the subject; the data is what Hub.Progress was given
)

// Note is what one process tells the others.
type Note struct {
	Kind      string          `json:"kind"`
	AccountID string          `json:"account,omitempty"`
	Subject   string          `json:"subject,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// letter is notes on their way, and who sends them.
type letter struct {
	From  string `json:"from"`
	Notes []Note `json:"notes"`
}

// busChannel is the name of the channel in the database.
const busChannel = "bottega"

const (
	busMost    = 512                  // notes that wait to be sent; more are dropped
	busPause   = 5 * time.Millisecond // between two letters, so that a burst is few of them
	busBackoff = 100 * time.Millisecond
	busLongest = 5 * time.Second
)

// Bus carries notes between the processes on one PostgreSQL. A note may be lost, doubled or dropped when there are too
// many: everything that matters is in the database, and whoever waits for it looks by itself after a while. On SQLite,
// where there is one server, a Bus carries nothing.
type Bus struct {
	db   *db.DB
	self string // tells our own letters from others'
	log  *slog.Logger
	hear func(Note)

	wake      chan struct{}
	mu        sync.Mutex
	waiting   []Note
	listening atomic.Bool
	dropped   atomic.Int64
}

// NewBus returns a bus of the process of that name; Run must run for anything to be sent or heard. hear gets the notes of
// other processes, one at a time. When the connection was away, it gets NoteFacts and NoteLine for what was missed.
func NewBus(d *db.DB, self string, log *slog.Logger, hear func(Note)) *Bus {
	return &Bus{db: d, self: self, log: log, hear: hear, wake: make(chan struct{}, 1)}
}

// Tell hands a note over and never blocks. What says the same as one that still waits is not sent twice; of progress
// with the same subject the newest counts.
func (b *Bus) Tell(n Note) {
	if b == nil || b.db.Dialect != db.Postgres {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, w := range b.waiting {
		if w.Kind == n.Kind && w.Subject == n.Subject {
			b.waiting[i] = n
			return
		}
	}
	if len(b.waiting) == busMost {
		b.dropped.Add(1)
		return
	}
	b.waiting = append(b.waiting, n)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Listening reports whether this process hears the others now; Dropped counts the notes that were not sent.
func (b *Bus) Listening() bool { return b.listening.Load() }

// Dropped is how many notes were not sent.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }

// Run sends and hears until ctx ends.
func (b *Bus) Run(ctx context.Context) {
	if b.db.Dialect != db.Postgres {
		return
	}
	var sender sync.WaitGroup
	sender.Go(func() { b.send(ctx) })
	defer sender.Wait()
	pause := busBackoff
	for ctx.Err() == nil {
		err := b.db.Listen(ctx, busChannel, func() {
			pause = busBackoff
			b.listening.Store(true)
			b.hear(Note{Kind: NoteFacts})
			b.hear(Note{Kind: NoteLine})
		}, b.read)
		if b.listening.Swap(false) && ctx.Err() == nil {
			b.log.Warn("other processes are not heard for now; the database is looked at instead", "error", err)
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, busLongest)
	}
}

// read hands over the notes of a letter. What is none is from another version or from nobody of us.
func (b *Bus) read(payload string) {
	var l letter
	if json.Unmarshal([]byte(payload), &l) != nil || l.From == b.self {
		return
	}
	for _, n := range l.Notes {
		b.hear(n)
	}
}

// send writes letters until ctx ends. What cannot be sent is dropped.
func (b *Bus) send(ctx context.Context) {
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		for {
			notes := b.take()
			if len(notes) == 0 {
				break
			}
			err := b.post(ctx, notes)
			if err != nil && ctx.Err() == nil && !away {
				b.log.Warn("other processes are not told for now; they look at the database by themselves", "error", err)
			}
			away = err != nil
			if !sleep(ctx, busPause) {
				return
			}
		}
	}
}

// noteMost leaves room in a letter for its envelope.
const noteMost = db.NotifyMost - 200

// take removes from what waits as much as one letter holds.
func (b *Bus) take() []Note {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for ; n < len(b.waiting); n++ {
		if bytes += b.waiting[n].size(); bytes > noteMost && n > 0 {
			break
		}
	}
	notes := b.waiting[:n:n]
	b.waiting = append([]Note(nil), b.waiting[n:]...)
	return notes
}

// size is a note's length in a letter, at most.
func (n Note) size() int {
	return len(n.Kind) + len(n.AccountID) + len(n.Subject) + len(n.Data) + 60
}

func (b *Bus) post(ctx context.Context, notes []Note) error {
	payload, err := json.Marshal(letter{b.self, notes})
	if err != nil || len(payload) > db.NotifyMost {
		b.dropped.Add(int64(len(notes)))
		return nil //nolint:nilerr // a note that is no JSON, or too long, is nobody's
	}
	if err := b.db.Notify(ctx, busChannel, string(payload)); err != nil {
		b.dropped.Add(int64(len(notes)))
		return fmt.Errorf("tell other processes: %w", err)
	}
	return nil
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
