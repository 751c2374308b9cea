package queue

import (
	"container/heap"
	"fmt"
	"math"
	"slices"
	"time"

	"bottega/internal/clock"
)

// The slots of a simulation: what they have in memory, and what they work on. A slot is a GPU that works on one batch at a time
// and loads a model beside that.

type simLine struct{ lane, model string }

// simGPU is a slot. Its host is what the rules of load.go see of it.
type simGPU struct {
	batch   *simBatch
	loading string // model; empty = none
	leaving []modelKey
	down    bool
}

// simBatch is jobs that are worked on together.
type simBatch struct {
	gpu  int
	jobs []*simJob
	lost bool
}

const (
	simBytes = 1 << 30 // of a model
	simStage = 2 * time.Second
)

// build puts the slots up: the models are spread over them, as many as have room.
func (s *simulator) build() {
	s.models = []string{""}
	if s.Models > 0 {
		s.models = nil
		for i := range s.Models {
			s.models = append(s.models, fmt.Sprintf("m%03d", i))
		}
	}
	s.gpus = make([]simGPU, s.Slots)
	s.staging.took = map[modelKey]time.Duration{}
	for _, m := range s.models {
		s.staging.took[modelKey{simEngine, m}] = s.LoadTime
	}
	for i := range s.gpus {
		h := host{owner: fmt.Sprintf("gpu%04d", i), slots: 1, memory: int64(s.Memory) * simBytes, engines: map[string]bool{simEngine: true}, models: map[modelKey]onHost{}}
		if s.Models > 0 {
			for n, m := range s.models {
				h.models[modelKey{simEngine, m}] = onHost{loads: true, memory: simBytes, resident: (n-i*s.Memory%s.Models+s.Models)%s.Models < s.Memory}
			}
		}
		s.staging.hosts = append(s.staging.hosts, h)
		for _, m := range s.models {
			if h.ready(modelKey{simEngine, m}) {
				s.at[m] = append(s.at[m], i)
				s.avail[m]++
			}
		}
	}
	if s.Models > 0 && !s.FIFO {
		s.after(simStage, s.stage)
	}
}

// model is what a session asks for, by Zipf's law.
func (s *simulator) model() string {
	if s.Models == 0 {
		return ""
	}
	sum := 0.0
	for k := range s.models {
		sum += 1 / float64(k+1)
	}
	at := s.rng.Float64() * sum
	for k, m := range s.models {
		if at -= 1 / float64(k+1); at <= 0 {
			return m
		}
	}
	return s.models[0]
}

// lineOf is where a job waits for its turn.
func (s *simulator) lineOf(j *simJob) *ordered[*simJob] { return s.lineAt(j.Lane, j.Model) }

func (s *simulator) lineAt(lane, model string) *ordered[*simJob] {
	k := simLine{lane, model}
	if s.turns[k] == nil {
		s.turns[k] = &ordered[*simJob]{before: func(a, b *simJob) bool {
			return a.Start < b.Start || (a.Start == b.Start && a.ID < b.ID)
		}}
	}
	return s.turns[k]
}

// can reports whether a slot would begin with the model now.
func (s *simulator) can(g int, model string) bool {
	k := modelKey{simEngine, model}
	return s.gpus[g].batch == nil && !s.gpus[g].down && s.staging.hosts[g].ready(k) && !slices.Contains(s.gpus[g].leaving, k)
}

// change changes a slot, and counts again which models could begin.
func (s *simulator) change(g int, what func()) {
	count := func(by int) {
		for k, m := range s.staging.hosts[g].models {
			if m.resident && s.can(g, k.model) {
				s.avail[k.model] += by
			}
		}
		if s.Models == 0 && s.can(g, "") {
			s.avail[""] += by
		}
	}
	count(-1)
	what()
	count(1)
}

// set makes a model resident on a slot, or takes it out.
func (s *simulator) set(g int, k modelKey, resident bool) {
	m := s.staging.hosts[g].models[k]
	m.resident, m.since = resident, s.time()
	s.staging.hosts[g].models[k] = m
	if resident {
		s.at[k.model] = append(s.at[k.model], g)
		return
	}
	s.at[k.model] = slices.DeleteFunc(s.at[k.model], func(i int) bool { return i == g })
}

// time is the simulated time.
func (s *simulator) time() time.Time { return time.Unix(0, 0).Add(s.now) }

// heads is the first job of each lane, of one model or of those that could begin.
func (s *simulator) heads(models ...string) map[string][]Ticket {
	heads := map[string][]Ticket{}
	for _, name := range Lanes() {
		var first *simJob
		for _, m := range models {
			l := s.turns[simLine{name, m}]
			if l == nil || l.Len() == 0 || s.avail[m] <= 0 && len(models) > 1 {
				continue
			}
			if first == nil || l.before(l.list[0], first) {
				first = l.list[0]
			}
		}
		if first != nil {
			heads[name] = []Ticket{first.Ticket}
		}
	}
	return heads
}

// choose takes the next job off the line.
func (s *simulator) choose(models ...string) *simJob {
	began := clock.System{}.Now()
	chosen := s.machine.pick(s.heads(models...), s.running, 1, func(string) int { return math.MaxInt })
	s.spent += clock.System{}.Now().Sub(began)
	s.choices++
	if len(chosen) == 0 {
		return nil
	}
	return heap.Pop(s.lineAt(chosen[0].Lane, chosen[0].Model)).(*simJob)
}

// dispatch starts what may start.
func (s *simulator) dispatch() {
	if s.FIFO && s.Models > 0 {
		s.firstCome()
		return
	}
	for s.busy < len(s.gpus)-s.down {
		if len(s.models) == 1 && s.avail[s.models[0]] <= 0 {
			return
		}
		j := s.choose(s.models...)
		if j == nil {
			return
		}
		g := slices.IndexFunc(s.at[j.Model], func(g int) bool { return s.can(g, j.Model) })
		s.startBatch(s.at[j.Model][g], s.together(j))
	}
}

