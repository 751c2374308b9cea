package db_test

import (
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

// Version 11 lets teams buy: what accounts had bought before stays theirs, with all that belongs to it.
func TestMigrate_KeepsWhatAccountsBoughtInVersion10(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		exec := func(statements ...string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				for _, statement := range statements {
					if _, err := tx.Exec(t.Context(), statement); err != nil {
						return err
					}
				}
				return nil
			})
		}
		version2(t, d)
		const row = `, 'pack', 'tokens', 9000000, 9000000, 1000000, 5000000, 500000, 7, 1, 'won', '{"pack":"small"}', 'paid', '', 'stripe', 'cs_1', `
		err = exec(
			`INSERT INTO payment (id, account_id, kind, unit, amount, received, refunded, tokens, taken, claimed, brought, dispute, terms, state,
				reason, provider, checkout, charge, receipt, created_at, paid_at) VALUES ('p', 'ada'`+row+`'pi_1', 'https://receipt', 11, 12)`,
			"INSERT INTO payer (account_id, provider, customer) VALUES ('ada', 'stripe', 'cus_1')",
			`INSERT INTO payer_subscription (provider, subscription, account_id, unit, told, live, ended)
				VALUES ('stripe', 'sub_1', 'ada', 'tokens', '{}', 1, 0)`,
			`INSERT INTO topup_rule (account_id, unit, enabled, threshold, pack, amount, ceiling, failures, retry_at, reason)
				VALUES ('ada', 'tokens', 1, 1000, 'small', 0, 9000000, 2, 5, 'card_declined')`,
		)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]string{
			"SELECT buyer || terms || charge || receipt || CAST(paid_at - created_at AS TEXT) FROM payment WHERE claimed = 7": `ada{"pack":"small"}pi_1https://receipt1`,
			"SELECT buyer || customer FROM payer":                                                "adacus_1",
			"SELECT buyer || subscription || CAST(live - ended AS TEXT) FROM payer_subscription": "adasub_11",
			"SELECT buyer || pack || reason FROM topup_rule WHERE enabled = 1 AND retry_at = 5":  "adasmallcard_declined",
			"SELECT CAST(SUM(due) AS TEXT) FROM ledger_grant":                                    "0",
		} {
			var got string
			if err := d.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %q, %v, want %q", query, got, err, want)
			}
		}
		const team = `INSERT INTO payment (id, buyer, kind, unit, amount, received, refunded, tokens, taken, claimed, brought, dispute, terms, state,
			reason, provider, checkout, charge, receipt, created_at, paid_at) VALUES (`
		if err := exec(team + `'t', 'team:x'` + row + `'pi_2', '', 11, 12)`); err != nil {
			t.Errorf("a team's payment: %v", err)
		}
		if err := exec(team + `'u', 'team:x'` + row + `'pi_1', '', 11, 12)`); !db.IsUnique(err) {
			t.Errorf("one charge twice: %v", err)
		}
	})
}
