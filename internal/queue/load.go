package queue

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Which model is loaded where, and what has to go for it: decided by demand and age, as pure functions of what the rows say.
//
// Which: of the models that work waits for and no machine has, the one with the highest score: ten for each waiting
// ticket, and one for each second that the oldest of them has waited (the rule SwarmUI publishes for its backends). Only
// tickets inside their accounts' windows count, so a flood is no more demand than its account may run at once.
//
// Where: a machine that can, does not load anything yet, and has room; else one where room can be made by evicting models
// that nobody waits for, the least recently used first, or that another machine has, too, and that are wanted half as much. A model
// gets a second machine when those that have it would work on what waits for longer than four loads take.
//
// A model that work waits for and that is nowhere else is evicted only for one that nobody has and that is overdue: the turn
// of whose first ticket came more than the patience ago (30 s, or four loads of the slower of both). Among overdue models the
// one whose turn came first goes first, whatever the scores, or a model that few people use would wait for ever. And while
// work waits for a model it stays for its dwell, three loads, so that at least three quarters of a machine's time are work.
//
// Bound: let n be the models whose turn came before, of those that only the same machine can load. A ticket of a cold model
// starts at the latest patience + (n + 1) × (dwell + longest run + load) after its turn by fair.go; without others, when the
// machine has had its models for their dwell, patience + longest run + load (TestLoads_AColdModelStartsWithinTheBound).

const (
	scoreTicket  = 10               // a waiting ticket weighs as much as so many seconds of waiting
	patienceLess = 30 * time.Second // the patience at least
	patienceMore = 4                // times the longer of both models' loads
	dwellMore    = 3                // times its own load a model stays, while work waits for it
	loadUnknown  = 10 * time.Second // stands in for the load of a model that was never loaded
	copyMore     = 4                // a second copy pays when the holders have work for so many loads
	wantedLess   = 2                // a copy goes for a model that is wanted so many times as much
	loadAttempts = 5                // after which a load has failed; what waits asks for another one a minute later
)

// demand is what waits for a model, of what is inside windows and may start.
type demand struct {
	tickets int
	oldest  time.Time     // when the oldest ticket came
	due     bool          // the turn of one has come
	work    time.Duration // of one slot, for all of it
}

func (d demand) score(now time.Time) float64 {
	if d.tickets == 0 {
		return 0
	}
	return scoreTicket*float64(d.tickets) + max(0, now.Sub(d.oldest).Seconds())
}

// staging is all that is known when it is decided what is loaded.
type staging struct {
	now    time.Time
	hosts  []host // with what they run, by name
	open   []ModelLoad
	failed map[modelKey]time.Time // until when a model that could not be loaded is not asked for
	demand map[modelKey]demand
	took   map[modelKey]time.Duration // what the last load of a model took

	counted map[modelKey]int // see holders
}

// times of a load that may never have been measured.
func (s *staging) load(k modelKey) time.Duration { return cmp.Or(s.took[k], loadUnknown) }

// patience is how long a cold model waits from its turn on before another one has to go for which work waits.
func (s *staging) patience(cold, warm modelKey) time.Duration {
	return max(patienceLess, patienceMore*max(s.load(cold), s.load(warm)))
}

// dwell is how long a model stays at least while work waits for it.
func (s *staging) dwell(k modelKey) time.Duration { return dwellMore * s.load(k) }

// held reports whether somebody loads it, or makes room for it.
func (s *staging) held(l ModelLoad) bool { return l.Until.After(s.now) }

// asks lists the models that somebody waits for and that no machine has or is asked to load; and those of which too few have it.
func (s *staging) asks() (asked []modelKey) {
	for k, d := range s.demand {
		if d.tickets > 0 && !s.failed[k].After(s.now) && !s.waits(k) && s.short(k) {
			asked = append(asked, k)
		}
	}
	slices.SortFunc(asked, compareModels)
	return asked
}

// waits reports whether a load of the model is open that nobody has taken.
func (s *staging) waits(k modelKey) bool {
	return slices.ContainsFunc(s.open, func(l ModelLoad) bool { return l.key() == k && !s.held(l) })
}

