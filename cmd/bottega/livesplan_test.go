package main

import "time"

// paying says that payments keep the plan up.
func (l *life) paying() bool { return l.cycle != "" && !l.trial }

// late says that a payment was due and has not come.
func (l *life) late() bool {
	return l.paying() && l.next == nil && !l.clock.Before(l.paid)
}

// ahead says that what follows was paid for already.
func (l *life) ahead() bool { return l.next != nil && l.next.paid.After(l.next.at) }

// periodEnd is when something that is planned happens.
func (l *life) periodEnd() time.Time {
	if !l.paid.IsZero() {
		return l.paid
	}
	return l.boundary(l.clock)
}

// change does what `bottega admin plan` does; false when that makes no sense and must be refused. The order of what is
// tested is not the program's: only whether it is refused counts.
func (l *life) change(action, plan, cycle string) bool {
	now, to := l.clock, offers[plan]
	from := offers[l.plan]
	switch action {
	case "set":
		l.begin(now, plan)
		l.heap("plan", to.monthly, l.boundary(now))
		return true
	case "start":
		if l.paying() || to.monthly == 0 {
			return false
		}
		l.begin(now, plan)
		l.cycle = cycle
		l.paid = l.cycleAfter(now, cycle)
		l.heap("plan", to.monthly, l.boundary(now))
		return true
	case "try":
		if l.paying() || l.tried || to.monthly == 0 {
			return false
		}
		l.begin(now, plan)
		l.trial, l.tried, l.paid = true, true, now.Add(168*time.Hour)
		l.heap("promo", 500_000, l.paid)
		return true
	case "pay":
		return l.pay()
	case "upgrade":
		if l.trial || from.monthly == 0 || to.monthly <= from.monthly || l.late() || l.ahead() {
			return false
		}
		ends := l.boundary(now)
		begins := l.anchor
		for n := 0; !l.month(n).After(now); n++ {
			begins = l.month(n)
		}
		l.plan, l.next = plan, nil
		l.heap("plan", portion(to.monthly-from.monthly, ends.Sub(now), ends.Sub(begins)), ends)
		return true
	case "downgrade":
		if l.trial || from.monthly == 0 || to.monthly == 0 || to.monthly >= from.monthly || l.late() || l.ahead() {
			return false
		}
		l.next = &planned{at: l.periodEnd(), plan: plan}
		return true
	case "cancel":
		if from.monthly == 0 || l.ahead() || l.next != nil && l.next.cancel && !l.trial {
			return false
		}
		if l.late() {
			l.begin(now, "free")
		} else if !l.trial { // a trial ends by itself
			l.next = &planned{at: l.periodEnd(), plan: "free", cancel: true}
		}
		return true
	case "resume":
		if l.trial || l.next == nil || l.ahead() {
			return false
		}
		l.next = nil
		return true
	case "end":
		if l.plan == "free" {
			return false
		}
		for _, h := range l.heaps {
			if h.kind == "plan" && h.open {
				h.left, h.open = 0, false
			}
		}
		l.begin(now, "free")
		return true
	}
	return false
}

func (l *life) pay() bool {
	switch {
	case !l.paying() || l.ahead():
		return false
	case l.next != nil && !l.next.cancel:
		l.next.paid = l.cycleAfter(l.next.at, l.cycle)
		return true
	case l.paid.Sub(l.clock) > 370*24*time.Hour:
		return false
	}
	ends := l.cycleAfter(l.paid, l.cycle)
	if l.late() {
		l.heap("plan", offers[l.plan].monthly, l.boundary(l.clock))
	}
	l.paid, l.next = ends, nil
	return true
}
