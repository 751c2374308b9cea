package ledger

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/fault"
	"bottega/internal/token"
)

var start = time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)

func daily(n int64) Schedule { return Always(Term{Plan: "free", From: start, Daily: token.Whole(n)}) }

func monthly(n, bankCap int64) Schedule {
	return Always(Term{Plan: "artisan", From: start, Monthly: token.Whole(n), BankCap: token.Whole(bankCap)})
}

// advance is Advance with a schedule that is never stale.
func (w *Wallet) advance(now time.Time, s Schedule) {
	if err := w.Advance(now, s); err != nil {
		panic(err)
	}
}

func hold(t testing.TB, w *Wallet, id string, tokens int64) *Hold {
	t.Helper()
	h, err := w.Hold(HoldRequest{GenerationID: id, Amount: token.Whole(tokens), SheetVersion: 3})
	if err != nil {
		t.Fatalf("hold %d of %s available: %v", tokens, w.Available, err)
	}
	return h
}

func wantAvailable(t *testing.T, w *Wallet, tokens int64) {
	t.Helper()
	if w.Available != token.Whole(tokens) {
		t.Fatalf("available = %s, want %d", w.Available, tokens)
	}
}

func TestAdvance_DailyTokensArriveOnceADayAndAreNotKept(t *testing.T) {
	w := &Wallet{ID: "w"}
	w.advance(start, daily(150))
	w.advance(start.Add(time.Hour), daily(150))
	wantAvailable(t, w, 150)
	hold(t, w, "a", 100)
	wantAvailable(t, w, 50)
	w.advance(start.Add(24*time.Hour), daily(150))
	wantAvailable(t, w, 150)
}

func TestAdvance_ClockGoingBackGrantsNothing(t *testing.T) {
	w := &Wallet{ID: "w"}
	w.advance(start, daily(150))
	w.advance(start.Add(-48*time.Hour), daily(150))
	wantAvailable(t, w, 150)
	if !w.Clock.Equal(start) {
		t.Fatalf("clock = %s, went back", w.Clock)
	}
}

func TestAdvance_MonthsRollIntoTheBankUpToItsCap(t *testing.T) {
	a := monthly(100, 250)
	w := &Wallet{ID: "w"}
	w.advance(start, a)
	wantAvailable(t, w, 100)
	// The second month starts on 28 February: the 31st does not exist.
	w.advance(time.Date(2026, 2, 28, 8, 59, 0, 0, time.UTC), a)
	wantAvailable(t, w, 100)
	w.advance(time.Date(2026, 2, 28, 9, 0, 0, 0, time.UTC), a)
	wantAvailable(t, w, 200)
	// Off for ten months: each month is granted and rolled once, the bank stops at its cap.
	w.advance(start.AddDate(0, 12, 0), a)
	wantAvailable(t, w, 350)
	if bank := w.find(Bank); bank.Remaining != token.Whole(250) {
		t.Fatalf("bank = %s, want its cap 250", bank.Remaining)
	}
}

func TestHold_SpendsWhatExpiresFirstThenTheCheaperLayers(t *testing.T) {
	a := monthly(100, 300)
	w := &Wallet{ID: "w"}
	w.advance(start, a)
	for _, r := range []GrantRequest{
		{Kind: TopUp, Amount: token.Whole(10), Ref: "t"},
		{Kind: Promo, Amount: token.Whole(5), Ref: "late", ExpiresAt: start.Add(72 * time.Hour)},
		{Kind: Promo, Amount: token.Whole(5), Ref: "soon", ExpiresAt: start.Add(24 * time.Hour)},
	} {
		if err := w.Grant(r); err != nil {
			t.Fatal(err)
		}
	}
	h := hold(t, w, "a", 115)
	var got []string
	for _, l := range h.Legs {
		got = append(got, fmt.Sprintf("%s %s", w.grant(l.Grant).Ref, l.Amount))
	}
	want := []string{"soon 5", "late 5", a.Terms[0].ref(start) + " 100", "t 5"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("legs = %v, want %v", got, want)
	}
}

func TestHold_TakesAllOrNothing(t *testing.T) {
	w := &Wallet{ID: "w"}
	w.advance(start, daily(10))
	_, err := w.Hold(HoldRequest{GenerationID: "a", Amount: token.Whole(11)})
	f := fault.As(err)
	if f == nil || f.Kind != fault.Insufficient || f.Details["missing_mt"] != int64(1000) {
		t.Fatalf("err = %v, want insufficient with 1000 missing", err)
	}
	wantAvailable(t, w, 10)
}

