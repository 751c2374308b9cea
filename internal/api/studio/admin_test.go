package studio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/api/studio"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/plan"
)

// owner is a browser of whoever runs the installation.
func (s *site) owner() *visitor {
	s.t.Helper()
	link, err := s.Auth.OwnerLink(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	v := s.stranger()
	v.must(200, "POST", "/owner", map[string]any{"token": link, "email": "owner@example.com", "password": password})
	return v
}

// account is the id of the visitor's account.
func (v *visitor) account() string {
	v.t.Helper()
	return v.must(200, "GET", "/session", nil).text("account", "id")
}

// adminRoutes are all routes of the admin pages, as the document says.
func adminRoutes(t *testing.T) (list [][2]string) {
	t.Helper()
	raw, err := studio.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{id}", "11111111-2222-4333-8444-555555555555", "{lane}", "fast", "{worker}", "w")
	for path, methods := range doc.Paths {
		path = strings.TrimPrefix(path, studio.Prefix)
		if strings.HasPrefix(path, "/admin/") {
			for method := range methods {
				list = append(list, [2]string{strings.ToUpper(method), fill.Replace(path)})
			}
		}
	}
	if len(list) < 15 {
		t.Fatalf("found only the routes %v", list)
	}
	return list
}

func TestAdmin_IsForTheOwnerOfTheInstallationAlone(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	stranger, member, teamOwner := s.stranger(), s.member("ada@example.com"), s.member("tess@example.com")
	teamOwner.must(200, "POST", "/teams", map[string]any{"name": "Foxes"})
	owner := s.owner()
	key := func(lasts time.Duration) string {
		k, _, err := s.Auth.CreateKey(t.Context(), owner.account(), "of the owner", s.Clock.Now().Add(lasts), auth.KeyTerms{})
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + k
	}
	living, expired := key(time.Hour), key(time.Millisecond)
	s.Clock.Advance(time.Second)
	for _, r := range adminRoutes(t) {
		t.Run(r[0]+" "+r[1], func(t *testing.T) {
			body := any(map[string]any{})
			if r[0] == "GET" {
				body = nil
			}
			stranger.refused(stranger.call(r[0], r[1], body), 401, "unauthenticated")
			for _, header := range []string{living, expired} {
				stranger.refused(stranger.call(r[0], r[1], body, "Authorization", header), 401, "unauthenticated")
			}
			member.refused(member.call(r[0], r[1], body), 403, "operator_only")
			teamOwner.refused(teamOwner.call(r[0], r[1], body), 403, "operator_only")
			if a := owner.call(r[0], r[1], body); a.status == 401 || a.text("code") == "operator_only" {
				t.Errorf("the owner is answered %d %s", a.status, a.raw)
			}
		})
	}
	// Whoever gets past the door is asked once more: a key of the owner is no owner.
	err := s.Operator.PauseLane(t.Context(), access.Actor{AccountID: owner.account(), Role: access.RoleOwner, KeyID: "k"}, "fast", true)
	if err == nil || !strings.Contains(err.Error(), "owner of this studio") {
		t.Errorf("a key paused a lane: %v", err)
	}
}

func TestAdmin_LanesAndWorkersAreStoppedAndTheLogSaysBy(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, owner := s.member("ada@example.com"), s.owner()
		owner.must(204, "PUT", "/admin/lanes/fast", map[string]any{"paused": true})
		id := ada.waiting(1)[0]
		s.Clock.Advance(2 * time.Second) // a forecast is a second old at most
		if g := ada.must(200, "GET", "/generations/"+id, nil); g.text("stopped") != "lane" || g.number("position") != 1 || g.at("starts") != nil {
			t.Errorf("in a paused lane it waits as %s", g.raw)
		}
		err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { // 4,000 s for a thousand tokens
			_, err := tx.Exec(t.Context(), "INSERT INTO pace (engine, model, micros, runs) VALUES ('far', 'slow', 4000000000, 2)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Run()
		var worker string
		s.Wait(func() error {
			o := owner.must(200, "GET", "/admin/overview", nil)
			if len(o.list("workers")) != 1 {
				return fmt.Errorf("the workers are %v", o.at("workers"))
			}
			if p := o.list("paces"); len(p) == 0 || p[0]["model"] != "slow" || p[0]["seconds_per_token"] != 4.0 {
				return fmt.Errorf("the paces are %v", p)
			}
			worker, _ = o.list("workers")[0]["id"].(string)
			lane := o.list("lanes")[0]
			if lane["lane"] != "fast" || lane["paused"] != true || lane["admitted"] != 1.0 || lane["oldest_at"] == nil {
				return fmt.Errorf("the lane is %v", lane)
			}
			return nil
		})
		owner.must(204, "PUT", "/admin/workers/"+worker, map[string]any{"drained": true})
		owner.must(204, "PUT", "/admin/lanes/fast", map[string]any{"paused": false})
		other := s.member("eve@example.com")
		second := other.waiting(1)[0]
		if o := owner.must(200, "GET", "/admin/overview", nil); o.list("workers")[0]["drained"] != true {
			t.Errorf("the worker is %v", o.at("workers"))
		}
		owner.must(204, "PUT", "/admin/workers/"+worker, map[string]any{"drained": false})
		ada.waitState(id, "complete")
		other.waitState(second, "complete")

		v := owner.call("PUT", "/admin/lanes/slow", map[string]any{"paused": true})
		owner.refused(v, 422, "invalid_request")
		if !strings.Contains(string(v.raw), `"field":"lane"`) {
			t.Errorf("an unknown lane is refused with %s", v.raw)
		}
		owner.refused(owner.call("PUT", "/admin/workers/nobody", map[string]any{"drained": true}), 404, "worker_not_found")
		log := owner.must(200, "GET", "/admin/audit", nil).list("items")
		var actions []string
		for _, l := range log {
			actions = append(actions, fmt.Sprint(l["action"], " ", l["by"], " ", l["subject"]))
		}
		want := []string{
			"worker.resume owner@example.com " + worker, "lane.resume owner@example.com fast",
			"worker.drain owner@example.com " + worker, "lane.pause owner@example.com fast",
		}
		if fmt.Sprint(actions) != fmt.Sprint(want) {
			t.Errorf("the log says %q, want %q", actions, want)
		}
		counts := map[string]string{}
		for _, c := range s.Operator.Counts() {
			counts[c.Action] = fmt.Sprint(c.Done, " ", c.Refused)
		}
		if counts["lane.pause"] != "1 1" || counts["worker.drain"] != "1 1" || counts["lane.resume"] != "1 0" {
			t.Errorf("the counts of done and refused are %v", counts)
		}
		s.Verify()
	})
}

func TestAdmin_AnAccountIsStoppedAndItsOwnerReadsWhy(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, owner := s.member("ada@example.com"), s.owner()
		account := "/admin/accounts/" + ada.account()
		ids := ada.waiting(2)
		owner.must(204, "PUT", account+"/stop", map[string]any{"reason": "please write to us about the flood"})
		ids = append(ids, ada.waiting(1)...)
		if q := ada.must(200, "GET", "/queue", nil); q.text("stopped") != "please write to us about the flood" || q.number("waiting") != 3 || q.at("done") != nil {
			t.Errorf("its owner is told %s", q.raw)
		}
		if g := ada.must(200, "GET", "/generations/"+ids[0], nil); g.text("stopped") != "account" || g.number("position") != 0 {
			t.Errorf("it waits as %s", g.raw)
		}
		ada.must(204, "PUT", "/queue", map[string]any{"paused": true}) // its owner cannot undo it
		ada.must(204, "PUT", "/queue", map[string]any{"paused": false})
		found := owner.must(200, "GET", "/admin/accounts?search=ADA", nil).list("items")
		if len(found) != 1 || found[0]["stopped"] != "please write to us about the flood" || found[0]["waiting"] != 3.0 || found[0]["plan"] != "free" {
			t.Errorf("the operator sees %v", found)
		}
		s.Run()
		eve := s.member("eve@example.com")
		eve.waitState(eve.waiting(1)[0], "complete") // the others go on
		for _, id := range ids {
			if got := ada.must(200, "GET", "/generations/"+id, nil).text("state"); got != "waiting" {
				t.Errorf("work of a stopped account is %s", got)
			}
		}
		owner.must(204, "DELETE", account+"/stop", nil)
		for _, id := range ids {
			if g := ada.waitState(id, "complete"); g.text("stopped") != "" {
				t.Errorf("finished %s", g.raw)
			}
		}
		log := owner.must(200, "GET", "/admin/audit?account="+ada.account(), nil).list("items")
		if len(log) != 2 || log[1]["reason"] != "please write to us about the flood" || log[1]["email"] != "ada@example.com" {
			t.Errorf("the log says %v", log)
		}
		s.Verify()
	})
}

