package queue

import (
	"container/heap"
	"fmt"
	"time"
)

// Loads of a simulation, by the rules of load.go.

// wait puts a job into the line that has its turn.
func (s *simulator) wait(j *simJob) {
	heap.Push(s.lineOf(j), j)
	s.behind[j.Model] += j.Weight
}

// waits sums up what waits for each model.
func (s *simulator) demand() map[modelKey]demand {
	all := map[modelKey]demand{}
	for _, m := range s.models {
		var d demand
		for _, name := range Lanes() {
			l := s.turns[simLine{name, m}]
			if l == nil || l.Len() == 0 {
				continue
			}
			d.tickets += l.Len()
			first := l.list[0]
			if at := time.Unix(0, 0).Add(first.arrived); d.oldest.IsZero() || at.Before(d.oldest) {
				d.oldest = at
			}
			d.due = d.due || first.Start < s.machine.lanes[name].Now
		}
		if d.tickets > 0 {
			d.work = timeOf(simPace, s.behind[m])
			all[modelKey{simEngine, m}] = d
		}
	}
	return all
}

// stage decides what is loaded, and again after a moment.
func (s *simulator) stage() {
	if s.now < s.Day || s.in > 0 {
		s.after(simStage, s.stage)
	}
	st := &s.staging
	st.now, st.demand, st.counted = s.time(), s.demand(), nil
	kept := st.open[:0]
	for _, l := range st.open {
		if st.drops(l) && !st.held(l) {
			continue
		}
		if l.DueAt.IsZero() && st.due(l.key()) {
			l.DueAt = st.now
		}
		kept = append(kept, l)
	}
	st.open = kept
	for _, k := range st.asks() {
		s.asked++
		l := ModelLoad{ID: fmt.Sprintf("%08d", s.asked), Engine: k.engine, Model: k.model, State: LoadWaiting, AskedAt: st.now}
		if st.due(k) {
			l.DueAt = st.now
		}
		st.open = append(st.open, l)
	}
	for _, o := range st.decide() {
		s.take(o)
	}
}

// take lets a slot make room for a load.
func (s *simulator) take(o order) {
	for i := range s.staging.open {
		if l := &s.staging.open[i]; l.ID == o.load.ID {
			l.Owner, l.Until = o.host, s.time().Add(1000*time.Hour) // as long as the slot lives
		}
	}
	for g := range s.gpus {
		if s.staging.hosts[g].owner == o.host {
			s.change(g, func() { s.gpus[g].loading, s.gpus[g].leaving = o.load.ID, o.evict })
			s.makeRoom(g)
			return
		}
	}
}

// makeRoom begins the load that a slot has taken, when nothing works on what has to go.
func (s *simulator) makeRoom(g int) {
	gpu := &s.gpus[g]
	if gpu.loading == "" {
		return
	}
	for _, k := range gpu.leaving {
		if s.staging.hosts[g].working(k) > 0 {
			return
		}
	}
	id := gpu.loading
	at := -1
	for i, l := range s.staging.open {
		if l.ID == id && l.State == LoadWaiting {
			at = i
		}
	}
	if at < 0 {
		return // it is loading already
	}
	s.staging.open[at].State, s.staging.open[at].StartedAt = LoadLoading, s.time()
	k := s.staging.open[at].key()
	s.change(g, func() {
		for _, k := range gpu.leaving {
			s.set(g, k, false)
			s.report.Evictions++
		}
		gpu.leaving = nil
	})
	s.report.Loads++
	s.after(s.LoadTime, func() {
		if gpu.loading != id {
			return // the slot failed
		}
		s.change(g, func() { gpu.loading = ""; s.set(g, k, true) })
		for i, l := range s.staging.open {
			if l.ID == id {
				s.staging.open = append(s.staging.open[:i], s.staging.open[i+1:]...)
				break
			}
		}
	})
}
