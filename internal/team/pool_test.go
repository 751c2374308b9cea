package team_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Two servers on one database, ten members, two hundred at a time: the pool goes to zero and not one picture further.
func TestPool_TwoServersSpendItToZero(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 12)
		price := s.price()
		const pictures = 120
		s.give(price*pictures+price-1, "pool") // almost one more
		var members []access.Actor
		for range 10 { // more than all together are allowed to have waiting, each with a plan for many
			m := s.User(plan.Operator)
			if err := s.Teams.Add(t.Context(), s.id, m.AccountID, access.TeamMember, access.NoLimit); err != nil {
				t.Fatal(err)
			}
			members = append(members, s.pays(m))
		}
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 200 {
			wg.Go(func() {
				<-start
				server := []*apptest.World{s.World, s.other}[i%2]
				_, err := server.Generations.Submit(t.Context(), members[i%len(members)], fox(1))
				switch code(err) {
				case "":
					accepted.Add(1)
				case ledger.ErrPoolIsEmpty.Code:
					refused.Add(1)
				default:
					t.Errorf("submit: %v", err)
				}
				b, err := server.Ledger.Balance(t.Context(), ledger.TeamOf(s.id))
				if err != nil || b.Available < 0 {
					t.Errorf("%s are left, %v", b.Available, err)
				}
			})
		}
		close(start)
		wg.Wait()
		if accepted.Load() != pictures || refused.Load() != 200-pictures {
			t.Errorf("%d were accepted and %d refused, want %d and %d", accepted.Load(), refused.Load(), pictures, 200-pictures)
		}
		if b := s.pool(); b.Available != price-1 || b.Held != price*pictures {
			t.Errorf("%s are left and %s held, want %s and %s", b.Available, b.Held, price-1, price*pictures)
		}
		used, err := s.Generations.MembersUsed(t.Context(), s.id)
		var sum token.Amount
		for _, u := range used {
			sum += u
		}
		if err != nil || sum != price*pictures {
			t.Errorf("the members used %s together, %v, want %s", sum, err, price*pictures)
		}
		s.Verify()
	})
}

