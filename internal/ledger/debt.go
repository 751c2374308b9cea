package ledger

import (
	"slices"
	"strconv"

	"bottega/internal/id"
	"bottega/internal/token"
)

// Debt is the kind of a grant that is the other way round: what was given, was spent, and was not paid for after all. Its
// Amount is what was ever owed, Owed what still is, Moved what was paid off. Nothing of it can be spent.
const Debt GrantKind = "debt"

// boxOwed is what an account has had and must give back.
const boxOwed box = "owed"

// Owed is what the wallet owes.
func (w *Wallet) Owed() token.Amount {
	if d := w.find(Debt); d != nil {
		return d.Owed
	}
	return 0
}

// Claim takes back up to an amount of a grant because its payment was taken back: what is left of it at once, and what was
// used of it, or is held, becomes a debt. It returns how much that is together: what has been given back, has expired unused
// or is in the bank is not among it. A grant that is over must have been recalled.
func (w *Wallet) Claim(ref string, amount token.Amount, note string) (claimed token.Amount) {
	g := w.named(ref)
	if g == nil {
		return 0
	}
	taken := w.takeBack(g, amount, note)
	used := min(amount-taken, g.used())
	w.owe(used, note)
	return taken + used
}

// used is what was had of a grant: spent, held, or, of an open one, gone to pay off a debt; without what is to come back anyway.
func (g *Grant) used() token.Amount {
	used := g.Spent + g.Held - g.Due
	if g.Open {
		used += g.Moved
	}
	return used
}

// ClaimMonth is EndMonth, with what was used or is held of the running months as a debt, except of the grants of some
// references. It returns what was taken and what became a debt together.
func (w *Wallet) ClaimMonth(note string, except ...string) (claimed token.Amount) {
	var used token.Amount
	for _, g := range w.month() {
		if !slices.Contains(except, g.Ref) {
			used += g.used()
		}
		claimed += w.takeBack(g, g.Remaining, note)
		g.Open = false
		w.touch(g)
	}
	w.owe(used, note)
	return claimed + used
}

// chargeDue makes a debt of what was captured of a grant after its payment was given back.
func (w *Wallet) chargeDue(g *Grant) {
	used := g.Due - min(g.Due, g.Held)
	g.Due -= used
	w.owe(used, "used after its payment was given back")
}

func (w *Wallet) owe(amount token.Amount, note string) {
	if amount <= 0 {
		return
	}
	d := w.find(Debt)
	if d == nil {
		d = &Grant{ID: id.New(), Ref: "debt:" + strconv.FormatInt(w.Seq, 10), Kind: Debt, Open: true, CreatedAt: w.Clock}
		w.Grants = append(w.Grants, d)
	}
	d.Amount += amount
	w.post(d, move{op: "debt", from: boxIssue, to: boxOwed, amount: amount, note: note})
}

// payOff lets a new grant pay what is owed. The day's free tokens and what a team gives are not the account's own to pay with.
func (w *Wallet) payOff(g *Grant) {
	d := w.find(Debt)
	if d == nil || g.Kind != Promo && g.Kind != Plan && g.Kind != TopUp {
		return
	}
	amount := min(d.Owed, g.Remaining)
	w.post(g, move{op: "repay", from: boxAvailable, to: boxMoved, amount: amount, note: "pays what is owed"})
	w.post(d, move{op: "repay", from: boxOwed, to: boxMoved, amount: amount, note: "paid off"})
	if d.Owed == 0 {
		d.Open = false
		w.touch(d)
	}
}
