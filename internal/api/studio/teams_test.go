package studio_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// crew is a team with somebody in every role, each with a browser.
type crew struct {
	*site
	id      string
	people  map[string]*visitor // by role, and "stranger"
	account map[string]string   // account ids
}

func (s *site) crew(name string, others *crew) *crew {
	s.t.Helper()
	c := &crew{site: s, people: map[string]*visitor{}, account: map[string]string{}}
	for _, role := range []string{"owner", "admin", "member", "billing", "stranger"} {
		if others != nil && role != "owner" {
			c.people[role], c.account[role] = others.people[role], others.account[role]
			continue
		}
		v := s.member(role + "-" + name + "@example.com")
		c.people[role], c.account[role] = v, v.must(200, "GET", "/session", nil).text("account", "id")
	}
	c.found(name)
	return c
}

// found makes a team of these people.
func (c *crew) found(name string) {
	s := c.site
	s.t.Helper()
	if c.id != "" {
		for _, account := range c.account { // nobody is to have too much waiting
			actor := access.Actor{AccountID: account}
			list, _, err := s.Generations.List(s.t.Context(), actor, generation.Page{Limit: 100})
			if err != nil {
				s.t.Fatal(err)
			}
			for _, g := range list {
				if !g.State.Final() {
					if _, err := s.Generations.Cancel(s.t.Context(), actor, g.ID); err != nil {
						s.t.Fatal(err)
					}
				}
			}
		}
		if t, err := s.Teams.Find(s.t.Context(), c.id); err != nil {
			s.t.Fatal(err)
		} else if t.DissolvedAt.IsZero() { // whoever owns it by now: nobody is to be in too many teams
			if err := s.Teams.Dissolve(s.t.Context(), access.Actor{AccountID: t.Owner()}, c.id); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	c.id = c.people["owner"].must(200, "POST", "/teams", map[string]any{"name": name}).text("id")
	for role, as := range map[string]access.TeamRole{"admin": access.TeamAdmin, "member": access.TeamMember, "billing": access.TeamBilling} {
		if err := s.Teams.Add(s.t.Context(), c.id, c.account[role], as, access.NoLimit); err != nil {
			s.t.Fatal(err)
		}
	}
	err := s.Ledger.Grant(s.t.Context(), ledger.TeamOf(c.id), ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1000), Ref: "pool"})
	if err != nil {
		s.t.Fatal(err)
	}
}

// forRole is who gets through a route of a team; everybody else who is in it gets 403, and strangers 404.
var forRole = map[string]string{
	"GET /teams/{id}":                             "owner admin member billing",
	"PUT /teams/{id}":                             "owner admin",
	"DELETE /teams/{id}":                          "owner",
	"POST /teams/{id}/leave":                      "admin member billing",
	"POST /teams/{id}/transfer":                   "owner",
	"PUT /teams/{id}/members/{member}":            "owner admin",
	"DELETE /teams/{id}/members/{member}":         "owner admin",
	"GET /teams/{id}/invitations":                 "owner admin",
	"POST /teams/{id}/invitations":                "owner admin",
	"DELETE /teams/{id}/invitations/{invitation}": "owner admin",
	"GET /teams/{id}/usage":                       "owner admin member billing",
	"GET /teams/{id}/journal":                     "owner admin billing",
	"GET /teams/{id}/journal.csv":                 "owner admin billing",
	"GET /teams/{id}/generations":                 "owner admin member",
	"GET /teams/{id}/plans":                       "owner billing",
	"GET /teams/{id}/subscription":                "owner billing",
	"POST /teams/{id}/subscription/preview":       "owner billing",
	"POST /teams/{id}/subscription/change":        "owner billing",
	"POST /teams/{id}/payments":                   "owner billing",
	"GET /teams/{id}/payments":                    "owner billing",
	"GET /teams/{id}/payments/{payment}":          "owner billing",
	"POST /teams/{id}/billing-portal":             "owner billing",
	"GET /teams/{id}/auto-top-up":                 "owner billing",
	"PUT /teams/{id}/auto-top-up":                 "owner billing",
	"POST /quote":                                 "owner admin member",
	"POST /generations":                           "owner admin member",
	"POST /keys":                                  "owner admin",
	"GET /generations/{id}":                       "owner admin member",
	"POST /generations/{id}/cancel":               "owner admin member",
	"DELETE /generations/{id}":                    "owner admin member",
	"PUT /keys/{id}/terms":                        "owner admin",
}

