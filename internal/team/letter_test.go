package team_test

import (
	"strings"
	"testing"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/mail"
	"bottega/internal/mail/mailtest"
	"bottega/internal/plan"
	"bottega/internal/team"
)

// An invitation that names an address is sent there, once, with a link that lets in; one that names none, or is one too many
// that day, is not, and is good all the same.
func TestInvitation_IsMailed(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		sink := mailtest.New(t, false)
		w := apptest.New(t, ref, func(c *app.Config) {
			c.PublicURL = "https://studio.example.com/"
			c.Mail = mail.Config{URL: "smtp://studio%40example.com@" + sink.Addr, Password: mailtest.Password, From: "Bottega <studio@example.com>", Roots: sink.Roots}
		})
		owner, guest := w.User(plan.Free), w.User(plan.Free)
		acc, err := w.Accounts.ByID(t.Context(), guest.AccountID)
		if err != nil {
			t.Fatal(err)
		}
		foxes, err := w.Teams.Create(t.Context(), owner, "Foxes <b>& friends</b>")
		if err != nil {
			t.Fatal(err)
		}
		invite := func(email string) (secret string, sent bool) {
			t.Helper()
			secret, inv, err := w.Teams.Invite(t.Context(), owner, foxes.ID, team.InviteRequest{Email: email, Role: access.TeamBilling, Limit: access.NoLimit})
			if err == nil {
				sent, err = w.Teams.Mail(t.Context(), inv, secret)
			}
			if err != nil {
				t.Fatal(err)
			}
			return secret, sent
		}
		if _, sent := invite(""); sent || sink.Tries() != 0 {
			t.Errorf("an invitation for anybody was mailed: %v, %d tries", sent, sink.Tries())
		}
		secret, sent := invite(acc.Email)
		if got := sink.Messages(); !sent || len(got) != 1 || got[0].To != acc.Email || !got[0].TLS {
			t.Fatalf("sent %v: %+v", sent, got)
		}
		raw := strings.ReplaceAll(strings.ReplaceAll(string(sink.Messages()[0].Raw), "=\r\n", ""), "=3D", "=")
		for _, want := range []string{"https://studio.example.com/join#" + secret, "Foxes &lt;b&gt;&amp; friends", "Subject: Bottega: ", "to look after its plan"} {
			if !strings.Contains(raw, want) {
				t.Errorf("the mail has no %q:\n%s", want, raw)
			}
		}
		if _, err := w.Teams.Accept(t.Context(), guest, acc.Email, secret); err != nil {
			t.Errorf("the link lets nobody in: %v", err)
		}
		most := 0
		for range 30 {
			if _, sent := invite("many@example.com"); !sent {
				break
			}
			most++
		}
		if most != 19 {
			t.Errorf("%d more went out on one day, want 19", most)
		}
	})
}

// A server that does not want the mail does not keep the invitation from being made.
func TestInvitation_ThatCannotBeMailed(t *testing.T) {
	sink := mailtest.New(t, false)
	w := apptest.New(t, apptest.SQLite(t), func(c *app.Config) {
		c.PublicURL = "https://studio.example.com"
		c.Mail = mail.Config{URL: "smtp://studio%40example.com@" + sink.Addr, Password: mailtest.Password, From: "studio@example.com", Roots: sink.Roots}
	})
	sink.Refuse(mailtest.Unwanted)
	acc, err := w.Accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: "violet harbour nine", Role: access.RoleUser, Plan: plan.Free})
	if err != nil {
		t.Fatal(err)
	}
	owner := access.Actor{AccountID: acc.ID}
	foxes, err := w.Teams.Create(t.Context(), owner, "Foxes")
	if err != nil {
		t.Fatal(err)
	}
	secret, inv, err := w.Teams.Invite(t.Context(), owner, foxes.ID, team.InviteRequest{Email: "eve@example.com", Role: access.TeamMember, Limit: access.NoLimit})
	if err != nil {
		t.Fatal(err)
	}
	if sent, err := w.Teams.Mail(t.Context(), inv, secret); sent || err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("sent %v, %v", sent, err)
	}
	if got, _, err := w.Teams.Look(t.Context(), secret); err != nil || got.ID != inv.ID {
		t.Errorf("the invitation is %+v, %v", got, err)
	}
}
