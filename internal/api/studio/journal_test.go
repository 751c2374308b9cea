package studio_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// drawn is a member with some pictures and gifts, whose notes try to be formulas.
func drawn(t *testing.T, s *site) (*visitor, string) {
	t.Helper()
	v := s.member("ada@example.com")
	account := v.must(200, "GET", "/session", nil).text("account", "id")
	for i, note := range []string{`=HYPERLINK("http://evil.example","x")`, "+1", "-1", "@SUM(A1)", "\tx", "two\r\nlines, \"quoted\"", "a plain gift"} {
		r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Amount(1500 + i), Ref: fmt.Sprint("gift ", i), Note: note}
		if err := s.Ledger.Grant(t.Context(), account, r); err != nil {
			t.Fatal(err)
		}
	}
	work := v.must(200, "POST", "/generations", map[string]any{"prompt": "a fox", "count": 2}).text("id")
	s.Wait(func() error {
		if state := v.must(200, "GET", "/generations/"+work, nil).text("state"); state != string(generation.Complete) {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	return v, work
}

func TestExport_IsTheJournalAndHoldsNoFormula(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		s.Run()
		v, work := drawn(t, s)
		for _, filter := range []string{"", "?op=capture", "?layer=topup", "?model=scripted", "?generation=" + work, "?of=credits"} {
			a := v.must(200, "GET", "/journal.csv"+filter, nil)
			if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "text/csv; charset=utf-8") {
				t.Errorf("Content-Type is %q", ct)
			}
			if d := a.header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="bottega-`) {
				t.Errorf("Content-Disposition is %q", d)
			}
			text := string(a.raw)
			if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
				t.Errorf("%q: a line does not end in CRLF:\n%q", filter, text)
			}
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			items := v.must(200, "GET", "/journal"+filter, nil).list("items")
			if len(rows) != len(items)+1 || filter != "?of=credits" && len(items) == 0 {
				t.Fatalf("%q: %d rows, %d lines", filter, len(rows), len(items))
			}
			for i, row := range rows[1:] {
				compareRow(t, row, items[len(items)-1-i])
			}
		}
	})
}

// compareRow compares a row of the file with the same line of the API.
func compareRow(t *testing.T, row []string, item map[string]any) {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000000Z", row[1])
	if err != nil {
		t.Errorf("time %q: %v", row[1], err)
	}
	amount := func(field string) string { return token.Amount(item[field].(float64)).String() }
	text := func(field string) string { s, _ := item[field].(string); return s }
	apiTime, err := time.Parse(time.RFC3339, text("at"))
	if err != nil {
		t.Fatal(err)
	}
	note := text("note")
	if note != "" && strings.ContainsAny(note[:1], "=+-@\t") {
		note = "'" + note
	}
	note = strings.ReplaceAll(note, "\r\n", "\n") // as Go's reader gives it
	want := []string{
		fmt.Sprint(int64(item["seq"].(float64))), row[1], text("op"), text("layer"), amount("amount_mt"), amount("moved_mt"), "token",
		text("generation_id"), text("model"), row[9], note,
	}
	if fmt.Sprint(row) != fmt.Sprint(want) || !at.Equal(apiTime) {
		t.Errorf("row %q, want %q of %s", row, want, apiTime)
	}
	for n, c := range row {
		if c != "" && strings.ContainsAny(c[:1], "=+@\t\r") || n > 5 && strings.HasPrefix(c, "-") {
			t.Errorf("cell %q could be a formula", c)
		}
	}
}

func TestJournal_RefusesFiltersThatMakeNoSense(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	v.must(200, "GET", "/wallet", nil)
	for _, c := range []struct{ query, field string }{
		{"op=steal", "op"},
		{"layer=gold", "layer"},
		{"from=yesterday", "from"},
		{"of=team", "of"},
		{"cursor=x", "cursor"},
		{"from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z", "to"},
		{"generation=" + url.QueryEscape("' OR 1=1 --"), "generation"},
		{"model=%00", "model"},
		{"model=" + strings.Repeat("x", 201), "model"},
	} {
		for _, path := range []string{"/journal?", "/journal.csv?"} {
			a := v.call("GET", path+c.query, nil)
			if strings.HasPrefix(c.query, "cursor") && path == "/journal.csv?" {
				continue // an export has no pages
			}
			v.refused(a, http.StatusUnprocessableEntity, "invalid_request")
			if errs := a.list("errors"); len(errs) != 1 || !strings.HasSuffix(fmt.Sprint(errs[0]["field"]), c.field) {
				t.Errorf("%s%s: %s", path, c.query, a.raw)
			}
		}
	}
	if a := v.must(200, "GET", "/journal?generation=0198c0de-0000-4000-8000-000000000000", nil); len(a.list("items")) != 0 {
		t.Errorf("an unknown id finds %s", a.raw)
	}
}

func TestWallet_ForecastsOnceItMeansSomething(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	s.Run()
	v, _ := drawn(t, s)
	if w := v.must(200, "GET", "/wallet", nil); w.at("forecast") != nil {
		t.Errorf("on the first day: %s", w.raw)
	}
	for range 4 {
		s.Clock.Advance(24 * time.Hour)
		v.must(200, "POST", "/signin", map[string]any{"email": "ada@example.com", "password": password})
		work := v.must(200, "POST", "/generations", map[string]any{"prompt": "a fox"}).text("id")
		s.Wait(func() error {
			if state := v.must(200, "GET", "/generations/"+work, nil).text("state"); state != string(generation.Complete) {
				return fmt.Errorf("it is %s", state)
			}
			return nil
		})
	}
	w := v.must(200, "GET", "/wallet", nil)
	if w.number("forecast", "basis_days") != 3 || w.number("forecast", "pace_mt") <= 0 || w.at("forecast", "days") != nil || w.number("forecast", "horizon_days") != 90 {
		t.Errorf("the forecast is %s", w.raw)
	}
}
