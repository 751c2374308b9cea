package ledger

import (
	"fmt"
	"math"
	"strings"
	"time"

	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/token"
)

// Allowance is what an account's plan brings in, as far as the ledger needs to know.
type Allowance struct {
	Plan    string
	Since   time.Time // start of the subscription: months are counted from here
	Daily   token.Amount
	Monthly token.Amount
	BankCap token.Amount
}

// Advance brings the wallet up to now: what expired expires, ended months roll into the bank, the day's and the
// month's grants arrive. Months that passed while nothing ran are granted and rolled one by one, in order. Every other
// operation calls it first, so an idle wallet costs nothing.
func (w *Wallet) Advance(now time.Time, a Allowance) {
	if now.After(w.Clock) {
		w.Clock = now
	}
	w.closeEnded(a)
	w.mintMonth(a)
	w.mintDay(a)
}

// closeEnded expires grants whose time is over; a month's grant rolls first, and the next month of the same
// subscription arrives, which may itself be over already.
func (w *Wallet) closeEnded(a Allowance) {
	for i := 0; i < len(w.Grants); i++ { // grows while months are minted
		g := w.Grants[i]
		if !g.Open || g.ExpiresAt.IsZero() || g.ExpiresAt.After(w.Clock) {
			continue
		}
		if g.Kind == Plan {
			w.roll(g, a.BankCap)
			// A grant that giveBack reopened for a day has had its successor already.
			if n, ok := monthOf(g, a); ok && g.ExpiresAt.Equal(addMonths(a.Since, n+1)) {
				w.mint(Plan, a.Monthly, monthRef(a, n+1), "month's tokens", addMonths(a.Since, n+2))
			}
		}
		w.post(g, move{op: "expire", from: boxAvailable, to: boxExpired, amount: g.Remaining, note: "not used in time"})
		g.Open = false
		w.touch(g)
	}
}

// roll moves what is left of a month's grant into the bank, as far as there is room. The bank's occupancy counts its
// open holds, so that nothing slips over the cap by being released later.
func (w *Wallet) roll(g *Grant, bankCap token.Amount) {
	bank := w.find(Bank)
	var kept token.Amount
	if bank != nil {
		kept = bank.Remaining + bank.Held
	}
	amount := min(g.Remaining, max(0, bankCap-kept))
	if amount == 0 {
		return
	}
	w.post(g, move{op: "roll", from: boxAvailable, to: boxMoved, amount: amount, note: "into the bank"})
	if bank == nil {
		w.mint(Bank, amount, "bank", "from the month before", time.Time{})
		return
	}
	bank.Amount += amount
	w.post(bank, move{op: "roll", from: boxIssue, to: boxAvailable, amount: amount, note: "from the month before"})
}

func (w *Wallet) mintMonth(a Allowance) {
	if a.Monthly == 0 || w.Clock.Before(a.Since) {
		return
	}
	for _, g := range w.Grants {
		if _, ok := monthOf(g, a); ok && g.Open {
			return
		}
	}
	n := monthsBetween(a.Since, w.Clock)
	w.mint(Plan, a.Monthly, monthRef(a, n), "month's tokens", addMonths(a.Since, n+1))
}

func (w *Wallet) mintDay(a Allowance) {
	if a.Daily == 0 {
		return
	}
	day := w.Clock.Truncate(24 * time.Hour)
	ref := "daily:" + day.Format(time.DateOnly)
	for _, g := range w.Grants {
		if g.Ref == ref {
			return
		}
	}
	w.mint(Daily, a.Daily, ref, "the day's tokens", day.Add(24*time.Hour))
}

// mint adds a grant. ref is unique in the wallet: the table refuses a second one.
func (w *Wallet) mint(kind GrantKind, amount token.Amount, ref, note string, expires time.Time) {
	g := &Grant{
		ID: id.New(), Ref: ref, Kind: kind, Amount: amount, Open: true, ExpiresAt: expires, CreatedAt: w.Clock,
	}
	w.Grants = append(w.Grants, g)
	w.post(g, move{op: "grant", from: boxIssue, to: boxAvailable, amount: amount, note: note})
}

