package payment

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/plan"
)

const paymentColumns = `id, buyer, kind, unit, amount, received, refunded, tokens, taken, claimed, brought, dispute, terms, state, reason,
	provider, checkout, charge, receipt, created_at, paid_at`

const (
	selectPayment       = "SELECT " + paymentColumns + " FROM payment WHERE id = $1"                                        // primary key
	selectPaymentCharge = "SELECT " + paymentColumns + " FROM payment WHERE provider = $1 AND charge = $2 AND charge <> ''" // index payment_charge
	selectPayments      = "SELECT " + paymentColumns + ` FROM payment WHERE buyer = $1 AND (created_at < $2 OR created_at = $2 AND id < $3)
		ORDER BY created_at DESC, id DESC LIMIT $4` // index payment_buyer, read backwards
	selectOpen = "SELECT " + paymentColumns + ` FROM payment WHERE state = 'open' AND (created_at > $1 OR created_at = $1 AND id > $2)
		AND created_at <= $3 ORDER BY created_at, id LIMIT $4` // partial index payment_open
	selectChanges = "SELECT " + paymentColumns + ` FROM payment WHERE buyer = $1 AND unit = $2 AND kind IN ('start', 'upgrade')
		AND state = 'open'` // partial index payment_one_change
	selectAllPayments = "SELECT " + paymentColumns + " FROM payment WHERE id > $1 ORDER BY id LIMIT $2" // primary key
	insertPayment     = "INSERT INTO payment (" + paymentColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21)`
	updatePayment = `UPDATE payment SET amount = $2, received = $3, refunded = $4, tokens = $5, taken = $6, claimed = $7, brought = $8, dispute = $9,
		terms = $10, state = $11, reason = $12, checkout = $13, charge = $14, receipt = $15, paid_at = $16 WHERE id = $1` // primary key
	// Index payment_buyer.
	sumTopUps = `SELECT COALESCE(SUM(amount - refunded), 0), COALESCE(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) FROM payment
		WHERE buyer = $1 AND created_at >= $2 AND unit = $3 AND kind = 'topup' AND state <> 'failed'`
)

type scanner interface{ Scan(into ...any) error }

func scanPayment(row scanner) (Payment, error) {
	var p Payment
	var brought int
	var terms string
	var created, paid int64
	err := row.Scan(&p.ID, &p.Buyer, &p.Kind, &p.Of, &p.Amount, &p.Received, &p.Refunded, &p.Tokens, &p.Taken, &p.Claimed, &brought,
		&p.Dispute, &terms, &p.State, &p.Reason, &p.Provider, &p.Checkout, &p.Charge, &p.Receipt, &created, &paid)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(terms), &p.Terms)
	}
	if err != nil {
		return p, fmt.Errorf("read payment: %w", err)
	}
	p.Brought, p.CreatedAt, p.PaidAt = brought == 1, db.Time(created), db.Time(paid)
	return p, nil
}

func listPayments(ctx context.Context, q db.Queryer, query string, args ...any) ([]Payment, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []Payment
	for rows.Next() {
		p, err := scanPayment(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func insert(ctx context.Context, tx *db.Tx, p Payment) error {
	terms, err := json.Marshal(p.Terms)
	if err == nil {
		_, err = tx.Exec(ctx, insertPayment, p.ID, p.Buyer, p.Kind, p.Of, p.Amount, p.Received, p.Refunded, p.Tokens, p.Taken, p.Claimed,
			db.Bool(p.Brought), p.Dispute, string(terms), p.State, p.Reason, p.Provider, p.Checkout, p.Charge, p.Receipt,
			db.Micros(p.CreatedAt), db.Micros(p.PaidAt))
	}
	if err != nil {
		return fmt.Errorf("write payment %s: %w", p.ID, err)
	}
	return nil
}

func update(ctx context.Context, tx *db.Tx, p Payment) error {
	terms, err := json.Marshal(p.Terms)
	if err == nil {
		_, err = tx.Exec(ctx, updatePayment, p.ID, p.Amount, p.Received, p.Refunded, p.Tokens, p.Taken, p.Claimed, db.Bool(p.Brought), p.Dispute,
			string(terms), p.State, p.Reason, p.Checkout, p.Charge, p.Receipt, db.Micros(p.PaidAt))
	}
	if err != nil {
		return fmt.Errorf("write payment %s: %w", p.ID, err)
	}
	return nil
}

// Get returns a payment of who buys.
func (s *Service) Get(ctx context.Context, buyer, paymentID string) (Payment, error) {
	p, err := scanPayment(s.DB.QueryRow(ctx, selectPayment, paymentID))
	if err == nil && p.Buyer != buyer {
		return Payment{}, ErrNotFound
	}
	return p, err
}

// List returns a buyer's payments, newest first. cursor is what the page before returned as next.
func (s *Service) List(ctx context.Context, buyer, cursor string, limit int) (list []Payment, next string, err error) {
	before, id := int64(1)<<62, ""
	if cursor != "" {
		at, rest, ok := strings.Cut(cursor, "_")
		if before, err = strconv.ParseInt(at, 10, 64); err != nil || !ok {
			return nil, "", fault.Bad(fault.Field{Name: "cursor", Value: cursor, Message: "is not from this list"})
		}
		id = rest
	}
	list, err = listPayments(ctx, s.DB, selectPayments, buyer, before, id, limit+1)
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = fmt.Sprintf("%d_%s", db.Micros(last.CreatedAt), last.ID)
	}
	return list, next, err
}

const (
	linkColumns    = "subscription, buyer, unit, told, live, ended"
	selectCustomer = "SELECT customer FROM payer WHERE buyer = $1 AND provider = $2" // primary key
	insertCustomer = `INSERT INTO payer (buyer, provider, customer) VALUES ($1, $2, $3) ON CONFLICT (buyer, provider) DO NOTHING`

	insertLink = `INSERT INTO payer_subscription (provider, subscription, buyer, unit, told, live, ended) VALUES ($1, $2, $3, $4, '', $5, 0)
		ON CONFLICT (provider, subscription) DO UPDATE SET live = excluded.live`
	unlinkOthers = `UPDATE payer_subscription SET live = 0 WHERE buyer = $1 AND unit = $2 AND provider = $3 AND subscription <> $4
		AND live = 1` // index payer_subscription_buyer
	selectLink  = "SELECT " + linkColumns + " FROM payer_subscription WHERE provider = $1 AND subscription = $2" // primary key
	selectLinks = "SELECT " + linkColumns + ` FROM payer_subscription WHERE provider = $1 AND subscription > $2
		AND ended = 0 ORDER BY subscription LIMIT $3` // primary key
	updateLink = "UPDATE payer_subscription SET told = $3, ended = $4 WHERE provider = $1 AND subscription = $2" // primary key
)

// link is a subscription at the provider and the wallet it pays for.
type link struct {
	Subscription string
	Buyer        string
	Of           plan.Unit
	Told         string
	Live         bool // it follows the plan of the wallet; otherwise it is to end
	Ended        bool
}

func (l link) wallet() string { return l.Of.Wallet(l.Buyer) }

func scanLink(row scanner) (link, error) {
	var l link
	var live, ended int
	err := row.Scan(&l.Subscription, &l.Buyer, &l.Of, &l.Told, &live, &ended)
	l.Live, l.Ended = live == 1, ended == 1
	return l, err
}

func (s *Service) links(ctx context.Context, query string, args ...any) ([]link, error) {
	rows, err := s.DB.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []link
	for rows.Next() {
		l, err := scanLink(rows)
		if err != nil {
			return nil, fmt.Errorf("read subscription: %w", err)
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

const (
	ruleColumns = "buyer, unit, enabled, threshold, pack, amount, ceiling, failures, retry_at, reason"
	selectRule  = "SELECT " + ruleColumns + " FROM topup_rule WHERE buyer = $1 AND unit = $2" // primary key
	selectRules = "SELECT " + ruleColumns + ` FROM topup_rule WHERE enabled = 1 AND (buyer > $1 OR buyer = $1 AND unit > $2)
		ORDER BY buyer, unit LIMIT $3` // partial index topup_rule_enabled
	upsertRule = "INSERT INTO topup_rule (" + ruleColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (buyer, unit) DO UPDATE SET enabled = excluded.enabled, threshold = excluded.threshold, pack = excluded.pack,
			amount = excluded.amount, ceiling = excluded.ceiling, failures = excluded.failures, retry_at = excluded.retry_at, reason = excluded.reason`
	stopRules       = "UPDATE topup_rule SET enabled = 0, reason = 'disputed' WHERE buyer = $1 AND enabled = 1"                      // primary key
	updateRuleState = "UPDATE topup_rule SET enabled = $3, failures = $4, retry_at = $5, reason = $6 WHERE buyer = $1 AND unit = $2" // primary key
)

