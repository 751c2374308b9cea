package studio_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

func TestAlerts_AreShownChosenAndDismissed(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, eve := s.member("ada@example.com"), s.member("eve@example.com")
		id := ada.must(200, "GET", "/session", nil).text("account", "id")

		chosen := ada.must(200, "GET", "/alerts/settings", nil)
		if chosen.text("ways", "daily") != "page" || chosen.text("ways", "expiring") != "mail" || chosen.body["can_mail"] != false || chosen.text("email") != "ada@example.com" {
			t.Errorf("the settings are %s", chosen.raw)
		}
		ways := map[string]any{"pool": "page", "daily": "off", "credits": "mail", "expiring": "page", "payment": "mail"}
		ada.must(204, "PUT", "/alerts/settings", map[string]any{"ways": ways, "credits_below_mc": 50_000})
		if got := ada.must(200, "GET", "/alerts/settings", nil); got.text("ways", "daily") != "off" || got.number("credits_below_mc") != 50_000 {
			t.Errorf("after the choice the settings are %s", got.raw)
		}
		if got := eve.must(200, "GET", "/alerts/settings", nil); got.text("ways", "daily") != "page" {
			t.Errorf("somebody else's settings are %s", got.raw)
		}
		for name, wrong := range map[string]map[string]any{
			"an unknown way": {"ways": map[string]any{"pool": "pigeon", "daily": "off", "credits": "mail", "expiring": "page", "payment": "mail"}, "credits_below_mc": 0},
			"a way left out": {"ways": map[string]any{"pool": "page"}, "credits_below_mc": 0},
			"below nothing":  {"ways": ways, "credits_below_mc": -1},
			"too much":       {"ways": ways, "credits_below_mc": int64(token.Max) + 1},
		} {
			a := ada.call("PUT", "/alerts/settings", wrong)
			if a.status != 422 || len(a.list("errors")) == 0 {
				t.Errorf("%s got %d %s, want 422 with the field", name, a.status, a.raw)
			}
		}

		err := s.Ledger.Grant(t.Context(), id, ledger.GrantRequest{Kind: ledger.Promo, Amount: token.Whole(20), Ref: "fair", ExpiresAt: s.Clock.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if told, err := s.Alerts.Look(t.Context(), id); err != nil || !told {
			t.Fatalf("told %v, %v", told, err)
		}
		shown := ada.must(200, "GET", "/alerts", nil).list("items")
		if len(shown) != 1 || shown[0]["kind"] != "expiring" || shown[0]["layer"] != "promo" || shown[0]["amount"] != 20_000.0 || shown[0]["title"] != "20 tokens expire soon" {
			t.Fatalf("shown are %v", shown)
		}
		dismiss := "/alerts/" + shown[0]["id"].(string) + "/dismiss"
		eve.refused(eve.call("POST", dismiss, nil), 404, "alert_not_found")
		ada.must(204, "POST", dismiss, nil)
		if left := ada.must(200, "GET", "/alerts", nil).list("items"); len(left) != 0 {
			t.Errorf("after dismissing there are %v", left)
		}
		eve.refused(eve.call("POST", "/alerts/unsubscribe?token="+id+".00000000000000000000000000000000", nil), 404, "unsubscribe_unknown")
	})
}
