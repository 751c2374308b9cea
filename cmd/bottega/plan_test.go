package main

import (
	"strings"
	"testing"
)

func TestPlan_FromStartToEnd(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "user", "create", "--data", data, "--email", "ada@example.com", "--password", "correct horse battery")
	change := func(action string, more ...string) string {
		t.Helper()
		return must(t, append([]string{"admin", "plan", action, "--data", data, "--email", "ada@example.com"}, more...)...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"show"}, "free (settled)"},
		{[]string{"start", "--plan", "artisan", "--cycle", "year"}, "artisan (settled)"},
		{[]string{"downgrade", "--plan", "apprentice"}, "artisan (changing)"},
		{[]string{"resume"}, "artisan (settled)"},
		{[]string{"cancel"}, "artisan (cancelled)"},
		{[]string{"upgrade", "--plan", "maestro"}, "maestro (settled)"},
		{[]string{"end"}, "free (settled)"},
		{[]string{"set", "--plan", "operator"}, "operator (settled)"},
	} {
		if said := change(c.args[0], c.args[1:]...); !strings.Contains(said, c.want) {
			t.Errorf("%v: %s, want %s", c.args, said, c.want)
		}
	}
	if out, err := bottega("admin", "plan", "pay", "--data", data, "--email", "ada@example.com").CombinedOutput(); err == nil || !strings.Contains(string(out), "no paid plan") {
		t.Errorf("paying for nothing: %v %s", err, out)
	}
	must(t, "admin", "tokens", "grant", "--data", data, "--email", "ada@example.com", "--amount", "5", "--expires", "24h")
	must(t, "admin", "ledger", "verify", "--data", data)
}
