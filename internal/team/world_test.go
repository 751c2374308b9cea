package team_test

import (
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// squad is a team on two servers with one database.
type squad struct {
	*apptest.World
	other *apptest.World
	id    string
	owner access.Actor
	t     *testing.T
}

func newSquad(t *testing.T, ref string, seats int) *squad {
	t.Helper()
	w := apptest.New(t, ref)
	s := &squad{World: w, t: t, owner: w.User(plan.Free)}
	s.other = apptest.New(t, ref, func(c *app.Config) { c.Clock, c.Data = w.Clock, w.Data })
	made, err := w.Teams.Create(t.Context(), s.owner, "Foxes")
	if err != nil {
		t.Fatal(err)
	}
	s.id = made.ID
	if seats != plan.TeamSeats {
		s.plan(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.PutTeam(now, plan.Team, seats)
		})
	}
	return s
}

func (s *squad) plan(f func(plan.Subscription, time.Time) (plan.Subscription, error)) plan.Subscription {
	s.t.Helper()
	out, err := s.Teams.ChangePlan(s.t.Context(), s.id, plan.Just(f))
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// give puts tokens into the pool.
func (s *squad) give(amount token.Amount, ref string) {
	s.t.Helper()
	err := s.Ledger.Grant(s.t.Context(), ledger.TeamOf(s.id), ledger.GrantRequest{Kind: ledger.TopUp, Amount: amount, Ref: ref})
	if err != nil {
		s.t.Fatal(err)
	}
}

// join lets a new account in.
func (s *squad) join(role access.TeamRole, limit token.Amount) access.Actor {
	s.t.Helper()
	a := s.User(plan.Free)
	if err := s.Teams.Add(s.t.Context(), s.id, a.AccountID, role, limit); err != nil {
		s.t.Fatal(err)
	}
	return a
}

// pays is the actor who lets the team pay.
func (s *squad) pays(a access.Actor) access.Actor {
	a.Team = s.id
	return a
}

func fox(count int) generation.SubmitRequest {
	return generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox", Count: &count}}
}

func (s *squad) price() token.Amount {
	s.t.Helper()
	q, err := s.Generations.Quote(s.t.Context(), s.owner, fox(1))
	if err != nil || q.Total <= 0 {
		s.t.Fatalf("a fox costs %+v, %v", q, err)
	}
	return q.Total
}

func (s *squad) pool() ledger.Balance {
	s.t.Helper()
	b, err := s.Ledger.Balance(s.t.Context(), ledger.TeamOf(s.id))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func code(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
