package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// lived is an account that drew a picture on each of some days.
func lived(t *testing.T, w *apptest.World, days int) (access.Actor, []string) {
	t.Helper()
	w.Run()
	user := w.User("apprentice")
	if err := w.Ledger.Grant(t.Context(), user.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(40), Ref: "gift", Note: "a gift"}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range days {
		g := w.Submit(user, "a fox", 2)
		w.WaitState(user, g.ID, generation.Complete)
		ids = append(ids, g.ID)
		w.Clock.Advance(24 * time.Hour)
	}
	return user, ids
}

func all(t *testing.T, w *apptest.World, q ledger.JournalQuery, limit int) []ledger.JournalItem {
	t.Helper()
	var items []ledger.JournalItem
	for cursor, pages := "", 0; ; pages++ {
		page, next, err := w.Ledger.Search(t.Context(), q, cursor, limit)
		if err != nil || len(page) > limit || pages > 1000 {
			t.Fatalf("page %d: %d lines, %v", pages, len(page), err)
		}
		items = append(items, page...)
		if cursor = next; next == "" {
			return items
		}
	}
}

// Every filter gives what a plain walk through the whole journal gives, in every page size, and exported the other way
// round.
func TestSearch_FindsWhatAWalkThroughEverythingFinds(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user, ids := lived(t, w, 7)
		everything, next, err := w.Ledger.Journal(t.Context(), user.AccountID, "", 100)
		if err != nil || next != "" || len(everything) < 16 {
			t.Fatalf("%d lines, next %q, %v", len(everything), next, err)
		}
		second := apptest.Start.Add(24 * time.Hour)
		for name, q := range map[string]ledger.JournalQuery{
			"all":                {},
			"operation":          {Op: "capture"},
			"layer":              {Layer: ledger.TopUp},
			"model":              {Model: "scripted"},
			"another model":      {Model: "nobody"},
			"generation":         {HoldID: ids[3]},
			"unknown generation": {HoldID: "nothing"},
			"from":               {From: second},
			"to":                 {To: second},
			"from and to":        {From: second, To: second.Add(48 * time.Hour), Op: "hold"},
			"long ago":           {To: apptest.Start.Add(-time.Hour)},
			"to come":            {From: apptest.Start.Add(1000 * time.Hour)},
			"generation, from":   {HoldID: ids[3], From: apptest.Start.Add(200 * time.Hour)},
		} {
			q.Wallet = user.AccountID
			var want []int64
			for _, it := range everything {
				if (q.Op == "" || it.Op == q.Op) && (q.Layer == "" || it.Layer == q.Layer) && (q.Model == "" || it.Model == q.Model) &&
					(q.HoldID == "" || it.HoldID == q.HoldID) && !it.At.Before(q.From) && (q.To.IsZero() || it.At.Before(q.To)) {
					want = append(want, it.Seq)
				}
			}
			for _, limit := range []int{1, 3, 100} {
				var got []int64
				for _, it := range all(t, w, q, limit) {
					got = append(got, it.Seq)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d a page: %v, want %v", name, limit, got, want)
				}
			}
			var exported []int64
			if err := w.Ledger.Each(t.Context(), q, func(it ledger.JournalItem) error { exported = append(exported, it.Seq); return nil }); err != nil {
				t.Fatal(err)
			}
			slices.Reverse(exported)
			if !slices.Equal(exported, want) {
				t.Errorf("%s, exported: %v, want %v", name, exported, want)
			}
		}
		stranger := w.User("free")
		if got := all(t, w, ledger.JournalQuery{Wallet: stranger.AccountID, HoldID: ids[0]}, 10); len(got) != 0 {
			t.Errorf("a stranger finds %v", got)
		}
	})
}

// A search that finds nothing does not walk through millions of lines in one go: it says where to go on.
func TestSearch_ComesBackShortInALongJournal(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User("free")
	const gifts = 25_000
	err := w.Ledger.Change(t.Context(), user.AccountID, func(l *ledger.Wallet) error {
		for i := range gifts {
			r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: 1, Ref: fmt.Sprint("gift ", i)}
			if i == 0 {
				r = ledger.GrantRequest{Kind: ledger.Promo, Amount: 1, Ref: "first", ExpiresAt: apptest.Start.Add(time.Hour)}
			}
			if err := l.Grant(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q := ledger.JournalQuery{Wallet: user.AccountID, Layer: ledger.Promo}
	first, next, err := w.Ledger.Search(t.Context(), q, "", 50)
	if err != nil || len(first) != 0 || next == "" {
		t.Fatalf("the first page has %d lines, next %q, %v", len(first), next, err)
	}
	if got := all(t, w, q, 50); len(got) != 1 || got[0].Moved != 1 {
		t.Errorf("found %v", got)
	}
	n := 0
	if err := w.Ledger.Each(t.Context(), ledger.JournalQuery{Wallet: user.AccountID}, func(ledger.JournalItem) error { n++; return nil }); err != nil || n != gifts+1 {
		t.Errorf("exported %d lines, %v", n, err)
	}
}

func TestForecast_OfAnAccountThatDrawsEveryDay(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user, ids := lived(t, w, 2)
		expected := func() ledger.Schedule {
			s, err := w.Plans.Expected(t.Context(), user.AccountID)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if f, err := w.Ledger.Forecast(t.Context(), user.AccountID, expected()); err != nil || f != nil {
			t.Fatalf("after two days it says %+v, %v", f, err)
		}
		for range 3 {
			g := w.Submit(user, "a fox", 2)
			w.WaitState(user, g.ID, generation.Complete)
			w.Clock.Advance(24 * time.Hour)
		}
		g, err := w.Generations.Get(t.Context(), user, ids[0])
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.Ledger.Forecast(t.Context(), user.AccountID, expected())
		if err != nil || f == nil {
			t.Fatalf("%+v, %v", f, err)
		}
		// The day it began was not a whole one: four days with a picture each.
		if f.Basis != 4 || f.Pace != g.Charged || !f.RunsOut.IsZero() {
			t.Errorf("the forecast is %+v, a picture costs %s", f, g.Charged)
		}
	})
}
