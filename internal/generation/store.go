package generation

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bottega/internal/asset"
	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/queue"
)

// apply is the batch: load what all operations need, decide one by one, write everything together.
// Locks are taken on wallets first, then on shares of the line, each in the order of ids, then on generations.
func (s *Service) apply(ctx context.Context, tx *db.Tx, ops []operation) ([]db.Outcome[*Generation], error) {
	w, err := s.loadWorld(ctx, tx, ops)
	if err != nil {
		return nil, err
	}
	outcomes := make([]db.Outcome[*Generation], len(ops))
	for i, op := range ops {
		switch {
		case op.submit != nil:
			outcomes[i].Res, outcomes[i].Err = w.accept(op.submit)
		case op.ease != nil:
			outcomes[i].Res, outcomes[i].Err = w.ease(op.ease)
		default:
			outcomes[i].Res, outcomes[i].Err = w.end(op.end)
		}
		if g := outcomes[i].Res; g != nil { // a later operation may change the same row
			own := *g
			outcomes[i].Res = &own
		}
	}
	return outcomes, w.save(ctx, tx)
}

func (s *Service) loadWorld(ctx context.Context, tx *db.Tx, ops []operation) (*world, error) {
	var accounts, payers, shares, ends, keys []string
	for _, op := range ops {
		switch {
		case op.submit != nil:
			accounts, payers = append(accounts, op.submit.accountID), append(payers, payer(op.submit.actor))
			shares = append(shares, queue.ShareOf(op.submit.accountID, op.submit.actor.Team))
			if op.submit.idemKey != "" {
				keys = append(keys, op.submit.idemKey)
			}
		case op.ease != nil:
			accounts, ends = append(accounts, op.ease.accountID), append(ends, op.ease.id)
			shares = append(shares, queue.ShareOf(op.ease.accountID, op.ease.teamID))
		default:
			accounts, ends = append(accounts, op.end.accountID), append(ends, op.end.id)
			shares = append(shares, queue.ShareOf(op.end.accountID, op.end.teamID))
		}
	}
	accounts = unique(accounts)
	w := &world{generations: map[string]*row{}, byIdem: map[string]*row{}}
	var err error
	if w.wallets, w.holds, err = ledger.Load(ctx, tx, unique(payers), ends); err != nil {
		return nil, err
	}
	if w.line, err = queue.Load(ctx, tx, unique(shares)); err != nil {
		return nil, err
	}
	w.line.AsOf(s.Clock.Now())
	if err := w.loadRows(ctx, tx, "id IN "+db.In(1, len(ends))+tx.ForUpdate(), ends, nil); err != nil {
		return nil, err
	}
	byKey := "account_id IN " + db.In(1, len(accounts)) + " AND idem_key IN " + db.In(len(accounts)+1, len(keys))
	if err := w.loadRows(ctx, tx, byKey, keys, accounts); err != nil {
		return nil, err
	}
	if w.tickets, err = queue.ByID(ctx, tx, ends); err != nil {
		return nil, err
	}
	if w.spending, err = loadSpending(ctx, tx, ops); err != nil {
		return nil, err
	}
	w.members, err = s.loadMembers(ctx, tx, ops)
	return w, err
}

// loadRows reads generations by primary key or by the unique (account_id, idem_key). No ids, no reading.
func (w *world) loadRows(ctx context.Context, tx *db.Tx, where string, ids, before []string) error {
	if len(ids) == 0 {
		return nil
	}
	args := make([]any, 0, len(before)+len(ids))
	for _, v := range append(append([]string{}, before...), ids...) {
		args = append(args, v)
	}
	rows, err := tx.Query(ctx, "SELECT "+columns+" FROM generation WHERE "+where, args...)
	if err != nil {
		return fmt.Errorf("read generations: %w", err)
	}
	list, err := scanRows(rows)
	for _, r := range list {
		if known := w.generations[r.ID]; known != nil {
			r = known
		}
		w.generations[r.ID] = r
		if r.idemKey != "" {
			w.byIdem[idemID(r.AccountID, r.idemKey)] = r
		}
	}
	return err
}

func (w *world) save(ctx context.Context, tx *db.Tx) error {
	if err := ledger.Save(ctx, tx, w.wallets); err != nil {
		return err
	}
	if err := w.spending.save(ctx, tx); err != nil {
		return err
	}
	if err := insertRows(ctx, tx, w.inserted); err != nil {
		return err
	}
	for _, r := range w.updated {
		failure := r.Failure
		if failure == nil {
			failure = &Failure{}
		}
		err := tx.Later(ctx, `UPDATE generation SET state = $1, charged = $2, failure_code = $3, failure_message = $4,
			finished_at = $5, price = $6, lane = $7 WHERE id = $8`, r.State, r.Charged, failure.Code, failure.Message, db.Micros(r.FinishedAt),
			r.Price, r.Lane, r.ID)
		if err != nil {
			return fmt.Errorf("write generation %s: %w", r.ID, err)
		}
	}
	if err := w.line.Save(ctx, tx); err != nil {
		return err
	}
	if err := asset.InsertImages(ctx, tx, w.images); err != nil {
		return err
	}
	for _, l := range w.audits {
		if err := audit.Append(ctx, tx, l); err != nil {
			return err
		}
	}
	var events []event.Record
	for _, r := range w.touched {
		at := r.FinishedAt
		switch {
		case !r.changedAt.IsZero():
			at = r.changedAt
		case at.IsZero():
			at = r.CreatedAt
		}
		events = append(events, event.Record{AccountID: r.AccountID, Topic: event.TopicGeneration, Subject: r.ID, At: at})
	}
	return event.Append(ctx, tx, events)
}

