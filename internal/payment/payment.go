// Package payment keeps the money side of plans and packs: what was asked, what arrived, what was given back. Decisions are
// pure (Settle, TopUpRule.Decide, Price); the Service keeps its tables and speaks to a Provider, such as Stripe, or works
// without one. It promises that each payment brings its tokens once, in whatever order and however often the provider
// tells of it, and that no network is used inside a transaction. Plans are left to plan, tokens to the ledger.
package payment

import (
	"time"

	"bottega/internal/fault"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Currency is what all prices are in.
const Currency = "usd"

// Kind is what a payment is for.
type Kind string

// The kinds.
const (
	Pack    Kind = "pack"    // tokens or credits bought once
	TopUp   Kind = "topup"   // the same, by itself
	Start   Kind = "start"   // the first period of a plan
	Upgrade Kind = "upgrade" // the difference to a larger plan
	Renewal Kind = "renewal" // a later period of a plan
)

// State is how a payment stands.
type State string

// The states.
const (
	Open        State = "open"        // asked for, nothing arrived
	Failed      State = "failed"      // declined, given up or over; it may still be paid
	Paid        State = "paid"        // and what it is for has arrived
	Stuck       State = "stuck"       // paid, but what it is for cannot be given: the money goes back
	Refunded    State = "refunded"    // all of it was given back
	Disputed    State = "disputed"    // the bank asks for it back
	ChargedBack State = "chargedback" // and got it
)

// Payment is one payment, from the wish to pay it.
type Payment struct {
	ID        string
	Buyer     string // an account, by its id, or a team, by its wallet
	Kind      Kind
	Of        plan.Unit
	Amount    plan.Money   // asked
	Received  plan.Money   // arrived
	Refunded  plan.Money   // given back of it
	Tokens    token.Amount // it brings; of a plan those of its first month
	Taken     token.Amount // of them, that went back with refunds
	Claimed   token.Amount // of them, that went back or are owed because of a dispute
	Brought   bool         // what it is for has arrived, once
	Dispute   Dispute      // the furthest stage
	Terms     Terms
	State     State
	Reason    string // why it failed or is stuck: a code
	Provider  string // empty = none
	Checkout  string // the provider's names for it
	Charge    string
	Receipt   string // address of the provider's receipt or invoice
	CreatedAt time.Time
	PaidAt    time.Time
}

// Terms are the details of what a payment is for.
type Terms struct {
	Plan      string     `json:"plan,omitempty"`
	Cycle     plan.Cycle `json:"cycle,omitempty"`
	Seats     int        `json:"seats,omitempty"`      // of a team, that the plan is for
	From      string     `json:"from,omitempty"`       // plan before an upgrade
	FromSeats int        `json:"from_seats,omitempty"` // and its seats
	Until     time.Time  `json:"until,omitzero"`       // end of the period that is paid for
	Anchor    time.Time  `json:"anchor,omitzero"`      // of the plan's terms: it tells them from those of a plan that is begun anew
	Pack      string     `json:"pack,omitempty"`       // empty = an amount of one's own
	Stray     bool       `json:"stray,omitempty"`      // a renewal by a subscription that is to end
	GrantRef  string     `json:"grant,omitempty"`      // of what it brought, in the ledger; empty = nothing of its own

	Owed token.Amount `json:"owed,omitempty"` // what became a debt when the bank asked for it, less what was forgiven since
}

// ref names the grant of a pack in the ledger.
func (p Payment) ref() string { return "pay:" + p.ID }

// wonRef names the grant of what a bank had claimed and let stand.
func (p Payment) wonRef() string { return p.ref() + ":won" }

// Wallet is the wallet that the payment fills.
func (p Payment) Wallet() string { return p.Of.Wallet(p.Buyer) }

// The faults of this package.
var (
	ErrOff = fault.New(fault.Conflict, "payments_off",
		"this studio takes no payments: ask whoever runs it, or redeem a code")
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "no such payment")
	ErrPriceChanged = fault.New(fault.Conflict, "offer_over",
		"the price or the plan has changed since it was shown: look at it again")
	ErrNotPaid = fault.New(fault.Conflict, "not_paid", "this payment was not made, so nothing can be given back")
	ErrOutside = fault.New(fault.Conflict, "paid_outside", "this was paid by transfer, not by card: the payment provider cannot give it back. "+
		"Send the money back the way it came, and end the plan with `bottega admin plan end`, or `bottega admin team plan end`")
	ErrUnderWay = fault.New(fault.Conflict, "payment_under_way", "a payment for a change of the plan is under way: wait until it has ended")
	ErrNoMethod = fault.New(fault.Conflict, "no_payment_method", "no card is on file: buy something once, or add one on the billing page")
)
