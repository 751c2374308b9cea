package queue

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func model(name string) modelKey { return modelKey{"e", name} }

// shelf is a host with room for so many models of one byte, of which some are in memory since long ago.
func shelf(owner string, slots, memory int, models string, resident ...string) host {
	h := host{owner: owner, slots: slots, memory: int64(memory), engines: map[string]bool{"e": true}, models: map[modelKey]onHost{}}
	for _, m := range models {
		h.models[model(string(m))] = onHost{loads: true, memory: 1, resident: slices.Contains(resident, string(m)), since: noon.Add(-time.Hour)}
	}
	return h
}

// waiting is a demand for models; of "a3" three tickets wait for a.
func waiting(since time.Duration, due bool, what ...string) map[modelKey]demand {
	all := map[modelKey]demand{}
	for _, w := range what {
		n := int(w[1] - '0')
		all[model(w[:1])] = demand{tickets: n, oldest: noon.Add(-since), due: due, work: time.Duration(n) * time.Second}
	}
	return all
}

func ask(name string, due time.Duration) ModelLoad {
	l := ModelLoad{ID: "load-" + name, Engine: "e", Model: name, State: LoadWaiting, AskedAt: noon.Add(-due)}
	if due > 0 {
		l.DueAt = noon.Add(-due)
	}
	return l
}

func TestLoads_AreAskedForByWhoeverWaitsForAModelThatNobodyHas(t *testing.T) {
	s := staging{now: noon, hosts: []host{shelf("1", 1, 0, "abc", "a"), shelf("2", 1, 0, "abc")}, demand: waiting(time.Second, true, "a1", "b2", "c1", "x1")}
	if got := fmt.Sprint(s.asks()); got != "[{e b} {e c}]" {
		t.Errorf("asked for %s; a is in memory, and x needs no loading", got)
	}
	s.open = []ModelLoad{ask("b", 1)}
	s.failed = map[modelKey]time.Time{model("c"): noon.Add(time.Second)}
	if got := s.asks(); len(got) > 0 {
		t.Errorf("asked for %v; b is asked for, and c has just failed", got)
	}
	s.demand[model("a")] = demand{tickets: 9, oldest: noon, work: copyMore*loadUnknown + time.Second}
	if got := fmt.Sprint(s.asks()); got != "[{e a}]" {
		t.Errorf("asked for %s; who has a would work on it for longer than some loads take", got)
	}
	if s.drops(ask("b", 1)) || !s.drops(ask("y", 1)) || !s.drops(ask("x", 1)) {
		t.Error("a load is dropped when nobody waits for it or somebody has the model, and not before")
	}
}

func TestLoads_GoByDemandAndAge(t *testing.T) {
	for _, c := range []struct {
		what   string
		demand map[modelKey]demand
		open   []ModelLoad
		want   string
	}{
		{"ten seconds weigh as much as a ticket", map[modelKey]demand{
			model("a"): {tickets: 2, oldest: noon.Add(-time.Second)}, model("b"): {tickets: 1, oldest: noon.Add(-12 * time.Second)},
		}, []ModelLoad{ask("a", 1), ask("b", 1)}, "b"},
		{"more tickets first", waiting(time.Second, true, "a1", "b5"), []ModelLoad{ask("a", 1), ask("b", 1)}, "b"},
		{"what is overdue goes by its turn", waiting(time.Second, true, "a1", "b5"), []ModelLoad{ask("b", 50*time.Second), ask("a", 60*time.Second)}, "a"},
		{"not before its time", waiting(time.Second, true, "a1", "b5"), []ModelLoad{ask("a", 1), {ID: "x", Engine: "e", Model: "b", NotBefore: noon.Add(1)}}, "a"},
	} {
		s := staging{now: noon, hosts: []host{shelf("1", 1, 1, "ab")}, demand: c.demand, open: c.open}
		got := s.decide()
		if len(got) != 1 || got[0].load.Model != c.want || got[0].host != "1" {
			t.Errorf("%s: decided %+v, want %s", c.what, got, c.want)
		}
	}
}

