package studio_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bottega/internal/api/studio"
	"bottega/internal/apptest"
	"bottega/internal/payment"
	"bottega/internal/payment/paymenttest"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// newShop is a site that takes payments at a bank.
func newShop(t *testing.T, ref string) (*site, *paymenttest.Bank, *payment.Service) {
	t.Helper()
	var bank *paymenttest.Bank
	var payments *payment.Service
	w := apptest.New(t, ref)
	s := newSiteOf(t, w, func(d *studio.Deps, _ *http.Server) {
		bank = paymenttest.New(w.Clock)
		payments = payment.NewService(payment.Deps{
			DB: w.DB, Clock: w.Clock, Accounts: w.Accounts, Plans: w.Plans, Teams: w.Teams, Ledger: w.Ledger, Provider: bank, Log: w.Log,
			Trial: plan.Trial{Lasts: 7 * 24 * time.Hour, Tokens: token.Whole(500)},
		})
		d.Payments, d.Origins = payments, []string{"https://studio.test"}
	})
	return s, bank, payments
}

func deliver(t *testing.T, bank *paymenttest.Bank, to *payment.Service) {
	t.Helper()
	for _, e := range bank.TakeNews() {
		if err := to.Receive(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// Without a provider the studio says so, and does what costs nothing.
func TestPayments_WithoutAProvider(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	if on, _ := v.must(200, "GET", "/status", nil).at("payments", "checkout").(bool); on {
		t.Error("the status offers a checkout")
	}
	if n := len(v.must(200, "GET", "/plans", nil).list("items")); n != 4 {
		t.Errorf("%d plans, want 4: nobody is offered the operator's", n)
	}
	if n := len(v.must(200, "GET", "/plans?of=credits", nil).list("items")); n != 4 {
		t.Errorf("%d API plans", n)
	}
	if sub := v.must(200, "GET", "/subscription", nil); sub.text("plan") != "free" || sub.text("state") != "settled" || sub.at("next") != nil {
		t.Errorf("%s", sub.raw)
	}
	p := v.must(200, "POST", "/subscription/preview", map[string]any{"action": "change", "plan": "artisan"})
	if p.text("action") != "start" || p.number("price_micros") != 30_000_000 || p.number("tokens_mt") != 25_000_000 {
		t.Errorf("%s", p.raw)
	}
	confirm := map[string]any{"action": "change", "plan": "artisan", "shown_at": p.at("shown_at"), "version": p.at("version")}
	v.refused(v.call("POST", "/subscription/change", confirm), 409, "payments_off")
	v.refused(v.call("POST", "/payments", map[string]any{"pack": "small"}), 409, "payments_off")
	v.refused(v.call("POST", "/billing-portal", nil), 409, "payments_off")
	v.refused(v.call("PUT", "/auto-top-up", map[string]any{
		"enabled": true, "pack": "small", "threshold_mt": 1000, "ceiling_micros": 9_000_000,
	}), 409, "payments_off")
	a, err := s.Accounts.ByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.World.Plans.Change(t.Context(), a.ID, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
		return sub.Put(now, "artisan")
	})); err != nil {
		t.Fatal(err)
	}
	p = v.must(200, "POST", "/subscription/preview", map[string]any{"action": "cancel"})
	done := v.must(200, "POST", "/subscription/change", map[string]any{"action": "cancel", "shown_at": p.at("shown_at"), "version": p.at("version")})
	if done.text("subscription", "state") != "cancelled" || done.at("payment") != nil || done.at("pay_url") != nil {
		t.Errorf("%s", done.raw)
	}
}

// The whole way through the API: a pack, a plan, an upgrade as it was shown, the list of payments, a top-up rule.
func TestPayments_ThroughTheAPI(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s, bank, payments := newShop(t, ref)
		v := s.member("ada@example.com")
		if st := v.must(200, "GET", "/status", nil); st.at("payments", "checkout") != true || st.number("payments", "trial_days") != 7 {
			t.Errorf("%s", st.raw)
		}
		packs := v.must(200, "GET", "/packs?of=credits", nil)
		if len(packs.list("items")) != 4 || len(packs.list("tiers")) != 3 {
			t.Errorf("%s", packs.raw)
		}
		bought := v.must(200, "POST", "/payments", map[string]any{"of": "credits", "amount_mt": 12_000_000})
		id := bought.text("payment", "id")
		if bought.number("payment", "price_micros") != 20_000_000 || !strings.HasPrefix(bought.text("pay_url"), "https://bank.test/") {
			t.Errorf("12000 credits: %s", bought.raw)
		}
		page := strings.TrimPrefix(bought.text("pay_url"), "https://bank.test/")
		if !strings.HasPrefix(bank.Pages[page].Order.Back, "https://studio.test/") {
			t.Errorf("they come back to %q", bank.Pages[page].Order.Back)
		}
		bank.Pay(page)
		deliver(t, bank, payments)
		if w := v.must(200, "GET", "/wallet", nil); w.number("credits", "available_mc") != 12_000_000 {
			t.Errorf("%s", w.raw)
		}
		if p := v.must(200, "GET", "/payments/"+id, nil); p.text("state") != "paid" || p.text("receipt_url") == "" {
			t.Errorf("%s", p.raw)
		}
		change := func(name string) answer {
			p := v.must(200, "POST", "/subscription/preview", map[string]any{"action": "change", "plan": name, "cycle": "month"})
			return v.must(200, "POST", "/subscription/change", map[string]any{
				"action": "change", "plan": name, "cycle": "month", "shown_at": p.at("shown_at"), "version": p.at("version"),
			})
		}
		bank.Pay(strings.TrimPrefix(change("apprentice").text("pay_url"), "https://bank.test/"))
		deliver(t, bank, payments)
		s.Clock.Advance(10 * 24 * time.Hour)
		up := change("maestro")
		if up.text("subscription", "plan") != "maestro" || up.text("payment", "state") != "paid" || up.at("pay_url") != nil {
			t.Errorf("%s", up.raw)
		}
		first := v.must(200, "GET", "/payments?limit=2", nil)
		rest := v.must(200, "GET", "/payments?limit=2&cursor="+first.text("next"), nil)
		if len(first.list("items")) != 2 || len(rest.list("items")) != 1 || rest.at("next") != nil {
			t.Errorf("%s\n%s", first.raw, rest.raw)
		}
		rule := map[string]any{"of": "credits", "enabled": true, "pack": "api-small", "threshold_mt": 1_000_000, "ceiling_micros": 17_000_000}
		if r := v.must(200, "PUT", "/auto-top-up", rule); r.text("verdict") != "enough" || r.number("price_micros") != 8_500_000 {
			t.Errorf("%s", r.raw)
		}
		if url := v.must(200, "POST", "/billing-portal", nil).text("url"); !strings.HasPrefix(url, "https://bank.test/portal/") {
			t.Errorf("portal at %q", url)
		}
		eve := s.member("eve@example.com")
		if n := len(eve.must(200, "GET", "/payments", nil).list("items")); n != 0 {
			t.Errorf("a stranger sees %d payments", n)
		}
		eve.must(404, "GET", "/payments/"+id, nil)
		s.Verify()
	})
}