func TestAdmin_AbsurdValuesAreRefusedByName(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	ada, owner := s.member("ada@example.com"), s.owner()
	account := "/admin/accounts/" + ada.account()
	for name, c := range map[string]struct {
		method, path, field string
		body                map[string]any
	}{
		"a boost of a thousand":    {"PUT", account + "/rate", "times", map[string]any{"times": 1000}},
		"none of the machine":      {"PUT", account + "/rate", "times", map[string]any{"times": 0}},
		"less than nothing":        {"PUT", account + "/rate", "times", map[string]any{"times": -1}},
		"until for ever and on":    {"PUT", account + "/rate", "lasts_seconds", map[string]any{"times": 2, "lasts_seconds": int64(1) << 60}},
		"until yesterday":          {"PUT", account + "/rate", "lasts_seconds", map[string]any{"times": 2, "lasts_seconds": -5}},
		"stopped without a reason": {"PUT", account + "/stop", "reason", map[string]any{"reason": " "}},
		"two lines":                {"PUT", account + "/stop", "reason", map[string]any{"reason": "one\ntwo"}},
		"no tokens":                {"POST", account + "/tokens", "amount_mt", map[string]any{"amount_mt": 0, "reason": "a gift"}},
		"tokens taken away":        {"POST", account + "/tokens", "amount_mt", map[string]any{"amount_mt": -1000, "reason": "a gift"}},
		"all the tokens":           {"POST", account + "/tokens", "amount_mt", map[string]any{"amount_mt": int64(1) << 53, "reason": "a gift"}},
		"an unknown plan":          {"PUT", account + "/plan", "plan", map[string]any{"plan": "king", "reason": "a gift"}},
		"a plan for teams":         {"PUT", account + "/plan", "plan", map[string]any{"plan": "team-growth", "reason": "a gift"}},
		"an unknown state":         {"GET", "/admin/work?state=lost", "state", nil},
		"too slow":                 {"GET", "/admin/work?slower=-1", "slower", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if c.body != nil {
				body = c.body
			}
			a := owner.call(c.method, c.path, body)
			owner.refused(a, 422, "invalid_request")
			if !strings.Contains(string(a.raw), c.field) {
				t.Errorf("refused with %s, want the name of the field %s", a.raw, c.field)
			}
		})
	}
	for _, path := range []string{"/admin/accounts/nobody", "/admin/accounts/11111111-2222-4333-8444-555555555555", "/admin/work/11111111-2222-4333-8444-555555555555"} {
		if a := owner.call("GET", path, nil); a.status != 404 {
			t.Errorf("%s is answered %d %s", path, a.status, a.raw)
		}
	}
	var refused int64
	for _, c := range s.Operator.Counts() {
		refused += c.Refused
	}
	if refused != 12 || len(owner.must(200, "GET", "/admin/audit", nil).list("items")) != 0 {
		t.Errorf("%d refusals are counted, want 12, and nothing in the log", refused)
	}
	if a := owner.must(200, "GET", account, nil); a.at("times") != 1.0 || a.text("stopped") != "" || a.number("available_mt") != 150_000 {
		t.Errorf("the account is %s", a.raw)
	}
	owner.must(204, "PUT", account+"/rate", map[string]any{"times": 2.5, "lasts_seconds": 3600})
	if a := owner.must(200, "GET", account, nil); a.at("times") != 2.5 || !a.time("times_until").Equal(s.Clock.Now().Add(time.Hour)) {
		t.Errorf("boosted, the account is %s", a.raw)
	}
}