// TestTeams_EveryRouteIsForItsRoles asks every route about a team, and every one that spends from it, in every role. Each
// asks in a team of its own, because some of what is allowed ends the team.
func TestTeams_EveryRouteIsForItsRoles(t *testing.T) {
	s, _, _ := newShop(t, apptest.SQLite(t))
	for _, r := range everyRoute(t) {
		if strings.HasPrefix(r.path, "/teams/{id}") && forRole[r.String()] == "" {
			t.Errorf("%s is not in the table of this test", r)
		}
	}
	first := s.crew("Foxes", nil)
	for route, roles := range forRole {
		method, path, _ := strings.Cut(route, " ")
		c := s.crew(fmt.Sprintf("foxes%d", len(s.log.String())), first)
		for _, role := range []string{"owner", "admin", "member", "billing", "stranger"} {
			c.found("Foxes")
			a := c.ask(method, path, role)
			want := http.StatusForbidden
			switch {
			case strings.Contains(roles, role) && a.status < 300:
				continue
			case strings.Contains(roles, role):
				want = 200
			case role == "stranger", strings.HasPrefix(path, "/generations/"):
				want = http.StatusNotFound
			case role == "owner" && strings.HasSuffix(path, "/leave"):
				want = http.StatusConflict // transfers or dissolves instead
			}
			if a.status != want {
				t.Errorf("%s as %s got %d %s, want %d", route, role, a.status, a.raw, want)
			}
			if strings.Contains(string(a.raw), "Foxes") && role == "stranger" {
				t.Errorf("%s tells a stranger about the team: %s", route, a.raw)
			}
		}
	}
}

// ask makes one request as somebody, with what the route is about made before by others.
func (c *crew) ask(method, path, role string) answer {
	c.t.Helper()
	v, owner := c.people[role], c.people["owner"]
	pays := "team:" + c.id
	switch {
	case path == "/quote", path == "/generations":
		return v.call(method, path, map[string]any{"prompt": "a fox", "pays_with": pays})
	case path == "/keys":
		return v.call(method, path, map[string]any{"name": "script", "pays_with": pays})
	case path == "/keys/{id}/terms":
		key := v.must(200, "POST", "/keys", map[string]any{"name": "script"}).text("id")
		return v.call(method, "/keys/"+key+"/terms", map[string]any{"pays_with": pays})
	case strings.HasPrefix(path, "/generations/"):
		work := c.people["member"].must(200, "POST", "/generations", map[string]any{"prompt": "a fox", "pays_with": pays}).text("id")
		if method == "DELETE" {
			c.people["member"].must(200, "POST", "/generations/"+work+"/cancel", nil)
		}
		return v.call(method, strings.Replace(path, "{id}", work, 1), nil)
	}
	if path == "/teams/{id}/payments/{payment}" {
		bought := owner.must(200, "POST", "/teams/"+c.id+"/payments", map[string]any{"pack": "small"}).text("payment", "id")
		return v.call(method, "/teams/"+c.id+"/payments/"+bought, nil)
	}
	target := c.account["member"]
	if role == "member" {
		target = c.account["billing"]
	}
	invitation := owner.must(200, "POST", "/teams/"+c.id+"/invitations", map[string]any{"role": "billing"}).text("id")
	body := map[string]any{
		"POST /teams/{id}/payments":             map[string]any{"pack": "small"},
		"POST /teams/{id}/subscription/preview": map[string]any{"action": "change", "plan": "team-starter"},
		"POST /teams/{id}/subscription/change":  c.shown(map[string]any{"action": "change", "plan": "team-starter", "seats": 5}),
		"PUT /teams/{id}/auto-top-up":           map[string]any{"enabled": true, "pack": "small", "threshold_mt": 1000, "ceiling_micros": 9_000_000},

		"PUT /teams/{id}": map[string]any{"name": "Owls"}, "POST /teams/{id}/transfer": map[string]any{"account_id": target},
		"PUT /teams/{id}/members/{member}": map[string]any{"limit_mt": 5000}, "POST /teams/{id}/invitations": map[string]any{"role": "billing"},
	}[method+" "+path]
	return v.call(method, strings.NewReplacer("{id}", c.id, "{member}", target, "{invitation}", invitation).Replace(path), body)
}

// shown is a wish as the owner agrees to it.
func (c *crew) shown(wish map[string]any) map[string]any {
	c.t.Helper()
	p := c.people["owner"].must(200, "POST", "/teams/"+c.id+"/subscription/preview", wish)
	wish["shown_at"], wish["version"] = p.at("shown_at"), p.at("version")
	return wish
}

