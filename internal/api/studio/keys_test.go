package studio_test

import (
	"testing"

	"bottega/internal/apptest"
)

func TestKeys_HaveTermsAndShowWhatTheyUse(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.member("ada@example.com")
		made := v.must(200, "POST", "/keys", map[string]any{"name": "script", "pays_with": "credits", "budget_mt": 5000})
		key := func() answer { return v.must(200, "GET", "/keys", nil) }
		if k := key().list("items")[0]; k["pays_with"] != "credits" || k["budget_mt"] != 5000.0 || k["used_mt"] != 0.0 {
			t.Errorf("the key is %v", k)
		}
		v.must(204, "PUT", "/keys/"+made.text("id")+"/terms", map[string]any{"pays_with": "tokens"})
		if k := key().list("items")[0]; k["pays_with"] != "tokens" || k["budget_mt"] != 0.0 {
			t.Errorf("the key is %v", k)
		}
		v.refused(v.call("POST", "/keys", map[string]any{"name": "greedy", "budget_mt": -1}), 422, "invalid_request")
		v.refused(v.call("POST", "/keys", map[string]any{"name": "lost", "pays_with": "gold"}), 422, "invalid_request")
		if n := len(key().list("items")); n != 1 {
			t.Errorf("%d keys, want the first one alone", n)
		}
		if w := v.must(200, "GET", "/wallet", nil); w.number("credits", "available_mc") != 0 || w.number("balance", "available_mt") == 0 {
			t.Errorf("the wallet is %s", w.raw)
		}
		if j := v.must(200, "GET", "/journal?of=credits", nil); len(j.list("items")) != 0 {
			t.Errorf("the credits' journal is %s", j.raw)
		}
	})
}
