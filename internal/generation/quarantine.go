package generation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/queue"
)

// Work that ends the processes it runs in is put aside: it fails with its tokens back, is not tried again, and the
// operator can see what happened each time.

// MaxDeaths is how many worker processes a generation may outlive.
const MaxDeaths = 2

// codeQuarantined also stands in the index generation_quarantined.
const codeQuarantined = "quarantined"

func quarantined(deaths int) *Failure {
	return &Failure{Code: codeQuarantined, Message: fmt.Sprintf(
		"the program that makes pictures broke down %d times while it worked on this, so it is not tried again; your tokens are back. "+
			"Try it with other settings, or tell the operator the id of this generation", deaths)}
}

// learn draws from an attempt what it says about its engine, and writes down when the process that worked on it died.
// It returns how many deaths there were: none or one.
func (s *Service) learn(ctx context.Context, t queue.Ticket, err error) (deaths int) {
	if s.runs == nil {
		return 0
	}
	if err == nil {
		s.runs.EngineWorked(ctx, t)
		return 0
	}
	if ctx.Err() != nil { // cancelled, drained or lost: that says nothing
		return 0
	}
	if engineFailed(err) {
		s.runs.EngineFailed(ctx, t, err)
	}
	var death *engine.Death
	if !errors.As(err, &death) {
		return 0
	}
	s.Log.Error("a worker process died", "generation", t.ID, "attempt", t.Attempt, "engine", t.Needs, "how", death.How, "request", t.RequestID)
	if err := s.runs.Died(ctx, t, death.How, death.Said, death.Beside); err != nil {
		s.Log.Error("writing down the death of a worker process failed: it does not count", "generation", t.ID, "error", err)
		return 0
	}
	return 1
}

// engineFailed reports whether an attempt failed by the engine's own fault: it was away, hung, broke down or returned
// rubbish. A request that it rejects, and what went wrong around it, is not.
func engineFailed(err error) bool {
	switch {
	case errors.Is(err, engine.ErrUnavailable), errors.Is(err, errTimeout):
		return true
	case errors.Is(err, engine.ErrRejected), fault.As(err) != nil, db.Trouble(err) != "":
		return false
	}
	return true
}

// Quarantined is a generation that was put aside, as the operator sees it.
type Quarantined struct {
	ID, AccountID string
	Kind, Model   string
	CreatedAt     time.Time
	FinishedAt    time.Time
	Params        json.RawMessage // what was asked for, the prompt included: show it only when asked to
	Deaths        []queue.Death   // oldest first; forgotten after some months
}

// ListQuarantined returns the newest ones for the operator. Index generation_quarantined.
func (s *Service) ListQuarantined(ctx context.Context, most int) ([]Quarantined, error) {
	rows, err := s.DB.Query(ctx, "SELECT "+columns+` FROM generation WHERE failure_code = 'quarantined' AND deleted_at = 0
		ORDER BY finished_at DESC, id LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("list quarantined generations: %w", err)
	}
	list, err := scanRows(rows)
	if err != nil {
		return nil, err
	}
	return s.withDeaths(ctx, list)
}

// ShowQuarantined returns one for the operator, or ErrNotFound.
func (s *Service) ShowQuarantined(ctx context.Context, id string) (Quarantined, error) {
	r, err := readRow(ctx, s.DB, id)
	if err != nil {
		return Quarantined{}, err
	}
	if r == nil || r.Failure == nil || r.Failure.Code != codeQuarantined {
		return Quarantined{}, ErrNotFound
	}
	list, err := s.withDeaths(ctx, []*row{r})
	if err != nil {
		return Quarantined{}, err
	}
	return list[0], nil
}

func (s *Service) withDeaths(ctx context.Context, list []*row) ([]Quarantined, error) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	deaths, err := queue.Deaths(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Quarantined, len(list))
	for i, r := range list {
		out[i] = Quarantined{
			ID: r.ID, AccountID: r.AccountID, Kind: r.Kind, Model: r.model, CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt, Params: r.Params,
		}
		for _, d := range deaths {
			if d.TicketID == r.ID {
				out[i].Deaths = append(out[i].Deaths, d)
			}
		}
	}
	return out, nil
}