func scanRule(row scanner) (TopUpRule, error) {
	var r TopUpRule
	var enabled int
	var retry int64
	err := row.Scan(&r.Buyer, &r.Of, &enabled, &r.Threshold, &r.Pack, &r.Amount, &r.Ceiling, &r.Failures, &retry, &r.Reason)
	r.Enabled, r.RetryAt = enabled == 1, db.Time(retry)
	return r, err
}

// rule reads a rule; the one of a wallet that has none is off.
func rule(ctx context.Context, q db.Queryer, buyer string, u plan.Unit, lock string) (TopUpRule, error) {
	r, err := scanRule(q.QueryRow(ctx, selectRule+lock, buyer, u))
	if errors.Is(err, sql.ErrNoRows) {
		pack := Packs(u)[0]
		return TopUpRule{Buyer: buyer, Of: u, Threshold: pack.Amount / 5, Pack: pack.Name, Ceiling: 4 * pack.Price()}, nil
	}
	if err != nil {
		return r, fmt.Errorf("read top-up rule: %w", err)
	}
	return r, nil
}

// topUps says what top-ups have cost in the month of a moment, and whether one is under way.
func topUps(ctx context.Context, q db.Queryer, r TopUpRule, now time.Time) (spent plan.Money, underWay bool, err error) {
	var open int
	err = q.QueryRow(ctx, sumTopUps, r.Buyer, db.Micros(monthOf(now)), r.Of).Scan(&spent, &open)
	if err != nil {
		return 0, false, fmt.Errorf("read top-ups: %w", err)
	}
	return spent, open > 0, nil
}
