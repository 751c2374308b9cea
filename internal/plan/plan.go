// Package plan holds the plans an account can be on, as data: how many tokens arrive when, how much is kept, and how
// much may run at once. Figures follow the public plans of mid-2026; an
// operator can change them. Taking money for a plan is not done here.
package plan

import (
	"slices"

	"bottega/internal/token"
)

// Plan is one offer.
type Plan struct {
	Name        string
	Title       string
	Daily       token.Amount // granted every UTC day, not kept
	Monthly     token.Amount // granted every month of the subscription
	BankCap     token.Amount // most that may be kept from month to month
	Concurrency int          // generations running at once
	Queue       int          // generations waiting at once
	Uploads     int          // pictures of one's own that are kept
	UploadBytes int64        // that they may fill
}

// Free is the plan of a new account, Operator that of the person who runs the installation.
const (
	Free     = "free"
	Operator = "operator"
)

var plans = []Plan{
	{Name: Free, Title: "Free", Daily: token.Whole(150), Concurrency: 1, Queue: 5, Uploads: 100, UploadBytes: 200 << 20},
	{Name: "apprentice", Title: "Apprentice", Monthly: token.Whole(8_500), BankCap: token.Whole(25_500), Concurrency: 2, Queue: 5, Uploads: 1_000, UploadBytes: 2 << 30},
	{Name: "artisan", Title: "Artisan", Monthly: token.Whole(25_000), BankCap: token.Whole(75_000), Concurrency: 3, Queue: 10, Uploads: 2_000, UploadBytes: 5 << 30},
	{Name: "maestro", Title: "Maestro", Monthly: token.Whole(60_000), BankCap: token.Whole(180_000), Concurrency: 6, Queue: 20, Uploads: 5_000, UploadBytes: 10 << 30},
	// The operator pays for the machine, so the day's tokens are more than it can use up.
	{Name: Operator, Title: "Operator", Daily: token.Whole(1_000_000), Concurrency: 6, Queue: 200, Uploads: 20_000, UploadBytes: 100 << 30},
}

// All returns every plan, the smallest first.
func All() []Plan { return slices.Clone(plans) }

// Find returns the plan of that name.
func Find(name string) (Plan, bool) {
	i := slices.IndexFunc(plans, func(p Plan) bool { return p.Name == name })
	if i < 0 {
		return Plan{}, false
	}
	return plans[i], true
}

// Names lists the plan names, for error texts.
func Names() []string {
	names := make([]string, len(plans))
	for i, p := range plans {
		names[i] = p.Name
	}
	return names
}
