package app_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/team"
	"bottega/internal/token"
)

var errGone = errors.New("the database went away")

// dump reads everything that a transaction of the ledger may change.
func dump(t *testing.T, d *db.DB) string {
	t.Helper()
	var all []string
	for table, columns := range map[string]string{
		"wallet": "id, available, held, seq, clock, head_hash, schedule, started", "ledger_grant": "id, remaining, held, spent, expired, moved, is_open, expires_at",
		"hold": "id, amount, captured, state, legs", "entry": "wallet_id, seq, hash", "generation": "id, state, price, charged, lane",
		"ticket": "id, lane, attempt", "outbox": "id, account_id, topic", "key_spend": "key_id, month, used", "member_spend": "team_id, account_id, month, used",
		"team": "id, name, dissolved_at", "team_member": "team_id, account_id, role, most, left_at", "team_invitation": "id, hash, ended_at, accepted_by",
		"subscription": "account_id, version, last_n, terms", "price_sheet": "version, body",
	} {
		rows, err := d.Query(t.Context(), "SELECT "+columns+" FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		n := strings.Count(columns, ",") + 1
		for rows.Next() {
			values := make([]any, n)
			into := make([]any, n)
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(table, values))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// TestCrash_AtEveryStatementOfEveryTransaction lets the database go away before each statement and before the commit of
// everything that moves tokens: nothing may have changed, and the same again must work.
func TestCrash_AtEveryStatementOfEveryTransaction(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User("artisan")
		if _, err := w.Plans.Change(t.Context(), user.AccountID, plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.Start(now, "apprentice", plan.Yearly)
		})); err != nil {
			t.Fatal(err)
		}
		for n, c := range ledgerOperations(w, user) {
			t.Run(c.name, func(t *testing.T) {
				w.Clock.Advance(time.Duration(20+n) * 24 * time.Hour) // so that days and months arrive on the way
				crashEverywhere(t, w, c.run)
			})
		}
		w.Verify()
	})
}

// TestCrash_AtEveryStatementOfATeam does the same to everything that changes a team or its tokens.
func TestCrash_AtEveryStatementOfATeam(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		owner, member := w.User(plan.Free), w.User(plan.Free)
		made, err := w.Teams.Create(t.Context(), owner, "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		for n, c := range teamOperations(w, made.ID, owner, member) {
			t.Run(c.name, func(t *testing.T) {
				w.Clock.Advance(time.Duration(n) * 6 * time.Hour)
				crashEverywhere(t, w, c.run)
			})
		}
		w.Verify()
	})
}

func teamOperations(w *apptest.World, id string, owner, member access.Actor) []operation {
	secret := ""
	pays := member
	pays.Team = id
	limit := token.Whole(100)
	change := func(f func(s plan.Subscription, now time.Time) (plan.Subscription, error)) func(t *testing.T) error {
		return func(t *testing.T) error {
			_, err := w.Teams.ChangePlan(t.Context(), id, plan.Just(f))
			return err
		}
	}
	return []operation{
		{"create", func(t *testing.T) error { _, err := w.Teams.Create(t.Context(), owner, "Owls"); return err }},
		{"invite", func(t *testing.T) (err error) {
			secret, _, err = w.Teams.Invite(t.Context(), owner, id, team.InviteRequest{Role: access.TeamMember, Limit: access.NoLimit})
			return err
		}},
		{"accept", func(t *testing.T) error { _, err := w.Teams.Accept(t.Context(), member, "", secret); return err }},
		{"limit", func(t *testing.T) error {
			return w.Teams.SetMember(t.Context(), owner, id, member.AccountID, team.MemberChange{Limit: &limit})
		}},
		{"start a plan", change(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.StartTeam(now, "team-starter", plan.Monthly, 3)
		})},
		{"more seats", change(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			out, _, err := s.Resize(now, 5)
			return out, err
		})},
		{"submit", func(t *testing.T) error {
			count := 2
			_, err := w.Generations.Submit(t.Context(), pays, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox", Count: &count}})
			return err
		}},
		{"cancel", func(t *testing.T) error {
			list, _, err := w.Generations.List(t.Context(), member, generation.Page{Limit: 1})
			if err == nil {
				_, err = w.Generations.Cancel(t.Context(), member, list[0].ID)
			}
			return err
		}},
		{"transfer", func(t *testing.T) error { return w.Teams.Transfer(t.Context(), owner, id, member.AccountID) }},
		{"leave", func(t *testing.T) error { return w.Teams.Leave(t.Context(), owner, id) }},
		{"dissolve", func(t *testing.T) error { return w.Teams.Dissolve(t.Context(), member, id) }},
	}
}

type operation struct {
	name string
	run  func(t *testing.T) error
}

func ledgerOperations(w *apptest.World, user access.Actor) []operation {
	count := 2
	submit := func(t *testing.T) error {
		_, err := w.Generations.Submit(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox", Count: &count}})
		return err
	}
	change := func(f func(s plan.Subscription, now time.Time) (plan.Subscription, error)) func(t *testing.T) error {
		return func(t *testing.T) error {
			_, err := w.Plans.Change(t.Context(), user.AccountID, plan.Just(f))
			return err
		}
	}
	version := 1000
	return []operation{
		{"grant", func(t *testing.T) error {
			return w.Ledger.Grant(t.Context(), user.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(5), Ref: "gift"})
		}},
		{"submit", submit},
		{"cancel", func(t *testing.T) error {
			list, _, err := w.Generations.List(t.Context(), user, generation.Page{Limit: 1})
			if err == nil {
				_, err = w.Generations.Cancel(t.Context(), user, list[0].ID)
			}
			return err
		}},
		{"upgrade", change(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			out, _, err := s.Upgrade(now, "maestro")
			return out, err
		})},
		{"downgrade", change(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.Downgrade(now, "artisan")
		})},
		{"pay", change(plan.Subscription.Pay)},
		{"money back", func(t *testing.T) error {
			_, err := w.Plans.Change(t.Context(), user.AccountID, func(now time.Time, s plan.Subscription, l *ledger.Wallet) (plan.Subscription, error) {
				l.EndMonth("paid back")
				return s.EndNow(now)
			})
			return err
		}},
		{"price sheet", func(t *testing.T) error {
			_, err := w.Prices.Add(t.Context(), fmt.Appendf(nil, `{"version":%d,"rows":{"*/image":{"base_mt":1000}}}`, version))
			return err
		}},
		{"submit on the free plan", submit},
	}
}

func crashEverywhere(t *testing.T, w *apptest.World, run func(t *testing.T) error) {
	t.Helper()
	defer w.DB.Disturb(nil)
	before := dump(t, w.DB)
	for point := 0; ; point++ {
		if point > 100 {
			t.Fatal("the operation never ends")
		}
		passed := 0
		at := ""
		w.DB.Disturb(func(statement string) error {
			if passed == point {
				at = statement
				return errGone
			}
			passed++
			return nil
		})
		err := run(t)
		if at == "" { // it ran through
			if err != nil {
				t.Fatalf("after %d crashes: %v", point, err)
			}
			if point < 2 {
				t.Fatalf("only %d points", point)
			}
			return
		}
		if err == nil || fault.As(err) != nil {
			t.Fatalf("without %q it answered %v", at, err)
		}
		if after := dump(t, w.DB); after != before {
			t.Fatalf("a crash before %q changed\n%s\ninto\n%s", at, before, after)
		}
	}
}