// A member's limit holds across servers; what comes back can be used again, and a new month begins with all of it.
func TestLimit_HoldsAcrossServersAndMonths(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		price := s.price()
		s.give(token.Whole(1000), "pool")
		m := s.User(plan.Operator)
		if err := s.Teams.Add(t.Context(), s.id, m.AccountID, access.TeamMember, 5*price+price/2); err != nil {
			t.Fatal(err)
		}
		var accepted atomic.Int64
		var last atomic.Pointer[generation.Generation]
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				g, err := []*apptest.World{s.World, s.other}[i%2].Generations.Submit(t.Context(), s.pays(m), fox(1))
				switch code(err) {
				case "":
					accepted.Add(1)
					last.Store(g)
				case "member_limit_reached":
					f := fault.As(err)
					if f.Kind != fault.Insufficient || f.Details["resets_at"] != "2026-12-01T00:00:00Z" || f.Details["limit_mt"] != int64(5*price+price/2) {
						t.Errorf("refused with %+v", f.Details)
					}
				default:
					t.Errorf("submit: %v", err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 5 {
			t.Errorf("%d were accepted, want 5", accepted.Load())
		}
		offer, err := s.Generations.Offer(t.Context(), s.pays(m), fox(1))
		if err != nil || offer.Enough || offer.Allowance == nil || offer.Allowance.Left() != price/2 || offer.Available == 0 {
			t.Errorf("the offer is %+v, %v", offer, err)
		}
		if _, err := s.Generations.Submit(t.Context(), m, fox(1)); err != nil {
			t.Errorf("one's own tokens have no limit: %v", err)
		}
		if _, err := s.Generations.Submit(t.Context(), s.pays(s.owner), fox(1)); err != nil {
			t.Errorf("the owner has none: %v", err)
		}
		if _, err := s.Generations.Cancel(t.Context(), m, last.Load().ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Generations.Submit(t.Context(), s.pays(m), fox(1)); err != nil {
			t.Errorf("after something came back: %v", err)
		}
		s.Clock.Advance(8 * 24 * time.Hour) // into December
		if _, err := s.Generations.Submit(t.Context(), s.pays(m), fox(1)); err != nil {
			t.Errorf("in the next month: %v", err)
		}
		s.Verify()
	})
}

// Who is removed neither sees nor spends any more; what they began is finished and settled on the team's grants.
func TestRemove_WhatWasBegunSettlesOnTheTeam(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.give(token.Whole(100), "pool")
		m, mate := s.join(access.TeamMember, access.NoLimit), s.join(access.TeamMember, access.NoLimit)
		g, err := s.Generations.Submit(t.Context(), s.pays(m), fox(2))
		if err != nil {
			t.Fatal(err)
		}
		key, _, err := s.Auth.CreateKey(t.Context(), m.AccountID, "script", time.Time{}, auth.KeyTerms{Team: s.id})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Teams.Remove(t.Context(), s.owner, s.id, m.AccountID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Generations.Get(t.Context(), m, g.ID); code(err) != generation.ErrNotFound.Code {
			t.Errorf("who was removed sees it: %v", err)
		}
		if list, _, err := s.Generations.List(t.Context(), m, generation.Page{Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("who was removed lists %d, %v", len(list), err)
		}
		for _, err := range []error{
			func() error { _, err := s.other.Generations.Submit(t.Context(), s.pays(m), fox(1)); return err }(),
			func() error { _, err := s.other.Generations.Offer(t.Context(), s.pays(m), fox(1)); return err }(),
			func() error { _, err := s.Generations.Cancel(t.Context(), m, g.ID); return err }(),
			func() error { _, err := s.Generations.Usage(t.Context(), m, s.id, generation.Period{}); return err }(),
			func() error {
				_, _, err := s.Generations.OfTeam(t.Context(), m, s.id, generation.Page{Limit: 1})
				return err
			}(),
			func() error {
				actor, err := s.Auth.Key(t.Context(), key)
				if err == nil {
					_, err = s.Generations.Submit(t.Context(), actor, fox(1))
				}
				return err
			}(),
		} {
			if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
				t.Errorf("who was removed got %v, want not found", err)
			}
		}
		s.Run()
		done := s.WaitState(s.owner, g.ID, generation.Complete) // the team sees it
		s.WaitState(mate, g.ID, generation.Complete)
		if b := s.pool(); b.Held != 0 || b.Available != token.Whole(100)-done.Charged || done.Charged != done.Price {
			t.Errorf("the pool has %s and %s held after %s", b.Available, b.Held, done.Charged)
		}
		if got := s.Available(m); got != 150 {
			t.Errorf("who was removed has %d tokens of their own left, want all 150", got)
		}
		period, err := generation.ParsePeriod("", s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if usage, err := s.Generations.Usage(t.Context(), s.owner, s.id, period); err != nil || len(usage) != 1 ||
			usage[0].AccountID != m.AccountID || usage[0].Used != done.Charged || usage[0].Generations != 1 || usage[0].Model != "scripted" {
			t.Errorf("the usage is %+v, %v", usage, err)
		}
		if err := s.Generations.Delete(t.Context(), mate, g.ID); code(err) != "team_role" {
			t.Errorf("a team-mate deletes: %v", err)
		}
		if _, err := s.Uploads.Source(t.Context(), m.AccountID, done.Images[0].ID); err == nil {
			t.Error("who was removed makes pictures from the team's")
		}
		if src, err := s.Uploads.Source(t.Context(), mate.AccountID, done.Images[0].ID); err != nil || src.Width == 0 {
			t.Errorf("a team-mate cannot start from it: %v", err)
		}
		s.Verify()
	})
}

// Spending and being removed at the same moment: each submission was either before the removal, or was refused.
func TestRemove_RacesWithSpending(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.give(token.Whole(10_000), "pool")
		m := s.User(plan.Operator)
		if err := s.Teams.Add(t.Context(), s.id, m.AccountID, access.TeamMember, access.NoLimit); err != nil {
			t.Fatal(err)
		}
		var removed atomic.Bool
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				after := removed.Load()
				_, err := []*apptest.World{s.World, s.other}[i%2].Generations.Submit(t.Context(), s.pays(m), fox(1))
				if c := code(err); c != "" && c != access.ErrNoTeam.Code {
					t.Errorf("submit: %v", err)
				} else if c == "" && after {
					t.Error("accepted after the removal was over")
				}
			})
			if i == 30 {
				wg.Go(func() {
					if err := s.other.Teams.Remove(t.Context(), s.owner, s.id, m.AccountID); err != nil {
						t.Error(err)
					}
					removed.Store(true)
				})
			}
		}
		wg.Wait()
		s.Verify()
	})
}

// A key that a team pays for is for owners and admins, within the member's limit and the key's budget.
func TestKey_PaysWithTheTeam(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		price := s.price()
		s.give(token.Whole(100), "pool")
		admin := s.join(access.TeamAdmin, 4*price)
		key, info, err := s.Auth.CreateKey(t.Context(), admin.AccountID, "script", s.Clock.Now().Add(time.Hour), auth.KeyTerms{})
		if err != nil {
			t.Fatal(err)
		}
		submit := func() string {
			actor, err := s.Auth.Key(t.Context(), key)
			if err == nil {
				_, err = s.Generations.Submit(t.Context(), actor, fox(1))
			}
			return code(err)
		}
		bind := func(budget token.Amount) {
			t.Helper()
			if err := s.Auth.SetKeyTerms(t.Context(), admin.AccountID, info.ID, auth.KeyTerms{Team: s.id, Budget: budget}); err != nil {
				t.Fatal(err)
			}
		}
		bind(2 * price)
		for i, want := range []string{"", "", "key_budget_spent"} {
			if got := submit(); got != want {
				t.Errorf("submission %d: %q, want %q", i, got, want)
			}
		}
		bind(0)
		for i, want := range []string{"", "", "member_limit_reached"} {
			if got := submit(); got != want {
				t.Errorf("submission %d without a budget: %q, want %q", i, got, want)
			}
		}
		role := access.TeamMember
		none := access.NoLimit
		if err := s.Teams.SetMember(t.Context(), s.owner, s.id, admin.AccountID, change(&role, &none)); err != nil {
			t.Fatal(err)
		}
		if got := submit(); got != "team_role" {
			t.Errorf("as a mere member: %q", got)
		}
		if _, err := s.Generations.Submit(t.Context(), s.pays(admin), fox(1)); err != nil {
			t.Errorf("in the studio a member spends: %v", err)
		}
		if err := s.Teams.Rename(t.Context(), access.Actor{AccountID: s.owner.AccountID, KeyID: info.ID}, s.id, "x"); code(err) != "session_only" {
			t.Errorf("a key renames a team: %v", err)
		}
		s.Clock.Advance(2 * time.Hour)
		if got := submit(); got != "expired_api_key" {
			t.Errorf("an expired key: %q", got)
		}
		s.Verify()
	})
}

