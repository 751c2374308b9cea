package queue

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"bottega/internal/token"
)

// Simulation drives the rules of this package (windows, turns, lanes, forecasts) with a simulated clock and engines, in
// memory, over many accounts: the tests ask it about bounds, the benchmarks about a day of a large installation.
type Simulation struct {
	Accounts int
	Slots    int           // GPUs
	Day      time.Duration // how long work comes in; then the rest is worked off
	// Load is the work that comes in over what the slots can do, on average over the day; it swings as a sine between
	// nothing and twice that.
	Load   float64
	Floods int           // accounts that hand in hundreds at once, together about a third of the work
	Fails  time.Duration // mean time between failures of a slot, which loses what it ran and is away five minutes; 0 = never
	Seed   uint64
	FIFO   bool // first come, first served, and what was used least recently is evicted, for comparison

	Models   int           // that work asks for, the k-th one k times as rarely as the first; 0 = one that is always ready
	Memory   int           // models that a slot has in memory at once
	LoadTime time.Duration // of a model
	Batch    int           // jobs of one model that a slot works on together at most; 0 = one
	Gain     float64       // what together saves of all but one of them, 0 to 1
}

// Report is how a simulation went.
type Report struct {
	Jobs        int
	Jain        float64 // fairness index of compute by rate among accounts that had work waiting all through four hours; the mean
	Starved     int     // first jobs of accounts that waited longer than the bound of fair.go allows
	Utilisation float64 // of the slots, while anything waited
	WaitP50     time.Duration
	WaitP99     time.Duration
	LightP50    time.Duration // wait of paid jobs whose account had nothing in the lane
	LightP99    time.Duration
	Foretold    Accuracy
	Lost        int           // runs that a failing slot lost; each ran again
	Decision    time.Duration // mean of one choice

	Loads, Evictions int
	Loading          float64 // part of the slots' time that they load, while they may work on what they have
	Together         float64 // jobs that are worked on at once, on average
}

const (
	simLimit    = 3         // an account's window
	simPace     = time.Hour // of a thousand tokens: 3.6 s a token
	simRepair   = 5 * time.Minute
	simPeriod   = 4 * time.Hour // over which fairness is measured
	simLook     = 30 * time.Second
	simForetold = 10 // every so manieth job is told its wait
	simEngine   = "simulated"
	simLargest  = 40 // tokens of the largest job
)

type simJob struct {
	Ticket
	arrived time.Duration
	paid    bool
	bound   time.Duration // longest wait allowed; 0 = not the account's first
	ended   bool
}

type simEvent struct {
	at   time.Duration
	what func()
}

// ordered is a heap by a comparison.
type ordered[T any] struct {
	list   []T
	before func(a, b T) bool
}

func (o *ordered[T]) Len() int           { return len(o.list) }
func (o *ordered[T]) Less(i, j int) bool { return o.before(o.list[i], o.list[j]) }
func (o *ordered[T]) Swap(i, j int)      { o.list[i], o.list[j] = o.list[j], o.list[i] }
func (o *ordered[T]) Push(x any)         { o.list = append(o.list, x.(T)) }
func (o *ordered[T]) Pop() any {
	last := o.list[len(o.list)-1]
	o.list = o.list[:len(o.list)-1]
	return last
}

type simulator struct {
	Simulation
	rng     *rand.Rand
	now     time.Duration
	events  ordered[simEvent]
	machine machine
	shares  map[shareKey]*Share
	waiting map[shareKey][]*simJob // outside the windows
	turns   map[simLine]*ordered[*simJob]
	running map[string]load
	active  map[string]int // lanes with tickets, by account
	gpus    []simGPU
	at      map[string][]int // slots that have a model
	avail   map[string]int   // of them, those that do nothing
	busy    int              // slots that work
	down    int              // slots that failed
	models  []string
	staging staging
	runs    map[*simJob]time.Duration // when each began
	behind  map[string]token.Amount   // weight that has its turn and waits, by model
	asked   int                       // loads
	batches int

	served map[string]float64 // tokens by rate, in this period
	idle   map[string]bool    // accounts that had nothing outside their window at some time of it
	jains  []float64

	waits, light []time.Duration
	past         past
	told         *Forecast
	full, could  float64 // slot seconds worked and possible while anything waited
	in           int     // tickets that wait
	since        time.Duration
	spent        time.Duration
	choices      int
	report       Report
}

