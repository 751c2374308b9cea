package event

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/db"
)

// Hub brings committed facts and live progress to subscribers of this process.
type Hub struct {
	db   *db.DB
	bus  *Bus // to other processes; nil = there are none
	wake chan struct{}

	passed atomic.Int64 // number of the newest fact that subscribers were woken for; -1 before that

	mu   sync.Mutex
	subs map[*subscriber]bool
}

type subscriber struct {
	accountID string
	wake      chan struct{} // capacity 1
	progress  chan Message  // bounded; full = dropped
}

// NewHub returns a hub; Run must run for subscribers to hear anything.
func NewHub(d *db.DB) *Hub {
	h := &Hub{db: d, wake: make(chan struct{}, 1), subs: map[*subscriber]bool{}}
	h.passed.Store(-1) // until it runs
	return h
}

// Attach names the bus that tells the hubs of other processes. Call it before the hub is used.
func (h *Hub) Attach(bus *Bus) { h.bus = bus }

// Wake says that facts were committed.
func (h *Hub) Wake() {
	h.Look()
	h.bus.Tell(Note{Kind: NoteFacts})
}

// Look says that another process committed facts.
func (h *Hub) Look() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run relays until ctx ends. It looks at the outbox when woken, and every poll, for what other processes wrote.
func (h *Hub) Run(ctx context.Context, poll time.Duration) error {
	last, err := h.newest(ctx)
	if ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return err
	}
	h.passed.Store(last)
	h.notify(nil) // whoever subscribed before this looks at what was written before this
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		case <-tick.C:
		}
		newest, accounts, err := h.news(ctx, last)
		if err != nil {
			continue // the database is away: nothing is lost, the next look finds the same rows
		}
		last = newest
		h.notify(accounts)
		h.passed.Store(last)
	}
}

func (h *Hub) newest(ctx context.Context) (int64, error) {
	var last int64
	if err := h.db.QueryRow(ctx, "SELECT COALESCE(MAX(id), 0) FROM outbox").Scan(&last); err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	return last, nil
}

// news returns the newest number and whose facts came after last.
func (h *Hub) news(ctx context.Context, last int64) (int64, map[string]bool, error) {
	rows, err := h.db.Query(ctx, "SELECT id, account_id FROM outbox WHERE id > $1 ORDER BY id", last)
	if err != nil {
		return last, nil, err
	}
	defer func() { _ = rows.Close() }()
	accounts := map[string]bool{}
	for rows.Next() {
		var account string
		if err := rows.Scan(&last, &account); err != nil {
			return last, nil, err
		}
		accounts[account] = true
	}
	return last, accounts, rows.Err()
}

// notify wakes the subscribers of the accounts, all for nil.
func (h *Hub) notify(accounts map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		if accounts == nil || accounts[s.accountID] {
			select {
			case s.wake <- struct{}{}:
			default:
			}
		}
	}
}

// Smaller is a payload of progress that can leave out what takes room: Small returns what is left.
type Smaller interface{ Small() any }

// Progress sends something that is not stored to the account's subscribers, also to those of other processes, as far as
// a note holds it; the slow ones miss it.
func (h *Hub) Progress(accountID, subject string, payload any) {
	data, err := json.Marshal(payload)
	if err != nil {
		return // a payload that cannot be written is nobody's progress
	}
	h.Pass(accountID, subject, data)
	n := Note{Kind: NoteProgress, AccountID: accountID, Subject: subject, Data: data}
	if s, ok := payload.(Smaller); ok && n.size() > noteMost {
		if n.Data, err = json.Marshal(s.Small()); err != nil {
			return
		}
	}
	h.bus.Tell(n)
}

// Pass sends progress to the account's subscribers in this process.
func (h *Hub) Pass(accountID, subject string, data json.RawMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		if s.accountID != accountID {
			continue
		}
		select {
		case s.progress <- Message{Topic: TopicProgress, Subject: subject, Progress: data}:
		default:
		}
	}
}

// Subscribe returns the account's messages until ctx ends: the stored ones after the given number (0 = only new
// ones), in order and without gaps, and progress in between.
func (h *Hub) Subscribe(ctx context.Context, accountID string, after int64) <-chan Message {
	s := &subscriber{accountID: accountID, wake: make(chan struct{}, 1), progress: make(chan Message, 16)}
	s.wake <- struct{}{} // look once at the start; nobody else knows s yet, so there is room
	out := make(chan Message)
	if after == 0 { // what is new is counted from here, not from whenever the goroutine runs
		var err error
		if after, err = h.newest(ctx); err != nil {
			close(out) // the client comes back
			return out
		}
	}
	h.mu.Lock()
	h.subs[s] = true
	h.mu.Unlock()
	go func() {
		defer close(out)
		defer func() {
			h.mu.Lock()
			delete(h.subs, s)
			h.mu.Unlock()
		}()
		h.feed(ctx, s, after, out)
	}()
	return out
}

func (h *Hub) feed(ctx context.Context, s *subscriber, after int64, out chan<- Message) {
	send := func(m Message) bool {
		select {
		case out <- m:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-s.progress:
			if !send(m) {
				return
			}
		case <-s.wake:
			stored, err := h.stored(ctx, s.accountID, after)
			if err != nil {
				return // the client comes back and resumes
			}
			for _, m := range stored {
				if !send(m) {
					return
				}
				after = m.ID
			}
		}
	}
}

// stored uses the index on (account_id, id).
func (h *Hub) stored(ctx context.Context, accountID string, after int64) ([]Message, error) {
	rows, err := h.db.Query(ctx, "SELECT id, topic, subject FROM outbox WHERE account_id = $1 AND id > $2 ORDER BY id",
		accountID, after)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var ms []Message
	for rows.Next() {
		var m Message
		if err := rows.Scan(&m.ID, &m.Topic, &m.Subject); err != nil {
			return nil, fmt.Errorf("read outbox: %w", err)
		}
		ms = append(ms, m)
	}
	return ms, rows.Err()
}