func TestTeams_FromInvitationToUsage(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
		id := ada.must(200, "POST", "/teams", map[string]any{"name": " Foxes "}).text("id")
		err := s.Ledger.Grant(t.Context(), ledger.TeamOf(id), ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(100), Ref: "pool"})
		if err != nil {
			t.Fatal(err)
		}
		invited := ada.must(200, "POST", "/teams/"+id+"/invitations", map[string]any{"email": "Bob@example.com", "limit_mt": 20_000})
		secret := invited.text("token")
		if open := ada.must(200, "GET", "/teams/"+id+"/invitations", nil); len(open.list("items")) != 1 || strings.Contains(string(open.raw), secret) {
			t.Errorf("open are %s", open.raw)
		}
		eve := s.member("eve@example.com")
		eve.refused(eve.call("POST", "/invitations/accept", map[string]any{"token": secret}), 403, "invitation_for_another")
		look := bob.must(200, "POST", "/invitations/look", map[string]any{"token": secret})
		if look.text("team_name") != "Foxes" || look.text("invited_by") != "ada@example.com" || look.body["for_you"] != true {
			t.Errorf("the invitation says %s", look.raw)
		}
		bob.must(200, "POST", "/invitations/accept", map[string]any{"token": secret})
		bob.refused(bob.call("POST", "/invitations/accept", map[string]any{"token": secret}), 404, "invitation_unknown")

		fox := map[string]any{"prompt": "a fox", "pays_with": "team:" + id}
		quote := bob.must(200, "POST", "/quote", fox)
		if quote.number("available_mt") != 100_000 || quote.number("allowance", "left_mt") != 20_000 || quote.text("allowance", "resets_at") != "2026-12-01T00:00:00Z" {
			t.Errorf("the quote is %s", quote.raw)
		}
		if own := bob.must(200, "POST", "/quote", map[string]any{"prompt": "a fox"}); own.number("available_mt") != 150_000 || own.body["allowance"] != nil {
			t.Errorf("the quote for oneself is %s", own.raw)
		}
		made := bob.must(200, "POST", "/generations", fox)
		price := made.number("price_mt")
		if made.text("team_id") != id || price != quote.number("total_mt") {
			t.Errorf("made is %s", made.raw)
		}
		bob.refused(bob.call("POST", "/generations", map[string]any{"prompt": "a fox", "pays_with": "team:x"}), 422, "invalid_request")
		bob.refused(bob.call("POST", "/generations", map[string]any{"prompt": "a fox", "pays_with": "credits"}), 422, "invalid_request")

		usage := ada.must(200, "GET", "/teams/"+id+"/usage", nil)
		items := usage.list("items")
		if len(items) != 1 || items[0]["email"] != "bob@example.com" || items[0]["used_mt"] != float64(price) || items[0]["model"] != "scripted" || usage.number("used_mt") != price {
			t.Errorf("the usage is %s", usage.raw)
		}
		if before := ada.must(200, "GET", "/teams/"+id+"/usage?month=2026-10", nil); len(before.list("items")) != 0 {
			t.Errorf("the month before has %s", before.raw)
		}
		for _, wrong := range []string{"2026", "2026-13", "x", "0000-01"} {
			ada.refused(ada.call("GET", "/teams/"+id+"/usage?month="+wrong, nil), 422, "invalid_request")
		}
		journal := ada.must(200, "GET", "/teams/"+id+"/journal", nil).list("items")
		if len(journal) != 2 || journal[0]["op"] != "hold" || journal[0]["member"] != "bob@example.com" || journal[0]["prompt"] != "a fox" {
			t.Errorf("the journal is %v", journal)
		}
		if work := ada.must(200, "GET", "/teams/"+id+"/generations", nil).list("items"); len(work) != 1 || work[0]["id"] != made.text("id") {
			t.Errorf("the team's work is %v", work)
		}
		if mine := ada.must(200, "GET", "/generations", nil).list("items"); len(mine) != 0 {
			t.Errorf("a team-mate's work is among one's own: %v", mine)
		}
		people := ada.must(200, "GET", "/teams/"+id, nil)
		if members := people.list("members"); len(members) != 2 || members[1]["used_mt"] != float64(price) || members[1]["limit_mt"] != 20_000.0 {
			t.Errorf("the members are %v", members)
		}
		if seen := bob.must(200, "GET", "/teams/"+id, nil).list("members"); seen[0]["used_mt"] != nil || seen[1]["used_mt"] != float64(price) {
			t.Errorf("a member sees %v", seen)
		}
		bobs := bob.must(200, "GET", "/session", nil).text("account", "id")
		for _, wrong := range []map[string]any{{"limit_mt": -1}, {"limit_mt": 5, "no_limit": true}, {"role": "owner"}} {
			ada.refused(ada.call("PUT", "/teams/"+id+"/members/"+bobs, wrong), 422, "invalid_request")
		}
		ada.refused(ada.call("POST", "/teams/"+id+"/invitations", map[string]any{"limit_mt": -1}), 422, "invalid_request")
		ada.refused(ada.call("PUT", "/teams/"+id+"/members/"+nobody, map[string]any{}), 404, "member_not_found")
		ada.must(204, "DELETE", "/teams/"+id+"/members/"+bobs, nil)
		bob.refused(bob.call("GET", "/teams/"+id, nil), 404, "team_not_found")
		bob.refused(bob.call("GET", "/generations/"+made.text("id"), nil), 404, "generation_not_found")
		if after := ada.must(200, "GET", "/teams/"+id+"/usage", nil).list("items"); len(after) != 1 || after[0]["email"] != "bob@example.com" || after[0]["here"] != false {
			t.Errorf("after the removal the usage is %v", after)
		}
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds the secret of an invitation")
		}
		s.Clock.Advance(15 * 24 * time.Hour)
		ended := ada.call("GET", "/teams/"+id, nil)
		ada.refused(ended, 401, "unauthenticated")
		s.World.Verify()
	})
}
