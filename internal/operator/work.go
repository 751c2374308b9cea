package operator

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Cancel ends somebody's open work; its owner reads why.
func (s *Service) Cancel(ctx context.Context, by access.Actor, generationID, why string) error {
	text, wrong := reason(why)
	a := action{by: by, name: "work.cancel", subject: generationID, reason: text}
	return s.do(a, func() error {
		if wrong != nil {
			return wrong
		}
		return s.Generations.CancelFor(ctx, generationID, text, s.line(a))
	})
}

// Retry gives work that failed by our own fault another try, at no cost to its owner, and returns the new generation's id.
func (s *Service) Retry(ctx context.Context, by access.Actor, generationID string) (newID string, err error) {
	a := action{by: by, name: "work.retry", subject: generationID}
	err = s.do(a, func() error {
		g, err := s.Generations.RetryFor(ctx, generationID, s.line(a))
		if err == nil {
			newID = g.ID
		}
		return err
	})
	return newID, err
}

// Gift is what the operator gives by hand.
type Gift struct {
	AccountID string
	Unit      plan.Unit // empty = tokens
	Amount    token.Amount
	Reason    string
	Ref       string        // of the operator's own: the same one gives once; empty = a new one
	Lasts     time.Duration // 0 = for good
}

// Grant gives tokens or API credits by hand.
func (s *Service) Grant(ctx context.Context, by access.Actor, g Gift) error {
	text, wrong := reason(g.Reason)
	if g.Unit == "" {
		g.Unit = plan.Tokens
	}
	a := action{
		by: by, name: "tokens.grant", subject: g.AccountID, account: g.AccountID, reason: text,
		details: map[string]any{"unit": string(g.Unit), "amount_mt": int64(g.Amount), "lasts_seconds": int64(g.Lasts.Seconds())},
	}
	return s.do(a, func() error {
		if wrong == nil {
			wrong = g.check()
		}
		if wrong != nil {
			return wrong
		}
		if _, err := s.People.ByID(ctx, g.AccountID); err != nil {
			return err
		}
		if g.Ref == "" {
			g.Ref = id.New()
		}
		r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: g.Amount, Ref: "admin:" + g.Ref, Note: text}
		if g.Lasts > 0 {
			r.Kind, r.ExpiresAt = ledger.Promo, s.Clock.Now().Add(g.Lasts)
		}
		err := s.Ledger.GrantAnd(ctx, g.Unit.Wallet(g.AccountID), r, func(tx *db.Tx) error {
			if err := audit.Append(ctx, tx, s.line(a)); err != nil {
				return err
			}
			return event.Append(ctx, tx, []event.Record{{AccountID: g.AccountID, Topic: event.TopicBalance, Subject: g.AccountID, At: s.Clock.Now()}})
		})
		s.Hub.Wake()
		return err
	})
}

func (g Gift) check() error {
	var fields []fault.Field
	if g.Unit != plan.Tokens && g.Unit != plan.Credits {
		fields = append(fields, fault.Field{Name: "unit", Value: string(g.Unit), Message: "is nothing to give", Allowed: "tokens, credits"})
	}
	if g.Amount <= 0 || g.Amount > token.Max {
		fields = append(fields, fault.Field{Name: "amount_mt", Value: int64(g.Amount), Message: "is out of range", Allowed: "more than 0, up to " + token.Max.String() + " tokens"})
	}
	if g.Lasts < 0 || g.Lasts > 10*366*24*time.Hour {
		fields = append(fields, fault.Field{Name: "lasts_seconds", Value: int64(g.Lasts.Seconds()), Message: "is out of range", Allowed: "0 for good, up to ten years"})
	}
	if len(g.Ref) > 100 {
		fields = append(fields, fault.Field{Name: "ref", Value: g.Ref, Message: "is too long", Allowed: "up to 100 characters"})
	}
	if len(fields) > 0 {
		return fault.Bad(fields...)
	}
	return nil
}

// SetPlan puts an account on a plan by hand, from now on and until somebody changes it. Taking money for it is the
// operator's matter.
func (s *Service) SetPlan(ctx context.Context, by access.Actor, accountID, name, why string) error {
	text, wrong := reason(why)
	a := action{by: by, name: "plan.set", subject: accountID, account: accountID, reason: text, details: map[string]any{"plan": name}}
	return s.do(a, func() error {
		if wrong != nil {
			return wrong
		}
		if p, ok := plan.FindOf(plan.Tokens, name); !ok || p.MinSeats > 0 {
			return fault.Bad(fault.Field{Name: "plan", Value: name, Message: "is not a plan", Allowed: fmt.Sprint(plan.Names())})
		}
		first, err := s.Plans.First(ctx, accountID)
		if err != nil {
			return err
		}
		err = s.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := s.Plans.ChangeIn(ctx, tx, accountID, first, func(now time.Time, sub plan.Subscription, _ *ledger.Wallet) (plan.Subscription, error) {
				return sub.Put(now, name)
			})
			if err != nil {
				return err
			}
			return audit.Append(ctx, tx, s.line(a))
		})
		s.Hub.Wake()
		return err
	})
}

// AllWork lists everybody's work, without prompts and pictures.
func (s *Service) AllWork(ctx context.Context, by access.Actor, ask generation.WorkFilter) ([]generation.Work, string, error) {
	if err := by.Operate(); err != nil {
		return nil, "", err
	}
	return s.Generations.AllWork(ctx, ask)
}

// Work returns one piece of work, without prompt and pictures.
func (s *Service) Work(ctx context.Context, by access.Actor, generationID string) (generation.Work, error) {
	if err := by.Operate(); err != nil {
		return generation.Work{}, err
	}
	return s.Generations.Work(ctx, generationID)
}

// Audit reads the audit log, newest first.
func (s *Service) Audit(ctx context.Context, by access.Actor, p audit.Page) ([]audit.Line, string, error) {
	if err := by.Operate(); err != nil {
		return nil, "", err
	}
	return audit.List(ctx, s.DB, p)
}
