package generation

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"bottega/internal/access"
	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// What the operator sees and may do. Prompts and pictures stay private: nothing here tells them.

// Work is a generation as the operator sees it.
type Work struct {
	ID, AccountID, TeamID string
	Kind, Model           string
	Pictures              int
	State                 State
	Lane                  Lane
	Price, Charged        token.Amount
	Failure               *Failure
	Attempts              int
	CreatedAt             time.Time
	StartedAt             time.Time // of the last attempt; zero = none yet
	FinishedAt            time.Time // zero while open
	Worker                string    // that runs it; empty = none
	Place                 queue.Place
}

// WorkFilter asks for some of all work, newest first. The zero value of a field asks for any.
type WorkFilter struct {
	State     string // a state, or open: waiting or running
	Code      string // of the failure
	AccountID string
	Model     string
	From      time.Time
	Until     time.Time
	Slower    time.Duration // ran, or runs, at least so long
	Page
}

// filtered is a page of what WorkFilter asks for. Index generation_time.
const filtered = "SELECT " + columns + ` FROM generation WHERE (created_at < $1 OR (created_at = $1 AND id < $2)) AND created_at >= $4
	AND created_at < $5 AND ($6 = '' OR account_id = $6) AND ($7 = '' OR model = $7) AND ($8 = '' OR failure_code = $8)
	AND ($9 = '' OR state = $9 OR ($9 = 'open' AND state IN ('waiting', 'running')))
	AND (CAST($10 AS BIGINT) = 0 OR (started_at > 0
		AND CASE WHEN finished_at > 0 THEN finished_at ELSE CAST($11 AS BIGINT) END - started_at >= CAST($10 AS BIGINT)))
	ORDER BY created_at DESC, id DESC LIMIT $3`

// workStates are what WorkFilter.State may say.
var workStates = []string{"", "open", string(Waiting), string(Running), string(Complete), string(Failed), string(Cancelled)}