func TestLoads_MakeRoomOnlyAsFarAsTheyMay(t *testing.T) {
	busy := shelf("busy", 1, 2, "abc", "a", "b")
	busy.runs = []run{{model: model("a")}}
	fresh := shelf("1", 1, 1, "ac", "a")
	fresh.models[model("a")] = onHost{loads: true, memory: 1, resident: true, since: noon.Add(-time.Second)}
	used := shelf("1", 1, 2, "abc", "a", "b")
	used.models[model("a")] = onHost{loads: true, memory: 1, resident: true, since: noon.Add(-time.Hour), used: noon}
	large := shelf("1", 1, 1, "c")
	large.models[model("c")] = onHost{loads: true, memory: 2}
	for _, c := range []struct {
		what   string
		hosts  []host
		demand map[modelKey]demand
		due    time.Duration
		want   string // host and what goes
	}{
		{"room without", []host{shelf("1", 1, 3, "abc", "a", "b")}, waiting(1, true, "a1", "b1", "c1"), 1, "1"},
		{"no bound", []host{shelf("1", 1, 0, "abc", "a", "b")}, waiting(1, true, "a1", "b1", "c1"), 1, "1"},
		{"what nobody waits for", []host{shelf("1", 1, 2, "abc", "a", "b")}, waiting(1, true, "a1", "c1"), 1, "1 b"},
		{"least recently used", []host{used}, waiting(1, true, "c1"), 1, "1 b"},
		{"what works goes last", []host{busy}, waiting(1, true, "c1"), 1, "busy b"},
		{"nothing that is waited for", []host{shelf("1", 1, 2, "abc", "a", "b")}, waiting(1, true, "a1", "b1", "c9"), 29 * time.Second, ""},
		{"but after the patience", []host{shelf("1", 1, 2, "abc", "a", "b")}, waiting(1, true, "a2", "b1", "c1"), 40 * time.Second, "1 b"},
		{"and the dwell", []host{fresh}, waiting(1, true, "a1", "c1"), time.Hour, ""},
		{"what another has, too", []host{shelf("1", 1, 1, "ac", "a"), shelf("2", 1, 1, "a", "a")}, waiting(1, true, "a3", "c9"), 1, "1 a"},
		{"not when that is wanted about as much", []host{shelf("1", 1, 1, "ac", "a"), shelf("2", 1, 1, "a", "a")}, waiting(1, true, "a9", "c6"), 1, ""},
		{"nor when it is wanted more", []host{shelf("1", 1, 1, "ac", "a"), shelf("2", 1, 1, "a", "a")}, waiting(1, true, "a9", "c1"), 1, ""},
		{"too large", []host{large}, waiting(1, true, "c1"), time.Hour, ""},
		{"where least is lost", []host{shelf("1", 1, 1, "ac", "a"), shelf("2", 1, 1, "bc", "b")}, waiting(1, true, "a1", "c1"), 1, "2 b"},
	} {
		s := staging{now: noon, hosts: c.hosts, demand: c.demand, open: []ModelLoad{ask("c", c.due)}}
		got := ""
		for _, o := range s.decide() {
			got = o.host
			for _, k := range o.evict {
				got += " " + k.model
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	s := staging{now: noon, hosts: []host{large}}
	if why := s.stuck(model("c")); !strings.Contains(why, "--model-memory") {
		t.Errorf("a model that is too large: %q", why)
	}
}

func TestLoads_AFailedOneGoesElsewhere(t *testing.T) {
	l := ask("c", 1)
	l.Attempt, l.Owner = 1, "1"
	s := staging{now: noon, hosts: []host{shelf("1", 1, 0, "c"), shelf("2", 1, 0, "c")}, demand: waiting(1, true, "c1"), open: []ModelLoad{l}}
	if got := s.decide(); len(got) != 1 || got[0].host != "2" {
		t.Errorf("decided %+v, want the machine where it did not fail", got)
	}
	s.hosts = s.hosts[:1]
	if got := s.decide(); len(got) != 1 || got[0].host != "1" {
		t.Errorf("decided %+v, want the only machine there is", got)
	}
}

// Whatever the machines are like: no machine loads two at once or more than it has room for, nothing goes that may stay, and
// what is decided does not depend on the order in which things were read.
func TestLoads_DecisionsKeepTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "f"}
		s := staging{now: noon, demand: map[modelKey]demand{}}
		for i := range rapid.IntRange(1, 4).Draw(t, "hosts") {
			h := shelf(fmt.Sprint(i), rapid.IntRange(0, 2).Draw(t, "slots"), 0, "")
			h.memory = int64(rapid.IntRange(1, 4).Draw(t, "memory"))
			for _, n := range names {
				m := onHost{loads: true, memory: int64(rapid.IntRange(1, 2).Draw(t, "size")), since: noon.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "since")) * time.Second)}
				m.resident = rapid.Bool().Draw(t, "resident") && h.taken()+m.memory <= h.memory
				h.models[model(n)] = m
			}
			s.hosts = append(s.hosts, h)
		}
		for _, n := range names {
			if k := rapid.IntRange(0, 5).Draw(t, "tickets"); k > 0 {
				s.demand[model(n)] = demand{tickets: k, oldest: noon.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "age")) * time.Second), work: time.Duration(k) * 5 * time.Second}
			}
		}
		for _, k := range s.asks() {
			l := ask(k.model, time.Duration(rapid.IntRange(0, 100).Draw(t, "due"))*time.Second)
			if rapid.Bool().Draw(t, "held") {
				l.Owner, l.Until = s.hosts[0].owner, noon.Add(time.Second)
			}
			s.open = append(s.open, l)
		}
		got := s.decide()
		byHost := map[string]bool{}
		for _, l := range s.open {
			if s.held(l) {
				byHost[l.Owner] = true
			}
		}
		for _, o := range got {
			if byHost[o.host] {
				t.Fatalf("%s loads two at once", o.host)
			}
			byHost[o.host] = true
			h := s.hosts[slices.IndexFunc(s.hosts, func(h host) bool { return h.owner == o.host })]
			left := h.taken()
			for _, k := range o.evict {
				m := h.models[k]
				left -= m.memory
				overdue := !o.load.DueAt.IsZero() && noon.Sub(o.load.DueAt) >= s.patience(o.load.key(), k) && s.holders(o.load.key()) == 0
				if s.demand[k].tickets > 0 && (noon.Sub(m.since) < s.dwell(k) || s.holders(k) < 2 && !overdue) {
					t.Fatalf("%s goes for %s: work waits for it, it is there for %s, and the other is due for %s", k.model, o.load.Model, noon.Sub(m.since), noon.Sub(o.load.DueAt))
				}
			}
			if left+h.models[o.load.key()].memory > h.memory || !h.cold(o.load.key()) {
				t.Fatalf("%s has no room for %s: %d of %d are taken", o.host, o.load.Model, left, h.memory)
			}
		}
		again := staging{now: noon, demand: maps.Clone(s.demand), hosts: slices.Clone(s.hosts), open: slices.Clone(s.open)}
		slices.Reverse(again.hosts)
		slices.Reverse(again.open)
		if a, b := fmt.Sprint(got), fmt.Sprint(again.decide()); a != b {
			t.Fatalf("decided %s, and %s after reading in another order", a, b)
		}
	})
}