// together is a job with those of the same model that are worked on with it, by their turns.
func (s *simulator) together(j *simJob) []*simJob {
	jobs := []*simJob{j}
	for len(jobs) < s.Batch {
		next := s.choose(j.Model)
		if next == nil {
			break
		}
		jobs = append(jobs, next)
	}
	return jobs
}

// firstCome gives the first of the line a slot that has its model, or one that loads it, in place of what was used least
// recently there.
func (s *simulator) firstCome() {
	for s.busy < len(s.gpus)-s.down {
		model, found := "", false
		var first *simJob
		for _, m := range s.models {
			if l := s.turns[simLine{LaneFast, m}]; l != nil && l.Len() > 0 && (first == nil || l.before(l.list[0], first)) {
				first, model, found = l.list[0], m, true
			}
		}
		if !found {
			return
		}
		if i := slices.IndexFunc(s.at[model], func(g int) bool { return s.can(g, model) }); i >= 0 {
			s.startBatch(s.at[model][i], s.together(s.choose(model)))
			continue
		}
		g := s.leastUsed()
		if g < 0 {
			return
		}
		k := modelKey{simEngine, model}
		s.change(g, func() {
			if h := s.staging.hosts[g]; h.taken()+simBytes > h.memory {
				s.set(g, s.oldest(g), false)
				s.report.Evictions++
			}
			s.set(g, k, true)
		})
		s.report.Loads++
		s.startBatchAfter(g, s.together(s.choose(model)), s.LoadTime)
	}
}

// oldest is the model of a slot that was used least recently.
func (s *simulator) oldest(g int) (old modelKey) {
	for k, m := range s.staging.hosts[g].models {
		o := s.staging.hosts[g].models[old]
		if m.resident && (old == modelKey{} || m.used.Before(o.used) || m.used.Equal(o.used) && compareModels(k, old) < 0) {
			old = k
		}
	}
	return old
}

// leastUsed is the free slot whose oldest model was used least recently; -1 without one.
func (s *simulator) leastUsed() int {
	best := -1
	var at time.Time
	for g := range s.gpus {
		if s.gpus[g].batch != nil || s.gpus[g].down {
			continue
		}
		if used := s.staging.hosts[g].models[s.oldest(g)].used; best < 0 || used.Before(at) {
			best, at = g, used
		}
	}
	return best
}

func (s *simulator) startBatch(g int, jobs []*simJob) { s.startBatchAfter(g, jobs, 0) }

// startBatchAfter works on jobs together when the slot has loaded for so long.
func (s *simulator) startBatchAfter(g int, jobs []*simJob, loads time.Duration) {
	b := &simBatch{gpu: g, jobs: jobs}
	k := jobs[0].key()
	s.change(g, func() { s.gpus[g].batch = b })
	s.staging.hosts[g].runs = []run{{model: k}}
	if m, ok := s.staging.hosts[g].models[k]; ok {
		m.used = s.time()
		s.staging.hosts[g].models[k] = m
	}
	s.busy++
	took := 0.0
	for _, j := range jobs {
		s.start(j, loads)
		took += s.seconds(j.Weight)
	}
	n := float64(len(jobs))
	took *= (1 - s.Gain*(n-1)/n) * math.Exp(s.rng.NormFloat64()*0.2)
	s.batches++
	s.after(loads+time.Duration(took*float64(time.Second)), func() { s.over(b) })
}

func (s *simulator) over(b *simBatch) {
	if b.lost {
		return
	}
	s.freeSlot(b)
	for _, j := range b.jobs {
		s.end(j)
	}
	s.makeRoom(b.gpu)
}

func (s *simulator) freeSlot(b *simBatch) {
	s.busy--
	s.staging.hosts[b.gpu].runs = nil
	s.change(b.gpu, func() { s.gpus[b.gpu].batch = nil })
}

// fail loses what a slot ran, had in memory and was loading; the work goes back with its turn, and the slot is away for a while.
func (s *simulator) fail() {
	if s.now > s.Day {
		return
	}
	s.after(s.exponential(s.Fails/time.Duration(s.Slots)), s.fail)
	g := s.rng.IntN(len(s.gpus))
	for s.gpus[g].batch == nil {
		if s.busy == 0 {
			return
		}
		g = (g + 1) % len(s.gpus)
	}
	b := s.gpus[g].batch
	b.lost = true
	s.freeSlot(b)
	for _, j := range b.jobs {
		s.lose(j)
	}
	s.change(g, func() {
		s.gpus[g].down, s.gpus[g].loading, s.gpus[g].leaving = true, "", nil
		for k, m := range s.staging.hosts[g].models {
			if m.resident {
				s.set(g, k, false)
			}
		}
		s.staging.hosts[g].engines = nil
	})
	s.down++
	for i := range s.staging.open {
		if s.staging.open[i].Owner == s.staging.hosts[g].owner {
			s.staging.open[i].Until, s.staging.open[i].State = time.Time{}, LoadWaiting // its lease runs out
		}
	}
	s.after(simRepair, func() {
		s.down--
		s.change(g, func() {
			s.gpus[g].down = false
			s.staging.hosts[g].engines = map[string]bool{simEngine: true}
		})
	})
}

func (s *simulator) lose(j *simJob) {
	delete(s.runs, j)
	on := s.running[j.AccountID]
	on.all--
	if j.Lane == LaneRelaxed {
		on.relaxed--
	}
	s.running[j.AccountID] = on
	again := *j
	j.ended = true
	s.in++
	s.report.Lost++
	s.wait(&again)
}