func TestCapture_GivesTheDearestLayerBackFirst(t *testing.T) {
	w := &Wallet{ID: "w"}
	w.advance(start, daily(10))
	if err := w.Grant(GrantRequest{Kind: TopUp, Amount: token.Whole(10), Ref: "t"}); err != nil {
		t.Fatal(err)
	}
	h := hold(t, w, "a", 15)
	if err := w.Capture(h, token.Whole(8), true); err != nil {
		t.Fatal(err)
	}
	if top := w.find(TopUp); top.Remaining != token.Whole(10) || top.Spent != 0 {
		t.Fatalf("top-up = %s left and %s spent, want all of it back", top.Remaining, top.Spent)
	}
	wantAvailable(t, w, 12)
	if err := w.Capture(h, 0, true); err == nil {
		t.Fatal("a hold was captured twice")
	}
}

func TestRelease_WhenTheGrantHasEndedMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name     string
		ourFault bool
		want     int64
	}{{"our failure keeps them for a day", true, 60}, {"a cancel lets them expire", false, 50}} {
		t.Run(c.name, func(t *testing.T) {
			w := &Wallet{ID: "w"}
			w.advance(start, daily(50))
			h := hold(t, w, "a", 10)
			w.advance(start.Add(24*time.Hour), daily(50))
			if err := w.Release(h, c.ourFault); err != nil {
				t.Fatal(err)
			}
			wantAvailable(t, w, c.want)
			w.advance(start.Add(72*time.Hour), daily(50))
			wantAvailable(t, w, 50)
		})
	}
}

func TestRelease_OfAMonthThatRolledGoesToTheBankWithinItsCap(t *testing.T) {
	a := monthly(100, 120)
	w := &Wallet{ID: "w"}
	w.advance(start, a)
	h := hold(t, w, "a", 50)
	w.advance(AddMonths(start, 1), a) // 50 roll
	w.advance(AddMonths(start, 2), a) // 70 more fit, 30 expire
	if err := w.Release(h, false); err != nil {
		t.Fatal(err)
	}
	if bank := w.find(Bank); bank.Remaining != token.Whole(120) {
		t.Fatalf("bank = %s, want its cap 120", bank.Remaining)
	}
	wantAvailable(t, w, 220)
}

func TestGrant_RefusesNonsense(t *testing.T) {
	w := &Wallet{ID: "w", Clock: start}
	for name, r := range map[string]GrantRequest{
		"nothing":  {Kind: TopUp, Ref: "a"},
		"negative": {Kind: TopUp, Amount: -1, Ref: "a"},
		"too much": {Kind: TopUp, Amount: token.Max + 1, Ref: "a"},
		"kind":     {Kind: Bank, Amount: 1, Ref: "a"},
		"over":     {Kind: Promo, Amount: 1, Ref: "a", ExpiresAt: start},
	} {
		if f := fault.As(w.Grant(r)); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 {
			t.Errorf("%s: fault = %v, want one named field", name, f)
		}
	}
	if len(w.entries) != 0 || w.Available != 0 {
		t.Error("a refused grant changed the wallet")
	}
}

// TestWallet_Invariants drives random operations and checks after each that no token appeared, vanished or was
// counted twice, against sums the test keeps itself.
func TestWallet_Invariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom([]Schedule{daily(20), monthly(50, 120), {}}).Draw(t, "plan")
		w, now := &Wallet{ID: "w"}, start
		open := map[string]*Hold{}
		var issuedByHand, spent token.Amount
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for i := range steps {
			w.advance(now, a)
			id := fmt.Sprint(i)
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0:
				now = now.Add(time.Duration(rapid.IntRange(-24, 24*40).Draw(t, "hours")) * time.Hour)
			case 1:
				amount := token.Amount(rapid.Int64Range(1, 30_000).Draw(t, "gift"))
				r := GrantRequest{Kind: TopUp, Amount: amount, Ref: id}
				if rapid.Bool().Draw(t, "promo") {
					r.Kind, r.ExpiresAt = Promo, w.Clock.Add(30*time.Hour)
				}
				if err := w.Grant(r); err != nil {
					t.Fatal(err)
				}
				issuedByHand += amount
			case 2:
				if h, err := w.Hold(HoldRequest{GenerationID: id, Amount: token.Amount(rapid.Int64Range(0, 60_000).Draw(t, "price"))}); err == nil {
					open[id] = h
				}
			default:
				for holdID, h := range open {
					amount := token.Amount(rapid.Int64Range(0, int64(h.Amount)).Draw(t, "captured"))
					if err := w.Capture(h, amount, rapid.Bool().Draw(t, "ours")); err != nil {
						t.Fatal(err)
					}
					spent += amount
					delete(open, holdID)
					break
				}
			}
			checkWallet(t, w, open, a, issuedByHand, spent)
		}
	})
}

