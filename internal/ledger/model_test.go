package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// model is a wallet as one would explain it: heaps of tokens in the order in which they are spent. It shares no code
// with the ledger, the spending order included.
type model struct {
	heaps []*heap
	holds map[string][]slice // what is held, the dearest last
	gone  token.Amount       // spent
	owed  token.Amount       // what the next ones pay off
}

type heap struct {
	rank int // promo 0, topup 5
	ends int // tick at which it is over; 0 = never
	age  int
	left token.Amount
	name string // by which it can be claimed

	given, back token.Amount // at first; claimed of it at once
}

type slice struct {
	of     *heap
	amount token.Amount
}

func (m *model) sum() (available, held token.Amount) {
	for _, h := range m.heaps {
		available += h.left
	}
	for _, parts := range m.holds {
		for _, p := range parts {
			held += p.amount
		}
	}
	return available, held
}

func (m *model) gift(rank, ends int, amount token.Amount, name string) {
	given := amount
	if rank != 2 { // what a team gives is not one's own to pay with
		paid := min(m.owed, amount)
		m.owed -= paid
		amount -= paid
	}
	m.heaps = append(m.heaps, &heap{rank: rank, ends: ends, age: len(m.heaps), left: amount, name: name, given: given})
}

// claim takes back what is left of a heap; what was had of it is owed.
func (m *model) claim(name string, amount token.Amount) {
	for _, h := range m.heaps {
		if h.name == name {
			taken := min(amount, h.left)
			had := h.given - h.left - h.back
			h.left -= taken
			h.back += taken
			m.owed += min(amount-taken, had)
		}
	}
}

func (m *model) hold(name string, amount token.Amount) bool {
	if available, _ := m.sum(); amount > available {
		return false
	}
	order := slices.Clone(m.heaps)
	slices.SortFunc(order, func(a, b *heap) int {
		end := func(h *heap) int {
			if h.ends == 0 {
				return 1 << 30
			}
			return h.ends
		}
		for _, d := range []int{a.rank - b.rank, end(a) - end(b), a.age - b.age} {
			if d != 0 {
				return d
			}
		}
		return 0
	})
	m.holds[name] = []slice{}
	for _, h := range order {
		part := min(amount, h.left)
		h.left -= part
		amount -= part
		m.holds[name] = append(m.holds[name], slice{h, part})
	}
	return true
}

func (m *model) capture(name string, amount token.Amount) bool {
	parts, ok := m.holds[name]
	if !ok {
		return false
	}
	m.gone += amount
	for _, p := range parts {
		spent := min(amount, p.amount)
		amount -= spent
		p.of.left += p.amount - spent
	}
	delete(m.holds, name)
	return true
}

// action is one operation by somebody; done is what came of it, in the order in which the ledger took them.
type action struct {
	wallet, what, hold string
	name               string // of a gift
	amount             token.Amount
	kind               ledger.GrantKind
	ends               int
	part               int64 // thousandths of the hold that are captured
}

type deed struct {
	action
	ok bool
}

// bank runs the ledger as the road of a generation does: in shared transactions, decided one by one.
type bank struct {
	batch *db.Batch[action, bool]
	clock *clock.Fake
	deeds []deed // by the batch's only goroutine
	next  []deed // of the transaction under way
}

func newBank(d *db.DB) *bank {
	b := &bank{clock: clock.NewFake(apptest.Start)}
	b.batch = db.NewBatch(d, 64, b.apply)
	return b
}

func (b *bank) apply(ctx context.Context, tx *db.Tx, ops []action) ([]db.Outcome[bool], error) {
	var wallets, holds []string
	for _, op := range ops {
		wallets = append(wallets, op.wallet)
		if op.hold != "" {
			holds = append(holds, op.hold)
		}
	}
	loaded, known, err := ledger.Load(ctx, tx, wallets, holds)
	if err != nil {
		return nil, err
	}
	out := make([]db.Outcome[bool], len(ops))
	b.next = nil
	for i, op := range ops {
		w := loaded[op.wallet]
		b.clock.Advance(time.Microsecond) // so that of two gifts one is the older
		if err := w.Advance(b.clock.Now(), ledger.Schedule{}); err != nil {
			return nil, err
		}
		switch op.what {
		case "gift":
			r := ledger.GrantRequest{Kind: op.kind, Amount: op.amount, Ref: op.name}
			if op.ends > 0 {
				r.ExpiresAt = apptest.Start.Add(time.Duration(op.ends) * time.Hour)
			}
			out[i].Err = w.Grant(r)
		case "claim":
			w.Claim(op.name, op.amount, "asked back")
		case "hold":
			known[op.hold], out[i].Err = w.Hold(ledger.HoldRequest{GenerationID: op.hold, Amount: op.amount})
		case "capture":
			h := known[op.hold]
			if h == nil {
				out[i].Err = errors.New("no such hold")
				break
			}
			out[i].Err = w.Capture(h, h.Amount*token.Amount(op.part)/1000, true)
		}
		if known[op.hold] == nil {
			delete(known, op.hold)
		}
		b.next = append(b.next, deed{op, out[i].Err == nil})
	}
	if err := ledger.Save(ctx, tx, loaded); err != nil {
		return nil, err
	}
	b.deeds = append(b.deeds, b.next...)
	return out, nil
}

