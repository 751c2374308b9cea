// Package ledger keeps tokens: wallets made of grants, holds for accepted work, and an append-only journal from which
// every balance can be computed again. Decisions are pure functions on a loaded Wallet; the store reads and writes many
// wallets in one transaction. It promises that no token is created, lost or spent twice, and that a hold ends once. Who
// may spend, and what things cost, it leaves to others.
package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// GrantKind is a layer of a wallet. Layers are spent in the order of this list; inside one, what expires first.
type GrantKind string

// The layers.
const (
	Promo GrantKind = "promo" // gifts that expire
	Daily GrantKind = "daily" // the day's tokens of the free plan
	Team  GrantKind = "team"  // given by a team, usually until the end of a period
	Plan  GrantKind = "plan"  // the month's tokens of a plan
	Bank  GrantKind = "bank"  // kept from earlier months, up to a cap
	TopUp GrantKind = "topup" // bought or given, never expires
)

var spendingOrder = []GrantKind{Promo, Daily, Team, Plan, Bank, TopUp}

// box is a compartment of a grant. Every journal entry moves an amount between two boxes of one grant, so what was
// issued always equals the sum over the boxes.
type box string

const (
	boxIssue     box = "issue"
	boxAvailable box = "available"
	boxHeld      box = "held"
	boxSpent     box = "spent"
	boxExpired   box = "expired"
	boxMoved     box = "moved" // into the bank, or to pay off a debt
)

// Grant is an amount of tokens that came in together. Amount = Remaining + Held + Spent + Expired + Moved + Owed, always.
type Grant struct {
	ID, Ref   string
	Kind      GrantKind
	Amount    token.Amount
	Remaining token.Amount
	Held      token.Amount
	Spent     token.Amount
	Expired   token.Amount
	Moved     token.Amount
	Owed      token.Amount // of a Debt
	Due       token.Amount // of Held: its payment was given back, so it goes too, or is owed
	Open      bool         // not yet expired or rolled
	ExpiresAt time.Time    // zero = never
	CreatedAt time.Time
}

// Wallet is a loaded wallet: its open grants, the closed ones its loaded holds point to, and what an operation changed.
type Wallet struct {
	ID        string
	Available token.Amount
	Held      token.Amount
	Seq       int64
	Clock     time.Time // never goes back, even when the machine's clock does
	HeadHash  string
	Grants    []*Grant
	Schedule  int64 // version of the newest schedule that was followed
	Started   int   // number of the newest term that has begun; -1 = none

	bankCap token.Amount // of the term in force, since Advance; 0 = the bank is frozen
	changed bool         // Schedule or Started, since loading
	entries []Entry      // new since loading
	touched map[*Grant]bool
	holds   map[string]*Hold // new or changed since loading
}

// Entry is one line of the journal.
type Entry struct {
	WalletID string
	Seq      int64
	GrantID  string
	HoldID   string
	Op       string
	From, To box
	Amount   token.Amount
	Note     string
	Sheet    int // version of the price sheet behind the amount; 0 = no price
	At       time.Time
	Hash     string
}

// Leg is the part of a hold that came from one grant.
type Leg struct {
	Grant  string       `json:"grant"`
	Amount token.Amount `json:"amount"`
}

// Hold is an amount set aside for one accepted generation. It ends once, captured or released.
type Hold struct {
	ID        string // the generation's id
	WalletID  string
	Amount    token.Amount
	Captured  token.Amount
	State     string // held | eased | captured | released
	Legs      []Leg  // in spending order
	CreatedAt time.Time
	EndedAt   time.Time

	SheetVersion int    // of the price sheet that Amount came from
	Model        string // what it pays for; empty = not known
}

// The states of a hold.
const (
	HoldOpen     = "held"
	HoldEased    = "eased" // open, and all of it was given back: its work goes on without tokens
	HoldCaptured = "captured"
	HoldReleased = "released"
)

// ErrInsufficient is the fault of a hold larger than what is available. See Insufficient for its details.
var ErrInsufficient = fault.New(fault.Insufficient, "insufficient_tokens", "not enough tokens")

// ErrGrantTwice is the fault of a grant whose reference was used before: nothing was granted again.
var ErrGrantTwice = fault.New(fault.Conflict, "already_granted", "this grant was already made")

// CreditsOf names the wallet of an account's API credits. It has no plan: what comes in was bought or given.
func CreditsOf(accountID string) string { return creditsPrefix + accountID }

// IsCredits reports whether a wallet holds API credits, and of which account.
func IsCredits(walletID string) (accountID string, ok bool) {
	return strings.CutPrefix(walletID, creditsPrefix)
}

// TeamOf names the wallet of a team.
func TeamOf(teamID string) string { return teamPrefix + teamID }

// IsTeam reports whether a wallet is a team's, and of which.
func IsTeam(walletID string) (teamID string, ok bool) { return strings.CutPrefix(walletID, teamPrefix) }