func TestAdmin_WorkIsCancelledWithAReasonAndOurFailuresAreTriedAgainForFree(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, owner := s.member("ada@example.com"), s.owner()
		s.Engine.Script(enginetest.Script{Err: fmt.Errorf("%w: out of paint", engine.ErrRejected)})
		s.Run()
		theirs := ada.must(200, "POST", "/generations", map[string]any{"prompt": "secret heron"}).text("id")
		ada.waitState(theirs, "failed")
		s.Engine.Script(enginetest.Script{Panic: "boom"})
		failed := ada.must(200, "POST", "/generations", map[string]any{"prompt": "secret fox", "seed": 7}).text("id")
		ada.waitState(failed, "failed")
		had := ada.must(200, "GET", "/session", nil).number("balance", "available_mt")

		owner.refused(owner.call("POST", "/admin/work/"+theirs+"/retry", nil), 409, "not_ours")
		s.Engine.Script(enginetest.Script{})
		again := owner.must(200, "POST", "/admin/work/"+failed+"/retry", nil).text("id")
		if twice := owner.must(200, "POST", "/admin/work/"+failed+"/retry", nil).text("id"); twice != again {
			t.Errorf("a second retry made %s beside %s", twice, again)
		}
		if g := ada.waitState(again, "complete"); g.number("price_mt") != 0 || g.number("charged_mt") != 0 || g.number("seed") != 7 || g.text("prompt") != "secret fox" {
			t.Errorf("tried again it is %s", g.raw)
		}
		if has := ada.must(200, "GET", "/session", nil).number("balance", "available_mt"); has != had {
			t.Errorf("a free retry changed the balance from %d to %d", had, has)
		}

		gate, started := make(chan struct{}), make(chan struct{}, 1)
		defer close(gate)
		s.Engine.Script(enginetest.Script{Gate: gate, Started: started})
		running := ada.must(200, "POST", "/generations", map[string]any{"prompt": "secret owl"}).text("id")
		waiting := ada.must(200, "POST", "/generations", map[string]any{"prompt": "secret bee"}).text("id")
		<-started
		for _, id := range []string{waiting, running} {
			owner.must(204, "POST", "/admin/work/"+id+"/cancel", map[string]any{"reason": "the machine is needed"})
			g := ada.waitState(id, "cancelled")
			if g.text("failure", "code") != "cancelled_by_operator" || g.text("failure", "message") != "the machine is needed" || g.number("charged_mt") != 0 {
				t.Errorf("its owner reads %s", g.raw)
			}
		}
		owner.refused(owner.call("POST", "/admin/work/"+running+"/cancel", map[string]any{"reason": "once more"}), 409, "generation_ended")

		list := owner.must(200, "GET", "/admin/work", nil)
		if strings.Contains(string(list.raw), "secret") || len(list.list("items")) != 5 {
			t.Errorf("the operator sees %s", list.raw)
		}
		for query, want := range map[string]int{
			"state=failed": 2, "state=cancelled": 2, "code=rejected": 1, "state=open": 0, "state=complete&account=" + ada.account(): 1,
			"model=scripted": 5, "model=other": 0, "from=2030-01-01T00:00:00Z": 0, "until=2030-01-01T00:00:00Z": 5, "slower=100000": 0,
		} {
			if got := owner.must(200, "GET", "/admin/work?"+query, nil).list("items"); len(got) != want {
				t.Errorf("%s finds %d, want %d", query, len(got), want)
			}
		}
		first := owner.must(200, "GET", "/admin/work?limit=3", nil)
		rest := owner.must(200, "GET", "/admin/work?limit=3&cursor="+first.text("next"), nil)
		if len(first.list("items")) != 3 || len(rest.list("items")) != 2 || rest.at("next") != nil {
			t.Errorf("the pages have %d and %d", len(first.list("items")), len(rest.list("items")))
		}
		if j := owner.must(200, "GET", "/admin/work/"+failed, nil); j.number("attempts") != 1 || j.text("email") != "ada@example.com" || j.text("failure", "code") != "engine_error" {
			t.Errorf("one piece of work is %s", j.raw)
		}
		var actions []string
		for _, l := range owner.must(200, "GET", "/admin/audit", nil).list("items") {
			actions = append(actions, fmt.Sprint(l["action"], " ", l["subject"], " ", l["email"], " ", l["reason"]))
		}
		want := []string{
			"work.cancel " + running + " ada@example.com the machine is needed", "work.cancel " + waiting + " ada@example.com the machine is needed",
			"work.retry " + failed + " ada@example.com ",
		}
		if fmt.Sprint(actions) != fmt.Sprint(want) {
			t.Errorf("the log says %q, want %q", actions, want)
		}
		s.Verify()
	})
}

