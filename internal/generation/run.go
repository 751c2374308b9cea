package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/queue"
	"bottega/internal/telemetry"
)

// errCancelled is the cause of a run's context when a person cancelled it.
var errCancelled = errors.New("cancelled by its owner")

// stopped is errCancelled of a run that the operator ended, with the reason.
type stopped struct {
	reason string
	audit  *audit.Line
}

func (s *stopped) Error() string        { return "cancelled by the operator: " + s.reason }
func (s *stopped) Is(target error) bool { return target == errCancelled }

// failure is what the owner is told of it.
func (s *stopped) failure() *Failure { return &Failure{Code: CancelledByOperator, Message: s.reason} }

// CancelledByOperator is the code of what the operator cancelled; its message is the operator's reason.
const CancelledByOperator = "cancelled_by_operator"

// errTimeout is the cause of a run's context when its time is over.
var errTimeout = errors.New("the time limit of the attempt is over")

// The methods in this file are the queue.Worker of the service.

// Engines are those that are here, by name.
func (s *Service) Engines() []string { return s.Present.Names() }

// Concurrency implements queue.Limits: what the account's plan allows, 1 when that cannot be read. What it answers may be
// limitsLast old, unless ForgetLimits was called since.
func (s *Service) Concurrency(ctx context.Context, accountID string) int {
	n, err := s.limits.of(accountID, s.Clock.Now(), func() (int, error) { return s.concurrency(ctx, accountID) })
	if err != nil {
		s.Log.Error("reading an account's limits failed; one at a time", "account", accountID, "error", err)
		return 1
	}
	return max(1, n)
}

// Started marks generations as running, in the transaction that gives out their leases.
func (s *Service) Started(ctx context.Context, tx *db.Tx, tickets []queue.Ticket, at time.Time) error {
	if len(tickets) == 0 {
		return nil
	}
	args := []any{db.Micros(at)}
	var events []event.Record
	for _, t := range tickets {
		args = append(args, t.ID)
		events = append(events, event.Record{AccountID: t.AccountID, Topic: event.TopicGeneration, Subject: t.ID, At: at})
	}
	err := tx.Later(ctx, "UPDATE generation SET state = 'running', started_at = $1, attempts = attempts + 1 WHERE state IN ('waiting', 'running') AND id IN "+
		db.In(2, len(tickets)), args...)
	if err != nil {
		return fmt.Errorf("mark %d generations as running: %w", len(tickets), err)
	}
	return event.Append(ctx, tx, events)
}

// Returned marks generations as waiting again.
func (s *Service) Returned(ctx context.Context, tx *db.Tx, ids []string, at time.Time) error {
	for _, id := range ids {
		var account string
		if err := tx.QueryRow(ctx, "SELECT account_id FROM generation WHERE id = $1", id).Scan(&account); err != nil {
			return fmt.Errorf("return %s: %w", id, err)
		}
		_, err := tx.Exec(ctx, "UPDATE generation SET state = 'waiting', started_at = 0 WHERE id = $1 AND state = 'running'", id)
		if err != nil {
			return fmt.Errorf("return %s: %w", id, err)
		}
		if err := event.Append(ctx, tx, []event.Record{{AccountID: account, Topic: event.TopicGeneration, Subject: id, At: at}}); err != nil {
			return err
		}
	}
	return nil
}

