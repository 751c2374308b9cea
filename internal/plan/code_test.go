package plan_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

func TestRedeem_OnceForEachAccountAndNeverBeyondItsUses(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		codes, err := w.Plans.NewCodes(t.Context(), plan.CodeRequest{Count: 2, Amount: token.Whole(10), Uses: 3, Note: "fair"})
		if err != nil || len(codes) != 2 || codes[0] == codes[1] {
			t.Fatalf("%v, %v", codes, err)
		}
		var people []access.Actor
		for range 5 {
			people = append(people, w.User("artisan"))
		}
		typed := " " + strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))
		var redeemed atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				switch _, err := w.Plans.Redeem(t.Context(), people[i%5].AccountID, typed); {
				case err == nil:
					redeemed.Add(1)
				case !errors.Is(err, plan.ErrNoCode) && !errors.Is(err, plan.ErrCodeRedeemed):
					t.Errorf("redeem: %v", err)
				}
			})
		}
		wg.Wait()
		if redeemed.Load() != 3 {
			t.Errorf("redeemed %d times, want 3", redeemed.Load())
		}
		var sum int64
		for _, p := range people {
			sum += w.Available(p) - 25_000
		}
		if sum != 30 {
			t.Errorf("it brought %d tokens, want 30", sum)
		}
		w.Verify()
	})
}

func TestRedeem_RefusesWhatIsNotValid(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User(plan.Free)
	codes, err := w.Plans.NewCodes(t.Context(), plan.CodeRequest{
		Count: 1, Amount: 500, Uses: 1, Lasts: time.Hour, Expires: w.Clock.Now().Add(48 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "x", codes[0] + "A", strings.Repeat("A", 1000), "ÄÖÜ\x00"} {
		if _, err := w.Plans.Redeem(t.Context(), user.AccountID, wrong); !errors.Is(err, plan.ErrNoCode) {
			t.Errorf("%.20q: %v", wrong, err)
		}
	}
	if amount, err := w.Plans.Redeem(t.Context(), user.AccountID, codes[0]); err != nil || amount != 500 {
		t.Fatalf("%s, %v", amount, err)
	}
	b, err := w.Ledger.Balance(t.Context(), user.AccountID)
	if err != nil || b.Layers[0].Kind != ledger.Promo || !b.Layers[0].ExpiresAt.Equal(w.Clock.Now().Add(time.Hour)) {
		t.Errorf("%+v, %v", b, err)
	}
	w.Clock.Advance(72 * time.Hour)
	late := w.User(plan.Free)
	if _, err := w.Plans.Redeem(t.Context(), late.AccountID, codes[0]); !errors.Is(err, plan.ErrNoCode) {
		t.Errorf("after its time: %v", err)
	}
	for _, r := range []plan.CodeRequest{
		{Count: 0, Amount: 1, Uses: 1},
		{Count: 1, Amount: 0, Uses: 1},
		{Count: 1, Amount: token.Max + 1, Uses: 1},
		{Count: 1, Amount: 1},
		{Count: 1, Amount: 1, Uses: 1, Lasts: -1},
		{Count: 1, Amount: 1, Uses: 1, Expires: apptest.Start},
	} {
		if _, err := w.Plans.NewCodes(t.Context(), r); fault.As(err) == nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	w.Verify()
}
