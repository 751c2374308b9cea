package queue

import (
	"context"
	"slices"
	"time"

	"bottega/internal/db"
)

// Who of several machines starts a ticket: list scheduling (Graham, Bounds on multiprocessing timing anomalies, 1969). In the
// order of their turns, each ticket goes to the machine that would end it first: one where its model is ready, by when a
// slot is free there and by the pace measured there; where two are equal, to one that works on the same model at the same
// size, because an engine may paint such pictures together, then to this one. Machines that see the same rows decide the
// same. What one of them leaves to another it leaves for a moment only, and once: no ticket waits for a machine that does
// not take it.

const (
	leaveMost  = 3 * time.Second        // that a ticket is left to another machine; never more than half of what it gains
	leaveLess  = 2 * time.Second        // a smaller gain is not worth a wait
	leaveEqual = 250 * time.Millisecond // to be painted together with what runs there
)

// fleet is the machines as a dispatcher last read them.
type fleet struct {
	hosts  []host
	paces  *Forecast // of the installation; nothing else of it is read
	at     time.Time
	leftAt map[string]time.Time // tickets that were left to others, and since when
}

// fleetAge is how old what is known about other machines may be. Alone, a machine looks whether it still is as often as at
// windows.
const fleetAge = time.Second

// lookAtFleet reads who else works.
func (d *Dispatcher) lookAtFleet(ctx context.Context, now time.Time) (err error) {
	f := &d.fleet
	most := fleetAge
	if len(f.hosts) < 2 {
		most = settleEvery
	}
	if age := now.Sub(f.at); age >= 0 && age < most {
		return nil
	}
	if f.hosts, err = readFleet(ctx, d.db, now); err != nil {
		return err
	}
	f.paces, f.at = &Forecast{at: now}, now
	if len(f.hosts) < 2 {
		f.leftAt = nil
		return nil
	}
	for id, at := range f.leftAt { // tickets have run by now, or may be left again
		if age := now.Sub(at); age < 0 || age > time.Minute {
			delete(f.leftAt, id)
		}
	}
	return f.paces.readPaces(ctx, d.db)
}

// leaveToOthers takes what another machine would end sooner off the heads, for as long as it may be left.
func (d *Dispatcher) leaveToOthers(c *candidates, limits map[string]int, now time.Time) {
	f := &d.fleet
	if len(f.hosts) < 2 {
		return
	}
	hosts := withRuns(f.hosts, c.leased, func(t Ticket) time.Duration { return f.paces.left(t, now) })
	left := assign(c.turns(soon(hosts), limits), hosts, d.opt.Owner, f.paces.takesOn)
	if len(left) == 0 {
		return
	}
	if f.leftAt == nil {
		f.leftAt = map[string]time.Time{}
	}
	leaves := func(t Ticket) bool {
		most, ok := left[t.ID]
		if !ok {
			return false
		}
		since, known := f.leftAt[t.ID]
		if !known {
			since, f.leftAt[t.ID] = now, now
			time.AfterFunc(most, d.Wake)
		}
		return now.Sub(since) < most && !now.Before(since)
	}
	for lane, head := range c.heads {
		c.heads[lane] = slices.DeleteFunc(head, leaves)
	}
}

// takesOn is how long a slot of a host works on a ticket.
func (f *Forecast) takesOn(h host, t Ticket) time.Duration {
	pace := h.models[t.key()].pace
	if pace == 0 {
		return f.takes(t.Needs, t.Model, t.Weight)
	}
	return timeOf(pace, t.Weight)
}

// soon counts the slots that are free, or will be before a ticket that is left to them is taken back.
func soon(hosts []host) (n int) {
	for _, h := range hosts {
		for _, free := range h.slotTimes() {
			if free <= leaveMost {
				n++
			}
		}
	}
	return n
}

// slotTimes is when each slot of a host is free, as far as can be foretold.
func (h host) slotTimes() []time.Duration {
	times := make([]time.Duration, h.free(), max(h.slots, len(h.runs)))
	for _, r := range h.runs {
		times = append(times, r.left)
	}
	return times
}