// Run runs the simulation to its end.
func (c Simulation) Run() Report {
	s := &simulator{
		Simulation: c, rng: rand.New(rand.NewPCG(c.Seed, 1)), at: map[string][]int{}, avail: map[string]int{},
		machine: machine{lanes: map[string]*lane{}}, shares: map[shareKey]*Share{}, waiting: map[shareKey][]*simJob{},
		turns: map[simLine]*ordered[*simJob]{}, running: map[string]load{}, active: map[string]int{}, runs: map[*simJob]time.Duration{}, behind: map[string]token.Amount{},
		served: map[string]float64{}, idle: map[string]bool{},
	}
	s.events.before = func(a, b simEvent) bool { return a.at < b.at }
	for _, name := range Lanes() {
		s.machine.lanes[name] = &lane{}
	}
	s.build()
	s.arrivals()
	if c.Fails > 0 {
		s.after(s.exponential(c.Fails/time.Duration(c.Slots)), s.fail)
	}
	for at := simPeriod; at <= c.Day; at += simPeriod {
		s.after(at, s.period)
	}
	for s.events.Len() > 0 {
		e := heap.Pop(&s.events).(simEvent)
		s.account(e.at)
		s.now = e.at
		e.what()
		s.dispatch()
	}
	return s.finish()
}

func (s *simulator) after(d time.Duration, what func()) {
	heap.Push(&s.events, simEvent{s.now + d, what})
}

func (s *simulator) exponential(mean time.Duration) time.Duration {
	return time.Duration(s.rng.ExpFloat64() * float64(mean))
}

// account adds up what the slots did until at, while anything waited.
func (s *simulator) account(at time.Duration) {
	if s.in > 0 {
		d := (at - s.since).Seconds()
		s.full += d * float64(s.busy)
		s.could += d * float64(len(s.gpus)-s.down)
	}
	s.since = at
}

// arrivals plans the sessions of the day: each hands in some jobs at once.
func (s *simulator) arrivals() {
	capacity := s.Load * float64(s.Slots) * s.Day.Seconds() // slot seconds
	for done := 0.0; done < capacity; {
		flood := s.Floods > 0 && s.rng.Float64() < 0.012
		name, lane, jobs := fmt.Sprintf("a%d", s.rng.IntN(s.Accounts)), LaneFast, 1+s.rng.IntN(6)
		switch {
		case flood:
			name, lane, jobs = fmt.Sprintf("flood%d", s.rng.IntN(s.Floods)), LaneAPI, 50+s.rng.IntN(200)
		case s.rng.Float64() < 0.1:
			lane = LaneRelaxed
		}
		at := time.Duration(s.rng.Float64() * float64(s.Day))
		if swing := 1 - math.Cos(2*math.Pi*at.Hours()/24); s.rng.Float64()*2 > swing {
			continue // less at night
		}
		weights := make([]token.Amount, jobs)
		for i := range weights {
			weights[i] = token.Whole(1 + int64(s.rng.ExpFloat64()*4)%simLargest)
			done += s.seconds(weights[i])
		}
		model := s.model()
		s.after(at, func() { s.arrive(name, lane, model, weights) })
	}
}

// seconds is how long a slot works on so much.
func (s *simulator) seconds(w token.Amount) float64 {
	return simPace.Seconds() * float64(w) / float64(token.Whole(perTokens))
}

