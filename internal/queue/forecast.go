package queue

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Wait is when a ticket is expected to start, and between what. The zero value: not known.
type Wait struct{ At, Low, High time.Time }

// Place is where a waiting ticket stands.
type Place struct {
	Position int // among what can run, from 1; 0 = it is kept back
	Wait     Wait
	Paused   bool   // its owner keeps this one back; not told of by keeping back everything
	Stopped  string // by the operator: StoppedAccount, StoppedLane; empty = it is not

	Loading *Loading // its model is not in memory anywhere and has to be loaded first; nil = it is, or needs no loading
}

// Forecast is the line as it was at one moment, small enough to keep: it tells places and waits without the database.
//
// The wait is the work ahead in its own lane, at the measured pace of each model, over the lane's part of the slots,
// behind what is left of the running work; the range is what the ratio of real to foretold waits was lately.
type Forecast struct {
	at      time.Time
	slots   int
	works   map[string]bool // engines that some process can work with now
	running []time.Duration // what is left of each run
	ahead   map[string][]standing
	shares  map[string][]Share // by lane, those with tickets outside their window
	held    map[string]bool    // lanes of which the operator lets nothing start
	kept    map[shareKey]kept  // what owners keep back by itself: it waits and stands before nobody
	paces   map[modelKey]time.Duration
	loading map[modelKey]Loading // models that no machine has in memory
	typical time.Duration        // pace of a model that was never measured; 0 = nothing was
	low     float64              // range of real over foretold waits
	high    float64

	mu    sync.Mutex
	since []Ticket // accepted by this process after the forecast was made, the first sinceMost
}

// standing is an admitted ticket that waits, with all before it.
type standing struct {
	start int64
	id    string
	work  time.Duration // of this one and all before
}

// forecastWindow bounds how many admitted tickets of a lane a forecast looks at; beyond it the mean stands for the rest.
const forecastWindow = 5000

