package payment_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Payments lock the wallet they fill as the batch does that holds tokens for work: on two servers that are told of every payment
// of one team at once, while its members spend on both, each pack arrives once and not a token is lost or made.
func TestTeam_TwoServersSettleAndSpendAtOnce(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		other := apptest.New(t, ref, func(c *app.Config) { c.Clock, c.Data, c.Provider = s.Clock, s.Data, s.bank })
		servers := []*apptest.World{s.World, other}
		club, who := s.club()
		const packs, work = 8, 40
		for range packs {
			p, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Tokens, "small", 0, "")
			if err != nil || !s.bank.Pay(p.Checkout) {
				t.Fatal(err)
			}
		}
		news := s.bank.TakeNews()
		one := s.User(plan.Operator)
		if err := s.Teams.Add(t.Context(), club.ID, one.AccountID, access.TeamMember, access.NoLimit); err != nil {
			t.Fatal(err)
		}
		s.Submit(one, "a fox that one pays oneself", 1) // so that all after it find the way prepared
		one.Team = club.ID
		var held atomic.Int64
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i, e := range append(news, news...) {
			wg.Go(func() {
				<-start
				if err := servers[i%2].Payments.Receive(t.Context(), e); err != nil {
					t.Errorf("message %s: %v", e.ID, err)
				}
			})
		}
		for i := range work {
			wg.Go(func() {
				<-start
				g, err := servers[i%2].Generations.Submit(t.Context(), one, generation.SubmitRequest{
					Kind: "image", Input: &image.Request{Prompt: fmt.Sprintf("fox %d", i)},
				})
				if err == nil {
					held.Add(int64(g.Price))
				} // otherwise it came before the first pack
			})
		}
		close(start)
		wg.Wait()
		balance := func(want token.Amount) {
			t.Helper()
			b, err := s.Ledger.Balance(t.Context(), who.AccountID)
			if err != nil || b.Held != token.Amount(held.Load()) || b.Available+b.Held != want {
				t.Errorf("%s available and %s held of %s, %d were held for work, %v", b.Available, b.Held, want, held.Load(), err)
			}
		}
		balance(token.Whole(packs * 5000))

		// The whole of one pack goes back, asked for on both at once.
		last := s.newest(who)
		for _, w := range servers {
			wg.Go(func() {
				if _, err := w.Payments.Refund(t.Context(), last.ID, 0); err != nil {
					t.Logf("the second to ask: %v", err)
				}
			})
		}
		wg.Wait()
		s.deliver()
		if p := s.find(last.ID); p.State != payment.Refunded || s.bank.Payments[p.Charge].Seen.Refunded != p.Received {
			t.Errorf("%+v", p)
		}
		var due token.Amount // of the pack that went back, what is held for work: it goes back or is owed when that ends
		if err := s.DB.QueryRow(t.Context(), "SELECT COALESCE(SUM(due), 0) FROM ledger_grant").Scan(&due); err != nil {
			t.Fatal(err)
		}
		balance(token.Whole((packs-1)*5000) + due)
		if d := s.reconcile(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		s.Verify()
	})
}
