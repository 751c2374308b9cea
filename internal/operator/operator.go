// Package operator is what whoever runs the installation may do to the line, to workers, to other people's work and to
// their accounts. It promises that nobody else may, that every action leaves a line in the audit log in the transaction
// that makes it true, that absurd values are refused by name, and that prompts and pictures stay private. How each thing
// is done it leaves to the package that owns it.
package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/audit"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/queue"
)

// Shell is the actor of whoever has the shell of the machine.
var Shell = access.Actor{Role: access.RoleOwner}

// Deps are what a Service is made of.
type Deps struct {
	DB          *db.DB
	Clock       clock.Clock
	Generations *generation.Service
	Line        *queue.Dispatcher
	Ledger      *ledger.Service
	Plans       *plan.Service
	People      *account.Store
	Hub         *event.Hub
	Log         *slog.Logger
}

// Service is the operator's hand. It is safe for concurrent use.
type Service struct {
	Deps

	mu      sync.Mutex
	done    map[string]int64 // actions
	refused map[string]int64
}

// New returns a service.
func New(d Deps) *Service {
	return &Service{Deps: d, done: map[string]int64{}, refused: map[string]int64{}}
}

// action is one thing that somebody wants to do.
type action struct {
	by      access.Actor
	name    string
	subject string
	account string // whose it is; empty = nobody's
	reason  string
	details map[string]any
}

func (s *Service) line(a action) audit.Line {
	return audit.Line{
		At: s.Clock.Now(), Actor: a.by.AccountID, Action: a.name, Subject: a.subject, AccountID: a.account, Reason: a.reason, Details: a.details,
	}
}

// do checks who acts, runs the action, counts it, and says so in the log. What is refused is counted and said, too.
func (s *Service) do(a action, act func() error) error {
	err := a.by.Operate()
	if err == nil {
		err = act()
	}
	s.mu.Lock()
	if err == nil {
		s.done[a.name]++
	} else {
		s.refused[a.name]++
	}
	s.mu.Unlock()
	switch f := fault.As(err); {
	case err == nil:
		s.Log.Info("operator", "action", a.name, "subject", a.subject, "account", a.account, "by", a.by.AccountID)
	case f != nil:
		s.Log.Warn("operator refused", "action", a.name, "subject", a.subject, "by", a.by.AccountID, "reason", f.Message)
	}
	return err
}

// tx runs the action and its audit line in one transaction, and tells the line that it was changed by hand.
func (s *Service) tx(ctx context.Context, a action, act func(tx *db.Tx) error) error {
	return s.do(a, func() error {
		err := s.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := act(tx); err != nil {
				return err
			}
			return audit.Append(ctx, tx, s.line(a))
		})
		if err == nil {
			s.Generations.Rearranged()
		}
		return err
	})
}

// ByShell is the audit line of something that the shell does through another package, for the transaction that does it.
func (s *Service) ByShell(l audit.Line) db.Also {
	l.At, l.Actor = s.Clock.Now(), Shell.AccountID
	return func(ctx context.Context, tx *db.Tx) error { return audit.Append(ctx, tx, l) }
}

// NoteByShell writes such a line before something that is not one transaction.
func (s *Service) NoteByShell(ctx context.Context, l audit.Line) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return s.ByShell(l)(ctx, tx) })
}

// Counted is how often something was done, or refused, by this process.
type Counted struct {
	Action        string
	Done, Refused int64
}

// Counts tells what this process was asked to do, by action.
func (s *Service) Counts() []Counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for n := range maps.Keys(s.done) {
		names[n] = true
	}
	for n := range maps.Keys(s.refused) {
		names[n] = true
	}
	var list []Counted
	for _, n := range slices.Sorted(maps.Keys(names)) {
		list = append(list, Counted{n, s.done[n], s.refused[n]})
	}
	return list
}

// The bounds of a reason, in characters.
const leastReason, mostReason = 3, 300

// reason checks what is said of an action: the owner of the work may read it.
func reason(text string) (string, error) {
	text = strings.TrimSpace(text)
	odd := strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	if n := utf8.RuneCountInString(text); n < leastReason || n > mostReason || odd || !utf8.ValidString(text) {
		return "", fault.Bad(fault.Field{
			Name: "reason", Value: text, Message: "is required, as one line", Allowed: fmt.Sprintf("%d to %d characters", leastReason, mostReason),
		})
	}
	return text, nil
}

