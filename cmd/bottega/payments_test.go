package main

import (
	"strings"
	"testing"
)

const (
	testKey    = "sk_test_NeverShown123"
	testSecret = "whsec_NeverShown0123456789"
)

func TestSettings_ShowNoSecrets(t *testing.T) {
	cmd := bottega("config", "--stripe-key", testKey, "--stripe-webhook-secrets", testSecret, "--smtp-password", "NeverShown",
		"--smtp-url", "smtp://ada:p@NeverShown@mail.example.com:587", "--storage", "s3://ada@pictures")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "NeverShown") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	for _, want := range []string{"stripe-key", "stripe-webhook-secrets", "…", "trial-tokens", "smtp://ada:…@mail.example.com:587", "s3://ada@pictures"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
}

func TestPayments_RefuseWrongSettings(t *testing.T) {
	data := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"publishable key":      {[]string{"--stripe-key", "pk_live_1", "--stripe-webhook-secrets", testSecret}, "secret key"},
		"no webhook secret":    {[]string{"--stripe-key", testKey}, "webhook secret"},
		"secret without a key": {[]string{"--stripe-webhook-secrets", testSecret}, "without --stripe-key"},
		"endless trial":        {[]string{"--trial", "9000h"}, "92 days"},
		"negative trial":       {[]string{"--trial-tokens=-5"}, "want an amount"},
		"no provider":          {nil, "takes no payments"},
	} {
		out, err := bottega(append([]string{"admin", "payments", "reconcile", "--data", data}, c.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "NeverShown") {
			t.Errorf("%s: %v, %s; want %q", name, err, out, c.want)
		}
	}
	for amount, want := range map[string]string{"1.234": "two decimals", "-1": "more than 0", "x": "two decimals", "0": "more than 0"} {
		out, err := bottega("admin", "payments", "refund", "--data", data, "--payment", "p", "--amount="+amount).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("refund of %s: %v, %s", amount, err, out)
		}
	}
	must(t, "admin", "user", "create", "--data", data, "--email", "ada@example.com", "--password", "correct horse battery")
	if out := must(t, "admin", "payments", "list", "--data", data, "--email", "ada@example.com"); out != "" {
		t.Errorf("payments of nobody: %s", out)
	}
}

func TestDollars(t *testing.T) {
	for s, want := range map[string]int64{"": 0, "9": 9_000_000, "0.01": 10_000, "12.5": 12_500_000} {
		if got, err := dollars(s); err != nil || int64(got) != want {
			t.Errorf("%q is %d, %v; want %d", s, got, err, want)
		}
	}
}