// short reports whether another machine should have the model: none has it, or those that do would work on what waits for
// longer than copyMore loads take.
func (s *staging) short(k modelKey) bool {
	slots, able, loading := 0, false, s.loading(k)
	for _, h := range s.hosts {
		able = able || h.cold(k)
		if h.ready(k) || loading[h.owner] {
			slots += h.slots
		}
	}
	return able && (slots == 0 || s.demand[k].work/time.Duration(slots) > copyMore*s.load(k))
}

// loading is the owners that load the model now, or make room for it.
func (s *staging) loading(k modelKey) map[string]bool {
	var owners map[string]bool
	for i := range s.open {
		if l := &s.open[i]; l.Model == k.model && l.Engine == k.engine && s.held(*l) {
			if owners == nil {
				owners = map[string]bool{}
			}
			owners[l.Owner] = true
		}
	}
	return owners
}

// drops reports whether nobody needs the load any more: nothing waits for the model; or nobody has begun, and those who have
// the model are enough.
func (s *staging) drops(l ModelLoad) bool {
	return s.demand[l.key()].tickets == 0 || !s.held(l) && s.holders(l.key()) > 0 && !s.short(l.key())
}

// due reports whether the turn of the model's first ticket has come: it has when others started that came later, or when a
// machine that could load it has nothing to do.
func (s *staging) due(k modelKey) bool {
	return s.demand[k].due || slices.ContainsFunc(s.hosts, func(h host) bool { return h.cold(k) && h.free() > 0 })
}

// order is a load that a host has to begin, and what has to go for it.
type order struct {
	load  ModelLoad
	host  string
	evict []modelKey
}

// decide gives out the loads that can begin now, at most one to a host.
func (s *staging) decide() (orders []order) {
	busy := map[string]bool{}
	for _, l := range s.open {
		if s.held(l) {
			busy[l.Owner] = true
		}
	}
	for _, l := range s.line() {
		if h, evict := s.place(l, busy); h != "" {
			busy[h] = true
			orders = append(orders, order{l, h, evict})
		}
	}
	return orders
}

// line is the loads that may begin: the overdue ones by their turn, then the others by score.
func (s *staging) line() []ModelLoad {
	var line []ModelLoad
	for _, l := range s.open {
		if !s.held(l) && !l.NotBefore.After(s.now) {
			line = append(line, l)
		}
	}
	late := func(l ModelLoad) bool { return !l.DueAt.IsZero() && s.now.Sub(l.DueAt) >= s.patience(l.key(), l.key()) }
	slices.SortFunc(line, func(a, b ModelLoad) int {
		switch la, lb := late(a), late(b); {
		case la && lb && !a.DueAt.Equal(b.DueAt):
			return a.DueAt.Compare(b.DueAt)
		case la != lb && la:
			return -1
		case la != lb:
			return 1
		}
		return cmp.Or(cmp.Compare(s.part(b.key()), s.part(a.key())), compareModels(a.key(), b.key()), cmp.Compare(a.ID, b.ID))
	})
	return line
}

// place finds the host for a load: where least is lost, then one with a free slot, then the one with most room. The one where
// the load failed last comes last.
func (s *staging) place(l ModelLoad, busy map[string]bool) (owner string, evict []modelKey) {
	type offer struct {
		host
		evict  []modelKey
		wanted int // of what has to go, models that work waits for
	}
	var best *offer
	better := func(a, b *offer) bool {
		again := func(o *offer) int { // it failed here
			if l.Attempt > 0 && l.Owner == o.owner {
				return 1
			}
			return 0
		}
		full := func(o *offer) int { return -min(1, o.free()) }
		return cmp.Or(again(a)-again(b), a.wanted-b.wanted, len(a.evict)-len(b.evict), full(a)-full(b),
			cmp.Compare(a.taken()-a.memory, b.taken()-b.memory), cmp.Compare(a.owner, b.owner)) < 0
	}
	another := s.another(l)
	for _, h := range s.hosts {
		if busy[h.owner] || h.slots == 0 || !h.cold(l.key()) || another[h.owner] {
			continue
		}
		evict, wanted, ok := s.room(h, l)
		if o := (&offer{h, evict, wanted}); ok && (best == nil || better(o, best)) {
			best = o
		}
	}
	if best == nil {
		return "", nil
	}
	return best.owner, best.evict
}