func checkWallet(t *rapid.T, w *Wallet, open map[string]*Hold, a Schedule, byHand, spent token.Amount) {
	var available, held, gone, byPlan, moved, banked token.Amount
	for _, g := range w.Grants {
		for _, part := range []token.Amount{g.Remaining, g.Held, g.Spent, g.Expired, g.Moved} {
			if part < 0 {
				t.Fatalf("grant %s has a negative part: %+v", g.Ref, g)
			}
		}
		if g.Amount != g.Remaining+g.Held+g.Spent+g.Expired+g.Moved {
			t.Fatalf("grant %s does not add up: %+v", g.Ref, g)
		}
		if !g.Open && g.Remaining != 0 {
			t.Fatalf("closed grant %s has %s left", g.Ref, g.Remaining)
		}
		available, held, gone, moved = available+g.Remaining, held+g.Held, gone+g.Spent, moved+g.Moved
		switch g.Kind {
		case Daily, Plan:
			byPlan += g.Amount
		case Bank:
			banked += g.Amount
			if g.Remaining+g.Held > a.At(w.Clock).BankCap {
				t.Fatalf("the bank has %s, its cap is %s", g.Remaining+g.Held, a.At(w.Clock).BankCap)
			}
		}
	}
	var holds token.Amount
	for _, h := range open {
		holds += h.Amount
	}
	switch {
	case available != w.Available || held != w.Held:
		t.Fatalf("wallet says %s + %s, grants say %s + %s", w.Available, w.Held, available, held)
	case holds != w.Held:
		t.Fatalf("open holds are %s, the wallet holds %s", holds, w.Held)
	case gone != spent:
		t.Fatalf("%s were spent, %s were captured", gone, spent)
	case moved != banked:
		t.Fatalf("%s left months for the bank, %s arrived", moved, banked)
	}
	var total token.Amount
	for _, g := range w.Grants {
		total += g.Remaining + g.Held + g.Spent + g.Expired
	}
	if total != byHand+byPlan {
		t.Fatalf("%s exist, %s were issued", total, byHand+byPlan)
	}
	replay(t, w)
}

// replay computes the wallet again from its entries alone, with arithmetic of its own.
func replay(t *rapid.T, w *Wallet) {
	var available, held token.Amount
	previous := ""
	for i, e := range w.entries {
		if e.Seq != int64(i+1) || e.Amount <= 0 || e.hash(previous) != e.Hash {
			t.Fatalf("entry %d is out of order, not positive, or does not match its hash: %+v", i+1, e)
		}
		previous = e.Hash
		if e.From == "available" {
			available -= e.Amount
		}
		if e.To == "available" {
			available += e.Amount
		}
		if e.From == "held" {
			held -= e.Amount
		}
		if e.To == "held" {
			held += e.Amount
		}
		if available < 0 || held < 0 {
			t.Fatalf("after entry %d: %s available, %s held", e.Seq, available, held)
		}
	}
	if available != w.Available || held != w.Held {
		t.Fatalf("the journal gives %s + %s, the wallet says %s + %s", available, held, w.Available, w.Held)
	}
}

// What is moved to the background gives everything back at once, ends like any other, and never costs anything.
func TestEase_GivesBackAndStaysOpen(t *testing.T) {
	w := &Wallet{ID: "w"}
	w.advance(start, daily(10))
	if err := w.Grant(GrantRequest{Kind: TopUp, Amount: token.Whole(20), Ref: "gift"}); err != nil {
		t.Fatal(err)
	}
	h := hold(t, w, "a", 25) // the day's ten, and fifteen of the gift
	wantAvailable(t, w, 5)
	if err := w.Ease(h); err != nil {
		t.Fatal(err)
	}
	wantAvailable(t, w, 30)
	if h.State != HoldEased || len(h.Legs) != 0 || h.Amount != token.Whole(25) || w.Held != 0 {
		t.Errorf("eased, the hold is %+v, and %s are held", h, w.Held)
	}
	if err := w.Ease(h); err == nil {
		t.Error("it could be eased twice")
	}
	if err := w.Capture(h, token.One, false); err == nil {
		t.Error("something was captured from a hold that holds nothing")
	}
	if err := w.Capture(h, 0, false); err != nil || h.State != HoldReleased || h.Captured != 0 {
		t.Errorf("its end: %v, %+v", err, h)
	}
	wantAvailable(t, w, 30)
}
