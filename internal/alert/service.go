package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"bottega/internal/account"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// Wallets tells what an account has: ledger.Service.
type Wallets interface {
	Balance(ctx context.Context, walletID string) (ledger.Balance, error)
}

// Plans tells how an account's plan stands: plan.Service.
type Plans interface {
	Now(ctx context.Context, accountID string) (plan.Standing, plan.Subscription, error)
}

// Payments tells when a renewal was refused: payment.Service.
type Payments interface {
	Refused(ctx context.Context, buyer string) (time.Time, error)
}

// Accounts tells where an account gets its mail: account.Store.
type Accounts interface {
	ByID(ctx context.Context, accountID string) (account.Account, error)
}

// Sender sends mail: mail.Sender.
type Sender interface {
	Send(ctx context.Context, m mail.Message, handing func(ctx context.Context) error) error
}

// Deps are what a Service is made of.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Wallets   Wallets
	Plans     Plans
	Payments  Payments
	Accounts  Accounts
	Sender    Sender // nil = no mail
	Log       *slog.Logger
	PublicURL string // for the links in mails; empty = none
	Secret    []byte // of the addresses that end mails
}

// Service keeps what was told, and tells it. It owns the tables alert and alert_choice.
type Service struct{ Deps }

// New returns a service on a migrated database.
func New(d Deps) *Service {
	d.PublicURL = strings.TrimRight(d.PublicURL, "/")
	return &Service{d}
}

// The faults of this package.
var (
	ErrNoAlert = fault.New(fault.NotFound, "alert_not_found", "there is no such alert")
	ErrNoToken = fault.New(fault.NotFound, "unsubscribe_unknown", "this link is not one of ours")
)

// Look finds out whether an account is to be told something, writes it down, and reports whether it was news. Call it
// whenever something happened to the account, and now and then, for what happens by itself.
func (s *Service) Look(ctx context.Context, accountID string) (told bool, err error) {
	facts, err := s.facts(ctx, accountID)
	if err == nil {
		facts.Credits, err = s.Wallets.Balance(ctx, ledger.CreditsOf(accountID))
	}
	if err != nil {
		return false, err
	}
	return s.tell(ctx, accountID, facts)
}

// LookTeam is Look at the pool and the plan of a team, for somebody who looks after its money.
func (s *Service) LookTeam(ctx context.Context, accountID, teamID, name string) (told bool, err error) {
	facts, err := s.facts(ctx, ledger.TeamOf(teamID))
	if err != nil {
		return false, err
	}
	facts.Team, facts.TeamID = name, teamID
	return s.tell(ctx, accountID, facts)
}

// tell writes down what an account is to be told.
func (s *Service) tell(ctx context.Context, accountID string, facts Facts) (told bool, err error) {
	choice, err := readChoice(ctx, s.DB, accountID)
	if err != nil {
		return false, err
	}
	before, err := readTold(ctx, s.DB, accountID)
	if err != nil {
		return false, err
	}
	due := Due(facts, choice, before)
	if len(due) == 0 {
		return false, nil
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		var events []event.Record
		for _, a := range due {
			a.ID, a.AccountID = id.New(), accountID
			fresh, err := insert(ctx, tx, a, s.Sender != nil && choice.Way(a.Kind) == ByMail)
			if err != nil {
				return err
			}
			if fresh { // another process may have been first
				events = append(events, event.Record{AccountID: accountID, Topic: event.TopicAlert, Subject: a.ID, At: a.CreatedAt})
			}
		}
		told = len(events) > 0
		return event.Append(ctx, tx, events)
	})
	return told && err == nil, err
}

// facts are how an account or a team stands, without API credits.
func (s *Service) facts(ctx context.Context, buyer string) (Facts, error) {
	f := Facts{Now: s.Clock.Now()}
	standing, _, err := s.Plans.Now(ctx, buyer)
	if err != nil {
		return f, err
	}
	f.Plan = standing.Plan.Title
	if standing.State == plan.PastDue {
		f.Unpaid = standing.Term.PaidUntil
		refused, err := s.Payments.Refused(ctx, buyer)
		if err != nil {
			return f, err
		}
		f.Refused = !refused.IsZero()
	}
	f.Tokens, err = s.Wallets.Balance(ctx, buyer)
	return f, err
}