// Spent fails a generation whose runs were all lost, or whose processes died too often.
func (s *Service) Spent(ctx context.Context, t queue.Ticket) error {
	r, err := readRow(ctx, s.DB, t.ID)
	if err != nil || r == nil {
		return err
	}
	failure := &Failure{
		Code: "worker_lost", Message: fmt.Sprintf("the work was started %d times and was lost each time", t.Attempt-1),
	}
	if t.Deaths >= MaxDeaths {
		failure = quarantined(t.Deaths)
		s.Log.Error("generation is put aside: its worker processes died", "generation", t.ID, "deaths", t.Deaths, "request", t.RequestID)
	}
	_, err = s.finish(ctx, ending{id: t.ID, accountID: t.AccountID, teamID: r.TeamID, event: EventFail, failure: failure})
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// Run does one attempt and ends the generation, unless it should go back into the line.
func (s *Service) Run(ctx context.Context, t queue.Ticket) (ended bool) {
	ctx = telemetry.WithGeneration(ctx, t.ID)
	s.Hub.Wake() // of the start, which the dispatcher committed
	defer s.Hub.Wake()
	r, err := readRow(ctx, s.DB, t.ID)
	if err != nil {
		s.Log.ErrorContext(ctx, "reading a generation to run failed", "generation", t.ID, "error", err)
		return false
	}
	if r == nil || r.State.Final() {
		return true
	}
	ctx, told := s.beginRun(ctx, t, r)
	result, err := s.attempt(ctx, t, r)
	t.Deaths += s.learn(ctx, t, err)
	end, again := s.judge(ctx, t, result, err)
	defer func() { told.over(end.event, again, err) }()
	end.teamID = r.TeamID
	for i := range end.images {
		end.images[i].TeamID = r.TeamID
	}
	if again {
		s.Log.WarnContext(ctx, "generation goes back into the line", "generation", t.ID, "attempt", t.Attempt, "reason", cause(ctx, err))
		return false
	}
	if end.event == EventFail {
		s.Log.WarnContext(ctx, "generation failed", "generation", t.ID, "attempt", t.Attempt, "code", end.failure.Code, "error", err)
	}
	return s.endRun(context.WithoutCancel(ctx), end)
}

// attempt runs the kind under the generation's time limit. A panic is an error like any other.
func (s *Service) attempt(ctx context.Context, t queue.Ticket, r *row) (result Result, err error) {
	kind, err := s.kind(r.Kind)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout, errTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("run of %s panicked: %v", t.ID, p)
		}
	}()
	result, err = kind.Run(ctx, Job{
		GenerationID: t.ID, AccountID: t.AccountID, Params: r.Params, CreatedAt: r.CreatedAt, Attempt: t.Attempt, Suspect: t.Deaths > 0,
		Report: func(p Progress) { s.Hub.Progress(t.AccountID, t.ID, p) },
	})
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		err = fmt.Errorf("%w: %w", errTimeout, err)
	}
	return result, err
}

// judge decides what an attempt's outcome means: an ending, or another try.
func (s *Service) judge(ctx context.Context, t queue.Ticket, result Result, err error) (end ending, again bool) {
	end = ending{id: t.ID, accountID: t.AccountID, attempt: t.Attempt, images: result.Images, event: EventFail}
	fail := func(code, message string) (ending, bool) {
		end.failure = &Failure{Code: code, Message: message}
		return end, false
	}
	why := context.Cause(ctx)
	switch {
	case err == nil:
		end.event = EventSucceed
		return end, false
	case errors.Is(why, errCancelled):
		end.event = EventCancel
		if by := (*stopped)(nil); errors.As(why, &by) {
			end.failure, end.audit = by.failure(), by.audit
		}
		return end, false
	case errors.Is(why, queue.ErrDraining), errors.Is(why, queue.ErrLostLease):
		return end, true
	case errors.Is(err, errTimeout):
		return fail("timeout", "the work took longer than its time limit")
	case t.Deaths >= MaxDeaths:
		end.failure = quarantined(t.Deaths)
		return end, false
	case errors.Is(err, engine.ErrUnavailable):
		if t.Attempt < MaxAttempts {
			return end, true
		}
		return fail("engine_unavailable", "the engine could not work: it was tried several times")
	case errors.Is(err, engine.ErrRejected):
		return fail("rejected", err.Error())
	}
	if f := fault.As(err); f != nil {
		if f.Kind == fault.Unavailable && t.Attempt < MaxAttempts {
			return end, true
		}
		return fail(f.Code, f.Message)
	}
	return fail("engine_error", "the engine failed while making this")
}

// MaxAttempts is how often a generation is started before it fails.
const MaxAttempts = 3

// endRun writes the ending, trying for a while when the database is away. It reports false when that did not work:
// the lease then ends by itself and another run follows.
func (s *Service) endRun(ctx context.Context, end ending) bool {
	for try := 1; ; try++ {
		_, err := s.finish(ctx, end)
		switch {
		case err == nil, errors.Is(err, errEnded), errors.Is(err, errStale), errors.Is(err, ErrNotFound):
			return true
		case try == 5:
			s.Log.ErrorContext(ctx, "writing the end of a generation failed", "generation", end.id, "error", err)
			return false
		}
		time.Sleep(time.Duration(try) * 50 * time.Millisecond)
	}
}

func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}