// A machine with room for one model, which others keep asking for: the bound that load.go states.
func TestLoads_AColdModelStartsWithinTheBound(t *testing.T) {
	const takes, step = 20 * time.Second, time.Second
	for _, loads := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		s := staging{now: noon, hosts: []host{shelf("1", 1, 1, "ab", "a")}, took: map[modelKey]time.Duration{model("a"): loads, model("b"): loads}}
		s.demand = map[modelKey]demand{model("a"): {tickets: 50, oldest: noon.Add(-time.Hour)}, model("b"): {tickets: 1, oldest: noon, due: true}}
		for _, k := range s.asks() {
			l := ask(k.model, 0)
			l.DueAt, l.AskedAt = noon, noon
			s.open = append(s.open, l)
		}
		h := &s.hosts[0]
		began := noon.Add(-step) // of the run of a that is under way
		h.runs = []run{{model: model("a")}}
		var leaving bool
		var ready time.Time
		for s.now = noon; ready.IsZero() && s.now.Sub(noon) < time.Hour; s.now = s.now.Add(step) {
			s.counted = nil
			if s.now.Sub(began) >= takes { // the next one of a, unless it has to go
				began, h.runs = s.now, nil
				if !leaving {
					h.runs = []run{{model: model("a")}}
				}
			}
			if leaving && len(h.runs) == 0 {
				ready = s.now.Add(loads)
			}
			leaving = leaving || len(s.decide()) > 0
		}
		most := s.patience(model("b"), model("a")) + takes + loads
		if wait := ready.Sub(noon); ready.IsZero() || wait > most+2*step || wait < s.patience(model("b"), model("a")) {
			t.Errorf("a model that loads in %s starts %s after its turn, want %s at most and not before the patience", loads, wait, most)
		}
	}
}
