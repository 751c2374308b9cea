// Package plan holds the plans an account can be on, as data, and what may become of a subscription: pure decisions
// (Subscription) and the table that keeps them (Service). It promises that every period of a subscription is granted
// once and in order, however late it is noticed. Taking money is left to whoever calls Pay; moving tokens to the ledger.
package plan

import (
	"fmt"
	"slices"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Money is an amount in millionths of a US dollar.
type Money int64

// String writes dollars and cents, rounded up to the cent.
func (m Money) String() string {
	cents := (m + 9_999) / 10_000
	return fmt.Sprintf("$%d.%02d", cents/100, cents%100)
}

// Dollars returns n dollars.
func Dollars(n int64) Money { return Money(n) * 1_000_000 }

// Unit is what a plan or a pack brings, and so which of an account's two wallets it fills.
type Unit string

// The units.
const (
	Tokens  Unit = "tokens"
	Credits Unit = "credits" // of the API
)

// Wallet is the account's wallet that is counted in the unit.
func (u Unit) Wallet(accountID string) string {
	if u == Credits {
		return ledger.CreditsOf(accountID)
	}
	return accountID
}

// UnitOf tells whose wallet it is, and what it is counted in.
func UnitOf(walletID string) (accountID string, u Unit) {
	if account, ok := ledger.IsCredits(walletID); ok {
		return account, Credits
	}
	return walletID, Tokens
}

// Plan is one offer. Figures follow the public plans of mid-2026.
type Plan struct {
	Name        string
	Title       string
	Of          Unit         // what Daily, Monthly and BankCap are counted in; empty = Tokens
	Daily       token.Amount // granted every UTC day, not kept
	Monthly     token.Amount // granted every month of the subscription
	BankCap     token.Amount // most that may be kept from month to month
	Concurrency int          // generations running at once; 0 of a plan of credits = as the plan of tokens says
	Queue       int          // generations waiting at once; the same
	Megapixels  int          // of pictures that wait or run at once; the same
	Relaxed     bool         // work goes on without tokens, when there is room
	Uploads     int          // pictures of one's own that are kept
	UploadBytes int64        // that they may fill
	Month, Year Money        // price of a month, and of a year paid at once; 0 = not for sale

	// MinSeats is the fewest seats that a plan for teams is sold with; 0 = a plan for one person. Monthly, BankCap and the
	// prices of a plan for teams are those of one seat.
	MinSeats int

	Requests int // of the API a minute, of plans of credits; 0 = no bound
	Starts   int // of them that begin work
}

// Free is the plan of a new account, Operator that of the person who runs the installation, Team that of a team that
// pays for none: it brings nothing but a few seats. PayAsYouGo is what a wallet of API credits is on without a plan.
const (
	Free       = "free"
	Operator   = "operator"
	Team       = "team"
	PayAsYouGo = "payg"
)

// Seats of a team: what it has without a plan, and the most it may have.
const (
	TeamSeats = 3
	MaxSeats  = 1000
)

// bankMonths is how many months' tokens a bank may keep.
const bankMonths = 3

var plans = []Plan{
	{Name: Free, Title: "Free", Daily: token.Whole(150), Concurrency: 1, Queue: 5, Megapixels: 40, Uploads: 100, UploadBytes: 200 << 20},
	paid(Plan{
		Name: "apprentice", Title: "Apprentice", Monthly: token.Whole(8_500), Concurrency: 2, Queue: 5, Megapixels: 60,
		Uploads: 1_000, UploadBytes: 2 << 30, Month: Dollars(12), Year: Dollars(120),
	}),
	paid(Plan{
		Name: "artisan", Title: "Artisan", Monthly: token.Whole(25_000), Concurrency: 3, Queue: 10, Megapixels: 120, Relaxed: true,
		Uploads: 2_000, UploadBytes: 5 << 30, Month: Dollars(30), Year: Dollars(288),
	}),
	paid(Plan{
		Name: "maestro", Title: "Maestro", Monthly: token.Whole(60_000), Concurrency: 6, Queue: 20, Megapixels: 240, Relaxed: true,
		Uploads: 5_000, UploadBytes: 10 << 30, Month: Dollars(60), Year: Dollars(576),
	}),
	// The operator pays for the machine, so the day's tokens are more than it can use up.
	{Name: Operator, Title: "Operator", Daily: token.Whole(1_000_000), Concurrency: 6, Queue: 200, Megapixels: 2000, Uploads: 20_000, UploadBytes: 100 << 30},
}

// apiPlans are plans of API credits. What a month leaves is kept in a bank of three months, as with tokens. A credit costs
// less on a larger plan. How much an account has running and waiting at once is the larger bound of its two plans: whoever
// begins many pieces of work a minute must be able to leave them in the line.
var apiPlans = []Plan{
	{Name: PayAsYouGo, Title: "Pay as you go", Of: Credits, Requests: 2000, Starts: 100},
	paid(Plan{
		Name: "api-basic", Title: "API Basic", Of: Credits, Monthly: token.Whole(3_500), Month: Dollars(9), Year: Dollars(90), Requests: 2000, Starts: 100,
		Concurrency: 2, Queue: 50, Megapixels: 200,
	}),
	paid(Plan{
		Name: "api-standard", Title: "API Standard", Of: Credits, Monthly: token.Whole(25_000), Month: Dollars(49), Year: Dollars(490), Requests: 2000, Starts: 300,
		Concurrency: 4, Queue: 100, Megapixels: 400,
	}),
	paid(Plan{
		Name: "api-pro", Title: "API Pro", Of: Credits, Monthly: token.Whole(200_000), Month: Dollars(299), Year: Dollars(2_990), Requests: 6000, Starts: 1000,
		Concurrency: 10, Queue: 200, Megapixels: 1000,
	}),
}

// For teams. What a plan brings a month is shared by everybody in the team.
var teamPlans = []Plan{
	{Name: Team, Title: "Team", Concurrency: 1, Queue: 5, Megapixels: 40, MinSeats: 1},
	paid(Plan{
		Name: "team-starter", Title: "Team Starter", Monthly: token.Whole(25_000), Concurrency: 3, Queue: 10, Megapixels: 120, Relaxed: true,
		Month: Dollars(24), MinSeats: 3,
	}),
	paid(Plan{
		Name: "team-growth", Title: "Team Growth", Monthly: token.Whole(60_000), Concurrency: 6, Queue: 20, Megapixels: 240, Relaxed: true,
		Month: Dollars(48), MinSeats: 3,
	}),
}

// For is the plan for so many seats together; a plan for one person stays as it is.
func (p Plan) For(seats int) Plan {
	if p.MinSeats == 0 {
		return p
	}
	p.Monthly *= token.Amount(seats)
	p.BankCap *= token.Amount(seats)
	p.Month *= Money(seats)
	p.Year *= Money(seats)
	return p
}

func paid(p Plan) Plan {
	p.BankCap = bankMonths * p.Monthly
	return p
}

// ForSale reports whether the plan is paid for.
func (p Plan) ForSale() bool { return p.Month > 0 }

// Price is what a cycle of the plan costs.
func (p Plan) Price(c Cycle) Money {
	switch c {
	case Monthly:
		return p.Month
	case Yearly:
		return p.Year
	}
	return 0
}

// All returns every plan for one person, the smallest first.
func All() []Plan { return slices.Clone(plans) }

// ForTeams returns every plan for teams, the smallest first.
func ForTeams() []Plan { return slices.Clone(teamPlans) }

// Of returns every plan of a unit for one person, the smallest first.
func Of(u Unit) []Plan {
	if u == Credits {
		return slices.Clone(apiPlans)
	}
	return All()
}

// Find returns the plan of that name, of either unit.
func Find(name string) (Plan, bool) {
	for _, p := range slices.Concat(plans, teamPlans, apiPlans) {
		if p.Name == name {
			return p, true
		}
	}
	return Plan{}, false
}

// FindOf returns the plan of that name if it is counted in the unit.
func FindOf(u Unit, name string) (Plan, bool) {
	p, ok := Find(name)
	if !ok || p.unit() != u {
		return Plan{}, false
	}
	return p, true
}

func (p Plan) unit() Unit {
	if p.Of == Credits {
		return Credits
	}
	return Tokens
}

// Names lists the names of the plans for one person, for error texts.
func Names() []string { return names(plans) }

// TeamNames lists the names of the plans for teams, for error texts.
func TeamNames() []string { return names(teamPlans) }

func names(plans []Plan) []string {
	names := make([]string, len(plans))
	for i, p := range plans {
		names[i] = p.Name
	}
	return names
}