func TestPayments_WrongInputIsNamed(t *testing.T) {
	s, bank, _ := newShop(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	now := s.Clock.Now().Format(time.RFC3339Nano)
	for name, c := range map[string]struct {
		method, path string
		body         map[string]any
		want         string
	}{
		"unknown pack":        {"POST", "/payments", map[string]any{"pack": "giant"}, "pack"},
		"negative amount":     {"POST", "/payments", map[string]any{"amount_mt": -1_000_000}, "amount_mt"},
		"huge amount":         {"POST", "/payments", map[string]any{"amount_mt": int64(1) << 62}, "amount_mt"},
		"nothing":             {"POST", "/payments", map[string]any{}, "amount_mt"},
		"unknown unit":        {"POST", "/payments", map[string]any{"of": "gold", "pack": "small"}, "of"},
		"unknown plan":        {"POST", "/subscription/preview", map[string]any{"action": "change", "plan": "gold"}, "plan"},
		"unknown action":      {"POST", "/subscription/preview", map[string]any{"action": "steal"}, "action"},
		"unknown cycle":       {"POST", "/subscription/preview", map[string]any{"action": "change", "plan": "artisan", "cycle": "week"}, "cycle"},
		"no preview":          {"POST", "/subscription/change", map[string]any{"action": "change", "plan": "artisan", "version": 0}, "shown_at"},
		"negative threshold":  {"PUT", "/auto-top-up", map[string]any{"enabled": true, "pack": "small", "threshold_mt": -1, "ceiling_micros": 9_000_000}, "threshold_mt"},
		"ceiling below price": {"PUT", "/auto-top-up", map[string]any{"enabled": true, "pack": "small", "threshold_mt": 1000, "ceiling_micros": 1}, "ceiling_micros"},
		"wrong cursor":        {"GET", "/payments?cursor=x", nil, "cursor"},
		"limit":               {"GET", "/payments?limit=0", nil, "limit"},
		"unit of a list":      {"GET", "/packs?of=gold", nil, "of"},
	} {
		var body any
		if c.body != nil {
			body = c.body
		}
		a := v.call(c.method, c.path, body)
		if a.status != 422 || !strings.Contains(string(a.raw), `"`+c.want) {
			t.Errorf("%s: %d %s, want 422 about %s", name, a.status, a.raw, c.want)
		}
	}
	stale := map[string]any{"action": "change", "plan": "artisan", "shown_at": now, "version": 7}
	v.refused(v.call("POST", "/subscription/change", stale), 409, "offer_over")
	if n := len(bank.Pages) + len(bank.Payments); n != 0 {
		t.Errorf("the bank has %d pages and payments after wrong input", n)
	}
}
