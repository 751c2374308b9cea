package studio_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/ledger"
)

// A team's purse through the API, looked after by its billing member: a plan by seats, more of them, fewer, a pack, the
// payments, and a rule; the pool is the team's alone.
func TestTeamPurse_ThroughTheAPI(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s, bank, payments := newShop(t, ref)
		c := s.crew("Foxes", nil)
		v, team := c.people["billing"], "/teams/"+c.id
		pay := func(a answer) {
			t.Helper()
			if !bank.Pay(strings.TrimPrefix(a.text("pay_url"), "https://bank.test/")) {
				t.Fatalf("no page to pay on: %s", a.raw)
			}
			deliver(t, bank, payments)
		}
		change := func(wish map[string]any) answer {
			t.Helper()
			return v.must(200, "POST", team+"/subscription/change", c.shown(wish))
		}
		offers := v.must(200, "GET", team+"/plans", nil).list("items")
		if len(offers) != 3 || offers[0]["current"] != true || offers[1]["min_seats"] != 3.0 || offers[1]["month_micros"] != 24_000_000.0 {
			t.Errorf("offered are %v", offers)
		}
		begun := change(map[string]any{"action": "change", "plan": "team-starter", "seats": 5})
		if begun.number("payment", "price_micros") != 120_000_000 || begun.number("payment", "seats") != 5 {
			t.Errorf("%s", begun.raw)
		}
		page := bank.Pages[strings.TrimPrefix(begun.text("pay_url"), "https://bank.test/")]
		if page.Order.Back != "https://studio.test/teams/"+c.id+"/plan" {
			t.Errorf("they come back to %q", page.Order.Back)
		}
		pay(begun)
		sub := v.must(200, "GET", team+"/subscription", nil)
		if sub.text("plan") != "team-starter" || sub.number("seats") != 5 || sub.number("renewal_micros") != 120_000_000 {
			t.Errorf("%s", sub.raw)
		}
		s.Clock.Advance(10 * 24 * time.Hour)
		up := change(map[string]any{"action": "change", "plan": "team-starter", "seats": 6})
		if up.text("payment", "state") != "paid" || up.number("payment", "price_micros") != 16_000_000 || up.number("subscription", "seats") != 6 {
			t.Errorf("one seat for two thirds of a month: %s", up.raw)
		}
		less := change(map[string]any{"action": "change", "plan": "team-starter", "seats": 3})
		if less.at("payment") != nil || less.number("subscription", "next", "seats") != 3 {
			t.Errorf("%s", less.raw)
		}
		v.refused(v.call("POST", team+"/subscription/preview", map[string]any{"action": "change", "plan": "team-starter", "seats": 2}), 422, "invalid_request")
		v.refused(v.call("POST", team+"/payments", map[string]any{"of": "credits", "pack": "api-small"}), 422, "invalid_request")

		bought := v.must(200, "POST", team+"/payments", map[string]any{"pack": "small"})
		pay(bought)
		if pool := c.people["member"].must(200, "GET", team, nil).number("balance", "available_mt"); pool != 1_000_000+125_000_000+16_666_667+5_000_000 {
			t.Errorf("the pool has %d", pool)
		}
		if list := v.must(200, "GET", team+"/payments", nil).list("items"); len(list) != 3 {
			t.Errorf("%d payments of the team", len(list))
		}
		own := v.must(200, "GET", "/payments", nil).list("items")
		v.must(404, "GET", "/payments/"+bought.text("payment", "id"), nil)
		if len(own) != 0 {
			t.Errorf("what the team paid is among one's own: %v", own)
		}
		rule := map[string]any{"enabled": true, "pack": "small", "threshold_mt": 1_000_000, "ceiling_micros": 9_000_000}
		if r := v.must(200, "PUT", team+"/auto-top-up", rule); r.text("verdict") != "enough" || r.at("enabled") != true {
			t.Errorf("%s", r.raw)
		}
		if r := v.must(200, "GET", "/auto-top-up", nil); r.at("enabled") != false {
			t.Errorf("the rule of the team is one's own: %s", r.raw)
		}
		portal, mine := v.must(200, "POST", team+"/billing-portal", nil).text("url"), v.must(200, "POST", "/billing-portal", nil).text("url")
		if portal == mine || !strings.HasPrefix(portal, "https://bank.test/portal/") {
			t.Errorf("the team's cards are at %q, one's own at %q", portal, mine)
		}
		s.Verify()
	})
}

// The file of a team's journal says whose work each line is about, and takes the filters of the list.
func TestTeamJournal_AsAFile(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	c := s.crew("Foxes", nil)
	work := c.people["member"].must(200, "POST", "/generations", map[string]any{"prompt": "a fox", "pays_with": "team:" + c.id})
	file := c.people["billing"].must(200, "GET", "/teams/"+c.id+"/journal.csv?op=hold", nil)
	rows, err := csv.NewReader(strings.NewReader(string(file.raw))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%q, %v", file.raw, err)
	}
	line := map[string]string{}
	for i, name := range rows[0] {
		line[name] = rows[1][i]
	}
	if line["member"] != "member-foxes@example.com" || line["generation"] != work.text("id") || line["operation"] != "hold" || line["unit"] != "token" {
		t.Errorf("the line is %v", line)
	}
	if own := c.people["member"].must(200, "GET", "/journal.csv", nil); strings.Contains(string(own.raw), "member") {
		t.Errorf("one's own file names a member: %s", own.raw)
	}
	c.people["billing"].refused(c.people["billing"].call("GET", "/teams/"+c.id+"/journal.csv?generation=x", nil), 422, "invalid_request")
	if b, err := s.Ledger.Balance(t.Context(), ledger.TeamOf(c.id)); err != nil || b.Held == 0 {
		t.Errorf("%+v, %v", b, err)
	}
}
