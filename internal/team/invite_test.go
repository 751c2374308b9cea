package team_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/apptest"
	"bottega/internal/plan"
	"bottega/internal/team"
	"bottega/internal/token"
)

func change(role *access.TeamRole, limit *token.Amount) team.MemberChange {
	return team.MemberChange{Role: role, Limit: limit}
}

// invite makes an invitation and returns its secret.
func (s *squad) invite(by access.Actor, email string) string {
	s.t.Helper()
	secret, _, err := s.Teams.Invite(s.t.Context(), by, s.id, team.InviteRequest{Email: email, Role: access.TeamMember, Limit: token.Whole(7)})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// accept uses a secret for an account of that address.
func (s *squad) accept(w *apptest.World, a access.Actor, secret string) error {
	s.t.Helper()
	acc, err := w.Accounts.ByID(s.t.Context(), a.AccountID)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = w.Teams.Accept(s.t.Context(), a, acc.Email, secret)
	return err
}

func TestInvitation_LetsOnePersonIn(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 6)
		ada, bob := s.User(plan.Free), s.User(plan.Free)
		secret := s.invite(s.owner, "")
		var kept string
		if err := s.DB.QueryRow(t.Context(), "SELECT hash FROM team_invitation").Scan(&kept); err != nil || strings.Contains(kept, secret) || len(kept) != 64 {
			t.Errorf("kept is %q, %v", kept, err)
		}
		if inv, found, err := s.Teams.Look(t.Context(), secret); err != nil || found.Name != "Foxes" || inv.Limit != token.Whole(7) {
			t.Errorf("it says %+v %+v, %v", inv, found, err)
		}
		if err := s.accept(s.World, ada, secret); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Teams.Find(t.Context(), s.id); err != nil || got.Taken() != 2 || got.Membership(ada.AccountID).Limit != token.Whole(7) {
			t.Errorf("the team is %+v, %v", got, err)
		}
		if err := s.accept(s.World, bob, secret); code(err) != "invitation_unknown" {
			t.Errorf("a second time: %v", err)
		}
		if _, _, err := s.Teams.Look(t.Context(), secret); code(err) != "invitation_unknown" {
			t.Errorf("a used one says %v", err)
		}
		if err := s.accept(s.World, ada, s.invite(s.owner, "")); code(err) != "already_member" {
			t.Errorf("who is in already: %v", err)
		}
		for _, wrong := range []string{"", "invite_", "x", secret + "x", strings.Repeat("invite_", 100), "invite_\x00"} {
			if err := s.accept(s.World, bob, wrong); code(err) != "invitation_unknown" {
				t.Errorf("the secret %.20q: %v", wrong, err)
			}
		}
		if _, err := s.Teams.Accept(t.Context(), access.Actor{AccountID: bob.AccountID, KeyID: "k"}, "", s.invite(s.owner, "")); code(err) != "session_only" {
			t.Errorf("with a key: %v", err)
		}
	})
}

func TestInvitation_ExpiresIsRevokedAndIsForOneAddress(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 9)
		admin := s.join(access.TeamAdmin, access.NoLimit)
		eve := s.User(plan.Free)
		acc, err := s.Accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct horse battery", Role: access.RoleUser, Plan: plan.Free})
		if err != nil {
			t.Fatal(err)
		}
		ada := access.Actor{AccountID: acc.ID, Role: acc.Role}

		forAda := s.invite(admin, " Ada@Example.com ")
		if err := s.accept(s.World, eve, forAda); code(err) != "invitation_for_another" {
			t.Errorf("somebody else's: %v", err)
		}
		if err := s.accept(s.World, ada, forAda); err != nil {
			t.Errorf("one's own: %v", err)
		}

		late := s.invite(admin, "")
		s.Clock.Advance(7 * 24 * time.Hour)
		if err := s.accept(s.World, eve, late); code(err) != "invitation_unknown" {
			t.Errorf("an expired one: %v", err)
		}

		revoked := s.invite(admin, "")
		list, err := s.Teams.Invitations(t.Context(), admin, s.id)
		if err != nil || len(list) != 1 {
			t.Fatalf("open are %+v, %v", list, err)
		}
		if err := s.Teams.Revoke(t.Context(), admin, s.id, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Teams.Revoke(t.Context(), admin, s.id, list[0].ID); code(err) != "invitation_unknown" {
			t.Errorf("revoked twice: %v", err)
		}
		if err := s.accept(s.World, eve, revoked); code(err) != "invitation_unknown" {
			t.Errorf("a revoked one: %v", err)
		}

		byAdmin := s.invite(admin, "")
		role := access.TeamMember
		if err := s.Teams.SetMember(t.Context(), s.owner, s.id, admin.AccountID, change(&role, nil)); err != nil {
			t.Fatal(err)
		}
		if err := s.accept(s.World, eve, byAdmin); code(err) != "invitation_unknown" {
			t.Errorf("of one who is no admin any more: %v", err)
		}
		byOwner := s.invite(s.owner, "")
		if err := s.Teams.Dissolve(t.Context(), s.owner, s.id); err != nil {
			t.Fatal(err)
		}
		if err := s.accept(s.World, eve, byOwner); code(err) != "invitation_unknown" {
			t.Errorf("into a dissolved team: %v", err)
		}
	})
}