func TestAdmin_TokensAndPlansByHand(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, owner := s.member("ada@example.com"), s.owner()
		account := "/admin/accounts/" + ada.account()
		for range 2 { // the second one finds the reference used
			a := owner.call("POST", account+"/tokens", map[string]any{"amount_mt": 20_000, "reason": "sorry for the wait", "ref": "ticket 7"})
			if a.status != 204 && a.text("code") != "already_granted" {
				t.Errorf("given: %d %s", a.status, a.raw)
			}
		}
		owner.must(204, "POST", account+"/tokens", map[string]any{"unit": "credits", "amount_mt": 5000, "reason": "a try of the API"})
		if a := owner.must(200, "GET", account, nil); a.number("available_mt") != 170_000 || a.number("credits_mt") != 5000 {
			t.Errorf("the account has %s", a.raw)
		}
		if j := ada.must(200, "GET", "/journal?limit=1&op=grant", nil); !strings.Contains(string(j.raw), "sorry for the wait") {
			t.Errorf("the journal says %s", j.raw)
		}
		owner.must(204, "PUT", account+"/plan", map[string]any{"plan": "artisan", "reason": "a friend of the house"})
		if a := owner.must(200, "GET", account, nil); a.text("plan") != "artisan" {
			t.Errorf("on the plan %s", a.text("plan"))
		}
		log := owner.must(200, "GET", "/admin/audit", nil).list("items")
		if len(log) != 3 || log[0]["action"] != "plan.set" || log[2]["action"] != "tokens.grant" {
			t.Errorf("the log says %v", log)
		}
		s.Verify()
	})
}

