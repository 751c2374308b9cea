package payment

import (
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/fault"
	"bottega/internal/plan"
	"bottega/internal/token"
)

func TestPacks_CostWhatTheTableInTheDocsSays(t *testing.T) {
	want := map[string]plan.Money{
		"small": 9_000_000, "medium": 24_000_000, "large": 69_000_000, "api-small": 8_500_000, "api-medium": 39_500_000,
		"api-large": 152_000_000, "api-huge": 672_000_000,
	}
	for _, u := range []plan.Unit{plan.Tokens, plan.Credits} {
		for _, p := range Packs(u) {
			if p.Price() != want[p.Name] {
				t.Errorf("%s costs %d, want %d", p.Name, p.Price(), want[p.Name])
			}
			delete(want, p.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("packs that are not there: %v", want)
	}
}

// More never costs less, a token of a larger amount never costs more, and every price is whole cents.
func TestPrice_FallsWithVolume(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.SampledFrom([]plan.Unit{plan.Tokens, plan.Credits}).Draw(t, "unit")
		draw := rapid.Int64Range(1, int64(MostPack/PackStep))
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		a, b = min(a, b), max(a, b)
		pa, pb := priceOf(u, token.Amount(a)*PackStep), priceOf(u, token.Amount(b)*PackStep)
		if pb < pa || a < b && pa == pb {
			t.Fatalf("%d thousand cost %d, %d thousand cost %d", a, pa, b, pb)
		}
		if int64(pb)*a > int64(pa)*b+10_000*b { // up to the rounding of one cent
			t.Fatalf("a thousand of %d costs %d, of %d costs %d", a, int64(pa)/a, b, int64(pb)/b)
		}
		if pa%10_000 != 0 || pa <= 0 {
			t.Fatalf("%d thousand cost %d", a, pa)
		}
	})
}

func TestPackOf_RefusesByName(t *testing.T) {
	for name, c := range map[string]struct {
		of     plan.Unit
		pack   string
		amount token.Amount
		field  string
	}{
		"unknown": {plan.Tokens, "huge", 0, "pack"}, "of the other unit": {plan.Credits, "small", 0, "pack"},
		"both": {plan.Tokens, "small", token.Whole(7000), "amount_mt"}, "nothing": {plan.Tokens, "", 0, "amount_mt"},
		"negative": {plan.Tokens, "", -LeastPack, "amount_mt"}, "too much": {plan.Tokens, "", MostPack + PackStep, "amount_mt"},
		"no whole thousand": {plan.Credits, "", LeastPack + 1, "amount_mt"}, "overflow": {plan.Tokens, "", 1<<63 - 1, "amount_mt"},
	} {
		_, err := PackOf(c.of, c.pack, c.amount)
		if f := fault.As(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.field {
			t.Errorf("%s: %v, want a fault of %s", name, err, c.field)
		}
	}
	if p, err := PackOf(plan.Tokens, "", token.Whole(30_000)); err != nil || p.Price() != 45_000_000 {
		t.Errorf("30000 tokens: %v, %v; want 9 + 30 + 6 dollars", p.Price(), err)
	}
}