// Many people, one free seat, two servers: one gets it.
func TestInvitation_TheLastSeatIsTakenOnce(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.join(access.TeamMember, access.NoLimit)
		people := make([]access.Actor, 12)
		secrets := make([]string, len(people))
		for i := range people {
			people[i], secrets[i] = s.User(plan.Free), s.invite(s.owner, "")
		}
		var in, out atomic.Int64
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				switch err := s.accept([]*apptest.World{s.World, s.other}[i%2], people[i], secrets[i]); code(err) {
				case "":
					in.Add(1)
				case "no_free_seat":
					out.Add(1)
				default:
					t.Errorf("accept: %v", err)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 || out.Load() != int64(len(people)-1) {
			t.Errorf("%d got in and %d did not", in.Load(), out.Load())
		}
		if _, _, err := s.Teams.Invite(t.Context(), s.owner, s.id, team.InviteRequest{Role: access.TeamMember, Limit: access.NoLimit}); code(err) != "no_free_seat" {
			t.Errorf("an invitation to a full team: %v", err)
		}
		if _, _, err := s.Teams.Invite(t.Context(), s.owner, s.id, team.InviteRequest{Role: access.TeamBilling, Limit: access.NoLimit}); err != nil {
			t.Errorf("billing takes no seat: %v", err)
		}
	})
}

func TestTransfer_KeepsOneOwnerAndHistory(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSquad(t, ref, 3)
		s.give(token.Whole(50), "pool")
		next, billing := s.join(access.TeamMember, token.Whole(1)), s.join(access.TeamBilling, access.NoLimit)
		if _, err := s.Generations.Submit(t.Context(), s.pays(s.owner), fox(1)); err != nil {
			t.Fatal(err)
		}
		if err := s.Teams.Leave(t.Context(), s.owner, s.id); code(err) != "owner_stays" {
			t.Errorf("the owner leaves: %v", err)
		}
		for _, who := range []access.Actor{next, billing} {
			if err := s.Teams.Transfer(t.Context(), who, s.id, who.AccountID); code(err) != "team_role" {
				t.Errorf("somebody takes the team: %v", err)
			}
		}
		for _, to := range []string{"nobody", s.owner.AccountID} {
			if err := s.Teams.Transfer(t.Context(), s.owner, s.id, to); code(err) != "member_not_found" {
				t.Errorf("to %s: %v", to, err)
			}
		}
		toAdmin, _, err := s.Teams.Invite(t.Context(), s.owner, s.id, team.InviteRequest{Role: access.TeamAdmin, Limit: access.NoLimit})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Teams.Transfer(t.Context(), s.owner, s.id, next.AccountID); err != nil {
			t.Fatal(err)
		}
		if err := s.accept(s.World, s.User(plan.Free), toAdmin); code(err) != "invitation_unknown" {
			t.Errorf("an admin invited by who is an admin now: %v", err)
		}
		got, err := s.Teams.Find(t.Context(), s.id)
		if err != nil || got.Owner() != next.AccountID || got.Membership(next.AccountID).Limit != access.NoLimit || got.Membership(s.owner.AccountID).Role != access.TeamAdmin {
			t.Fatalf("the team is %+v, %v", got, err)
		}
		if err := s.Teams.Dissolve(t.Context(), s.owner, s.id); code(err) != "team_role" {
			t.Errorf("the former owner dissolves: %v", err)
		}
		if err := s.Teams.Leave(t.Context(), s.owner, s.id); err != nil {
			t.Fatal(err)
		}
		items, _, err := s.Ledger.Journal(t.Context(), got.Wallet(), "", 10)
		if err != nil || len(items) != 2 {
			t.Errorf("the journal has %+v, %v", items, err)
		}
		if err := s.Teams.Dissolve(t.Context(), next, s.id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Generations.Submit(t.Context(), s.pays(next), fox(1)); code(err) != "team_dissolved" {
			t.Errorf("spending in a dissolved team: %v", err)
		}
		if err := s.Teams.Rename(t.Context(), next, s.id, "Owls"); code(err) != "team_dissolved" {
			t.Errorf("renaming a dissolved team: %v", err)
		}
		if _, err := s.Teams.Get(t.Context(), next, s.id, access.SeeJournal); err != nil {
			t.Errorf("its last owner reads: %v", err)
		}
		if _, err := s.Teams.Get(t.Context(), billing, s.id, access.SeeTeam); code(err) != "team_not_found" {
			t.Errorf("others do not: %v", err)
		}
		s.Verify()
	})
}

func TestCreate_IsBounded(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	ada := w.User(plan.Free)
	for name, want := range map[string]string{"": "is required", "a\u202eb": "cannot be shown", strings.Repeat("ü", 81): "too long", "\x00": "cannot be shown"} {
		if _, err := w.Teams.Create(t.Context(), ada, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the name %.10q: %v", name, err)
		}
	}
	var wg sync.WaitGroup
	var made, refused atomic.Int64
	for range 15 {
		wg.Go(func() {
			switch _, err := w.Teams.Create(t.Context(), ada, "Foxes"); code(err) {
			case "":
				made.Add(1)
			case "too_many_teams":
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != team.MaxTeams || refused.Load() != 5 {
		t.Errorf("%d were made and %d refused", made.Load(), refused.Load())
	}
}