func TestQueue_WaitingWorkMovesToTheBackground(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v, poor, stranger := s.member("ada@example.com"), s.member("eve@example.com"), s.stranger()
		_, err := s.World.Plans.Change(t.Context(), v.account(), plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.Put(now, "artisan")
		}))
		if err != nil {
			t.Fatal(err)
		}
		had := v.must(200, "GET", "/session", nil).number("balance", "available_mt")
		id := v.waiting(4)
		g := v.must(200, "POST", "/generations/"+id[1]+"/relax", nil)
		if g.text("lane") != "relaxed" || g.number("price_mt") != 0 || g.text("state") != "waiting" || g.number("position") == 0 {
			t.Errorf("moved it is %s", g.raw)
		}
		price := v.must(200, "GET", "/generations/"+id[0], nil).number("price_mt")
		b := v.must(200, "GET", "/session", nil)
		if b.number("balance", "available_mt") != had-3*price || b.number("balance", "held_mt") != 3*price || price == 0 {
			t.Errorf("of %d there are %d available and %d held after four for %d, one of them moved", had, b.number("balance", "available_mt"), b.number("balance", "held_mt"), price)
		}
		v.must(200, "POST", "/generations/"+id[1]+"/relax", nil) // again: nothing more comes back
		s.Verify()
		var order []string
		for _, g := range v.must(200, "GET", "/queue/waiting", nil).list("items") {
			order = append(order, fmt.Sprint(g["lane"], " ", g["prompt"]))
		}
		if len(order) != 4 || !strings.Contains(fmt.Sprint(order), "fast fox 0") || !strings.Contains(fmt.Sprint(order), "relaxed fox 1") {
			t.Errorf("what waits is %v", order)
		}

		hers := poor.waiting(1)[0]
		poor.refused(poor.call("POST", "/generations/"+hers+"/relax", nil), 403, "no_relaxed_lane")
		poor.refused(poor.call("POST", "/generations/"+id[0]+"/relax", nil), 404, "generation_not_found")
		stranger.refused(stranger.call("POST", "/generations/"+id[0]+"/relax", nil), 401, "unauthenticated")
		stranger.refused(stranger.call("GET", "/queue/waiting", nil), 401, "unauthenticated")
		if other := poor.must(200, "GET", "/queue/waiting", nil).list("items"); len(other) != 1 || other[0]["id"] != hers {
			t.Errorf("somebody else sees %v", other)
		}
		s.Run()
		for i, id := range id {
			g := v.waitState(id, "complete")
			if want := price * int64(map[bool]int{true: 0, false: 1}[i == 1]); g.number("charged_mt") != want {
				t.Errorf("the %dth was charged %d, want %d", i, g.number("charged_mt"), want)
			}
		}
		v.refused(v.call("POST", "/generations/"+id[0]+"/relax", nil), 409, "generation_not_waiting")
		s.Verify()
	})
}

