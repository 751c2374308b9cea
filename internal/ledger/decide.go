package ledger

import (
	"fmt"
	"math"
	"slices"
	"time"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// GrantRequest gives tokens to a wallet from outside: a purchase, a gift, an operator's hand.
type GrantRequest struct {
	Kind      GrantKind // Promo, Team or TopUp
	Amount    token.Amount
	Ref       string    // unique per wallet, so that a repeated request grants once
	Note      string    // shown in the journal
	ExpiresAt time.Time // zero = never
}

// Grant gives tokens.
func (w *Wallet) Grant(r GrantRequest) error {
	switch {
	case r.Amount <= 0 || r.Amount > token.Max:
		return fault.Bad(fault.Field{
			Name: "amount", Value: r.Amount.String(), Message: "is out of range",
			Allowed: fmt.Sprintf("more than 0, up to %s tokens", token.Max),
		})
	case w.Available > math.MaxInt64/4-r.Amount:
		return fault.Bad(fault.Field{Name: "amount", Value: r.Amount.String(), Message: "would overfill the wallet"})
	case r.Kind != Promo && r.Kind != Team && r.Kind != TopUp:
		return fault.Bad(fault.Field{Name: "kind", Value: string(r.Kind), Message: "cannot be granted", Allowed: "promo, team, topup"})
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(w.Clock):
		return fault.Bad(fault.Field{Name: "expires_at", Value: r.ExpiresAt.Format(time.RFC3339), Message: "is over already"})
	}
	w.mint(mint{kind: r.Kind, amount: r.Amount, ref: r.Ref, note: r.Note, expires: r.ExpiresAt})
	return nil
}

// HoldRequest asks for an amount to be set aside for a generation.
type HoldRequest struct {
	GenerationID string
	Amount       token.Amount
	SheetVersion int    // of the price sheet that the amount came from
	Note         string // shown in the journal
	Model        string // what it pays for, to be searched by
}

// TakeBack takes up to an amount of a grant out again, because it was not paid for after all: what is left of it now, and
// then what is held of it. Of that, what is released goes back with it and what is captured is owed. It returns how much it
// takes in all; what is spent stays.
func (w *Wallet) TakeBack(ref string, amount token.Amount, note string) token.Amount {
	g := w.named(ref)
	if g == nil {
		return 0
	}
	now := w.takeBack(g, amount, note)
	later := min(amount-now, g.Held-g.Due)
	g.Due += later
	w.touch(g)
	return now + later
}

// takeBack takes up to an amount of what is left of a grant and returns how much that was.
func (w *Wallet) takeBack(g *Grant, amount token.Amount, note string) token.Amount {
	taken := min(amount, g.Remaining)
	w.post(g, move{op: "takeback", from: boxAvailable, to: boxExpired, amount: taken, note: note})
	return taken
}

// EndMonth ends the running months' grants now, without rolling: their payment was given back. With what is held of them it
// does as TakeBack.
func (w *Wallet) EndMonth(note string) {
	for _, g := range w.month() {
		w.takeBack(g, g.Remaining, note)
		g.Open, g.Due = false, g.Held
		w.touch(g)
	}
}

// month lists the running months' grants.
func (w *Wallet) month() []*Grant {
	var list []*Grant
	for _, g := range w.Grants {
		if g.Kind == Plan && g.Open {
			list = append(list, g)
		}
	}
	return list
}

// named finds a loaded grant by its reference.
func (w *Wallet) named(ref string) *Grant {
	i := slices.IndexFunc(w.Grants, func(g *Grant) bool { return g.Ref == ref })
	if i < 0 {
		return nil
	}
	return w.Grants[i]
}

// Hold sets an amount aside for a generation, from the layers in spending order. It takes all or nothing.
func (w *Wallet) Hold(r HoldRequest) (*Hold, error) {
	amount := r.Amount
	if amount < 0 || amount > token.Max {
		return nil, fmt.Errorf("hold for %s: amount %s is out of range", r.GenerationID, amount)
	}
	if spendable := w.Spendable(); amount > spendable {
		return nil, w.insufficient(amount, spendable)
	}
	h := &Hold{
		ID: r.GenerationID, WalletID: w.ID, Amount: amount, SheetVersion: r.SheetVersion, Model: r.Model, State: HoldOpen, CreatedAt: w.Clock,
	}
	rest := amount
	for _, g := range w.spendable() {
		if rest == 0 {
			break
		}
		part := min(rest, g.Remaining)
		w.post(g, move{op: "hold", from: boxAvailable, to: boxHeld, amount: part, hold: h, note: r.Note})
		h.Legs = append(h.Legs, Leg{Grant: g.ID, Amount: part})
		rest -= part
	}
	w.keep(h)
	return h, nil
}

// Capture spends an amount of the hold, at most all of it, and gives the rest back to the grants it came from, the
// dearest layer first. ourFault decides what happens to a rest whose grant has ended meanwhile; see giveBack.
func (w *Wallet) Capture(h *Hold, amount token.Amount, ourFault bool) error {
	if h.State != HoldOpen && h.State != HoldEased {
		return fmt.Errorf("capture of hold %s: it is %s already", h.ID, h.State)
	}
	if amount < 0 || amount > h.Amount || amount > 0 && h.State == HoldEased {
		return fmt.Errorf("capture of hold %s: %s of %s", h.ID, amount, h.Amount)
	}
	rest := amount
	for _, leg := range h.Legs {
		g := w.grant(leg.Grant)
		if g == nil {
			return fmt.Errorf("capture of hold %s: its grant %s is missing", h.ID, leg.Grant)
		}
		part := min(rest, leg.Amount)
		w.post(g, move{op: "capture", from: boxHeld, to: boxSpent, amount: part, hold: h})
		rest -= part
		w.giveBack(g, leg.Amount-part, h, ourFault)
		w.chargeDue(g)
	}
	h.Captured, h.EndedAt = amount, w.Clock
	h.State = HoldCaptured
	if amount == 0 && h.Amount > 0 {
		h.State = HoldReleased
	}
	w.keep(h)
	return nil
}

// Ease gives the whole hold back before its work has ended: that goes on without tokens. The hold stays open, so that it
// ends in one way like any other, and nothing can be captured from it any more.
func (w *Wallet) Ease(h *Hold) error {
	if h.State != HoldOpen {
		return fmt.Errorf("ease hold %s: it is %s already", h.ID, h.State)
	}
	for _, leg := range h.Legs {
		g := w.grant(leg.Grant)
		if g == nil {
			return fmt.Errorf("ease hold %s: its grant %s is missing", h.ID, leg.Grant)
		}
		w.giveBack(g, leg.Amount, h, false)
	}
	h.Legs, h.State = nil, HoldEased
	w.keep(h)
	return nil
}

// Release gives the whole hold back.
func (w *Wallet) Release(h *Hold, ourFault bool) error {
	return w.Capture(h, 0, ourFault)
}

// refundGrace is how long tokens stay usable that come back, through our fault, to a grant that ended meanwhile.
const refundGrace = 24 * time.Hour

// giveBack returns a part of a hold to the grant it came from. When that grant has ended meanwhile: a month's grant, or
// a bank that was given up, passes it on to the bank, as far as there is room; what is left expires when the user
// cancelled, and stays usable for a day when the failure was ours.
func (w *Wallet) giveBack(g *Grant, amount token.Amount, h *Hold, ourFault bool) {
	if amount == 0 {
		return
	}
	w.post(g, move{op: "release", from: boxHeld, to: boxAvailable, amount: amount, hold: h})
	due := min(amount, g.Due)
	g.Due -= due
	w.post(g, move{op: "takeback", from: boxAvailable, to: boxExpired, amount: due, hold: h, note: "its payment was given back meanwhile"})
	if g.Open {
		return
	}
	if g.Kind == Plan || g.Kind == Bank {
		w.roll(g)
	}
	if ourFault && g.Remaining > 0 {
		g.Open, g.ExpiresAt = true, w.Clock.Add(refundGrace)
		w.touch(g)
		return
	}
	w.post(g, move{op: "expire", from: boxAvailable, to: boxExpired, amount: g.Remaining, hold: h, note: "not used in time"})
}

func (w *Wallet) keep(h *Hold) {
	if w.holds == nil {
		w.holds = map[string]*Hold{}
	}
	w.holds[h.ID] = h
}