// assign tells which of the tickets, which come in the order of their turns and could all start on the host me, are better
// left to another one, and for how long at most.
func assign(tickets []Ticket, hosts []host, me string, takes func(host, Ticket) time.Duration) map[string]time.Duration {
	slots := make([][]time.Duration, len(hosts))
	for i, h := range hosts {
		slots[i] = h.slotTimes()
	}
	left := map[string]time.Duration{}
	for _, t := range tickets {
		mine, best := -1, -1
		at := func(i int) (slot int, end time.Duration) {
			for j := range slots[i] {
				if slots[i][j] < slots[i][slot] {
					slot = j
				}
			}
			return slot, slots[i][slot] + takes(hosts[i], t)
		}
		for i, h := range hosts {
			if h.owner == me {
				mine = i
			}
			if len(slots[i]) == 0 || !h.ready(t.key()) && h.owner != me {
				continue
			}
			if best < 0 || sooner(t, hosts, me, i, best, at) {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		slot, end := at(best)
		together := hosts[best].beside(t)
		if most := leaveFor(best, mine, together, slots, slot, end, at); most > 0 {
			left[t.ID] = most
		} else if mine >= 0 && len(slots[mine]) > 0 {
			best = mine
			slot, end = at(best)
		}
		slots[best][slot] = end
	}
	return left
}

// sooner reports whether host i is better for a ticket than host j.
func sooner(t Ticket, hosts []host, me string, i, j int, at func(int) (int, time.Duration)) bool {
	_, a := at(i)
	_, b := at(j)
	if !alike(a, b) {
		return a < b
	}
	if x, y := hosts[i].beside(t), hosts[j].beside(t); x != y {
		return x
	}
	return hosts[i].owner == me
}

// alike reports whether two ends are too near to tell which one comes first: paces are measured, and vary.
func alike(a, b time.Duration) bool { return (a - b).Abs() <= min(leaveLess, a/10) }

// beside reports whether the host works on the same model at the same size, so that an engine may do both together.
func (h host) beside(t Ticket) bool {
	return slices.ContainsFunc(h.runs, func(r run) bool { return r.model == t.key() && r.pixels == t.Pixels })
}

// leaveFor is how long a ticket may be left to a host, which perhaps paints it together with what it works on; 0 = it is taken
// here.
func leaveFor(best, mine int, together bool, slots [][]time.Duration, slot int, end time.Duration, at func(int) (int, time.Duration)) time.Duration {
	if best == mine {
		return 0
	}
	if mine < 0 || len(slots[mine]) == 0 {
		return leaveMost // nothing starts here anyway
	}
	_, here := at(mine)
	switch gain := here - end; {
	case slots[best][slot] > leaveMost:
		return 0 // it is not free before the ticket would be taken back
	case gain >= leaveLess:
		return min(leaveMost, gain/2)
	case together && slots[best][slot] == 0 && alike(here, end):
		return min(leaveEqual, here/2)
	}
	return 0
}

// turns is what would start next on so many slots, in the order of the turns. It changes nothing.
func (c *candidates) turns(slots int, limits map[string]int) []Ticket {
	m := &machine{now: c.machine.now, lanes: map[string]*lane{}}
	for name, l := range c.machine.lanes {
		again := *l
		m.lanes[name] = &again
	}
	heads, running := map[string][]Ticket{}, map[string]load{}
	for name, head := range c.heads {
		heads[name] = head // next cuts the list and changes none of it
	}
	for account, on := range c.running {
		running[account] = on
	}
	return m.pick(heads, running, slots, func(account string) int { return max(1, limits[account]) })
}

// fleetOf is for people and for forecasts: the slots that work, the engines, and the models that no machine has.
func (f *Forecast) readFleet(ctx context.Context, q db.Queryer) error {
	hosts, err := readFleet(ctx, q, f.at)
	if err != nil {
		return err
	}
	f.works = map[string]bool{}
	cold := map[modelKey]bool{}
	for _, h := range hosts {
		f.slots += h.slots
		for e := range h.engines {
			f.works[e] = true
		}
		for k := range h.models {
			if coldEverywhere(hosts, k) {
				cold[k] = true
			}
		}
	}
	if len(cold) == 0 {
		return nil
	}
	return f.readLoading(ctx, q, cold)
}
