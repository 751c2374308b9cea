package docs_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// TestTokenEconomy_EveryNumberOnThePageIsRight lets the ten accounts of docs/token-economy.md do what is written there,
// and compares every cell.
func TestTokenEconomy_EveryNumberOnThePageIsRight(t *testing.T) {
	page := read(t, filepath.Join(root, "docs/token-economy.md"))
	w := apptest.New(t, apptest.SQLite(t))
	var accounts []*pencil
	for _, section := range strings.Split(page, "\n### ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		name, _, _ := strings.Cut(title, " ")
		rows := table(section)
		if rows[0][0] != "When" {
			continue
		}
		w.Clock.Advance(at(t, rows[1][0]).Sub(w.Clock.Now()))
		p := &pencil{t: t, w: w, name: name, user: w.User(plan.Free)}
		accounts = append(accounts, p)
		for _, row := range rows[1:] {
			p.row(row)
		}
	}
	if len(accounts) != 10 {
		t.Fatalf("the page follows %d accounts, it promises ten", len(accounts))
	}
	sums := tableFrom(t, page, "### What became of all of it")
	for i, p := range accounts {
		if got := p.sums(); fmt.Sprint(got) != fmt.Sprint(sums[i+1]) {
			t.Errorf("the page says %v, there is %v", sums[i+1], got)
		}
	}
	offers := tableFrom(t, page, "| Plan | A month")
	for _, row := range offers[1:] {
		p, _ := plan.Find(row[0])
		want := []string{
			p.Name, strings.TrimSuffix(dollars(p.Month), ".00"), strings.TrimSuffix(dollars(p.Year), ".00"), grouped(p.Monthly), grouped(p.BankCap),
		}
		if fmt.Sprint(row) != fmt.Sprint(want) {
			t.Errorf("the page says %v, the plan is %v", row, want)
		}
	}
	w.Verify()
}

// tableFrom reads the first table that begins at a mark or after it.
func tableFrom(t *testing.T, page, mark string) [][]string {
	t.Helper()
	_, after, found := strings.Cut(page, mark)
	if !found {
		t.Fatalf("the page does not say %q", mark)
	}
	return table(mark + after)
}

// table reads the first table of a text, its head included; cells without blanks and backticks.
func table(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		inside := strings.HasPrefix(line, "|")
		if !inside && len(rows) > 0 {
			break
		}
		if !inside || strings.HasPrefix(line, "|---") {
			continue
		}
		var row []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			row = append(row, strings.Trim(cell, " `"))
		}
		rows = append(rows, row)
	}
	return rows
}

