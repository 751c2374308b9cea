package queue

import (
	"slices"
	"time"
)

// What a simulation measures.

// forecast is the line at most simLook ago.
func (s *simulator) forecast() *Forecast {
	at := s.time()
	if s.told != nil && at.Sub(s.told.at) < simLook {
		return s.told
	}
	f := &Forecast{
		works: map[string]bool{simEngine: true},
		at:    at, slots: s.Slots, ahead: map[string][]standing{}, shares: map[string][]Share{}, typical: simPace, lessons: s.past.lessons(),
	}
	for j, began := range s.runs {
		whole := f.takes(simEngine, "", j.Weight)
		f.running = append(f.running, max(whole/10, whole-(s.now-began)))
	}
	for _, name := range Lanes() {
		var list []*simJob
		for _, model := range s.models {
			if l := s.turns[simLine{name, model}]; l != nil {
				list = append(list, l.list...)
			}
		}
		slices.SortFunc(list, func(a, b *simJob) int { return compareTurns(a.Ticket, b.Ticket) })
		var work time.Duration
		for _, j := range list {
			work += f.takes(simEngine, "", j.Weight)
			f.ahead[name] = append(f.ahead[name], standing{j.Start, j.ID, work})
		}
	}
	f.lanes = s.past.goings(&s.machine)
	f.loading = map[modelKey]Loading{}
	for _, model := range s.models {
		if k := (modelKey{simEngine, model}); len(s.at[model]) == 0 {
			f.loading[k] = Loading{Ready: at.Add(s.LoadTime)}
		}
	}
	for _, share := range s.shares {
		if share.Waiting > 0 {
			f.shares[share.Lane] = append(f.shares[share.Lane], *share)
		}
	}
	for _, name := range Lanes() {
		s.past.speeds.see(at, name, s.machine.lanes[name].Now, len(f.ahead[name])+len(f.shares[name]) > 0)
	}
	s.told = f
	return f
}

// period ends one over which fairness is measured.
func (s *simulator) period() {
	var sum, squares, n float64
	for k, share := range s.shares {
		if share.Waiting == 0 || s.idle[k.share] || k.lane != LaneAPI {
			continue
		}
		x := s.served[k.share]
		sum, squares, n = sum+x, squares+x*x, n+1
	}
	if n > 1 && squares > 0 {
		s.jains = append(s.jains, sum*sum/(n*squares))
	}
	clear(s.served)
	clear(s.idle)
	for k, share := range s.shares {
		if share.Waiting == 0 {
			s.idle[k.share] = true
		}
	}
}

func (s *simulator) finish() Report {
	r := &s.report
	for _, j := range s.jains {
		r.Jain += j / float64(len(s.jains))
	}
	quantile := func(list []time.Duration, p float64) time.Duration {
		slices.Sort(list)
		if len(list) == 0 {
			return 0
		}
		return list[min(int(p*float64(len(list))), len(list)-1)]
	}
	r.WaitP50, r.WaitP99 = quantile(s.waits, 0.5), quantile(s.waits, 0.99)
	r.LightP50, r.LightP99 = quantile(s.light, 0.5), quantile(s.light, 0.99)
	if s.FIFO { // there a slot that loads does nothing else
		s.full -= float64(r.Loads) * s.LoadTime.Seconds()
	}
	r.Utilisation = s.full / max(1, s.could)
	r.Foretold = s.past.accuracy()
	foretold, inside := s.past.total()
	if r.Foretold.Foretold = int(foretold); foretold > 0 {
		r.Foretold.Inside = float64(inside) / float64(foretold)
	}
	r.Decision = s.spent / time.Duration(max(1, s.choices))
	r.Starved += s.in // what never started
	r.Loading = float64(r.Loads) * s.LoadTime.Seconds() / max(1, float64(s.Slots)*s.now.Seconds())
	r.Together = float64(len(s.waits)) / float64(max(1, s.batches))
	return *r
}