// readForecast reads the line as it is. Indexes ticket_next, ticket_lease and queue_share_waiting.
func readForecast(ctx context.Context, q db.Queryer, now time.Time, low, high float64) (*Forecast, error) {
	f := &Forecast{at: now, ahead: map[string][]standing{}, shares: map[string][]Share{}, held: map[string]bool{}, kept: map[shareKey]kept{}, low: low, high: high}
	if err := f.readPaces(ctx, q); err != nil {
		return nil, err
	}
	if err := f.readFleet(ctx, q); err != nil {
		return nil, err
	}
	m, err := readMachine(ctx, q)
	if err != nil {
		return nil, err
	}
	for name, l := range m.lanes {
		f.held[name] = l.Paused
	}
	leased, err := leasedTickets(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, t := range leased {
		f.running = append(f.running, f.left(t, now))
	}
	if err := f.readKept(ctx, q); err != nil {
		return nil, err
	}
	for _, lane := range Lanes() {
		if err := f.readLane(ctx, q, lane); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Forecast) readLane(ctx context.Context, q db.Queryer, lane string) error {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE lane = $1 AND admitted = 1 AND lease_owner = ''
		ORDER BY start, id LIMIT $2`, lane, forecastWindow)
	if err != nil {
		return fmt.Errorf("read the line: %w", err)
	}
	tickets, err := scan(rows)
	if err != nil {
		return err
	}
	var work time.Duration
	for _, t := range tickets {
		work += f.takes(t.Needs, t.Model, t.Weight)
		f.ahead[lane] = append(f.ahead[lane], standing{t.Start, t.ID, work})
	}
	rows, err = q.Query(ctx, "SELECT "+shareColumns+" FROM queue_share WHERE lane = $1 AND waiting > 0 LIMIT $2", lane, forecastWindow)
	if err != nil {
		return fmt.Errorf("read shares: %w", err)
	}
	f.shares[lane], err = scanShares(rows)
	return err
}

// takes is how long a slot works on so much of a model.
func (f *Forecast) takes(engine, model string, w token.Amount) time.Duration {
	pace, ok := f.paces[modelKey{engine, model}]
	if !ok {
		pace = f.typical
	}
	return timeOf(pace, w)
}

// timeOf is how long a slot works on so much at a pace.
func timeOf(pace time.Duration, w token.Amount) time.Duration {
	return time.Duration(float64(pace) * float64(w) / float64(token.Whole(perTokens)))
}

// readPaces reads how fast models are.
func (f *Forecast) readPaces(ctx context.Context, q db.Queryer) (err error) {
	if f.paces, err = readPaces(ctx, q); err != nil {
		return err
	}
	for _, p := range f.paces {
		f.typical += p / time.Duration(len(f.paces))
	}
	return nil
}

// sinceMost bounds what a forecast remembers of a burst: each Place looks at all of it.
const sinceMost = 256

// Accepted tells the forecast of a ticket that joined the line after it was made.
func (f *Forecast) Accepted(t Ticket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.since) < sinceMost {
		f.since = append(f.since, t)
	}
}

// joined counts what was accepted since and stands before the ticket. What waits behind its own window is left out: its
// caller knows.
func (f *Forecast) joined(t Ticket) (n int, work time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.since {
		first := s.Start < t.Start || (s.Start == t.Start && s.ID < t.ID)
		if s.Lane == t.Lane && s.ID != t.ID && first && (s.Admitted || s.Share != t.Share) {
			n++
			work += f.takes(s.Needs, s.Model, s.Weight)
		}
	}
	return n, work
}

// Place tells where a ticket stands that is not running. own is how many tickets of its share stand before it outside
// the window, and behind is their weight.
func (f *Forecast) Place(t Ticket, own int, behind token.Amount) Place {
	list := f.ahead[t.Lane]
	n, _ := slices.BinarySearchFunc(list, t, func(s standing, t Ticket) int {
		if s.start < t.Start || (s.start == t.Start && s.id < t.ID) {
			return -1
		}
		return 1
	})
	var work time.Duration
	if n > 0 {
		work = list[n-1].work
	}
	for _, s := range f.shares[t.Lane] {
		waiting, behind := f.ready(s)
		if s.ID == t.Share || t.Start <= s.Finish || waiting == 0 {
			continue
		}
		each := behind / token.Amount(waiting)
		turn := turns(each, s.Rate)
		before := min(int64(waiting), (t.Start-s.Finish+turn-1)/turn)
		n += int(before)
		work += time.Duration(before) * f.takes("", "", each)
	}
	joined, joinedWork := f.joined(t)
	n += own + joined
	work += joinedWork + f.takes(t.Needs, t.Model, behind)
	if !f.works[t.Needs] {
		return Place{Position: n + 1} // nobody knows when it works again
	}
	p := Place{Position: n + 1, Wait: f.wait(t.Lane, n, work)}
	if l, cold := f.loading[t.key()]; cold {
		p.Loading, p.Wait = &l, p.Wait.after(l, f.at)
	}
	return p
}

// wait is when work begins that has n tickets of its lane before it, which take so long together.
func (f *Forecast) wait(lane string, n int, work time.Duration) Wait {
	if f.slots == 0 || f.typical == 0 || f.held[lane] {
		return Wait{} // nobody works, nothing was ever measured, or nothing may start
	}
	if n == 0 && len(f.running) < f.slots {
		return Wait{At: f.at, Low: f.at, High: f.at.Add(time.Second)}
	}
	for _, left := range f.running {
		work += left
	}
	mine, all := laneRates[lane], laneRates[lane]
	for _, other := range Lanes() {
		if other != lane && len(f.ahead[other]) > 0 && !f.held[other] {
			all += laneRates[other]
		}
	}
	d := float64(work) * float64(all) / float64(mine) / float64(f.slots)
	after := func(ratio float64) time.Time { return f.at.Add(time.Duration(d * ratio)) }
	return Wait{At: after(1), Low: after(f.low), High: after(f.high).Add(time.Second)}
}

// past is how right forecasts were.
type past struct {
	mu     sync.Mutex
	ratios []float64 // real over foretold wait, of the last ones
	next   int
	count  int64 // foretold, all
	inside int64 // of them within their range
	errors []float64
}

// The past that is remembered, how much of it is needed to judge, and what stands in for it before.
const (
	pastKept, pastNeeded = 256, 20
	firstLow, firstHigh  = 0.4, 2.5
)

// note compares what was said of a ticket with when it starts.
func (p *past) note(t Ticket, now time.Time) {
	if t.Expected.At.IsZero() || t.Attempt > 1 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	if !now.Before(t.Expected.Low) && !now.After(t.Expected.High) {
		p.inside++
	}
	foretold, real := t.Expected.At.Sub(t.QueuedAt), now.Sub(t.QueuedAt)
	ratio := float64(real+100*time.Millisecond) / float64(foretold+100*time.Millisecond)
	off := math.Abs(float64(real - foretold))
	if len(p.ratios) < pastKept {
		p.ratios, p.errors = append(p.ratios, ratio), append(p.errors, off)
		return
	}
	p.ratios[p.next], p.errors[p.next] = ratio, off
	p.next = (p.next + 1) % pastKept
}

// between is the range of ratios that nine of ten waits were in.
func (p *past) between() (low, high float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ratios) < pastNeeded {
		return firstLow, firstHigh
	}
	sorted := slices.Sorted(slices.Values(p.ratios))
	low, high = sorted[len(sorted)/20], sorted[len(sorted)-1-len(sorted)/20]
	return min(low, 0.9), max(high, 1.1)
}

// Accuracy is how right the waits were that people were told.
type Accuracy struct {
	Foretold int64
	Inside   float64       // share within the range, 0 … 1
	Error    time.Duration // median of how far off, of the last 256
}

func (p *past) accuracy() Accuracy {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := Accuracy{Foretold: p.count}
	if p.count > 0 {
		a.Inside = float64(p.inside) / float64(p.count)
		sorted := slices.Sorted(slices.Values(p.errors))
		a.Error = time.Duration(sorted[len(sorted)/2])
	}
	return a
}

// Accuracy tells how right this process's forecasts were.
func (d *Dispatcher) Accuracy() Accuracy { return d.past.accuracy() }

// forecastAge is how old a forecast may be that is told.
const forecastAge = time.Second

// Forecast returns the line as it was at most a second ago.
func (d *Dispatcher) Forecast(ctx context.Context) (*Forecast, error) {
	d.telling.Lock()
	defer d.telling.Unlock()
	now := d.clock.Now()
	if f := d.told; f != nil && now.Sub(f.at) < forecastAge && !now.Before(f.at) {
		return f, nil
	}
	low, high := d.past.between()
	f, err := readForecast(ctx, d.db, now, low, high)
	if err == nil {
		d.told = f
	}
	return f, err
}
