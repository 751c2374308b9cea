package payment

import (
	"fmt"

	"bottega/internal/fault"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Tier is a step of a tariff: what is bought up to an amount costs a rate, what is beyond costs the next one. So more never
// costs less in all, and each further token never more than the one before.
type Tier struct {
	UpTo     token.Amount // 0 = no end
	Thousand plan.Money   // price of a thousand tokens
}

// PackOffer is an amount that has a name.
type PackOffer struct {
	Name, Title string
	Of          plan.Unit
	Amount      token.Amount
}

// Price of the pack.
func (p PackOffer) Price() plan.Money { return priceOf(p.Of, p.Amount) }

// tariffs are what tokens and credits cost outside of plans: dearer than on a plan, falling with volume. See docs/payments.md.
var tariffs = map[plan.Unit][]Tier{
	plan.Tokens: {
		{UpTo: token.Whole(5_000), Thousand: 1_800_000},
		{UpTo: token.Whole(25_000), Thousand: 1_500_000},
		{Thousand: 1_200_000},
	},
	plan.Credits: {
		{UpTo: token.Whole(10_000), Thousand: 1_700_000},
		{UpTo: token.Whole(100_000), Thousand: 1_500_000},
		{Thousand: 1_300_000},
	},
}

var packs = []PackOffer{
	{"small", "Small", plan.Tokens, token.Whole(5_000)},
	{"medium", "Medium", plan.Tokens, token.Whole(15_000)},
	{"large", "Large", plan.Tokens, token.Whole(50_000)},
	{"api-small", "API small", plan.Credits, token.Whole(5_000)},
	{"api-medium", "API medium", plan.Credits, token.Whole(25_000)},
	{"api-large", "API large", plan.Credits, token.Whole(100_000)},
	{"api-huge", "API huge", plan.Credits, token.Whole(500_000)},
}

// The bounds of an amount of one's own.
const (
	LeastPack = 1_000 * token.One
	MostPack  = 5_000_000 * token.One
	PackStep  = 1_000 * token.One
)

// Tariff returns the tiers of a unit.
func Tariff(u plan.Unit) []Tier { return append([]Tier{}, tariffs[u]...) }

// Packs returns the packs of a unit, the smallest first.
func Packs(u plan.Unit) []PackOffer {
	var list []PackOffer
	for _, p := range packs {
		if p.Of == u {
			list = append(list, p)
		}
	}
	return list
}

// PackOf finds a pack by its name, or makes one of an amount of one's own.
func PackOf(u plan.Unit, name string, amount token.Amount) (PackOffer, error) {
	if name == "" {
		if amount < LeastPack || amount > MostPack || amount%PackStep != 0 {
			return PackOffer{}, fault.Bad(fault.Field{
				Name: "amount_mt", Value: int64(amount), Message: "cannot be bought",
				Allowed: fmt.Sprintf("%d to %d in steps of %d", LeastPack, MostPack, PackStep),
			})
		}
		return PackOffer{Title: "Own amount", Of: u, Amount: amount}, nil
	}
	names := ""
	for _, p := range Packs(u) {
		if p.Name == name && (amount == 0 || amount == p.Amount) {
			return p, nil
		}
		names += ", " + p.Name
	}
	if amount != 0 {
		return PackOffer{}, fault.Bad(fault.Field{Name: "amount_mt", Value: int64(amount), Message: "is for an amount of one's own: leave it out with a pack"})
	}
	return PackOffer{}, fault.Bad(fault.Field{Name: "pack", Value: name, Message: "is not a pack of " + string(u), Allowed: names[2:]})
}

// priceOf adds up the tiers and rounds up to the cent. The amount is a whole number of thousands, which every rate is for.
func priceOf(u plan.Unit, amount token.Amount) plan.Money {
	var sum plan.Money
	var below token.Amount
	for _, t := range tariffs[u] {
		upTo := amount
		if t.UpTo > 0 {
			upTo = min(amount, t.UpTo)
		}
		if upTo > below {
			sum += plan.Money(int64(upTo-below)/int64(PackStep)) * t.Thousand
			below = upTo
		}
	}
	return (sum + 9_999) / 10_000 * 10_000
}
