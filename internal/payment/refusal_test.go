package payment_test

import (
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/payment"
	"bottega/internal/plan"
)

// A renewal that is refused is known when the provider says so, of an account and of a team, and forgotten when it is paid after
// all; a message about it that comes late changes nothing.
func TestRefusal_FollowsTheProvider(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		_, club := s.club()
		who := s.User(plan.Free)
		subs := map[access.Actor]string{who: s.start(who, plan.Tokens, "apprentice", plan.Monthly), club: s.begin(club, "team-starter", 3)}
		s.Clock.Advance(30*day + time.Minute)
		refused := func(a access.Actor, want bool) {
			t.Helper()
			if at, err := s.Payments.Refused(t.Context(), a.AccountID); err != nil || at.IsZero() == want {
				t.Errorf("refused at %s, %v, want %v", at, err, want)
			}
		}
		for a, sub := range subs {
			refused(a, false)
			s.bank.RefuseRenewal(sub)
			news := s.bank.TakeNews()
			for range 2 {
				for _, e := range news {
					if err := s.Payments.Receive(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
			}
			refused(a, true)
			if st := s.standing(a, plan.Tokens); st.State != plan.PastDue {
				t.Errorf("%+v", st)
			}
			s.bank.Renew(sub)
			s.deliver()
			refused(a, false)
			if err := s.Payments.Receive(t.Context(), payment.Event{ID: "late-" + sub, Ref: news[0].Ref, Body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
			refused(a, false)
		}
		s.Verify()
	})
}