// Shown lists what an account was told and has not dismissed, the newest first.
func (s *Service) Shown(ctx context.Context, accountID string) ([]Alert, error) {
	return readShown(ctx, s.DB, accountID, s.Clock.Now())
}

// Get returns one alert of an account, or ErrNoAlert.
func (s *Service) Get(ctx context.Context, accountID, alertID string) (Alert, error) {
	return readOne(ctx, s.DB, accountID, alertID)
}

// Dismiss stops showing an alert of an account.
func (s *Service) Dismiss(ctx context.Context, accountID, alertID string) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return dismiss(ctx, tx, accountID, alertID, s.Clock.Now()) })
}

// Choice is how an account wants to be told, with every kind in it.
func (s *Service) Choice(ctx context.Context, accountID string) (Choice, error) {
	c, err := readChoice(ctx, s.DB, accountID)
	full := Choice{Ways: map[Kind]Way{}, CreditsBelow: c.CreditsBelow}
	for _, k := range Kinds {
		full.Ways[k] = c.Way(k)
	}
	return full, err
}

// SetChoice changes how an account wants to be told. Kinds that are left out get their default.
func (s *Service) SetChoice(ctx context.Context, accountID string, c Choice) error {
	var wrong []fault.Field
	for k, w := range c.Ways {
		if !slices.Contains(Kinds, k) {
			wrong = append(wrong, fault.Field{Name: "ways." + string(k), Message: "is not known", Allowed: "pool, daily, credits, expiring, payment"})
		} else if w != Off && w != OnPage && w != ByMail {
			wrong = append(wrong, fault.Field{Name: "ways." + string(k), Value: string(w), Message: "is not a way", Allowed: "off, page, mail"})
		}
	}
	if c.CreditsBelow < 0 || c.CreditsBelow > token.Max {
		wrong = append(wrong, fault.Field{Name: "credits_below_mc", Value: int64(c.CreditsBelow), Message: "is out of range", Allowed: "0 to " + token.Max.String() + " credits"})
	}
	if wrong != nil {
		return fault.Bad(wrong...)
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return writeChoice(ctx, tx, accountID, c) })
}

// CanMail reports whether this installation sends mail.
func (s *Service) CanMail() bool { return s.Sender != nil }

// Unsubscribe ends all mail to the account that a token of ours names; the page goes on.
func (s *Service) Unsubscribe(ctx context.Context, token string) error {
	accountID, _, _ := strings.Cut(token, ".")
	if !id.Valid(accountID) || !hmac.Equal([]byte(token), []byte(s.token(accountID))) {
		return ErrNoToken
	}
	c, err := s.Choice(ctx, accountID)
	if err != nil {
		return err
	}
	for k, w := range c.Ways {
		if w == ByMail {
			c.Ways[k] = OnPage
		}
	}
	return s.SetChoice(ctx, accountID, c)
}

// token names an account in the address that ends its mail.
func (s *Service) token(accountID string) string {
	sum := hmac.New(sha256.New, s.Secret)
	_, _ = sum.Write([]byte("unsubscribe " + accountID)) // never fails
	return fmt.Sprintf("%s.%s", accountID, hex.EncodeToString(sum.Sum(nil)[:16]))
}

// unsubscribeURL is the address that ends an account's mail; empty when nobody knows what we are called outside.
func (s *Service) unsubscribeURL(accountID string) string {
	if s.PublicURL == "" {
		return ""
	}
	return s.PublicURL + "/unsubscribe?token=" + s.token(accountID)
}

// shownFor is how long an alert is shown that nobody dismisses.
const shownFor = 30 * 24 * time.Hour
