package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/audit"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/operator"
	"bottega/internal/payment"
	"bottega/internal/payment/paymenttest"
	"bottega/internal/plan"
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

// till is an installation that takes payments at a bank, and the commands that look after them.
type till struct {
	*apptest.World
	bank *paymenttest.Bank
	t    *testing.T
}

func newTill(t *testing.T, ref string) *till {
	t.Helper()
	s := &till{t: t}
	s.World = apptest.New(t, ref, func(c *app.Config) {
		s.bank = paymenttest.New(c.Clock)
		c.Provider = s.bank
	})
	return s
}

// pay lets a buyer pay for a pack of 9 dollars. What the bank tells of it is delivered, or lost.
func (s *till) pay(buyer string, heard bool) payment.Payment {
	s.t.Helper()
	p, _, err := s.Payments.Buy(s.t.Context(), buyer, plan.Tokens, "small", 0, "")
	if err != nil {
		s.t.Fatal(err)
	}
	if !s.bank.Pay(p.Checkout) {
		s.t.Fatalf("no page to pay on: %+v", p)
	}
	for _, e := range s.bank.TakeNews() {
		if !heard {
			continue
		}
		if err := s.Payments.Receive(s.t.Context(), e); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.find(p.ID)
}

func (s *till) find(id string) payment.Payment {
	s.t.Helper()
	p, err := s.Payments.Find(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *till) refund(id string, amount plan.Money) error {
	return (&paymentsRefundCmd{Payment: id}).refund(s.t.Context(), s.App, amount)
}

func (s *till) replay(since time.Duration) error {
	return (&paymentsReplayCmd{Since: since}).replay(s.t.Context(), s.App)
}

func (s *till) reconcile(fix bool) error {
	return (&paymentsReconcileCmd{Since: 2160 * time.Hour, Fix: fix}).reconcile(s.t.Context(), s.App)
}

// lines are the audit log, the oldest first: action, what it was done to, whose it is, and the details.
func (s *till) lines() []string {
	s.t.Helper()
	list, _, err := s.Operator.Audit(s.t.Context(), operator.Shell, audit.Page{Limit: 200})
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, l := range slices.Backward(list) {
		if l.Actor != "" || !l.At.Equal(s.Clock.Now()) {
			s.t.Errorf("the line %s is by %q at %s, want the shell's at %s", l.Action, l.Actor, l.At, s.Clock.Now())
		}
		details, err := json.Marshal(l.Details)
		if err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s of %s, account %q: %s", l.Action, l.Subject, l.AccountID, details))
	}
	return lines
}

func (s *till) wantLines(want ...string) {
	s.t.Helper()
	if got := s.lines(); !slices.Equal(got, want) {
		s.t.Errorf("the audit log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A line says what money, of which payment and whose; it is there before the money is asked for, and not for what is refused.
func TestPayments_ARefundLeavesItsLine(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newTill(t, ref)
		ada := s.User(plan.Free)
		foxes, err := s.Teams.Create(t.Context(), s.User(plan.Free), "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		own, clubs := s.pay(ada.AccountID, true), s.pay(ledger.TeamOf(foxes.ID), true)
		if err := s.refund(own.ID, 10_000_000); fault.As(err) == nil {
			t.Errorf("more than was paid: %v", err)
		}
		if err := s.refund("nobody's", 0); !errors.Is(err, payment.ErrNotFound) {
			t.Errorf("of no payment: %v", err)
		}
		s.wantLines()

		if err := s.refund(own.ID, 2_500_000); err != nil {
			t.Fatal(err)
		}
		part := fmt.Sprintf(`payments.refund of %s, account %q: {"money":"$2.50"}`, own.ID, ada.AccountID)
		s.wantLines(part)
		s.bank.Trouble = func(call string, done bool) error {
			if call == "refund" && !done {
				if lines := s.lines(); len(lines) != 2 {
					t.Errorf("when the bank is asked the log says %v", lines)
				}
				return paymenttest.ErrAway
			}
			return nil
		}
		if err := s.refund(own.ID, 0); err == nil || s.find(own.ID).Refunded != 2_500_000 {
			t.Errorf("the bank was away: %v, %s went back", err, s.find(own.ID).Refunded)
		}
		s.bank.Trouble = nil
		rest := fmt.Sprintf(`payments.refund of %s, account %q: {"money":"$6.50"}`, own.ID, ada.AccountID)
		s.wantLines(part, rest)

		if err := s.refund(clubs.ID, 0); err != nil || s.find(clubs.ID).State != payment.Refunded {
			t.Errorf("%v, %+v", err, s.find(clubs.ID))
		}
		s.wantLines(part, rest, fmt.Sprintf(`payments.refund of %s, account "": {"money":"$9.00"}`, clubs.ID))
	})
}

// What is many transactions leaves one line, before the first of them; a mere look leaves none.
func TestPayments_LookingBackLeavesItsLineWhereItChanges(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newTill(t, ref)
		p := s.pay(s.User(plan.Free).AccountID, false)
		if err := s.reconcile(false); !errors.Is(err, errDiffers) {
			t.Fatalf("what nobody heard of is no difference: %v", err)
		}
		s.wantLines()

		day := func(back time.Duration) string { return s.Clock.Now().Add(-back).Format(time.DateOnly) }
		asked := 0
		from := func(n int) { // the bank is asked when there are n lines
			asked = 0
			s.bank.Trouble = func(string, bool) error {
				asked++
				if lines := s.lines(); len(lines) != n {
					t.Errorf("when the bank is asked the log says %v", lines)
				}
				return nil
			}
		}
		fixed := fmt.Sprintf(`payments.reconcile of payments since %s, account "": null`, day(2160*time.Hour))
		from(1)
		if err := s.reconcile(true); err != nil || s.find(p.ID).State != payment.Paid || asked == 0 {
			t.Errorf("%v, the payment is %s, the bank was asked %d times", err, s.find(p.ID).State, asked)
		}
		s.wantLines(fixed)

		replayed := fmt.Sprintf(`payments.replay of payments since %s, account "": null`, day(48*time.Hour))
		s.bank.Trouble = nil
		s.pay(s.User(plan.Free).AccountID, true)
		from(2)
		if err := s.replay(48 * time.Hour); err != nil || asked == 0 {
			t.Errorf("%v, the bank was asked %d times", err, asked)
		}
		s.wantLines(fixed, replayed)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		asked = 0
		if err := (&paymentsReplayCmd{Since: time.Hour}).replay(ctx, s.App); !errors.Is(err, context.Canceled) || asked > 0 {
			t.Errorf("a line that cannot be written: %v, the bank was asked %d times", err, asked)
		}
		s.wantLines(fixed, replayed)
	})
}
