// Package alert tells people about their tokens before they run into something: on the page and, where they want it, by
// mail. It decides in a pure function what is to be said (Due), and promises that each thing is said once: a row with a
// unique name is there before anything is sent, and a mail that may have gone out is never sent again. What is counted
// it learns from the ledger and the plans, how mail travels it leaves to package mail.
package alert

import (
	"time"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Kind is what an alert is about.
type Kind string

// The kinds.
const (
	Pool     Kind = "pool"     // the month's tokens of a plan run low
	Daily    Kind = "daily"    // the day's tokens are used up
	Credits  Kind = "credits"  // API credits fall below what the account named
	Expiring Kind = "expiring" // tokens end soon
	Payment  Kind = "payment"  // a plan was not paid
)

// Kinds are all of them, in the order of the settings.
var Kinds = []Kind{Pool, Daily, Credits, Expiring, Payment}

// Way is how somebody wants to be told.
type Way string

// The ways. By mail includes the page.
const (
	Off    Way = "off"
	OnPage Way = "page"
	ByMail Way = "mail"
)

// Choice is how an account wants to be told of what.
type Choice struct {
	Ways         map[Kind]Way // what is left out has its default
	CreditsBelow token.Amount // 0 = not told about credits
}

// defaults: a free account uses its day's tokens up every day, which is worth a note on the page and no mail.
var defaults = map[Kind]Way{Pool: ByMail, Daily: OnPage, Credits: ByMail, Expiring: ByMail, Payment: ByMail}

// Way is how the account wants to be told of a kind.
func (c Choice) Way(k Kind) Way {
	if w, ok := c.Ways[k]; ok {
		return w
	}
	return defaults[k]
}

// Details are the facts of an alert, as they were. Those that its kind does not have are zero.
type Details struct {
	Plan    string           `json:"plan,omitempty"`    // title
	Layer   ledger.GrantKind `json:"layer,omitempty"`   // of what expires
	Percent int              `json:"percent,omitempty"` // at most this much of the month's tokens is left
	Amount  token.Amount     `json:"amount,omitempty"`  // of the whole month, the day, or what expires
	Left    token.Amount     `json:"left,omitempty"`
	Below   token.Amount     `json:"below,omitempty"`   // credits
	At      time.Time        `json:"at,omitzero"`       // when it ends, or was due
	Refused bool             `json:"refused,omitempty"` // a payment, and not only late
	Team    string           `json:"team,omitempty"`    // whose; empty = one's own
	TeamID  string           `json:"team_id,omitempty"`
}

// Alert is something somebody was told.
type Alert struct {
	ID        string
	AccountID string
	Kind      Kind
	Period    string // with the kind, what it is said once about
	Details   Details
	CreatedAt time.Time
}
