package ledger

import (
	"strconv"
	"time"

	"bottega/internal/id"
	"bottega/internal/token"
)

// frozenBank is how long a bank waits for its account to come back to a plan that has one.
const frozenBank = 30 * 24 * time.Hour

// Advance brings the wallet up to now by the schedule: what expired expires, ended months roll into the bank, terms
// begin, months and the day's tokens arrive; everything in the order of its time, each once, however long nothing ran.
// Every other operation calls it first, so an idle wallet costs nothing. A schedule older than the last one followed is
// ErrStale, and nothing is done.
func (w *Wallet) Advance(now time.Time, s Schedule) error {
	if s.Version < w.Schedule {
		return ErrStale
	}
	if s.Version > w.Schedule {
		w.Schedule, w.changed = s.Version, true
	}
	if w.Clock.IsZero() {
		w.Started = -1
		if len(s.Terms) > 0 && s.Terms[0].From.Before(now) {
			w.Clock = s.Terms[0].From
		}
	}
	if now.Before(w.Clock) {
		now = w.Clock // the machine's clock may go back, a wallet's does not
	}
	w.bankCap = s.At(w.Clock).BankCap
	for {
		at, ok := w.due(s)
		if !ok || at.After(now) {
			break
		}
		w.happen(at, s)
	}
	if now.After(w.Clock) {
		w.Clock = now
	}
	term := s.At(now)
	w.bankCap = term.BankCap
	w.mintDay(term)
	return nil
}

// due is the next moment at which something happens by itself.
func (w *Wallet) due(s Schedule) (at time.Time, ok bool) {
	consider := func(t time.Time) {
		if t.Before(w.Clock) {
			t = w.Clock
		}
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for _, g := range w.Grants {
		if g.Open && !g.ExpiresAt.IsZero() {
			consider(g.ExpiresAt)
		}
	}
	for _, t := range s.Terms {
		if t.N > w.Started {
			consider(t.From)
			break
		}
	}
	if begins, paid := s.month(w.Clock); paid {
		consider(begins)
	}
	return at, ok
}

// happen does everything that is due at one moment: first what ends, then what begins.
func (w *Wallet) happen(at time.Time, s Schedule) {
	month, monthBegins := s.month(w.Clock)
	w.Clock = at
	for _, g := range w.Grants {
		if g.Open && !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(at) {
			w.close(g)
		}
	}
	for _, t := range s.Terms {
		if t.N > w.Started && !t.From.After(at) {
			w.begin(t)
			monthBegins = monthBegins && month.After(t.From)
		}
	}
	if monthBegins && month.Equal(at) {
		t := s.At(at)
		w.mint(mint{kind: Plan, amount: t.Monthly, ref: t.ref(at), note: "month's tokens", expires: t.NextMonth(at)})
	}
}

// close ends a grant: a month's rest rolls, what does not fit expires.
func (w *Wallet) close(g *Grant) {
	if g.Kind == Plan {
		w.roll(g)
	}
	w.post(g, move{op: "expire", from: boxAvailable, to: boxExpired, amount: g.Remaining, note: "not used in time"})
	g.Open = false
	w.touch(g)
}

// begin starts a term: its first tokens arrive, and the bank freezes or thaws.
func (w *Wallet) begin(t Term) {
	w.Started, w.changed = t.N, true
	w.bankCap = t.BankCap
	if bank := w.find(Bank); bank != nil {
		bank.ExpiresAt = time.Time{}
		if t.BankCap == 0 {
			bank.ExpiresAt = w.Clock.Add(frozenBank)
		}
		w.touch(bank)
	}
	if t.First == 0 || !t.paid(t.From) {
		return
	}
	if t.Trial {
		w.mint(mint{kind: Promo, amount: t.First, ref: t.ref(t.From), note: "to try the plan", expires: t.PaidUntil})
		return
	}
	w.mint(mint{kind: Plan, amount: t.First, ref: t.ref(t.From), note: "month's tokens", expires: t.NextMonth(t.From)})
}

// roll moves what is left of a month's grant into the bank, as far as there is room. The bank's occupancy counts its
// open holds, so that nothing slips over the cap by being released later. A smaller cap takes nothing back.
func (w *Wallet) roll(g *Grant) {
	bank := w.find(Bank)
	var kept token.Amount
	if bank != nil {
		kept = bank.Remaining + bank.Held
	}
	amount := min(g.Remaining, max(0, w.bankCap-kept))
	if amount == 0 {
		return
	}
	w.post(g, move{op: "roll", from: boxAvailable, to: boxMoved, amount: amount, note: "into the bank"})
	if bank == nil {
		ref := "bank"
		if w.Started > 0 {
			ref += ":" + strconv.FormatInt(w.Seq, 10) // an earlier bank may have ended
		}
		w.mint(mint{kind: Bank, amount: amount, ref: ref, note: "from the month before"})
		return
	}
	bank.Amount += amount
	w.post(bank, move{op: "roll", from: boxIssue, to: boxAvailable, amount: amount, note: "from the month before"})
}

func (w *Wallet) mintDay(t Term) {
	if t.Daily == 0 {
		return
	}
	day := w.Clock.Truncate(24 * time.Hour)
	ref := "daily:" + day.Format(time.DateOnly)
	for _, g := range w.Grants {
		if g.Ref == ref {
			return
		}
	}
	w.mint(mint{kind: Daily, amount: t.Daily, ref: ref, note: "the day's tokens", expires: day.Add(24 * time.Hour)})
}

// mint is a grant to be made.
type mint struct {
	kind    GrantKind
	amount  token.Amount
	ref     string // unique in the wallet: the table refuses a second one
	note    string
	expires time.Time // zero = never
}

func (w *Wallet) mint(m mint) {
	if m.amount == 0 {
		return
	}
	g := &Grant{
		ID: id.New(), Ref: m.ref, Kind: m.kind, Amount: m.amount, Open: true, ExpiresAt: m.expires, CreatedAt: w.Clock,
	}
	w.Grants = append(w.Grants, g)
	w.post(g, move{op: "grant", from: boxIssue, to: boxAvailable, amount: m.amount, note: m.note})
	w.payOff(g)
}

func (w *Wallet) find(kind GrantKind) *Grant {
	for _, g := range w.Grants {
		if g.Kind == kind && g.Open {
			return g
		}
	}
	return nil
}

// RenewsAt says when the plan's next tokens arrive; zero when it brings none, or none that is paid for.
func (w *Wallet) RenewsAt(s Schedule) time.Time {
	if i := s.at(w.Clock); i+1 < len(s.Terms) {
		if next := s.Terms[i+1]; next.First > 0 && next.paid(next.From) {
			return next.From
		}
	}
	if begins, paid := s.month(w.Clock); paid {
		return begins
	}
	if s.At(w.Clock).Daily > 0 {
		return w.Clock.Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	return time.Time{}
}