// What a team's plan brings is shared, grows with its seats, and is kept in a bank of the team's.
func TestPlan_BringsAPoolForAllSeats(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.plan(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.StartTeam(now, "team-starter", plan.Monthly, 3)
		})
		if b := s.pool(); b.Available != token.Whole(75_000) {
			t.Errorf("three seats bring %s", b.Available)
		}
		s.join(access.TeamMember, access.NoLimit)
		s.join(access.TeamMember, access.NoLimit)
		if err := s.Teams.Add(t.Context(), s.id, s.User(plan.Free).AccountID, access.TeamMember, 0); code(err) != "no_free_seat" {
			t.Errorf("a fourth on three seats: %v", err)
		}
		s.Clock.Advance(15 * 24 * time.Hour) // half of a month of 30 days
		s.plan(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			out, pr, err := sub.Resize(now, 5)
			if err == nil && (pr.Tokens != token.Whole(25_000) || pr.Money != plan.Dollars(24)) {
				t.Errorf("two more seats for half a month are %s for %s", pr.Tokens, pr.Money)
			}
			return out, err
		})
		if b := s.pool(); b.Available != token.Whole(100_000) {
			t.Errorf("with two more seats there are %s", b.Available)
		}
		s.join(access.TeamMember, access.NoLimit)
		if _, err := s.Teams.ChangePlan(t.Context(), s.id, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			out, _, err := sub.Resize(now, 3)
			return out, err
		})); code(err) != "seats_taken" {
			t.Errorf("fewer seats than members: %v", err)
		}
		s.plan(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			out, _, err := sub.Resize(now, 4)
			return out, err
		})
		if err := s.Teams.Add(t.Context(), s.id, s.User(plan.Free).AccountID, access.TeamMember, 0); code(err) != "no_free_seat" {
			t.Errorf("a seat that is about to go: %v", err)
		}
		s.plan(plan.Subscription.Pay)
		s.Clock.Advance(16 * 24 * time.Hour)
		if b := s.pool(); b.Available != token.Whole(200_000) {
			t.Errorf("after the month, with four seats, there are %s, want 100000 of them and 100000 in the bank", b.Available)
		}
		for _, wrong := range []int{2, 0, -1, plan.MaxSeats + 1} {
			if _, err := s.Teams.ChangePlan(t.Context(), s.id, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
				out, _, err := sub.Resize(now, wrong)
				return out, err
			})); code(err) != "invalid_request" {
				t.Errorf("%d seats: %v", wrong, err)
			}
		}
		for _, wrong := range []string{"artisan", "free", "operator", "none"} {
			if _, err := s.Teams.ChangePlan(t.Context(), s.id, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
				return sub.Put(now, wrong)
			})); code(err) != "unknown_plan" {
				t.Errorf("the plan %s for a team: %v", wrong, err)
			}
		}
		if _, err := s.Plans.Change(t.Context(), s.owner.AccountID, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.Start(now, "team-starter", plan.Monthly)
		})); code(err) != "unknown_plan" {
			t.Errorf("a team's plan for one person: %v", err)
		}
		s.Verify()
	})
}

// A server that was off for months finds every period of a team once and in order, whichever of two looks first.
func TestPlan_PeriodsArriveOnceOnTwoServers(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.plan(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.PutTeam(now, "team-growth", 3)
		})
		s.Clock.Advance(100 * 24 * time.Hour)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				err := []*apptest.World{s.World, s.other}[i%2].Ledger.Grant(t.Context(), ledger.TeamOf(s.id),
					ledger.GrantRequest{Kind: ledger.Team, Amount: 1, Ref: fmt.Sprint(i), ExpiresAt: s.Clock.Now().Add(time.Hour)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Four months of 180,000: this one's, and the bank with what fits of the three before.
		if b := s.pool(); b.Available != token.Whole(720_000)+20 {
			t.Errorf("there are %s", b.Available)
		}
		s.Verify()
	})
}