// PauseLane lets nothing of a lane start, or goes on.
func (s *Service) PauseLane(ctx context.Context, by access.Actor, lane string, paused bool) error {
	a := action{by: by, name: word(paused, "lane.pause", "lane.resume"), subject: lane}
	err := s.tx(ctx, a, func(tx *db.Tx) error {
		err := queue.PauseLane(ctx, tx, lane, paused)
		if errors.Is(err, queue.ErrNoLane) {
			return fault.Bad(fault.Field{Name: "lane", Value: lane, Message: "is not a lane", Allowed: strings.Join(queue.Lanes(), ", ")})
		}
		return err
	})
	return err
}

// Drain lets a worker finish what it runs and start nothing more, or goes on.
func (s *Service) Drain(ctx context.Context, by access.Actor, worker string, drained bool) error {
	a := action{by: by, name: word(drained, "worker.drain", "worker.resume"), subject: worker}
	return s.tx(ctx, a, func(tx *db.Tx) error {
		err := queue.Drain(ctx, tx, worker, drained)
		if errors.Is(err, queue.ErrNoWorker) {
			return fault.New(fault.NotFound, "worker_not_found", "there is no such worker, or it has left")
		}
		return err
	})
}

func word(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// maxBoost is the longest time that a rate can be lent for.
const maxBoost = 366 * 24 * time.Hour

// SetRate gives an account so many times a usual part of the machine, for a while (0 = until it is changed). 1 is usual.
func (s *Service) SetRate(ctx context.Context, by access.Actor, accountID string, times float64, lasts time.Duration) error {
	a := action{by: by, name: "account.rate", subject: accountID, account: accountID, details: map[string]any{"times": times, "lasts_seconds": int64(lasts.Seconds())}}
	percent := times * queue.Usual
	var wrong []fault.Field
	if !(percent >= queue.LeastRate && percent <= queue.MostRate) { // NaN is neither
		a.details = map[string]any{}
		wrong = append(wrong, fault.Field{Name: "times", Value: fmt.Sprint(times), Message: "is out of range", Allowed: "0.25 to 4"})
	}
	if lasts < 0 || lasts > maxBoost {
		wrong = append(wrong, fault.Field{Name: "lasts_seconds", Value: int64(lasts.Seconds()), Message: "is out of range", Allowed: "0 for good, up to 366 days"})
	}
	return s.tx(ctx, a, func(tx *db.Tx) error {
		if len(wrong) > 0 {
			return fault.Bad(wrong...)
		}
		if err := s.People.Lock(ctx, tx, accountID); err != nil {
			return err
		}
		var until time.Time
		if lasts > 0 && times != 1 {
			until = s.Clock.Now().Add(lasts)
		}
		return queue.SetRate(ctx, tx, accountID, int(percent), until)
	})
}

// Stop lets nothing of an account start and tells its owner why. What runs goes on.
func (s *Service) Stop(ctx context.Context, by access.Actor, accountID, why string) error {
	text, wrong := reason(why)
	return s.tx(ctx, action{by: by, name: "account.stop", subject: accountID, account: accountID, reason: text}, func(tx *db.Tx) error {
		if wrong != nil {
			return wrong
		}
		return s.stop(ctx, tx, accountID, text)
	})
}

// Resume lets an account go on.
func (s *Service) Resume(ctx context.Context, by access.Actor, accountID string) error {
	return s.tx(ctx, action{by: by, name: "account.resume", subject: accountID, account: accountID}, func(tx *db.Tx) error {
		return s.stop(ctx, tx, accountID, "")
	})
}

// stop locks wallets' owners before shares, as everybody does, and tells the account's streams.
func (s *Service) stop(ctx context.Context, tx *db.Tx, accountID, text string) error {
	if err := s.People.Lock(ctx, tx, accountID); err != nil {
		return err
	}
	if err := queue.Stop(ctx, tx, accountID, text); err != nil {
		return err
	}
	return event.Append(ctx, tx, []event.Record{{AccountID: accountID, Topic: event.TopicBalance, Subject: accountID, At: s.Clock.Now()}})
}