// AllWork lists the work of everybody, for the operator.
func (s *Service) AllWork(ctx context.Context, ask WorkFilter) ([]Work, string, error) {
	switch {
	case ask.Limit < 1 || ask.Limit > 100:
		return nil, "", fault.Bad(fault.Field{Name: "limit", Value: ask.Limit, Message: "is out of range", Allowed: "1 to 100"})
	case !slices.Contains(workStates, ask.State):
		return nil, "", fault.Bad(fault.Field{Name: "state", Value: ask.State, Message: "is no state", Allowed: "open, waiting, running, complete, failed, cancelled"})
	case ask.Slower < 0:
		return nil, "", fault.Bad(fault.Field{Name: "slower", Value: ask.Slower.Seconds(), Message: "is negative", Allowed: "seconds, 0 for any"})
	}
	at, last, err := parseCursor(ask.Cursor)
	if err != nil {
		return nil, "", err
	}
	until := int64(1) << 62
	if !ask.Until.IsZero() {
		until = db.Micros(ask.Until)
	}
	rows, err := s.DB.Query(ctx, filtered, at, last, ask.Limit+1, db.Micros(ask.From), until, ask.AccountID, ask.Model, ask.Code, ask.State,
		ask.Slower.Microseconds(), db.Micros(s.Clock.Now()))
	if err != nil {
		return nil, "", fmt.Errorf("list work: %w", err)
	}
	list, err := scanRows(rows)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > ask.Limit {
		list = list[:ask.Limit]
		end := list[ask.Limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%s", end.CreatedAt.UnixMicro(), end.ID))
	}
	out, err := s.work(ctx, list)
	return out, next, err
}

// Work returns one generation for the operator, deleted ones included.
func (s *Service) Work(ctx context.Context, id string) (Work, error) {
	rows, err := readRows(ctx, s.DB, []any{id})
	if err != nil {
		return Work{}, err
	}
	if len(rows) == 0 {
		return Work{}, ErrNotFound
	}
	list, err := s.work(ctx, rows)
	if err != nil {
		return Work{}, err
	}
	return list[0], nil
}

// readRows reads generations, deleted ones included. Primary key.
func readRows(ctx context.Context, q db.Queryer, ids []any) ([]*row, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM generation WHERE id IN "+db.In(1, len(ids)), ids...)
	if err != nil {
		return nil, fmt.Errorf("read generations: %w", err)
	}
	return scanRows(rows)
}

// work turns rows into what the operator sees, with their tickets.
func (s *Service) work(ctx context.Context, list []*row) ([]Work, error) {
	var open []string
	for _, r := range list {
		if !r.State.Final() {
			open = append(open, r.ID)
		}
	}
	tickets, err := queue.ByID(ctx, s.DB, open)
	if err != nil {
		return nil, err
	}
	var places map[string]queue.Place
	if s.line != nil && len(open) > 0 {
		if places, err = s.line.Places(ctx, open); err != nil {
			return nil, err
		}
	}
	out := make([]Work, len(list))
	for i, r := range list {
		out[i] = Work{
			ID: r.ID, AccountID: r.AccountID, TeamID: r.TeamID, Kind: r.Kind, Model: r.model, Pictures: r.pictures, State: r.State, Lane: r.Lane,
			Price: r.Price, Charged: r.Charged, Failure: r.Failure, Attempts: max(r.attempts, tickets[r.ID].Attempt),
			CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Worker: tickets[r.ID].Owner, Place: places[r.ID],
		}
	}
	return out, nil
}

// Outcome is how much ended in one way, and why.
type Outcome struct {
	State State
	Code  string // of the failure; empty = none
	N     int
}

// Outcomes counts how what was asked for since a time has ended, or has not. Index generation_time.
func (s *Service) Outcomes(ctx context.Context, since time.Time) ([]Outcome, error) {
	rows, err := s.DB.Query(ctx, `SELECT state, failure_code, COUNT(*) FROM generation WHERE created_at >= $1
		GROUP BY state, failure_code ORDER BY 3 DESC, state, failure_code`, db.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("count outcomes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Outcome
	for rows.Next() {
		var o Outcome
		if err := rows.Scan(&o.State, &o.Code, &o.N); err != nil {
			return nil, fmt.Errorf("count outcomes: %w", err)
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

// CancelFor ends open work of anybody, for the operator, who says why: the owner reads it. Pictures that were delivered
// stay and are charged their share, the rest comes back. The audit line is written with the ending, whoever writes it.
func (s *Service) CancelFor(ctx context.Context, id, reason string, line audit.Line) error {
	r, err := readRow(ctx, s.DB, id)
	if err != nil {
		return err
	}
	if r == nil {
		return ErrNotFound
	}
	if r.State.Final() {
		return fault.New(fault.Conflict, "generation_ended", "this generation is already "+string(r.State))
	}
	line.Subject, line.AccountID = id, r.AccountID
	why := &stopped{reason, &line}
	if s.line != nil && s.line.Cancel(id, why) {
		if g, err := s.waitEnd(ctx, id, cancelPatience); err == nil && g != nil {
			return nil
		}
	}
	_, err = s.finish(ctx, ending{id: id, accountID: r.AccountID, teamID: r.TeamID, event: EventCancel, failure: why.failure(), audit: &line})
	return err
}

// ours are the failures that are the installation's and not of the request: the operator may give another try.
var ours = []string{"engine_error", "engine_unavailable", "timeout", "worker_lost", "quarantined"}

// RetryFor tries failed work once more for its owner, as the operator's gift: it holds nothing and charges nothing, keeps
// the seed and the lane, and no bound of the owner's plan stands against it. Only what failed by our own fault is tried
// again, and each failure once: a second call gives the same generation, and no second audit line.
func (s *Service) RetryFor(ctx context.Context, failedID string, line audit.Line) (*Generation, error) {
	r, err := readRow(ctx, s.DB, failedID)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, ErrNotFound
	case r.State != Failed || r.Failure == nil || !slices.Contains(ours, r.Failure.Code):
		return nil, fault.New(fault.Conflict, "not_ours",
			"only what failed by our own fault is tried again for free; its owner can ask for everything else again, at its price")
	}
	kind, err := s.kind(r.Kind)
	if err != nil {
		return nil, err
	}
	repeated, ok := kind.(Repeated)
	if !ok {
		return nil, fault.New(fault.Conflict, "not_repeatable", "work of this kind cannot be done once more")
	}
	planned, err := repeated.Again(r.Params)
	if err != nil {
		return nil, err
	}
	quote, err := s.weigh(planned)
	if err != nil {
		return nil, err
	}
	line.Subject, line.AccountID = failedID, r.AccountID
	actor := access.Actor{AccountID: r.AccountID, Role: access.RoleUser, Team: r.TeamID}
	g, err := s.decide(ctx, r.AccountID, r.TeamID, func(entitled Entitlement) operation {
		return operation{submit: &submission{
			id: id.New(), accountID: r.AccountID, actor: actor, kind: r.Kind, planned: planned, quote: quote,
			lane: r.Lane, idemKey: "retry of " + failedID, idemHash: "retry of " + failedID, entitled: entitled, gift: true, audit: &line, at: s.Clock.Now(),
		}}
	})
	if err != nil {
		return nil, fmt.Errorf("retry %s: %w", failedID, err)
	}
	s.wake()
	return g, nil
}

// Rearranged tells this process that the line was changed by hand.
func (s *Service) Rearranged() { s.rearranged() }

// Done counts what ended since a time and was asked for within the hour before it, by lane of the line.
func (s *Service) Done(ctx context.Context, since time.Time) (map[string]int, error) {
	rows, err := s.DB.Query(ctx, `SELECT CASE WHEN lane = 'fast' AND key_id <> '' THEN 'api' ELSE lane END, COUNT(*) FROM generation
		WHERE created_at >= $1 AND finished_at >= $2 GROUP BY 1`, db.Micros(since.Add(-time.Hour)), db.Micros(since)) // index generation_time
	if err != nil {
		return nil, fmt.Errorf("count what was done: %w", err)
	}
	defer func() { _ = rows.Close() }()
	done := map[string]int{}
	for rows.Next() {
		var lane string
		var n int
		if err := rows.Scan(&lane, &n); err != nil {
			return nil, fmt.Errorf("count what was done: %w", err)
		}
		done[lane] = n
	}
	return done, rows.Err()
}