func drawAction(t *rapid.T, wallets []string, i int) action {
	a := action{wallet: rapid.SampledFrom(wallets).Draw(t, "wallet")}
	a.hold = fmt.Sprintf("%s-%d", a.wallet, rapid.IntRange(0, 9).Draw(t, "hold")) // somebody else's, or a used one, on purpose
	a.amount = token.Amount(rapid.Int64Range(1, 40_000).Draw(t, "amount"))
	a.name = fmt.Sprintf("%s-gift-%d", a.wallet, i)
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		a.what, a.hold = "gift", ""
		a.kind = rapid.SampledFrom([]ledger.GrantKind{ledger.Promo, ledger.Team, ledger.TopUp}).Draw(t, "kind")
		if a.kind != ledger.TopUp {
			a.ends = rapid.IntRange(500, 900).Draw(t, "ends")
		}
	case 4: // one's own gift of before, if it was one
		a.what, a.hold = "claim", ""
		a.name = fmt.Sprintf("%s-gift-%d", a.wallet, max(i-1, i/100*100))
	case 1:
		a.what, a.hold = "hold", fmt.Sprintf("%s-%d-%d", a.wallet, i, rapid.IntRange(0, 1<<30).Draw(t, "new"))
	default:
		a.what, a.part = "capture", rapid.Int64Range(0, 1000).Draw(t, "part")
	}
	return a
}

// TestLedger_IsTheModel lets many goroutines do random things to a few wallets at once, on both databases, and holds
// what came of them, one by one in the order in which they were decided, against the model.
func TestLedger_IsTheModel(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		rapid.Check(t, func(rt *rapid.T) {
			b := newBank(w.DB)
			prefix := id.New()
			wallets := []string{prefix + "a", prefix + "b"}
			people := rapid.IntRange(2, 16).Draw(rt, "people")
			plans := make([][]action, people)
			for p := range plans {
				for i := range rapid.IntRange(1, 8).Draw(rt, "actions") {
					plans[p] = append(plans[p], drawAction(rt, wallets, p*100+i))
				}
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			made := map[string][]string{} // holds that stand, by wallet
			for _, plan := range plans {
				wg.Go(func() {
					for _, a := range plan {
						mu.Lock()
						if a.what == "capture" && len(made[a.wallet]) > 0 { // mostly one that exists; several may want the same
							a.hold = made[a.wallet][int(a.amount)%len(made[a.wallet])]
						}
						mu.Unlock()
						_, err := b.batch.Do(context.Background(), a)
						if err == nil && a.what == "hold" {
							mu.Lock()
							made[a.wallet] = append(made[a.wallet], a.hold)
							mu.Unlock()
						}
					}
				})
			}
			wg.Wait()
			b.batch.Close()
			compare(rt, w, b, wallets)
		})
		if _, err := w.Ledger.Verify(t.Context(), func(p string) { t.Error(p) }); err != nil {
			t.Fatal(err)
		}
	})
}

func compare(t *rapid.T, w *apptest.World, b *bank, wallets []string) {
	models := map[string]*model{}
	for _, name := range wallets {
		models[name] = &model{holds: map[string][]slice{}}
	}
	ranks := map[ledger.GrantKind]int{ledger.Promo: 0, ledger.Daily: 1, ledger.Team: 2, ledger.Plan: 3, ledger.Bank: 4, ledger.TopUp: 5}
	for i, d := range b.deeds {
		m, ok := models[d.wallet], true
		switch d.what {
		case "gift":
			m.gift(ranks[d.kind], d.ends, d.amount, d.name)
		case "claim":
			m.claim(d.name, d.amount)
		case "hold":
			ok = m.hold(d.hold, d.amount)
		case "capture":
			var held token.Amount
			for _, p := range m.holds[d.hold] {
				held += p.amount
			}
			ok = m.capture(d.hold, held*token.Amount(d.part)/1000)
		}
		if ok != d.ok {
			t.Fatalf("deed %d, %+v: the ledger says %v, the model %v", i, d.action, d.ok, ok)
		}
	}
	for name, m := range models {
		rows, err := w.DB.Query(context.Background(), `SELECT kind, SUM(remaining), SUM(held), SUM(spent), SUM(owed) FROM ledger_grant WHERE wallet_id = $1 GROUP BY kind`, name)
		if err != nil {
			t.Fatal(err)
		}
		var available, held, spent, owed token.Amount
		for rows.Next() {
			var kind ledger.GrantKind
			var r, h, s, o token.Amount
			if err := rows.Scan(&kind, &r, &h, &s, &o); err != nil {
				t.Fatal(err)
			}
			var left token.Amount
			for _, heap := range m.heaps {
				if rank, known := ranks[kind]; known && heap.rank == rank {
					left += heap.left
				}
			}
			if left != r {
				t.Fatalf("%s: %s of %s left, the model says %s", name, r, kind, left)
			}
			available, held, spent, owed = available+r, held+h, spent+s, owed+o
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if a, h := m.sum(); a != available || h != held || m.gone != spent || m.owed != owed {
			t.Fatalf("%s has %s, %s held, %s spent and %s owed; the model says %s, %s, %s and %s", name, available, held, spent, owed, a, h, m.gone, m.owed)
		}
	}
}