func (w *Wallet) find(kind GrantKind) *Grant {
	for _, g := range w.Grants {
		if g.Kind == kind && g.Open {
			return g
		}
	}
	return nil
}

// GrantRequest gives tokens to a wallet from outside: a purchase, a gift, an operator's hand.
type GrantRequest struct {
	Kind      GrantKind // Promo or TopUp
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
	case r.Kind != Promo && r.Kind != TopUp:
		return fault.Bad(fault.Field{Name: "kind", Value: string(r.Kind), Message: "cannot be granted", Allowed: "promo, topup"})
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(w.Clock):
		return fault.Bad(fault.Field{Name: "expires_at", Value: r.ExpiresAt.Format(time.RFC3339), Message: "is over already"})
	}
	w.mint(r.Kind, r.Amount, r.Ref, r.Note, r.ExpiresAt)
	return nil
}

// HoldRequest asks for an amount to be set aside for a generation.
type HoldRequest struct {
	GenerationID string
	Amount       token.Amount
	SheetVersion int    // of the price sheet that the amount came from
	Note         string // shown in the journal
}

// Hold sets an amount aside for a generation, from the layers in spending order. It takes all or nothing.
func (w *Wallet) Hold(r HoldRequest) (*Hold, error) {
	amount := r.Amount
	if amount < 0 || amount > token.Max {
		return nil, fmt.Errorf("hold for %s: amount %s is out of range", r.GenerationID, amount)
	}
	if amount > w.Available {
		return nil, insufficient(amount, w.Available)
	}
	h := &Hold{
		ID: r.GenerationID, WalletID: w.ID, Amount: amount, SheetVersion: r.SheetVersion, State: HoldOpen, CreatedAt: w.Clock,
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
func (w *Wallet) Capture(h *Hold, amount token.Amount, ourFault bool, bankCap token.Amount) error {
	if h.State != HoldOpen {
		return fmt.Errorf("capture of hold %s: it is %s already", h.ID, h.State)
	}
	if amount < 0 || amount > h.Amount {
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
		w.giveBack(g, leg.Amount-part, h, ourFault, bankCap)
	}
	h.Captured, h.EndedAt = amount, w.Clock
	h.State = HoldCaptured
	if amount == 0 && h.Amount > 0 {
		h.State = HoldReleased
	}
	w.keep(h)
	return nil
}

// Release gives the whole hold back.
func (w *Wallet) Release(h *Hold, ourFault bool, bankCap token.Amount) error {
	return w.Capture(h, 0, ourFault, bankCap)
}

// refundGrace is how long tokens stay usable that come back, through our fault, to a grant that ended meanwhile.
const refundGrace = 24 * time.Hour

// giveBack returns a part of a hold to the grant it came from. When that grant has ended meanwhile: a month's grant
// passes it on to the bank, as far as there is room; what is left expires when the user cancelled, and stays usable
// for a day when the failure was ours.
func (w *Wallet) giveBack(g *Grant, amount token.Amount, h *Hold, ourFault bool, bankCap token.Amount) {
	if amount == 0 {
		return
	}
	w.post(g, move{op: "release", from: boxHeld, to: boxAvailable, amount: amount, hold: h})
	if g.Open {
		return
	}
	if g.Kind == Plan {
		w.roll(g, bankCap)
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

// Months are counted from the start of the subscription; a start on the 31st falls on the last day of short months.

func monthRef(a Allowance, n int) string {
	return fmt.Sprintf("plan:%s:%d:%d", a.Plan, a.Since.UnixMicro(), n)
}

// monthOf returns which month of the allowance's subscription the grant is.
func monthOf(g *Grant, a Allowance) (n int, ok bool) {
	if a.Monthly == 0 {
		return 0, false
	}
	rest, ok := strings.CutPrefix(g.Ref, fmt.Sprintf("plan:%s:%d:", a.Plan, a.Since.UnixMicro()))
	if !ok {
		return 0, false
	}
	_, err := fmt.Sscanf(rest, "%d", &n)
	return n, err == nil
}

func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

func monthsBetween(since, now time.Time) int {
	n := max(0, (now.Year()-since.Year())*12+int(now.Month())-int(since.Month()))
	for n > 0 && addMonths(since, n).After(now) {
		n--
	}
	return n
}
