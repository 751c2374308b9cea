package queue

import "time"

// eligible reports whether the ticket may be started now: nobody holds it, or its lease ran out.
func (t Ticket) eligible(now time.Time) bool { return !t.Until.After(now) }

// pick chooses up to free tickets to start from the line (in order of arrival): the oldest first, but none of an
// account that already runs as many as its limit allows, and none that is not for this process.
func pick(line []Ticket, now time.Time, free int, limit func(accountID string) int, ours func(Ticket) bool) []Ticket {
	running := map[string]int{}
	for _, t := range line {
		if t.Owner != "" && !t.eligible(now) {
			running[t.AccountID]++
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
		running[t.AccountID]++
		chosen = append(chosen, t)
	}
	return chosen
}