func insertRows(ctx context.Context, tx *db.Tx, list []*row) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i, r := range list {
		var key any
		if r.idemKey != "" {
			key = r.idemKey
		}
		rows[i] = []any{
			r.ID, r.AccountID, r.Kind, r.model, string(r.Params), r.pictures, r.timeout.Milliseconds(), r.State,
			r.Price, r.Charged, r.sheetVersion, "", "", key, r.idemHash, db.Micros(r.CreatedAt), 0, 0, 0, r.Lane, r.keyID, r.TeamID, 0,
		}
	}
	if err := tx.Insert(ctx, "INSERT INTO generation ("+columns+") VALUES ", rows, ""); err != nil {
		return fmt.Errorf("write generations: %w", err)
	}
	return nil
}

const columns = `id, account_id, kind, model, params, pictures, timeout_ms, state, price, charged, sheet_version,
	failure_code, failure_message, idem_key, idem_hash, created_at, started_at, finished_at, deleted_at, lane, key_id, team_id, attempts`

func scanRows(rows *sql.Rows) ([]*row, error) {
	defer func() { _ = rows.Close() }()
	var list []*row
	for rows.Next() {
		r := &row{}
		var params string
		var key sql.NullString
		var failure Failure
		var timeout, created, started, finished, deleted int64
		err := rows.Scan(&r.ID, &r.AccountID, &r.Kind, &r.model, &params, &r.pictures, &timeout, &r.State, &r.Price,
			&r.Charged, &r.sheetVersion, &failure.Code, &failure.Message, &key, &r.idemHash, &created, &started, &finished, &deleted, &r.Lane, &r.keyID,
			&r.TeamID, &r.attempts)
		if err != nil {
			return nil, fmt.Errorf("read generation: %w", err)
		}
		r.Params, r.idemKey, r.timeout = []byte(params), key.String, time.Duration(timeout)*time.Millisecond
		r.CreatedAt, r.StartedAt, r.FinishedAt = db.Time(created), db.Time(started), db.Time(finished)
		if failure.Code != "" {
			r.Failure = &failure
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// readRow returns a generation that is not deleted, or nil. Primary key.
func readRow(ctx context.Context, q db.Queryer, id string) (*row, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM generation WHERE id = $1 AND deleted_at = 0", id)
	if err != nil {
		return nil, fmt.Errorf("read generation %s: %w", id, err)
	}
	list, err := scanRows(rows)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func readGeneration(ctx context.Context, q db.Queryer, id string) (*Generation, error) {
	r, err := readRow(ctx, q, id)
	if err != nil || r == nil {
		return nil, err
	}
	return &r.Generation, nil
}

// listGenerations reads a page of those that the condition on $5 and what follows describes. Indexes on (account_id,
// created_at, id) and (team_id, created_at, id).
func listGenerations(ctx context.Context, q db.Queryer, page Page, where string, more []any) ([]*Generation, string, error) {
	at, last, err := parseCursor(page.Cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM generation WHERE "+where+` AND deleted_at = 0
		AND (created_at < $1 OR (created_at = $1 AND id < $2)) ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4`,
		append([]any{at, last, page.Limit + 1, page.Offset}, more...)...)
	if err != nil {
		return nil, "", fmt.Errorf("list generations: %w", err)
	}
	list, err := scanRows(rows)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > page.Limit {
		list = list[:page.Limit]
		end := list[page.Limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%s", end.CreatedAt.UnixMicro(), end.ID))
	}
	out := make([]*Generation, len(list))
	for i, r := range list {
		out[i] = &r.Generation
	}
	return out, next, nil
}

func parseCursor(cursor string) (at int64, last string, err error) {
	if cursor == "" {
		return 1 << 62, "", nil
	}
	bad := fault.Bad(fault.Field{Name: "cursor", Value: cursor, Message: "is not from this list"})
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", bad
	}
	micros, last, _ := strings.Cut(string(raw), "/")
	if at, err = strconv.ParseInt(micros, 10, 64); err != nil || !id.Valid(last) {
		return 0, "", bad
	}
	return at, last, nil
}

// blank marks a generation as deleted and forgets its prompt.
func blank(ctx context.Context, tx *db.Tx, id string, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE generation SET deleted_at = $1, params = '{}', failure_message = ''
		WHERE id = $2 AND deleted_at = 0`, db.Micros(at), id)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

func unique(list []string) []string {
	seen := map[string]bool{}
	out := list[:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// row is a generation with the columns only this package needs.
type row struct {
	Generation
	model        string
	pictures     int
	timeout      time.Duration
	sheetVersion int
	idemKey      string
	idemHash     string
	keyID        string    // API key that asked; empty = none
	attempts     int       // times it was started
	changedAt    time.Time // by this batch, other than by its beginning and its end
}