func at(t *testing.T, when string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02 15:04", when)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// grouped writes an amount as the page does: 16,816.667.
func grouped(a token.Amount) string {
	whole, rest, decimal := strings.Cut(a.String(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimal {
		return whole + "." + rest
	}
	return whole
}

func dollars(m plan.Money) string { return strings.TrimPrefix(m.String(), "$") }

// pencil follows one account.
type pencil struct {
	t    *testing.T
	w    *apptest.World
	name string
	user access.Actor
	hold *ledger.Hold
	done int // rows
}

func (p *pencil) row(row []string) {
	p.t.Helper()
	p.w.Clock.Advance(at(p.t, row[0]).Sub(p.w.Clock.Now()))
	paid, err := p.do(strings.Fields(row[1]))
	if err != nil {
		p.t.Fatalf("%s, %s: %s: %v", p.name, row[0], row[1], err)
	}
	p.done++
	got := append([]string{row[0], row[1], paid}, p.balance()...)
	if fmt.Sprint(got) != fmt.Sprint(row) {
		p.t.Errorf("%s: the page says\n%v, there is\n%v", p.name, row, got)
	}
}

// do does what a row says and returns what it costs.
func (p *pencil) do(words []string) (paid string, err error) {
	amount := func() token.Amount {
		a, err := token.Parse(words[len(words)-1])
		if err != nil {
			p.t.Fatal(err)
		}
		return a
	}
	switch words[0] {
	case "look": // whoever reads sees what whoever writes will find
		before := p.balance()
		err := p.change(func(*ledger.Wallet) error { return nil })
		if after := p.balance(); fmt.Sprint(before) != fmt.Sprint(after) {
			p.t.Errorf("%s: reading gave %v, writing %v", p.name, before, after)
		}
		return "", err
	case "topup":
		return "", p.w.Ledger.Grant(p.t.Context(), p.user.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: amount(), Ref: fmt.Sprint(p.done)})
	case "work":
		return "", p.change(func(w *ledger.Wallet) error {
			h, err := w.Hold(ledger.HoldRequest{GenerationID: fmt.Sprint(p.name, p.done), Amount: amount()})
			if err != nil {
				return err
			}
			return w.Capture(h, h.Amount, true)
		})
	case "hold":
		return "", p.change(func(w *ledger.Wallet) (err error) {
			p.hold, err = w.Hold(ledger.HoldRequest{GenerationID: fmt.Sprint(p.name, p.done), Amount: amount()})
			return err
		})
	case "fail":
		return "", p.end(0)
	case "capture":
		return "", p.end(amount())
	}
	return p.subscribe(words)
}

// change is an operation on the account's wallet, loaded as the road of a generation loads it: with the grants that the
// open hold came from, which may have ended.
func (p *pencil) change(f func(w *ledger.Wallet) error) error {
	ctx := p.t.Context()
	schedule, err := p.w.Plans.Schedule(ctx, p.user.AccountID)
	if err != nil {
		return err
	}
	var holds []string
	if p.hold != nil {
		holds = append(holds, p.hold.ID)
	}
	return p.w.DB.Tx(ctx, func(tx *db.Tx) error {
		wallets, loaded, err := ledger.Load(ctx, tx, []string{p.user.AccountID}, holds)
		if err != nil {
			return err
		}
		if p.hold != nil {
			p.hold = loaded[p.hold.ID]
		}
		w := wallets[p.user.AccountID]
		if err := w.Advance(p.w.Clock.Now(), schedule); err != nil {
			return err
		}
		if err := f(w); err != nil {
			return err
		}
		return ledger.Save(ctx, tx, wallets)
	})
}

func (p *pencil) end(charge token.Amount) error {
	return p.change(func(w *ledger.Wallet) error { return w.Capture(p.hold, charge, true) })
}

// subscribe changes the plan and returns what that costs.
func (p *pencil) subscribe(words []string) (paid string, err error) {
	cost := plan.Money(0)
	_, err = p.w.Plans.Change(p.t.Context(), p.user.AccountID, func(now time.Time, s plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
		switch words[0] {
		case "start":
			sold, _ := plan.Find(words[1])
			cost = sold.Price(plan.Cycle(words[2]))
			return s.Start(now, words[1], plan.Cycle(words[2]))
		case "pay": // for the plan in force, or for the one that follows it
			of := s.Now(now)
			if next, ok := s.Next(now); ok && !next.Lapse {
				of = next
			}
			sold, _ := plan.Find(of.Plan)
			cost = sold.Price(of.Cycle)
			return s.Pay(now)
		case "upgrade":
			out, pr, err := s.Upgrade(now, words[1])
			cost = pr.Money
			return out, err
		case "downgrade":
			return s.Downgrade(now, words[1])
		case "cancel":
			return s.Cancel(now)
		case "try":
			lasts, err := time.ParseDuration(words[2])
			if err != nil {
				return s, err
			}
			gift, err := token.Parse(words[3])
			if err != nil {
				return s, err
			}
			return s.Try(now, words[1], lasts, gift)
		case "end":
			w.EndMonth("the payment was given back")
			return s.EndNow(now)
		}
		return s, fmt.Errorf("nobody can %q", words)
	})
	if cost > 0 {
		paid = dollars(cost)
	}
	return paid, err
}

// balance is what the studio shows: gift, day, month, bank, top-up, frozen, held.
func (p *pencil) balance() []string {
	b, err := p.w.Ledger.Balance(p.t.Context(), p.user.AccountID)
	if err != nil {
		p.t.Fatal(err)
	}
	layers := map[ledger.GrantKind]token.Amount{}
	for _, l := range b.Layers {
		layers[l.Kind] += l.Available
	}
	var cells []string
	for _, a := range []token.Amount{
		layers[ledger.Promo], layers[ledger.Daily], layers[ledger.Plan], layers[ledger.Bank], layers[ledger.TopUp], b.Frozen, b.Held,
	} {
		cells = append(cells, grouped(a))
	}
	return cells
}

// sums is what became of everything that arrived. What rolled into the bank arrived before.
func (p *pencil) sums() []string {
	var arrived, spent, gone, left token.Amount
	err := p.w.DB.QueryRow(p.t.Context(), `SELECT SUM(CASE WHEN kind = 'bank' THEN 0 ELSE amount END), SUM(spent), SUM(expired), SUM(remaining + held)
		FROM ledger_grant WHERE wallet_id = $1`, p.user.AccountID).Scan(&arrived, &spent, &gone, &left)
	if err != nil {
		p.t.Fatal(err)
	}
	if arrived != spent+gone+left {
		p.t.Errorf("%s: %s arrived, and %s, %s and %s became of it", p.name, arrived, spent, gone, left)
	}
	return []string{p.name, grouped(arrived), grouped(spent), grouped(gone), grouped(left)}
}