func TestQueue_CancelWaitingIncludesWhatATeamPays(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v, owner := s.member("ada@example.com"), s.owner()
	team := v.must(200, "POST", "/teams", map[string]any{"name": "Foxes"}).text("id")
	if err := s.Ledger.Grant(t.Context(), "team:"+team, topUp(50_000)); err != nil {
		t.Fatal(err)
	}
	owner.must(204, "PUT", "/admin/lanes/fast", map[string]any{"paused": true})
	own := v.waiting(1)[0]
	teams := v.must(200, "POST", "/generations", map[string]any{"prompt": "a team's fox", "pays_with": "team:" + team}).text("id")
	if n := v.must(200, "POST", "/queue/cancel", nil).number("cancelled"); n != 2 {
		t.Errorf("%d are cancelled, want 2", n)
	}
	v.waitState(own, "cancelled")
	v.waitState(teams, "cancelled")
	s.Verify()
}

func TestLimits_AreToldWithAReasonAndWhenToComeBack(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	full := func(code string, body map[string]any, says ...string) {
		t.Helper()
		a := v.call("POST", "/generations", body)
		v.refused(a, 429, code)
		if a.header.Get("Retry-After") != "10" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		for _, want := range says {
			if !strings.Contains(a.text("detail"), want) {
				t.Errorf("told %q, want %q in it", a.text("detail"), want)
			}
		}
	}
	// 40 megapixels on the free plan; one of 1536 × 1536 is 2.25 of them. A preview costs nothing, so that only room is short.
	large := map[string]any{"prompt": "a fox", "width": 1536, "height": 1536, "count": 8, "steps": 1}
	owner := s.owner()
	owner.must(204, "POST", "/admin/accounts/"+v.account()+"/tokens", map[string]any{"amount_mt": 90_000_000, "reason": "for this test"})
	v.must(200, "POST", "/generations", large)
	v.must(200, "POST", "/generations", large)
	full("too_many_pixels", large, "36.0 megapixels", "adds 18.0", "allows 40.0")
	for range 4 {
		v.must(200, "POST", "/generations", map[string]any{"prompt": "a small fox"})
	}
	full("queue_full", map[string]any{"prompt": "a small fox"}, "6 generations are waiting or running", "your plan allows 6")
	s.Verify()
}
