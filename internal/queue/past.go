package queue

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"time"

	"bottega/internal/db"
)

// What was foretold is compared with what happened, and the next forecasts learn from it: where work waits twice as long as
// the work ahead says, because more comes in before it, the next one is told twice as long. Waits of minutes and of hours go
// wrong in other ways, so each horizon learns by itself. All processes share what they learned in wait_past: one tells, another
// starts the work, and a server that was replaced does not begin anew.

// horizonsUpTo are the work ahead up to which a wait belongs to each horizon but the last. The first are waits for a moment,
// which nothing is learned from: they are said to end within a second.
var horizonsUpTo = [...]time.Duration{time.Second, time.Minute, 10 * time.Minute, time.Hour}

const horizons = len(horizonsUpTo) + 1

// horizon tells where a wait for so much work belongs.
func horizon(work time.Duration) int {
	for i, most := range horizonsUpTo {
		if work < most {
			return i
		}
	}
	return horizons - 1
}

// past is how right forecasts were: of this process since it began, and lately of all.
type past struct {
	mu     sync.Mutex
	lately map[pastKey]outcome
	fresh  map[pastKey]outcome // of lately, what is not written down yet
	count  int64               // of this process: foretold
	inside int64               // of them within their range

	speeds laneSpeeds
}

// pastKey is a horizon, and a place that a later wait takes again: which one follows from the ticket's name, so that processes
// need not agree about it.
type pastKey struct{ horizon, place int }

// outcome is how a foretold wait ended.
type outcome struct {
	ratio  float64 // of the real wait over the work ahead
	inside bool    // it ended within the range
	off    time.Duration
}

// Of each horizon so many outcomes are remembered, and so many are needed to judge; before, the usual range stands in for them.
const pastKept, pastNeeded = 64, 20

// ratios is what the work ahead is multiplied with, for a forecast and its range.
type ratios struct{ low, middle, high float64 }

// widened is how much wider the range is than what was seen: the line of the next hour is not that of the last.
const widened = 0.3

var usual = ratios{0.4, 1, 2.5}

// lessons is the ratios of each horizon. Nil has the usual ones.
type lessons [horizons]ratios

func (l *lessons) of(work time.Duration) ratios {
	if l == nil {
		return usual
	}
	return l[horizon(work)]
}

// note compares what was said of a ticket with when it starts.
func (p *past) note(t Ticket, now time.Time) {
	if t.Expected.At.IsZero() || t.Attempt > 1 {
		return
	}
	const little = 100 * time.Millisecond // so that a ratio of moments says nothing absurd
	waited := now.Sub(t.QueuedAt)
	o := outcome{
		ratio:  max(0, float64(waited+little)/float64(t.Expected.Work+little)),
		inside: !now.Before(t.Expected.Low) && !now.After(t.Expected.High),
		off:    now.Sub(t.Expected.At).Abs(),
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(t.ID)) // it never fails
	k := pastKey{horizon(t.Expected.Work), int(sum.Sum32() % pastKept)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	if o.inside {
		p.inside++
	}
	p.set(k, o)
	if p.fresh == nil {
		p.fresh = map[pastKey]outcome{}
	}
	p.fresh[k] = o
}

func (p *past) set(k pastKey, o outcome) {
	if p.lately == nil {
		p.lately = map[pastKey]outcome{}
	}
	p.lately[k] = o
}

// lessons is what waits were between, but for the one or two of 64 that were farthest off, and their median, by horizon.
func (p *past) lessons() *lessons {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found [horizons][]float64
	for k, o := range p.lately {
		found[k.horizon] = append(found[k.horizon], o.ratio)
	}
	l := &lessons{}
	for i, list := range found {
		l[i] = usual
		if n := len(list); n >= pastNeeded && i > 0 {
			slices.Sort(list)
			middle := list[n/2]
			l[i] = ratios{min(list[n/40], 0.9*middle) * (1 - widened), middle, max(list[n-1-n/40], 1.1*middle) * (1 + widened)}
		}
	}
	return l
}

// Accuracy is how right the waits were that people were told.
type Accuracy struct {
	Foretold int           // that ended lately, told by any process: what the other two are of
	Inside   float64       // share within the range, 0 … 1
	Error    time.Duration // median of how far off
}

func (p *past) accuracy() (a Accuracy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var off []time.Duration
	inside := 0
	for _, o := range p.lately {
		off = append(off, o.off)
		if o.inside {
			inside++
		}
	}
	if a.Foretold = len(off); a.Foretold > 0 {
		slices.Sort(off)
		a.Inside, a.Error = float64(inside)/float64(len(off)), off[len(off)/2]
	}
	return a
}

// total counts the waits of this process since it began, and those within their range.
func (p *past) total() (foretold, inside int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count, p.inside
}

// Accuracy tells how right forecasts were lately, those of other processes included.
func (d *Dispatcher) Accuracy() Accuracy { return d.past.accuracy() }

// Foretold counts the foretold waits that ended in this process.
func (d *Dispatcher) Foretold() int64 {
	n, _ := d.past.total()
	return n
}

// learn is what the one dispatcher of a process does that learns for all of it.
func (d *Dispatcher) learn(ctx context.Context) error {
	if !d.learns {
		return nil
	}
	return errors.Join(d.lookAtLanes(ctx), d.remember(ctx))
}

// remember writes down what this process learned and reads what all did. At most horizons × pastKept rows.
func (d *Dispatcher) remember(ctx context.Context) error {
	p := d.past
	p.mu.Lock()
	fresh := p.fresh
	p.fresh = nil
	p.mu.Unlock()
	if err := saveOutcomes(ctx, d.db, fresh); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		for k, o := range p.fresh { // learned since
			fresh[k] = o
		}
		p.fresh = fresh
		return err
	}
	all, err := readOutcomes(ctx, d.db)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, o := range all {
		if _, newer := p.fresh[k]; !newer {
			p.set(k, o)
		}
	}
	return nil
}

func saveOutcomes(ctx context.Context, d *db.DB, fresh map[pastKey]outcome) error {
	var rows [][]any
	for k, o := range fresh {
		rows = append(rows, []any{k.horizon, k.place, int64(math.Round(min(o.ratio, 1e9) * 1000)), db.Bool(o.inside), o.off.Microseconds()})
	}
	if len(rows) == 0 {
		return nil
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return tx.Insert(ctx, "INSERT INTO wait_past (horizon, place, ratio, inside, off) VALUES ", rows,
			" ON CONFLICT (horizon, place) DO UPDATE SET ratio = excluded.ratio, inside = excluded.inside, off = excluded.off")
	})
	if err != nil {
		return fmt.Errorf("remember %d foretold waits: %w", len(rows), err)
	}
	return nil
}

func readOutcomes(ctx context.Context, q db.Queryer) (map[pastKey]outcome, error) {
	rows, err := q.Query(ctx, "SELECT horizon, place, ratio, inside, off FROM wait_past WHERE horizon < $1", horizons)
	if err != nil {
		return nil, fmt.Errorf("read foretold waits: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := map[pastKey]outcome{}
	for rows.Next() {
		var k pastKey
		var o outcome
		var ratio, off int64
		if err := rows.Scan(&k.horizon, &k.place, &ratio, &o.inside, &off); err != nil {
			return nil, fmt.Errorf("read foretold waits: %w", err)
		}
		o.ratio, o.off = float64(ratio)/1000, time.Duration(off)*time.Microsecond
		all[k] = o
	}
	return all, rows.Err()
}
