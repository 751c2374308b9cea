package queue

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Wait is when a ticket is expected to start, and between what. The zero value: not known.
type Wait struct {
	At, Low, High time.Time

	// Work is how long the slots work on what is ahead, without what was learned from earlier waits; 0 = it starts at once.
	Work time.Duration
}

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
// behind what is left of the running work; or, where that is longer, until the lane's time comes to its turn (speed.go). It is
// told times what that was wrong by lately (past.go).
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
	lessons *lessons             // of earlier forecasts
	lanes   map[string]laneGoing // how fast their turns come

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
func readForecast(ctx context.Context, q db.Queryer, now time.Time, p *past) (*Forecast, error) {
	f := &Forecast{at: now, ahead: map[string][]standing{}, shares: map[string][]Share{}, held: map[string]bool{}, kept: map[shareKey]kept{}, lessons: p.lessons()}
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
	f.lanes = p.goings(m)
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
	p := Place{Position: n + 1, Wait: f.wait(t.Lane, n, work, t.Start)}
	if l, cold := f.loading[t.key()]; cold {
		p.Loading, p.Wait = &l, p.Wait.after(l, f.at)
	}
	return p
}

// wait is when work begins that has n tickets of its lane before it, which take so long together, and so late a turn.
func (f *Forecast) wait(lane string, n int, work time.Duration, turn int64) Wait {
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
	d = max(d, float64(f.turnIn(lane, turn)))
	r := f.lessons.of(time.Duration(d))
	after := func(ratio float64) time.Time { return f.at.Add(time.Duration(d * ratio)) }
	return Wait{At: after(r.middle), Low: after(r.low), High: after(r.high).Add(time.Second), Work: time.Duration(d)}
}

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
	f, err := readForecast(ctx, d.db, now, d.past)
	if err == nil {
		d.told = f
	}
	return f, err
}
