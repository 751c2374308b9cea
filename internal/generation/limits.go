package generation

import (
	"sync"
	"time"
)

// limits remembers for a moment how much accounts may run at once, because the line asks at every claim and reading it
// takes several round trips. It is wrong for limitsLast at most; whoever changes a plan or a team calls ForgetLimits.
type limits struct {
	mu     sync.Mutex
	known  map[string]limit
	forgot int // how often all was forgotten: what was read before that is not kept
}

type limit struct {
	n     int
	until time.Time
}

// How long a limit is remembered, and of how many accounts; with more, all are forgotten.
const limitsLast, limitsMost = 3 * time.Second, 20_000

func newLimits() *limits { return &limits{known: map[string]limit{}} }

// of answers from memory, or reads. What cannot be read is not remembered.
func (l *limits) of(accountID string, now time.Time, read func() (int, error)) (int, error) {
	l.mu.Lock()
	known, ok := l.known[accountID]
	forgot := l.forgot
	l.mu.Unlock()
	if left := known.until.Sub(now); ok && left > 0 && left <= limitsLast { // a clock that was put back counts as over
		return known.n, nil
	}
	n, err := read()
	if err != nil {
		return n, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forgot == forgot {
		if len(l.known) >= limitsMost {
			clear(l.known)
		}
		l.known[accountID] = limit{n, now.Add(limitsLast)}
	}
	return n, nil
}

// ForgetLimits says that a plan or a team has changed: the next claim reads what its accounts may run.
func (s *Service) ForgetLimits() {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	clear(s.limits.known)
	s.limits.forgot++
}
