package alert

import (
	"fmt"
	"strings"
	"time"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Facts are how an account stands.
type Facts struct {
	Now     time.Time
	Plan    string // title
	Tokens  ledger.Balance
	Credits ledger.Balance
	Unpaid  time.Time // since when its plan waits for a payment; zero = it does not
	Refused bool      // the provider has said that it was refused
	Team    string    // name of the team whose wallet it is; empty = one's own
	TeamID  string
}

// When something is said.
var poolPercents = []int{0, 5, 20} // of the month's tokens left, the lowest first

const (
	expiringSoon  = 72 * time.Hour
	expiringLeast = token.One
	// A payment is often made some hours after it is due: until then nothing is wrong.
	unpaidPatience = 6 * time.Hour
)

// name is what an alert is said once about.
func name(k Kind, period string) string { return string(k) + " " + period }

// Due says what is to be told now. told has the names of what was told before.
func Due(f Facts, c Choice, told map[string]bool) []Alert {
	var due []Alert
	add := func(k Kind, period string, d Details) {
		d.Team, d.TeamID = f.Team, f.TeamID
		period = f.about(period)
		if c.Way(k) != Off && !told[name(k, period)] {
			due = append(due, Alert{Kind: k, Period: period, Details: d, CreatedAt: f.Now})
		}
	}
	for _, p := range f.Tokens.Pools {
		switch {
		case p.Kind == ledger.Plan:
			if percent, low := lowest(f, p, told); low {
				add(Pool, poolPeriod(p, percent), Details{Plan: f.Plan, Percent: percent, Amount: p.Amount, Left: p.Unused, At: p.Ends})
			}
		case p.Kind == ledger.Daily && p.Unused == 0:
			add(Daily, p.Ends.Add(-1).UTC().Format(time.DateOnly), Details{Amount: p.Amount, At: p.Ends})
		}
	}
	if left := f.Credits.Available + f.Credits.Held; c.CreditsBelow > 0 && left < c.CreditsBelow && f.Credits.NewestTopUp != "" {
		add(Credits, fmt.Sprintf("%d:%s", c.CreditsBelow, f.Credits.NewestTopUp), Details{Left: left, Below: c.CreditsBelow})
	}
	for _, l := range f.Tokens.Layers {
		if (l.Kind == ledger.Promo || l.Kind == ledger.Team) && soon(f.Now, l.ExpiresAt) && l.Available >= expiringLeast {
			add(Expiring, expiringPeriod(l.Kind, l.ExpiresAt), Details{Layer: l.Kind, Amount: l.Available, At: l.ExpiresAt})
		}
	}
	if soon(f.Now, f.Tokens.FrozenUntil) && f.Tokens.Frozen >= expiringLeast {
		add(Expiring, expiringPeriod(ledger.Bank, f.Tokens.FrozenUntil),
			Details{Layer: ledger.Bank, Amount: f.Tokens.Frozen, At: f.Tokens.FrozenUntil})
	}
	if !f.Unpaid.IsZero() && (f.Refused || f.Now.Sub(f.Unpaid) >= unpaidPatience) {
		add(Payment, f.Unpaid.UTC().Format(time.RFC3339), Details{Plan: f.Plan, At: f.Unpaid, Refused: f.Refused})
	}
	return due
}

// about names a period; of a team together with the team.
func (f Facts) about(period string) string {
	if f.TeamID == "" {
		return period
	}
	return f.TeamID + " " + period
}

// lowest is the lowest mark a month's tokens have fallen to; false when they are above all marks, or when that or a
// lower one was told: what comes back from a cancelled picture is no news.
func lowest(f Facts, p ledger.Pool, told map[string]bool) (percent int, low bool) {
	for _, percent := range poolPercents {
		if told[name(Pool, f.about(poolPeriod(p, percent)))] {
			return 0, false
		}
		if p.Unused*100 <= p.Amount*token.Amount(percent) {
			return percent, true
		}
	}
	return 0, false
}

func poolPeriod(p ledger.Pool, percent int) string {
	return fmt.Sprintf("%s:%d", p.Ends.UTC().Format(time.RFC3339), percent)
}

func expiringPeriod(k ledger.GrantKind, at time.Time) string {
	return strings.Join([]string{string(k), at.UTC().Format(time.RFC3339)}, ":")
}

func soon(now, at time.Time) bool {
	return !at.IsZero() && at.After(now) && at.Sub(now) <= expiringSoon
}
