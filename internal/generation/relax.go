package generation

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/queue"
)

// easing moves waiting work to the relaxed lane.
type easing struct {
	id, accountID string
	teamID        string // whose tokens were held; empty = one's own
	entitled      Entitlement
	at            time.Time
}

// ease decides an easing: all that was held comes back at once, and the work waits among the relaxed. It cannot be taken
// back, only cancelled: tokens that came back may be spent already.
func (w *world) ease(op *easing) (*Generation, error) {
	r := w.generations[op.id]
	t, waits := w.tickets[op.id]
	switch {
	case r == nil:
		return nil, ErrNotFound
	case r.State != Waiting || !waits || t.Owner != "":
		return nil, errNotWaiting
	case r.Lane == Relaxed:
		return &r.Generation, nil
	case op.teamID != r.TeamID:
		return nil, fmt.Errorf("ease generation %s: team %q pays for it, not %q", op.id, r.TeamID, op.teamID)
	}
	hold := w.holds[op.id]
	if hold == nil || w.wallets[hold.WalletID] == nil {
		return nil, fmt.Errorf("ease generation %s: its hold is missing", op.id)
	}
	if _, credits := ledger.IsCredits(hold.WalletID); credits || !op.entitled.Relaxed {
		return nil, errNoRelaxed
	}
	wallet := w.wallets[hold.WalletID]
	if err := wallet.Advance(op.at, op.entitled.Schedule); err != nil {
		return nil, err
	}
	if err := wallet.Ease(hold); err != nil {
		return nil, err
	}
	w.spending.count(r, -r.Price)
	w.line.Relax(t, op.entitled.Concurrency)
	r.Price, r.Lane, r.changedAt = 0, Relaxed, op.at
	w.updated, w.touched = append(w.updated, r), append(w.touched, r)
	return &r.Generation, nil
}

// Relax moves waiting work of the actor to the relaxed lane, where the payer's plan has one. What was held for it comes
// back at once.
func (s *Service) Relax(ctx context.Context, actor access.Actor, id string) (*Generation, error) {
	g, err := readGeneration(ctx, s.DB, id)
	if err != nil {
		return nil, err
	}
	if g == nil || g.AccountID != actor.AccountID {
		return nil, ErrNotFound
	}
	g, err = s.decide(ctx, g.AccountID, g.TeamID, func(entitled Entitlement) operation {
		return operation{ease: &easing{id: id, accountID: g.AccountID, teamID: g.TeamID, entitled: entitled, at: s.Clock.Now()}}
	})
	if err != nil {
		return nil, err
	}
	s.rearranged()
	return g, s.complete(ctx, []*Generation{g})
}

// Waiting returns what the actor has waiting, in the order in which it would start, at most so many.
func (s *Service) Waiting(ctx context.Context, actor access.Actor, most int) ([]Generation, error) {
	if most < 1 || most > 500 {
		return nil, fault.Bad(fault.Field{Name: "limit", Value: most, Message: "is out of range", Allowed: "1 to 500"})
	}
	tickets, err := queue.WaitingOf(ctx, s.DB, actor.AccountID, most)
	if err != nil || len(tickets) == 0 {
		return nil, err
	}
	ids := make([]any, len(tickets))
	for i, t := range tickets {
		ids[i] = t.ID
	}
	rows, err := readRows(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	byID := map[string]*Generation{}
	list := make([]*Generation, len(rows))
	for i, r := range rows {
		byID[r.ID], list[i] = &r.Generation, &r.Generation
	}
	if err := s.place(ctx, list); err != nil {
		return nil, err
	}
	var out []Generation
	for _, t := range tickets {
		if g := byID[t.ID]; g != nil && g.State == Waiting {
			out = append(out, *g)
		}
	}
	return out, nil
}
