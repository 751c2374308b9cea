package payment

import (
	"math/bits"
	"time"

	"bottega/internal/plan"
	"bottega/internal/token"
)

// Status is what a provider says of a payment.
type Status string

// The statuses.
const (
	Pending   Status = "pending"
	Succeeded Status = "succeeded"
	Declined  Status = "declined" // or given up, or over
)

// Dispute is how a bank's question about a payment stands.
type Dispute string

// The stages of a dispute.
const (
	NoDispute   Dispute = ""
	DisputeOpen Dispute = "open"
	DisputeWon  Dispute = "won"
	DisputeLost Dispute = "lost"
)

// Seen is a payment as the provider has it now. It is always looked up, never taken from a message: messages come late,
// twice and out of order, the object is as it is.
type Seen struct {
	PaymentID    string // ours, that the provider was told; empty = a renewal
	Checkout     string
	Charge       string
	Subscription string
	Customer     string
	Receipt      string
	Status       Status
	Amount       plan.Money
	Currency     string
	Refunded     plan.Money // of it, in all
	Dispute      Dispute
	Failure      string // a code
	At           time.Time
}

// Effect is what has to happen in the ledger because of what was seen.
type Effect string

// The effects.
const (
	Bring     Effect = "bring"      // what was paid for arrives
	TakeBack  Effect = "take back"  // Change.Tokens of what it brought, as far as they are there
	EndPlan   Effect = "end"        // the plan, with the rest of its month; or the upgrade
	ClaimBack Effect = "claim back" // all it brought: what is spent becomes a debt
	BringBack Effect = "bring back" // what was claimed: the dispute was won
	Forgive   Effect = "forgive"    // what is owed of a claim, down to Change.Tokens: the money went back after all
)

// Change is an effect with its amount.
type Change struct {
	Effect Effect
	Tokens token.Amount
}

// Settle folds what the provider says into a payment: what it is then, and what has to happen, in order. The same seen
// twice changes nothing the second time; whatever was missed in between makes no difference to where it ends, what is there
// and what is owed; what is older than what is known already changes nothing. One thing does depend on what was heard: a plan
// ends when a bank asks for its payment, and goes on when that was never heard before it was settled.
func Settle(p Payment, s Seen) (Payment, []Change) {
	if p.Received > 0 && s.Charge != p.Charge {
		return p, nil // another try of the same payment, that was given up; or a second payment of it, which Reconcile lists
	}
	p.Checkout, p.Charge, p.Receipt = other(s.Checkout, p.Checkout), other(s.Charge, p.Charge), other(s.Receipt, p.Receipt)
	if s.Status == Declined && p.State == Open {
		p.State, p.Reason = Failed, other(s.Failure, "declined")
	}
	if s.Status != Succeeded || s.Amount <= 0 {
		return p, nil
	}
	if p.Received == 0 {
		p.Received, p.PaidAt = s.Amount, s.At
	}
	p.Refunded = max(p.Refunded, min(s.Refunded, p.Received))
	if stage(s.Dispute) <= stage(p.Dispute) {
		s.Dispute = p.Dispute
	}
	if p.Brought {
		return p.afterwards(s, nil)
	}
	p.Dispute = s.Dispute
	switch {
	case p.Refunded == p.Received:
		p.State = Refunded // given back before it brought anything
	case s.Dispute == DisputeLost:
		p.State = ChargedBack // one that was stuck, too: nothing of it is left to give back
	case p.State == Stuck:
	case s.Currency != Currency || s.Amount < p.Amount:
		p.State, p.Reason = Stuck, "amount_differs"
	case s.Dispute == DisputeOpen:
		p.State = Disputed // it brings nothing before the bank has decided
	default:
		p.State, p.Reason, p.Brought = Paid, "", true
		return p.afterwards(s, []Change{{Bring, p.Tokens}})
	}
	return p, nil
}

// afterwards says what refunds and disputes do to a payment that has brought what it is for.
func (p Payment) afterwards(s Seen, do []Change) (Payment, []Change) {
	do = p.refund(do)
	before := p.Dispute
	p.Dispute = s.Dispute
	switch {
	case p.State == Paid && (s.Dispute == DisputeOpen || s.Dispute == DisputeLost):
		p.State = Disputed
		p.Claimed = p.Tokens - p.Taken
		do = append(do, Change{ClaimBack, p.Claimed})
	case p.State == Disputed && s.Dispute == DisputeWon && before != DisputeWon:
		p.State = Paid
		do = append(do, Change{BringBack, p.Claimed})
		p.Claimed = 0
	}
	if p.State == Disputed && s.Dispute == DisputeLost {
		p.State = ChargedBack
	}
	return p, do
}

// refund says what goes back: the share of the tokens that the money given back has of the whole, rounded down. A plan ends
// with the whole of its payment and not before. What a bank has claimed already is not taken twice: the share is forgiven.
func (p *Payment) refund(do []Change) []Change {
	if p.Refunded == 0 || p.State == Refunded {
		return do
	}
	claimed, all := p.State != Paid, p.Refunded == p.Received
	if p.Kind != Start && p.Kind != Renewal {
		if more := portion(p.Tokens, p.Refunded, p.Received) - p.Taken; more > 0 {
			p.Taken += more
			if claimed {
				p.Claimed = max(0, p.Claimed-more)
				do = append(do, Change{Forgive, p.Claimed})
			} else {
				do = append(do, Change{TakeBack, more})
			}
		}
	} else if claimed && all {
		do = append(do, Change{Effect: Forgive})
	}
	if all {
		p.State = Refunded // whatever the bank decides
		if !claimed && p.Kind != Pack && p.Kind != TopUp {
			do = append(do, Change{Effect: EndPlan})
		}
	}
	return do
}

// stage orders what a bank says: it goes one way.
func stage(d Dispute) int {
	switch d {
	case DisputeOpen:
		return 1
	case DisputeWon, DisputeLost:
		return 2
	}
	return 0
}

// portion is whole × part ÷ of, rounded down, in 128 bits.
func portion(whole token.Amount, part, of plan.Money) token.Amount {
	hi, lo := bits.Mul64(uint64(whole), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(of)) // part ≤ of, so it fits
	return token.Amount(q)
}

func other(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