const (
	creditsPrefix = "credits:"
	teamPrefix    = "team:"
)

// ErrInsufficient of a wallet of API credits, and of a team's.
var (
	ErrNoCredits   = fault.New(fault.Insufficient, "insufficient_credits", "not enough API credits")
	ErrPoolIsEmpty = fault.New(fault.Insufficient, "insufficient_team_tokens", "the team has not enough tokens")
)

func (w *Wallet) insufficient(price, available token.Amount) *fault.Error {
	unit, code := "tokens", ErrInsufficient.Code
	if _, ok := IsCredits(w.ID); ok {
		unit, code = "API credits", ErrNoCredits.Code
	}
	if _, ok := IsTeam(w.ID); ok {
		unit, code = "tokens of the team", ErrPoolIsEmpty.Code
	}
	f := fault.New(fault.Insufficient, code, fmt.Sprintf(
		"this costs %s %s and %s are left: %s are missing", price, unit, available, price-available))
	f.Details = map[string]any{
		"price_mt": int64(price), "available_mt": int64(available), "missing_mt": int64(price - available),
	}
	return f
}

// move is one movement between two boxes of a grant.
type move struct {
	op       string
	from, to box
	amount   token.Amount
	hold     *Hold // nil when none is involved
	note     string
}

// post makes a movement and writes it down. Nothing is nothing to write.
func (w *Wallet) post(g *Grant, m move) {
	if m.amount == 0 {
		return
	}
	if m.amount < 0 {
		panic("ledger: negative amount in a journal entry")
	}
	g.add(m.from, -m.amount)
	g.add(m.to, m.amount)
	w.add(m.from, -m.amount)
	w.add(m.to, m.amount)
	w.Seq++
	e := Entry{
		WalletID: w.ID, Seq: w.Seq, GrantID: g.ID, Op: m.op, From: m.from, To: m.to, Amount: m.amount, Note: m.note, At: w.Clock,
	}
	if m.hold != nil {
		e.HoldID, e.Sheet = m.hold.ID, m.hold.SheetVersion
	}
	e.Hash = e.hash(w.HeadHash)
	w.HeadHash = e.Hash
	w.entries = append(w.entries, e)
	w.touch(g)
}

func (w *Wallet) touch(g *Grant) {
	if w.touched == nil {
		w.touched = map[*Grant]bool{}
	}
	w.touched[g] = true
}

func (w *Wallet) add(b box, amount token.Amount) {
	switch b {
	case boxAvailable:
		w.Available += amount
	case boxHeld:
		w.Held += amount
	}
}

func (g *Grant) add(b box, amount token.Amount) {
	switch b {
	case boxAvailable:
		g.Remaining += amount
	case boxHeld:
		g.Held += amount
	case boxSpent:
		g.Spent += amount
	case boxExpired:
		g.Expired += amount
	case boxMoved:
		g.Moved += amount
	case boxOwed:
		g.Owed += amount
	}
}

// hash chains an entry to the one before it: SHA-256 over the previous hash and every column, each with its length. A
// line without a sheet is hashed without it, as lines were before they had one.
func (e *Entry) hash(previous string) string {
	b := make([]byte, 0, 512)
	part := func(s string) {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
	}
	number := func(n int64) { part(strconv.FormatInt(n, 10)) }
	part(previous)
	part(e.WalletID)
	number(e.Seq)
	part(e.GrantID)
	part(e.HoldID)
	part(e.Op)
	part(string(e.From))
	part(string(e.To))
	number(int64(e.Amount))
	part(e.Note)
	number(e.At.UnixMicro())
	if e.Sheet != 0 {
		number(int64(e.Sheet))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Spendable is what a hold could take: all that is available but a frozen bank.
func (w *Wallet) Spendable() token.Amount {
	if w.bankCap > 0 {
		return w.Available
	}
	sum := w.Available
	for _, g := range w.Grants {
		if g.Open && g.Kind == Bank {
			sum -= g.Remaining
		}
	}
	return sum
}

// spendable lists the open grants with something left, in spending order: layer, earliest expiry, oldest, id.
func (w *Wallet) spendable() []*Grant {
	var gs []*Grant
	for _, g := range w.Grants {
		if g.Open && g.Remaining > 0 && (g.Kind != Bank || w.bankCap > 0) {
			gs = append(gs, g)
		}
	}
	slices.SortFunc(gs, func(a, b *Grant) int {
		return cmp.Or(
			cmp.Compare(slices.Index(spendingOrder, a.Kind), slices.Index(spendingOrder, b.Kind)),
			compareExpiry(a.ExpiresAt, b.ExpiresAt),
			a.CreatedAt.Compare(b.CreatedAt),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return gs
}

func compareExpiry(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

func (w *Wallet) grant(id string) *Grant {
	i := slices.IndexFunc(w.Grants, func(g *Grant) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return w.Grants[i]
}
