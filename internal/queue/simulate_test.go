package queue

import (
	"math"
	"testing"
	"time"

	"bottega/internal/token"
)

// A day of a busy installation with bursts at noon, floods and failing slots.
func TestSimulation_NobodyStarvesAndWaitsAreAsForetold(t *testing.T) {
	day := Simulation{Accounts: 1000, Slots: 8, Day: 24 * time.Hour, Load: 0.9, Floods: 12, Fails: 24 * time.Hour, Seed: 7}
	r := day.Run()
	t.Logf("fair: %+v", r)
	if r.Starved != 0 {
		t.Errorf("%d jobs waited longer than the bound, want none", r.Starved)
	}
	if r.Jain < 0.95 {
		t.Errorf("fairness index %.3f among the backlogged, want 0.95", r.Jain)
	}
	if r.Foretold.Foretold < 500 || r.Foretold.Inside < 0.8 {
		t.Errorf("%.0f %% of %d waits were within what was foretold, want 80 %%", 100*r.Foretold.Inside, r.Foretold.Foretold)
	}
	if r.Lost == 0 {
		t.Error("no slot failed: the simulation does not try that")
	}
	if r.Utilisation < 0.9 {
		t.Errorf("the slots worked %.0f %% of the time that something waited, want 90 %%", 100*r.Utilisation)
	}
	day.FIFO = true
	first := day.Run()
	t.Logf("first come: %+v", first)
	if r.LightP99*2 > first.LightP99 {
		t.Errorf("accounts with little work wait up to %s; first come, first served makes it %s: want less than half", r.LightP99, first.LightP99)
	}
	if first.Jobs != r.Jobs {
		t.Errorf("compared %d jobs with %d", r.Jobs, first.Jobs)
	}
}

// The same day with more models than the machines have room for: the bound that load.go adds holds, and deciding loads by demand
// and age costs less than loading whatever comes first.
func TestSimulation_ModelsAreLoadedByDemandAndAge(t *testing.T) {
	day := Simulation{
		Accounts: 1000, Slots: 8, Day: 24 * time.Hour, Load: 0.9, Floods: 12, Fails: 24 * time.Hour, Seed: 7,
		Models: 12, Memory: 2, LoadTime: 30 * time.Second, Batch: 4, Gain: 0.4,
	}
	r := day.Run()
	t.Logf("by demand and age: %+v", r)
	if r.Starved != 0 {
		t.Errorf("%d jobs waited longer than the bound, want none", r.Starved)
	}
	if r.Jain < 0.95 {
		t.Errorf("fairness index %.3f among the backlogged, want 0.95", r.Jain)
	}
	if r.Loading > 0.25 {
		t.Errorf("%.0f %% of the slots' time are loads, want a quarter at most", 100*r.Loading)
	}
	if r.Loads < day.Models || r.Evictions == 0 {
		t.Errorf("%d loads and %d evictions: the simulation does not try that", r.Loads, r.Evictions)
	}
	day.FIFO = true
	first := day.Run()
	t.Logf("first come, least recently used: %+v", first)
	if r.Loads > first.Loads {
		t.Errorf("%d loads, and %d first come, first served: want fewer", r.Loads, first.Loads)
	}
	if 2*r.LightP99 > first.LightP99 {
		t.Errorf("accounts with little work wait up to %s; first come, first served makes it %s: want less than half", r.LightP99, first.LightP99)
	}
}

// ring is lanes with accounts, for tests of the rules alone.
type ring struct {
	m      machine
	shares map[string]*Share
	heads  map[string][]Ticket
	seq    int64
}

func newRing() *ring {
	r := &ring{m: machine{lanes: map[string]*lane{}}, shares: map[string]*Share{}, heads: map[string][]Ticket{}}
	for _, name := range Lanes() {
		r.m.lanes[name] = &lane{}
	}
	return r
}

// offer puts the account's next ticket into the lane, when its window of one is empty.
func (r *ring) offer(account, name string, weight token.Amount, rate int) {
	s := r.shares[account+name]
	if s == nil {
		s = &Share{ID: account, Lane: name, Room: 1}
		r.shares[account+name] = s
	}
	if s.open() == 0 {
		return
	}
	r.seq++
	t := Ticket{ID: account, AccountID: account, Lane: name, Weight: weight, Rate: rate * Usual}
	s.admit(r.m.lanes[name].Now, &t, s)
	at := 0
	for at < len(r.heads[name]) && r.heads[name][at].Start <= t.Start {
		at++
	}
	r.heads[name] = append(r.heads[name][:at:at], append([]Ticket{t}, r.heads[name][at:]...)...)
}

