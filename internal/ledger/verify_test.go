package ledger_test

import (
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/generation"
	"bottega/internal/plan"
)

// Whoever changes the books, Verify says where; what it says must name the wallet and what is wrong.
func TestVerify_FindsEveryForgery(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Free)
		done := w.Submit(user, "a fox", 2)
		stop := w.Run()
		w.WaitState(user, done.ID, generation.Complete)
		stop()
		open := w.Submit(user, "a heron", 1)
		w.Verify()
		exec := func(statements ...string) {
			t.Helper()
			err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
				for _, s := range statements {
					if _, err := tx.Exec(t.Context(), s); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if w.DB.Dialect == db.Postgres {
			exec("ALTER TABLE entry DISABLE TRIGGER ALL")
		} else {
			exec("DROP TRIGGER entry_no_update", "DROP TRIGGER entry_no_delete")
		}
		for _, c := range []struct{ name, forge, undo, want string }{
			{"a balance", "UPDATE wallet SET available = available + 1", "UPDATE wallet SET available = available - 1", "the journal gives"},
			{"a grant", "UPDATE ledger_grant SET spent = spent + 1, amount = amount + 1", "UPDATE ledger_grant SET spent = spent - 1, amount = amount - 1", "stored"},
			{"a line", "UPDATE entry SET amount = amount + 1 WHERE seq = 2", "UPDATE entry SET amount = amount - 1 WHERE seq = 2", "entry 2 does not match its hash"},
			{"a sheet", "UPDATE entry SET sheet_version = 0 WHERE seq = 2", "UPDATE entry SET sheet_version = 3 WHERE seq = 2", "entry 2 does not match its hash"},
			{"an ended hold", "UPDATE hold SET captured = captured - 1 WHERE id = '" + done.ID + "'", "UPDATE hold SET captured = captured + 1 WHERE id = '" + done.ID + "'", "hold " + done.ID},
			{"an open hold", "UPDATE hold SET state = 'released' WHERE id = '" + open.ID + "'", "UPDATE hold SET state = 'held' WHERE id = '" + open.ID + "'", "in the journal alone"},
			{"a chain cut short", "UPDATE wallet SET seq = seq - 1", "UPDATE wallet SET seq = seq + 1", "the journal ends at entry"},
			{"a missing line", "UPDATE entry SET seq = 999 WHERE seq = 3", "UPDATE entry SET seq = 3 WHERE seq = 999", "follows entry"},
		} {
			exec(c.forge)
			var said []string
			if _, err := w.Ledger.Verify(t.Context(), func(p string) { said = append(said, p) }); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, c.want) || !strings.Contains(all, "wallet "+user.AccountID) {
				t.Errorf("%s was changed, and Verify said %q, want %q", c.name, all, c.want)
			}
			exec(c.undo)
			w.Verify()
		}
	})
}