// another is the owners of other open loads of the same model.
func (s *staging) another(l ModelLoad) map[string]bool {
	var owners map[string]bool
	for i := range s.open {
		if o := &s.open[i]; o.Model == l.Model && o.Engine == l.Engine && o.ID != l.ID {
			if owners == nil {
				owners = map[string]bool{}
			}
			owners[o.Owner] = true
		}
	}
	return owners
}

// room is what has to go from a host so that the load has room, if that is allowed now: what nobody waits for first, then what
// is wanted less; in each the least recently used first.
func (s *staging) room(h host, l ModelLoad) (evict []modelKey, wanted int, ok bool) {
	need := h.models[l.key()].memory
	if h.memory == 0 {
		return nil, 0, true
	}
	if need > h.memory {
		return nil, 0, false
	}
	short := need - (h.memory - h.taken())
	for _, k := range s.evictable(h, l) {
		if short <= 0 {
			break
		}
		evict = append(evict, k)
		short -= h.models[k].memory
		if s.demand[k].tickets > 0 {
			wanted++
		}
	}
	return evict, wanted, short <= 0
}

// evictable lists the models of a host that may go for a load, the first to go first.
func (s *staging) evictable(h host, l ModelLoad) []modelKey {
	var list []modelKey
	for k, m := range h.models {
		if m.loads && m.resident && m.memory > 0 && s.mayGo(h, k, l) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b modelKey) int {
		sa, sb := s.part(a), s.part(b)
		return cmp.Or(cmp.Compare(sa, sb), min(1, h.working(a))-min(1, h.working(b)),
			later(h.models[a].used, h.models[a].since).Compare(later(h.models[b].used, h.models[b].since)), compareModels(a, b))
	})
	return list
}

// mayGo reports whether a model may be evicted for a load: when nobody waits for it; or, after its dwell, when another machine
// has it and it is wanted less, or for an overdue model that nobody has.
func (s *staging) mayGo(h host, k modelKey, l ModelLoad) bool {
	if s.demand[k].tickets == 0 {
		return true
	}
	if s.now.Sub(h.models[k].since) < s.dwell(k) {
		return false
	}
	if s.holders(k) > 1 && wantedLess*s.part(k) < s.part(l.key()) {
		return true
	}
	return s.holders(l.key()) == 0 && !l.DueAt.IsZero() && s.now.Sub(l.DueAt) >= s.patience(l.key(), k)
}

// part is the score of a model for each machine that has it.
func (s *staging) part(k modelKey) float64 {
	return s.demand[k].score(s.now) / float64(max(1, s.holders(k)))
}

// holders counts the machines that have a model.
func (s *staging) holders(k modelKey) int {
	if n, known := s.counted[k]; known {
		return n
	}
	n := 0
	for _, h := range s.hosts {
		if h.ready(k) {
			n++
		}
	}
	if s.counted == nil {
		s.counted = map[modelKey]int{}
	}
	s.counted[k] = n
	return n
}

// stuck says why a load cannot begin anywhere, whatever happens; empty = it can.
func (s *staging) stuck(k modelKey) string {
	var most, need int64
	for _, h := range s.hosts {
		if !h.cold(k) {
			continue
		}
		m := h.models[k].memory
		if h.memory == 0 || m <= h.memory {
			return ""
		}
		most, need = max(most, h.memory), m
	}
	if need == 0 {
		return "no machine that works has this model"
	}
	return fmt.Sprintf("it takes %d MiB, and no machine has more than %d MiB for models: raise --model-memory", need>>20, most>>20)
}

// idle lists the models of a host that nobody waits for and that have not worked for so long; 0 = never.
func (s *staging) idle(h host, after time.Duration) (list []modelKey) {
	for k, m := range h.models {
		used := later(m.used, m.since)
		if after > 0 && m.loads && m.resident && !used.IsZero() && s.now.Sub(used) >= after && s.demand[k].tickets == 0 && h.working(k) == 0 {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, compareModels)
	return list
}
