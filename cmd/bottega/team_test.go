package main

import (
	"strings"
	"testing"

	"bottega/internal/app"
)

func TestTeam_FromTheCommandLine(t *testing.T) {
	data := t.TempDir()
	for _, who := range []string{"ada", "bob"} {
		must(t, "admin", "user", "create", "--data", data, "--email", who+"@example.com", "--password", "correct horse battery")
	}
	id := strings.TrimSpace(must(t, "admin", "team", "create", "--data", data, "--name", "Foxes", "--owner", "ada@example.com", "--plan", "team-starter", "--seats", "3"))
	if out := must(t, "admin", "team", "list", "--data", data, "--email", "ada@example.com"); !strings.Contains(out, id) || !strings.Contains(out, "owner") {
		t.Errorf("listed are %s", out)
	}
	do := func(action string, more ...string) string {
		t.Helper()
		return must(t, append([]string{"admin", "team", action, "--data", data, "--team", id}, more...)...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"show"}, "75000 available"},
		{[]string{"add", "--email", "bob@example.com", "--limit", "12.5"}, "of 12.5 a month"},
		{[]string{"add", "--email", app.LocalEmail}, "3 of 3 seats"},
		{[]string{"grant", "--amount", "5", "--expires", "24h"}, "75005 available"},
		{[]string{"plan", "end"}, "team (settled)"},
		{[]string{"plan", "start", "--plan", "team-growth", "--seats", "4"}, "team-growth (settled), 3 of 4 seats"},
		{[]string{"plan", "seats", "--seats", "5"}, "3 of 5 seats"},
		{[]string{"plan", "cancel"}, "team-growth (cancelled)"},
	} {
		if said := do(c.args[0], c.args[1:]...); !strings.Contains(said, c.want) {
			t.Errorf("%v: %s, want %s", c.args, said, c.want)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"admin", "team", "plan", "set", "--team", id, "--plan", "team", "--seats", "2"}, "more members have a seat"},
		{[]string{"admin", "team", "plan", "set", "--team", id, "--plan", "artisan"}, "no such plan"},
		{[]string{"admin", "team", "plan", "start", "--team", id, "--plan", "team-growth", "--seats", "2"}, "allowed: 3 to"},
		{[]string{"admin", "team", "plan", "seats", "--team", id}, "--seats is missing"},
		{[]string{"admin", "team", "plan", "upgrade", "--team", id, "--plan", "team-growth", "--seats", "9"}, "leaves them as they are"},
		{[]string{"admin", "team", "show", "--team", "foxes"}, "not the id of a team"},
		{[]string{"admin", "team", "grant", "--team", id, "--amount=-5"}, "out of range"},
		{[]string{"admin", "key", "create", "--email", "bob@example.com", "--team", id}, "your role in this team is member"},
		{[]string{"admin", "key", "create", "--email", "ada@example.com", "--team", id, "--credits"}, "can't be used together"},
		{[]string{"admin", "user", "create", "--email", "eve@example.com", "--password", "correct horse battery", "--plan", "team-growth"}, "is not a plan"},
	} {
		out, err := bottega(append(c.args, "--data", data)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %v %s, want %s", c.args, err, out, c.want)
		}
	}
	for team, want := range map[string]string{id: "tokens", "0198c0de-0000-4000-8000-000000000000": "there is no such team"} {
		out, err := bottega("generate", "--data", data, "--prompt", "a fox", "--price", "--team", team).CombinedOutput()
		if (err == nil) != (team == id) || !strings.Contains(string(out), want) {
			t.Errorf("the price for team %s: %v %s", team, err, out)
		}
	}
	must(t, "admin", "key", "create", "--data", data, "--email", "ada@example.com", "--team", id)
	must(t, "admin", "ledger", "verify", "--data", data)
}
