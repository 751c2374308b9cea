package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// planCmd changes what an account is on. Taking the money for it is the operator's matter.
type planCmd struct {
	storeFlags
	Action string        `arg:"" enum:"show,set,try,start,pay,upgrade,downgrade,cancel,resume,end" help:"show; set a plan by hand; try one; start a paid one; pay its next period; upgrade now; downgrade or cancel with the period; resume what was to end; end it now, because its money was given back."`
	Email  string        `help:"E-mail address of the account." required:""`
	Plan   string        `help:"Plan, for set, try, start, upgrade and downgrade."`
	Cycle  string        `help:"How a started plan is paid: month or year." enum:"month,year" default:"month"`
	For    time.Duration `help:"How long a trial lasts." default:"168h"`
	Tokens string        `help:"What a trial brings." default:"500"`
}

func (c *planCmd) Run(ctx context.Context) error {
	gift, err := token.Parse(c.Tokens)
	if err != nil {
		return err
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.change(ctx, a, gift), a.Close())
}

func (c *planCmd) change(ctx context.Context, a *app.App, gift token.Amount) error {
	acc, err := findAccount(ctx, a, c.Email)
	if err != nil {
		return err
	}
	if c.Action != "show" {
		if _, err := a.Plans.Change(ctx, acc.ID, c.decide(gift), a.Operator.ByShell(c.deed(acc.ID, gift))); err != nil {
			return err
		}
	}
	return c.show(ctx, a, acc.ID)
}

// deed is what the audit log says, with what of the flags the action asks for.
func (c *planCmd) deed(accountID string, gift token.Amount) audit.Line {
	d := details{}
	switch c.Action {
	case "set", "start", "upgrade", "downgrade", "try":
		d["plan"] = c.Plan
	}
	switch c.Action {
	case "start":
		d["cycle"] = c.Cycle
	case "try":
		d["amount_mt"], d["lasts_seconds"] = int64(gift), int64(c.For.Seconds())
	}
	return deed("plan."+c.Action, accountID, d)
}

func (c *planCmd) decide(gift token.Amount) plan.Decision {
	return func(now time.Time, s plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
		switch c.Action {
		case "set":
			return s.Put(now, c.Plan)
		case "try":
			return s.Try(now, c.Plan, c.For, gift)
		case "start":
			return s.Start(now, c.Plan, plan.Cycle(c.Cycle))
		case "pay":
			return s.Pay(now)
		case "upgrade":
			out, pr, err := s.Upgrade(now, c.Plan)
			if err == nil {
				fmt.Fprintf(os.Stderr, "%s tokens until %s, for %s\n", pr.Tokens, pr.Until.Format(time.DateOnly), pr.Money)
			}
			return out, err
		case "downgrade":
			return s.Downgrade(now, c.Plan)
		case "cancel":
			return s.Cancel(now)
		case "resume":
			return s.Resume(now)
		}
		out, err := s.EndNow(now)
		if err == nil {
			w.EndMonth("the payment was given back")
		}
		return out, err
	}
}

func (c *planCmd) show(ctx context.Context, a *app.App, accountID string) error {
	now, sub, err := a.Plans.Now(ctx, accountID)
	if err != nil {
		return err
	}
	b, err := a.Ledger.Balance(ctx, accountID)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "plan\t%s (%s)\nwallet\t%s available, %s held, %s frozen\n", now.Plan.Name, now.State, b.Available, b.Held, b.Frozen)
	for _, t := range sub.Terms {
		paidUntil := ""
		if !t.PaidUntil.IsZero() {
			paidUntil = "paid until " + t.PaidUntil.Format(time.RFC3339)
		}
		fmt.Fprintf(out, "from %s\t%s\t%s\n", t.From.Format(time.RFC3339), t.Plan, paidUntil)
	}
	return out.Flush()
}
