package queue

import (
	"cmp"
	"strings"

	"bottega/internal/token"
)

// Who runs next: start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queueing, SIGCOMM 1996) behind a window
// for each account. Only as many tickets of an account as it may run at once stand inside its window; the others wait
// in the account's own order and cost nothing to decide about. A ticket that is admitted gets its turn in virtual time:
//
//	start  = max(the lane's time, the account's finish)
//	finish = start + weight / rate      (the rate is 1 unless the operator says otherwise; operate.go)
//
// The smallest start runs next and moves the lane's time to it. The same rule shares the machine among the lanes.
//
// Bound: work that an account hands in while nothing of its own is in the lane starts after what runs then, and after at
// most one ticket of each other account of its lane and as much more as the account's own last ticket cost, whatever
// the others have waiting: its start is the lane's time, or the end of its last ticket, whose turn the lane's time has
// reached; no other account has two tickets that start by the lane's time, and none that is admitted later comes before.
// Over any time in which two accounts both have work waiting, what they get by weight and rate differs by at most one of
// the largest tickets of each (theorem 1 there).

// Share is what one account has in one lane: for its own work, or for work that a team pays. The members of a team have
// windows of their own and share the team's part of the machine.
type Share struct {
	ID, Lane string       // see ShareOf
	Waiting  int          // tickets outside the window
	Behind   token.Amount // their weight
	Admitted int          // tickets inside
	Room     int          // size of the window
	Finish   int64        // virtual time at which all that was admitted ends, of the whole party
	Paused   bool         // its owner keeps all of it back
	Pixels   int64        // of the pictures of all its tickets

	Stopped   string // why the operator lets nothing of it start; empty = it may
	Rate      int    // percent of a usual part of the machine
	RateUntil int64  // microseconds since 1970 at which the rate is usual again; 0 = it stays
}

// ShareOf names the share of an account's own work, or of its work for a team.
func ShareOf(account, team string) string {
	if team == "" {
		return account
	}
	return team + "/" + account
}

// Team is whose work it is; empty = the account's own.
func (t Ticket) Team() string {
	if p := party(t.Share); p != t.Share {
		return p
	}
	return ""
}

// party is who shares a part of the machine: the account, or the team.
func party(share string) string {
	team, _, _ := strings.Cut(share, "/")
	return team
}

// open is how many more tickets the window takes.
func (s *Share) open() int {
	if s.Paused || s.Stopped != "" {
		return 0
	}
	return max(0, s.Room-s.Admitted)
}

// admit takes a ticket into the window and gives it the next turn of its party, in a lane whose time is now.
func (s *Share) admit(now int64, t *Ticket, party *Share) {
	t.Admitted = true
	t.Start = max(now, party.Finish)
	party.Finish = t.Start + turns(t.Weight, t.Rate)
	s.Finish = party.Finish
	s.Admitted++
}

// member is the account that waits in a share.
func member(share string) string {
	_, account, found := strings.Cut(share, "/")
	if !found {
		return share
	}
	return account
}

// cost is virtual time, at least one, so that work without weight takes turns too.
func cost(w token.Amount, rate int) int64 { return max(1, int64(w)/int64(max(1, rate))) }

// Usual is the rate of an account among others, in percent, that the operator has not changed.
const Usual = 100

// turns is the virtual time that so much work of an account takes at its rate in percent; 0 = the usual one.
func turns(w token.Amount, rate int) int64 { return cost(w*Usual, cmp.Or(rate, Usual)) }

// lane is one line and its part of the machine.
type lane struct {
	Now, Finish int64 // virtual times: of the lane, and of the lane within the machine
	Paused      bool
}

// laneRates are parts of the machine when all lanes have work: relaxed work gets at least a tenth, so that it is never
// starved, and all that the others leave.
var laneRates = map[string]int{LaneFast: 9, LaneAPI: 9, LaneRelaxed: 2}

// machine is the lanes, and the time they share.
type machine struct {
	now   int64
	lanes map[string]*lane
}

// relaxedAtOnce is how many relaxed generations of an account run at once.
const relaxedAtOnce = 1

// load is what an account runs.
type load struct{ all, relaxed int }

func (l *load) add(t Ticket) {
	l.all++
	if t.Lane == LaneRelaxed {
		l.relaxed++
	}
}

// fits reports whether the account may run the ticket beside what it runs.
func (l load) fits(t Ticket, limit int) bool {
	return l.all < limit && (t.Lane != LaneRelaxed || l.relaxed < relaxedAtOnce)
}

// pick chooses up to free tickets. heads are the admitted tickets of each lane that nobody runs, the smallest start
// first; running is what each account runs and grows with what is picked, as the machine's times do.
func (m *machine) pick(heads map[string][]Ticket, running map[string]load, free int, limit func(accountID string) int) []Ticket {
	var chosen []Ticket
	for len(chosen) < free {
		t, ok := m.next(heads, running, limit)
		if !ok {
			break
		}
		l := m.lanes[t.Lane]
		l.Now = max(l.Now, t.Start)
		m.now = max(m.now, l.Finish)
		l.Finish = m.now + cost(t.Weight, laneRates[t.Lane])
		on := running[t.AccountID]
		on.add(t)
		running[t.AccountID] = on
		chosen = append(chosen, t)
	}
	return chosen
}

// next takes the ticket whose lane comes next in the machine's time off the heads.
func (m *machine) next(heads map[string][]Ticket, running map[string]load, limit func(accountID string) int) (Ticket, bool) {
	best, at := "", -1
	for _, name := range Lanes() {
		l := m.lanes[name]
		if l == nil || l.Paused {
			continue
		}
		i := first(heads[name], running, limit)
		if i >= 0 && (best == "" || max(m.now, l.Finish) < max(m.now, m.lanes[best].Finish)) {
			best, at = name, i
		}
	}
	if best == "" {
		return Ticket{}, false
	}
	t := heads[best][at]
	// What was passed over stays so for as long as this choice is made: the account runs all it may.
	heads[best] = heads[best][at+1:]
	return t, true
}

// first is the index of the first ticket that may run, -1 without one.
func first(line []Ticket, running map[string]load, limit func(accountID string) int) int {
	for i, t := range line {
		if running[t.AccountID].fits(t, limit(t.AccountID)) {
			return i
		}
	}
	return -1
}
