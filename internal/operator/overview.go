package operator

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/queue"
)

// Overview is the installation at one moment.
type Overview struct {
	At       time.Time
	Lanes    []queue.LaneState
	Done     map[string]int // by lane, of the last ten minutes
	Workers  []Worker
	Held     []queue.HeldModel // models of the workers, which have to be loaded before they work
	Loads    []queue.ModelLoad // those that are open, and the last that ended
	Paces    []queue.Pace
	Accuracy queue.Accuracy       // of the waits that were told lately
	Outcomes []generation.Outcome // of what was asked for in the last hour
}

// Worker is a process that works.
type Worker struct {
	queue.WorkerState
	Gone bool // silent for so long that its slots do not count
	Here bool // the process that answers
}

// loadsMost is how many ended loads an overview has.
const loadsMost = 8

// Overview reads lanes, workers and how things went.
func (s *Service) Overview(ctx context.Context, by access.Actor) (o Overview, err error) {
	if err := by.Operate(); err != nil {
		return o, err
	}
	o.At = s.Clock.Now()
	if o.Lanes, err = queue.States(ctx, s.DB); err != nil {
		return o, err
	}
	workers, err := queue.Workers(ctx, s.DB)
	if err != nil {
		return o, err
	}
	for _, w := range workers {
		o.Workers = append(o.Workers, Worker{w, w.Gone(o.At), w.Owner == s.Line.Owner()})
	}
	if o.Held, err = queue.Held(ctx, s.DB); err != nil {
		return o, err
	}
	if o.Loads, err = queue.Loads(ctx, s.DB, o.At, loadsMost); err != nil {
		return o, err
	}
	if o.Paces, err = queue.Paces(ctx, s.DB); err != nil {
		return o, err
	}
	if o.Done, err = s.Generations.Done(ctx, o.At.Add(-10*time.Minute)); err != nil {
		return o, err
	}
	o.Accuracy = s.Line.Accuracy()
	o.Outcomes, err = s.Generations.Outcomes(ctx, o.At.Add(-time.Hour))
	return o, err
}

// Account is an account as the operator sees it.
type Account struct {
	account.Account
	Plan     plan.Standing
	Tokens   ledger.Balance
	Credits  ledger.Balance
	InLine   queue.Counted
	Standing queue.Standing
}

// Accounts finds accounts by a part of their e-mail address, by address; after is the last address of the page before.
func (s *Service) Accounts(ctx context.Context, by access.Actor, text, after string, limit int) (list []Account, next string, err error) {
	if err := by.Operate(); err != nil {
		return nil, "", err
	}
	if limit < 1 || limit > 100 {
		return nil, "", fault.Bad(fault.Field{Name: "limit", Value: limit, Message: "is out of range", Allowed: "1 to 100"})
	}
	found, err := s.People.Search(ctx, text, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].Email
	}
	list, err = s.describe(ctx, found)
	return list, next, err
}

// Account returns one account.
func (s *Service) Account(ctx context.Context, by access.Actor, accountID string) (Account, error) {
	if err := by.Operate(); err != nil {
		return Account{}, err
	}
	found, err := s.People.ByID(ctx, accountID)
	if err != nil {
		return Account{}, err
	}
	list, err := s.describe(ctx, []account.Account{found})
	if err != nil {
		return Account{}, err
	}
	return list[0], nil
}

func (s *Service) describe(ctx context.Context, found []account.Account) ([]Account, error) {
	ids := make([]string, len(found))
	for i, a := range found {
		ids[i] = a.ID
	}
	counts, err := queue.Counts(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	standings, err := queue.Standings(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Account, len(found))
	for i, a := range found {
		out := Account{Account: a, InLine: counts[a.ID], Standing: queue.Standing{Rate: queue.Usual}}
		if st, ok := standings[a.ID]; ok {
			out.Standing = st
		}
		if out.Plan, _, err = s.Plans.Now(ctx, a.ID); err != nil {
			return nil, err
		}
		if out.Tokens, err = s.Ledger.Balance(ctx, a.ID); err != nil {
			return nil, err
		}
		if out.Credits, err = s.Ledger.Balance(ctx, ledger.CreditsOf(a.ID)); err != nil {
			return nil, err
		}
		list[i] = out
	}
	return list, nil
}

// Emails names accounts.
func (s *Service) Emails(ctx context.Context, accountIDs []string) (map[string]string, error) {
	return s.People.Emails(ctx, accountIDs)
}