// serve runs one ticket to its end.
func (r *ring) serve() Ticket {
	t := r.m.pick(r.heads, map[string]load{}, 1, func(string) int { return math.MaxInt })
	if len(t) == 0 {
		return Ticket{}
	}
	r.shares[t[0].AccountID+t[0].Lane].Admitted--
	return t[0]
}

func TestPick_AccountsShareByComputeAndRate(t *testing.T) {
	r := newRing()
	got := map[string]token.Amount{}
	for range 5000 { // a has small work, b large, c small and three times the rate
		r.offer("a", LaneFast, token.Whole(2), 1)
		r.offer("b", LaneFast, token.Whole(14), 1)
		r.offer("c", LaneFast, token.Whole(3), 3)
		served := r.serve()
		got[served.AccountID] += served.Weight
	}
	for _, c := range []struct {
		account string
		rate    float64
	}{{"b", 1}, {"c", 3}} {
		ratio := float64(got[c.account]) / float64(got["a"]) / c.rate
		if ratio < 0.98 || ratio > 1.02 {
			t.Errorf("%s got %.3f times its part of what a got (%v)", c.account, ratio, got)
		}
	}
}

func TestPick_ANewcomerWaitsForOneTicketOfEachOther(t *testing.T) {
	r := newRing()
	others := []string{"a", "b", "c", "d", "e"}
	for range 1000 { // they have had the lane for long
		for _, o := range others {
			r.offer(o, LaneFast, token.Whole(40), 1)
		}
		r.serve()
	}
	for range 50 { // whenever somebody new comes
		r.offer("new", LaneFast, token.Whole(1), 1)
		before := 0
		for {
			for _, o := range others {
				r.offer(o, LaneFast, token.Whole(40), 1)
			}
			if r.serve().AccountID == "new" {
				break
			}
			before++
		}
		if before > len(others) {
			t.Fatalf("%d tickets ran before the newcomer's, want at most one of each of %d others", before, len(others))
		}
	}
}

func TestPick_RelaxedWorkGetsAtLeastATenth(t *testing.T) {
	r := newRing()
	got := map[string]token.Amount{}
	for range 20_000 {
		r.offer("a", LaneFast, token.Whole(5), 1)
		r.offer("b", LaneAPI, token.Whole(30), 1)
		r.offer("c", LaneRelaxed, token.Whole(8), 1)
		served := r.serve()
		got[served.Lane] += served.Weight
	}
	all := got[LaneFast] + got[LaneAPI] + got[LaneRelaxed]
	if part := float64(got[LaneRelaxed]) / float64(all); part < 0.0995 || part > 0.11 {
		t.Errorf("the relaxed lane got %.4f of the machine, want a tenth while the others have work (%v)", part, got)
	}
	if a, b := float64(got[LaneFast]), float64(got[LaneAPI]); a/b < 0.98 || a/b > 1.02 {
		t.Errorf("people and programs got %v, want the same", got)
	}
	r.m.lanes[LaneFast].Paused, r.m.lanes[LaneAPI].Paused = true, true
	for range 3 { // what is left is relaxed
		r.offer("c", LaneRelaxed, token.Whole(8), 1)
		if lane := r.serve().Lane; lane != LaneRelaxed {
			t.Errorf("with the other lanes paused %q ran, want relaxed work", lane)
		}
	}
}

func TestFits_AnAccountStaysWithinItsLimit(t *testing.T) {
	fast, relaxed := Ticket{Lane: LaneFast}, Ticket{Lane: LaneRelaxed}
	for _, c := range []struct {
		runs load
		t    Ticket
		want bool
	}{
		{load{}, fast, true},
		{load{all: 1}, fast, true},
		{load{all: 2}, fast, false},
		{load{all: 1}, relaxed, true},
		{load{all: 1, relaxed: 1}, relaxed, false},
		{load{all: 1, relaxed: 1}, fast, true},
	} {
		if got := c.runs.fits(c.t, 2); got != c.want {
			t.Errorf("an account that runs %+v may start %s: %v, want %v", c.runs, c.t.Lane, got, c.want)
		}
	}
}
