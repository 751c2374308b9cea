package queue

import "time"

// eligible reports whether the ticket may be started now: nobody holds it, or its lease ran out.
func (t Ticket) eligible(now time.Time) bool { return !t.Until.After(now) }

// relaxedAtOnce is how many relaxed generations of an account run at once.
const relaxedAtOnce = 1

// pick chooses up to free tickets to start from the line (in order of arrival, the relaxed lane last): the oldest first,
// but none of an account that already runs as many as its limit allows, and none that is not for this process.
func pick(line []Ticket, now time.Time, free int, limit func(accountID string) int, ours func(Ticket) bool) []Ticket {
	running, relaxed := map[string]int{}, map[string]int{}
	count := func(t Ticket) {
		running[t.AccountID]++
		if t.Lane == LaneRelaxed {
			relaxed[t.AccountID]++
		}
	}
	for _, t := range line {
		if t.Owner != "" && !t.eligible(now) {
			count(t)
		}
	}
	var chosen []Ticket
	for _, t := range line {
		if len(chosen) == free {
			break
		}
		if !t.eligible(now) || !ours(t) || running[t.AccountID] >= limit(t.AccountID) {
			continue
		}
		if t.Lane == LaneRelaxed && relaxed[t.AccountID] >= relaxedAtOnce {
			continue
		}
		count(t)
		chosen = append(chosen, t)
	}
	return chosen
}
