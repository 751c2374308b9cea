package main

import (
	"strings"
	"testing"
)

// The shell has the same power as the pages, and leaves the same lines.
func TestQueue_TheShellOperatesAndLeavesLines(t *testing.T) {
	data := t.TempDir()
	queue := func(args ...string) []string {
		return append(append([]string{"admin", "queue"}, args...), "--data", data)
	}
	must(t, "admin", "user", "create", "--data", data, "--email", "ada@example.com", "--password", "violet harbour nine")
	must(t, queue("boost", "--email", "ada@example.com", "--times", "2", "--for", "1h")...)
	must(t, queue("stop", "--email", "ada@example.com", "--reason", "please write to us")...)
	must(t, queue("let-go", "--email", "ada@example.com")...)
	must(t, queue("pause", "relaxed")...)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a boost of a thousand": {queue("boost", "--email", "ada@example.com", "--times", "1000"), "times is out of range"},
		"nobody":                {queue("stop", "--email", "eve@example.com", "--reason", "please write to us"), "eve@example.com"},
		"no reason":             {queue("stop", "--email", "ada@example.com", "--reason", " "), "reason is required"},
		"no such lane":          {queue("pause", "slow"), "fast, api, relaxed"},
		"no such worker":        {queue("drain", "nobody"), "no such worker"},
		"no such work":          {queue("cancel", "11111111-2222-4333-8444-555555555555", "--reason", "too long"), "no such generation"},
		"nothing to retry":      {queue("retry", "11111111-2222-4333-8444-555555555555"), "no such generation"},
	} {
		if _, errOut, err := output(t, c.args...); err == nil || !strings.Contains(errOut, c.says) {
			t.Errorf("%s: %v, %q; want %q", name, err, errOut, c.says)
		}
	}
	log := must(t, "admin", "audit", "--data", data)
	lines := strings.Split(log, "\n")
	if len(lines) != 6 {
		t.Fatalf("the log has %d lines: %s", len(lines), log)
	}
	for i, want := range []string{"lane.pause relaxed", "account.resume ada@example.com", "account.stop ada@example.com please write to us", `account.rate ada@example.com {"lasts_seconds":3600,"times":2}`, `account.create ada@example.com {"plan":"free"}`} {
		if got := strings.Join(strings.Fields(lines[i+1])[1:], " "); got != "the shell "+want {
			t.Errorf("line %d says %q, want %q", i+1, got, "the shell "+want)
		}
	}
	if own := must(t, "admin", "audit", "--data", data, "--email", "ada@example.com"); strings.Contains(own, "lane.pause") || !strings.Contains(own, "account.stop") {
		t.Errorf("of the account alone it says %s", own)
	}
}
