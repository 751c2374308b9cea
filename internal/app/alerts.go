package app

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/alert"
	"bottega/internal/event"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/team"
)

// openAlerts wires what tells people about their tokens.
func (a *App) openAlerts(ctx context.Context, sender *mail.Sender) error {
	secret, err := a.Auth.Secret(ctx, "alert-mails")
	if err != nil {
		return err
	}
	d := alert.Deps{
		DB: a.DB, Clock: a.Clock, Wallets: a.Ledger, Plans: a.Plans, Payments: a.Payments, Accounts: a.Accounts, Log: a.Log, PublicURL: a.PublicURL, Secret: secret,
	}
	if sender != nil { // a nil pointer in an interface is not nil
		d.Sender = sender
	}
	a.Alerts = alert.New(d)
	return nil
}

// post is how invitations to teams are mailed; sender is nil where no mail goes out.
func (a *App) post(sender *mail.Sender) team.Post {
	p := team.Post{PublicURL: a.PublicURL}
	if sender != nil {
		p.Sender = sender
	}
	return p
}

const (
	alertEvery    = time.Second
	alertTurn     = 5  // in every so many rounds,
	alertAccounts = 20 // so many are looked at without a reason: for what ends by itself, and what was missed
)

// watchAlerts looks at the accounts to which something happened, and at all others in turn, until ctx ends.
func (a *App) watchAlerts(ctx context.Context) {
	if !a.Alarms {
		return
	}
	round := alertRound{last: -1}
	var said string // the failure that is in the log already
	every(ctx, alertEvery, func() {
		err := a.lookForAlerts(ctx, &round)
		if err != nil && err.Error() != said && ctx.Err() == nil {
			a.Log.Error("looking for what people should be told failed; trying again", "error", err)
		}
		said = fmt.Sprint(err)
	})
}

// alertRound is how far the looking has come.
type alertRound struct {
	n      int
	last   int64  // number of the outbox; -1 = not known yet
	cursor string // account
}

// lookForAlerts makes one round. An account that cannot be looked at harms no other: its turn comes again.
func (a *App) lookForAlerts(ctx context.Context, r *alertRound) error {
	accounts, last, err := event.Since(ctx, a.DB, r.last)
	if err != nil {
		return err
	}
	r.last = last
	if r.n++; r.n%alertTurn == 1 {
		others, err := a.Accounts.IDsAfter(ctx, r.cursor, alertAccounts)
		if err != nil {
			return err
		}
		r.cursor = ""
		if len(others) == alertAccounts {
			r.cursor = others[len(others)-1]
		}
		accounts = append(accounts, others...)
	}
	var failed error
	for _, id := range accounts {
		told, err := a.lookAt(ctx, id)
		if err != nil && failed == nil {
			failed = fmt.Errorf("account %s: %w", id, err)
		}
		if told {
			a.Hub.Wake()
		}
	}
	return failed
}

// lookAt looks at an account and at the teams whose money it looks after; of a team, at those who do.
func (a *App) lookAt(ctx context.Context, id string) (told bool, err error) {
	look := func(accountID string, t *team.Team) error {
		if !t.Membership(accountID).May(access.ManagePlan) {
			return nil
		}
		news, err := a.Alerts.LookTeam(ctx, accountID, t.ID, t.Name)
		told = told || news
		return err
	}
	if teamID, ok := ledger.IsTeam(id); ok {
		t, err := a.Teams.Find(ctx, teamID)
		if err != nil {
			return false, err
		}
		for _, m := range t.Members {
			if err := look(m.AccountID, t); err != nil {
				return told, err
			}
		}
		return told, nil
	}
	if told, err = a.Alerts.Look(ctx, id); err != nil {
		return told, err
	}
	teams, err := a.Teams.List(ctx, access.Actor{AccountID: id})
	for _, t := range teams {
		if err := look(id, t); err != nil {
			return told, err
		}
	}
	return told, err
}

// sendMail hands the mails that are due to the SMTP server until ctx ends.
func (a *App) sendMail(ctx context.Context) {
	if !a.Alarms || !a.Alerts.CanMail() {
		return
	}
	every(ctx, 2*alertEvery, func() {
		if _, err := a.Alerts.Deliver(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("sending mail failed; trying again", "error", err)
		}
	})
}