func (s *simulator) arrive(account, lane, model string, weights []token.Amount) {
	paid := lane != LaneRelaxed
	if s.FIFO {
		lane = LaneFast // one line for all
	}
	k := shareKey{account, lane}
	share := s.shares[k]
	if share == nil {
		share = &Share{ID: account, Lane: lane, Room: simLimit}
		if lane == LaneRelaxed {
			share.Room = relaxedAtOnce
		}
		if s.FIFO {
			share.Room = math.MaxInt
		}
		s.shares[k] = share
		s.idle[account] = true // it was not there when the period began
	}
	for _, w := range weights {
		s.report.Jobs++
		j := &simJob{
			Ticket: Ticket{
				ID: fmt.Sprintf("%012d", s.report.Jobs), AccountID: account, Share: account, Lane: lane, Weight: w, Rate: Usual, Needs: simEngine, Model: model,
				QueuedAt: time.Unix(0, 0).Add(s.now),
			},
			arrived: s.now, paid: paid,
		}
		if share.Waiting+share.Admitted == 0 {
			s.active[account]++
			j.bound = s.bound(lane)
		}
		s.in++
		own, behind := share.Waiting, share.Behind
		if share.Waiting == 0 && share.open() > 0 {
			s.admit(share, j)
		} else {
			j.Start = share.Finish + turns(share.Behind, Usual)
			share.Waiting++
			share.Behind += w
			s.waiting[k] = append(s.waiting[k], j)
		}
		if s.report.Jobs%simForetold == 0 && !s.FIFO {
			j.Expected = s.forecast().Place(j.Ticket, own, behind).Wait
		}
	}
}

func (s *simulator) admit(share *Share, j *simJob) {
	share.admit(s.machine.lanes[j.Lane].Now, &j.Ticket, share)
	if s.FIFO {
		j.Start = int64(s.report.Jobs)
	}
	s.wait(j)
}

// bound is the longest wait that fair.go allows the first job of an account: what runs, and of every other account one
// largest job and as much again as its own last one, all through the lane's part of the slots.
func (s *simulator) bound(lane string) time.Duration {
	part := float64(laneRates[lane]) / float64(laneRates[LaneFast]+laneRates[LaneAPI]+laneRates[LaneRelaxed])
	largest := s.seconds(token.Whole(simLargest)) * 2 // a run may take longer than its weight says
	if s.Batch > 1 {
		largest *= float64(s.Batch)
	}
	bound := time.Duration((largest + 2*largest*float64(len(s.active))/part/float64(s.Slots)) * float64(time.Second))
	if s.Models == 0 {
		return bound
	}
	k := modelKey{simEngine, s.models[0]} // all of them load alike; load.go states this bound
	each := s.staging.dwell(k) + time.Duration(largest*float64(time.Second)) + s.LoadTime
	return bound + s.staging.patience(k, k) + time.Duration(len(s.staging.open)+1)*each
}

func (s *simulator) start(j *simJob, loads time.Duration) {
	s.in--
	s.behind[j.Model] -= j.Weight
	wait := s.now + loads - j.arrived
	s.past.note(j.Ticket, s.time().Add(loads))
	j.Attempt = 1
	s.waits = append(s.waits, wait)
	if j.bound > 0 {
		if j.paid {
			s.light = append(s.light, wait)
		}
		if wait > j.bound {
			s.report.Starved++
		}
		j.bound = 0
	}
	s.runs[j] = s.now + loads
}

func (s *simulator) end(j *simJob) {
	j.ended = true
	delete(s.runs, j)
	s.served[j.AccountID] += float64(j.Weight)
	k := shareKey{j.AccountID, j.Lane}
	share := s.shares[k]
	share.Admitted--
	on := s.running[j.AccountID]
	on.all--
	if j.Lane == LaneRelaxed {
		on.relaxed--
	}
	s.running[j.AccountID] = on
	if next := s.waiting[k]; len(next) > 0 && share.open() > 0 {
		share.Waiting--
		share.Behind -= next[0].Weight
		s.admit(share, next[0])
		s.waiting[k] = next[1:]
	}
	if share.Waiting == 0 {
		s.idle[j.AccountID] = true
	}
	if share.Waiting+share.Admitted == 0 {
		if s.active[j.AccountID]--; s.active[j.AccountID] == 0 {
			delete(s.active, j.AccountID)
		}
	}
}
