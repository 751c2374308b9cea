package payment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/plan"
	"bottega/internal/token"
)

// truth is a payment as it goes at a provider, one snapshot after each thing that happens to it.
func truth(t *rapid.T, p Payment) []Seen {
	now := Seen{PaymentID: p.ID, Status: Pending, Currency: Currency, Charge: "pi"}
	list := []Seen{now}
	if rapid.Bool().Draw(t, "refused first") {
		now.Status, now.Failure = Declined, "card_declined"
		list = append(list, now)
	}
	if rapid.IntRange(0, 5).Draw(t, "paid") == 0 {
		return list
	}
	now.Status, now.Amount, now.Failure = Succeeded, p.Amount, ""
	if rapid.IntRange(0, 9).Draw(t, "wrong amount") == 0 {
		now.Amount -= 10_000
	}
	list = append(list, now)
	for range rapid.IntRange(0, 5).Draw(t, "more") {
		switch rapid.IntRange(0, 2).Draw(t, "what") {
		case 0:
			now.Refunded += plan.Money(rapid.Int64Range(0, int64(now.Amount-now.Refunded)/10_000).Draw(t, "back")) * 10_000
		case 1:
			if now.Dispute == NoDispute {
				now.Dispute = DisputeOpen
			}
		case 2:
			if now.Dispute == DisputeOpen {
				now.Dispute = rapid.SampledFrom([]Dispute{DisputeWon, DisputeLost}).Draw(t, "verdict")
			}
		}
		list = append(list, now)
	}
	return list
}

// tally follows the changes: what the payment has brought, less what went back, is claimed, and came again.
type tally struct {
	brought, ended int
	have           token.Amount
}

func (a *tally) take(changes []Change) {
	for _, c := range changes {
		switch c.Effect {
		case Bring:
			a.brought++
			a.have += c.Tokens
		case TakeBack, ClaimBack:
			a.have -= c.Tokens
		case BringBack:
			a.have += c.Tokens
		case EndPlan:
			a.ended++
		}
	}
}

// TestSettle_EndsWhereTheTruthEnds gives the snapshots of a payment's life in any order, some twice, some never, the newest
// at least once: the payment ends in the same state as when all come in order, and the tokens are those that its money is for.
func TestSettle_EndsWhereTheTruthEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := Payment{
			ID: "p", Kind: rapid.SampledFrom([]Kind{Pack, TopUp, Start, Upgrade, Renewal}).Draw(t, "kind"), State: Open,
			Amount: plan.Money(rapid.Int64Range(2, 1_000_000).Draw(t, "cents")) * 10_000,
			Tokens: token.Amount(rapid.Int64Range(1, int64(MostPack)).Draw(t, "tokens")),
		}
		story := truth(t, first)
		inOrder, straight := first, tally{}
		for _, s := range story {
			var changes []Change
			inOrder, changes = Settle(inOrder, s)
			straight.take(changes)
		}
		p, got := first, tally{}
		for range rapid.IntRange(0, 8).Draw(t, "messages") {
			var changes []Change
			p, changes = Settle(p, rapid.SampledFrom(story).Draw(t, "snapshot"))
			got.take(changes)
		}
		last := story[len(story)-1]
		for range 2 { // the second time changes nothing
			var changes []Change
			p, changes = Settle(p, last)
			got.take(changes)
		}
		if got.brought > 1 || got.ended > 1 {
			t.Fatalf("brought %d times, ended %d times", got.brought, got.ended)
		}
		if p.State != inOrder.State || p.Refunded != inOrder.Refunded || p.Dispute != inOrder.Dispute {
			t.Fatalf("ends as %+v, in order as %+v", p, inOrder)
		}
		pack := p.Kind == Pack || p.Kind == TopUp || p.Kind == Upgrade
		if !p.Brought {
			if got.have != 0 {
				t.Fatalf("has %s of a payment that brought nothing", got.have)
			}
			return
		}
		want := p.Tokens - p.Taken - p.Claimed
		if got.have != want {
			t.Fatalf("has %s, the payment says %s", got.have, want)
		}
		if pack && p.State == Paid && got.have != p.Tokens-portion(p.Tokens, p.Refunded, p.Received) {
			t.Fatalf("has %s of %s for %d of %d", got.have, p.Tokens, p.Received-p.Refunded, p.Received)
		}
		if pack && (p.State == Refunded || p.State == ChargedBack || p.State == Disputed) && got.have != 0 {
			t.Fatalf("has %s and no money for it: %+v", got.have, p)
		}
	})
}

func TestSettle_RefusesWhatIsNotTheMoney(t *testing.T) {
	p := Payment{ID: "p", Kind: Pack, State: Open, Amount: 9_000_000, Tokens: token.Whole(5000)}
	paid := Seen{PaymentID: "p", Charge: "pi", Status: Succeeded, Amount: 9_000_000, Currency: Currency, At: time.Unix(1, 0)}
	for name, c := range map[string]struct {
		change func(*Seen)
		state  State
	}{
		"too little":                 {func(s *Seen) { s.Amount = 8_990_000 }, Stuck},
		"another currency":           {func(s *Seen) { s.Currency = "jpy" }, Stuck},
		"nothing":                    {func(s *Seen) { s.Amount = 0 }, Open},
		"negative":                   {func(s *Seen) { s.Amount = -9_000_000 }, Open},
		"given back":                 {func(s *Seen) { s.Refunded = 9_000_000 }, Refunded},
		"more given back":            {func(s *Seen) { s.Refunded = 90_000_000 }, Refunded},
		"asked back":                 {func(s *Seen) { s.Dispute = DisputeOpen }, Disputed},
		"pending":                    {func(s *Seen) { s.Status = Pending }, Open},
		"too little, and asked back": {func(s *Seen) { s.Amount, s.Dispute = 8_990_000, DisputeOpen }, Stuck},
		"too little, and lost":       {func(s *Seen) { s.Amount, s.Dispute = 8_990_000, DisputeLost }, ChargedBack},
	} {
		s := paid
		c.change(&s)
		got, changes := Settle(p, s)
		if got.State != c.state || got.Brought || len(changes) > 0 {
			t.Errorf("%s: %s with %v, want %s and nothing", name, got.State, changes, c.state)
		}
	}
	got, changes := Settle(p, paid)
	if got.State != Paid || len(changes) != 1 || changes[0] != (Change{Bring, p.Tokens}) {
		t.Errorf("the money: %+v, %v", got, changes)
	}
	second := paid
	second.Charge = "another"
	if again, changes := Settle(got, second); again != got || changes != nil {
		t.Errorf("a second payment changed %+v, %v", again, changes)
	}
}
