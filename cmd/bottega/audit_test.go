package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/audit"
	"bottega/internal/auth"
	"bottega/internal/db"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/pricing"
	"bottega/internal/team"
	"bottega/internal/token"
)

// Every command that changes something leaves a line, and what is refused leaves none.
func TestAudit_TheShellLeavesALineForWhatItChanges(t *testing.T) {
	t.Parallel()
	apptest.Databases(t, func(t *testing.T, ref string) {
		at := []string{"--database", ref, "--data", t.TempDir(), "--storage", t.TempDir()}
		do := func(args ...string) string { return must(t, append(append([]string{"admin"}, args...), at...)...) }
		refused := func(args ...string) {
			t.Helper()
			if out, errOut, err := output(t, append(append([]string{"admin"}, args...), at...)...); err == nil {
				t.Fatalf("%v is not refused: %s%s", args, out, errOut)
			}
		}
		sheet := filepath.Join(t.TempDir(), "own.json")
		if err := os.WriteFile(sheet, []byte(`{"version": 1000, "rows": {"*/image": {"base_mt": 2000}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		ada, bob := "ada@example.com", "bob@example.com"
		for _, who := range []string{ada, bob} {
			do("user", "create", "--email", who, "--password", "correct horse battery")
		}
		do("tokens", "grant", "--email", ada, "--amount", "5", "--note", "sorry for the wait", "--ref", "r1", "--expires", "1h")
		refused("tokens", "grant", "--email", ada, "--amount", "5", "--ref", "r1")
		do("credits", "grant", "--email", ada, "--amount", "7.5", "--ref", "r2")
		do("code", "create", "--amount", "3", "--count", "2", "--note", "the fair")
		do("plan", "start", "--email", ada, "--plan", "artisan", "--cycle", "year")
		refused("plan", "set", "--email", ada, "--plan", "emperor")
		do("plan", "show", "--email", ada)
		do("plan", "cancel", "--email", ada)
		foxes := do("team", "create", "--name", "Foxes", "--owner", ada, "--plan", "team-starter")
		do("team", "add", "--team", foxes, "--email", bob, "--role", "admin", "--limit", "2")
		do("team", "grant", "--team", foxes, "--amount", "4", "--ref", "r3")
		do("team", "plan", "seats", "--team", foxes, "--seats", "5")
		refused("team", "plan", "set", "--team", foxes, "--plan", "artisan")
		do("key", "create", "--email", bob, "--name", "ci", "--budget", "9")
		do("worker", "create", "--name", "gpu", "--for", "24h")
		worker := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(do("worker", "list"))
		do("worker", "revoke", worker)
		refused("worker", "revoke", worker)
		do("pricing", "set", sheet)
		refused("pricing", "set", sheet)

		want := []string{
			"pricing.set price sheet 1000",
			"worker_token.revoke " + worker,
			"worker_token.create " + worker + ` {"lasts_seconds":86400,"name":"gpu"}`,
			`key.create bob@example.com {"budget_mt":9000,"key":"ID","lasts_seconds":0,"name":"ci","pays_with":"tokens"}`,
			"team.plan.seats " + foxes + ` {"seats":5}`,
			"team.grant " + foxes + ` given by the operator {"amount_mt":4000,"lasts_seconds":0,"ref":"admin:r3"}`,
			"team.add " + foxes + ` {"limit_mt":2000,"role":"admin"}`,
			"team.plan.set " + foxes + ` {"plan":"team-starter","seats":3}`,
			"team.create " + foxes + ` {"team":"Foxes"}`,
			"plan.cancel ada@example.com",
			`plan.start ada@example.com {"cycle":"year","plan":"artisan"}`,
			`code.create codes the fair {"amount_mt":3000,"count":2,"lasts_seconds":0,"uses":1}`,
			`tokens.grant ada@example.com given by the operator {"amount_mt":7500,"lasts_seconds":0,"ref":"admin:r2","unit":"credits"}`,
			`tokens.grant ada@example.com sorry for the wait {"amount_mt":5000,"lasts_seconds":3600,"ref":"admin:r1","unit":"tokens"}`,
			`account.create bob@example.com {"plan":"free"}`,
			`account.create ada@example.com {"plan":"free"}`,
		}
		key := regexp.MustCompile(`"key":"[^"]*"`)
		got := strings.Split(do("audit"), "\n")[1:]
		for i := range max(len(want), len(got)) {
			var line, wanted string
			if i < len(got) {
				line = key.ReplaceAllString(strings.Join(strings.Fields(got[i])[1:], " "), `"key":"ID"`)
			}
			if i < len(want) {
				wanted = "the shell " + want[i]
			}
			if line != wanted {
				t.Errorf("line %d says\n%q, want\n%q", i+1, line, wanted)
			}
		}
		if own := do("audit", "--email", bob); !strings.Contains(own, "team.add") || strings.Contains(own, "plan.start") {
			t.Errorf("of one account alone it says %s", own)
		}
	})
}

// The line and what it tells of stand or fall together.
func TestAudit_WithoutItsLineNothingIsDone(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		ctx := t.Context()
		ada, bob := w.User("free"), w.User("free")
		errNoLine := errors.New("no line")
		no := db.Also(func(context.Context, *db.Tx) error { return errNoLine })
		foxes, err := w.Teams.Create(ctx, ada, "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Teams.ChangePlan(ctx, foxes.ID, plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.PutTeam(now, "team", 3)
		})); err != nil {
			t.Fatal(err)
		}
		_, worker, err := w.Auth.CreateWorker(ctx, "gpu", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		before := everything(t, w)
		put := func(name string) plan.Decision {
			return plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) { return s.Put(now, name) })
		}
		for name, f := range map[string]func() error{
			"a plan": func() error { _, err := w.Plans.Change(ctx, ada.AccountID, put("maestro"), no); return err },
			"codes": func() error {
				_, err := w.Plans.NewCodes(ctx, plan.CodeRequest{Count: 1, Amount: token.Whole(1), Uses: 1}, no)
				return err
			},
			"a team": func() error {
				_, err := w.Teams.CreateAnd(ctx, bob, "Owls", func(*team.Team) db.Also { return no })
				return err
			},
			"members": func() error { return w.Teams.Add(ctx, foxes.ID, bob.AccountID, access.TeamMember, access.NoLimit, no) },
			"seats": func() error {
				_, err := w.Teams.ChangePlan(ctx, foxes.ID, plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
					return s.PutTeam(now, "team-growth", 9)
				}), no)
				return err
			},
			"tokens": func() error {
				r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1), Ref: "r"}
				return w.Ledger.GrantAnd(ctx, ada.AccountID, r, func(tx *db.Tx) error { return no(ctx, tx) })
			},
			"a key": func() error {
				_, _, err := w.Auth.CreateKeyAnd(ctx, ada.AccountID, "ci", time.Time{}, auth.KeyTerms{}, func(auth.KeyInfo) db.Also { return no })
				return err
			},
			"a worker": func() error {
				_, _, err := w.Auth.CreateWorker(ctx, "cpu", time.Time{}, func(auth.WorkerToken) db.Also { return no })
				return err
			},
			"a revocation": func() error { return w.Auth.RevokeWorker(ctx, worker.ID, no) },
			"prices": func() error {
				_, err := w.Prices.Add(ctx, []byte(`{"version": 1000, "rows": {"*/image": {"base_mt": 2000}}}`), func(*pricing.Sheet) db.Also { return no })
				return err
			},
		} {
			if err := f(); !errors.Is(err, errNoLine) {
				t.Errorf("%s: %v, want the error of the line", name, err)
			}
			if after := everything(t, w); after != before {
				t.Errorf("%s changed something without its line:\n%s\nbefore:\n%s", name, after, before)
			}
		}
		if err := w.Operator.NoteByShell(ctx, audit.Line{Action: "payments.replay", Subject: "payments"}); err != nil {
			t.Fatal(err)
		}
		if after := everything(t, w); after == before {
			t.Error("a line that is written does not show: this test looks at nothing")
		}
		w.Verify()
	})
}

// everything counts the rows of all tables that such commands write, and reads what they would change.
func everything(t *testing.T, w *apptest.World) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"audit", "code", "subscription", "team", "team_member", "ledger_grant", "entry", "api_key", "worker_token WHERE revoked_at = 0", "price_sheet"} {
		var n int
		if err := w.DB.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		b.WriteString(table + " " + token.Whole(int64(n)).String() + "\n")
	}
	var terms string
	if err := w.DB.QueryRow(t.Context(), "SELECT COALESCE(MAX(terms), '') FROM subscription").Scan(&terms); err != nil {
		t.Fatal(err)
	}
	return b.String() + terms
}
