package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/operator"
	"bottega/internal/queue"
)

type queueDrainCmd struct {
	storeFlags
	Worker string `arg:"" help:"Name of the worker as show prints it, or its id."`
}

func (c *queueDrainCmd) Run(ctx context.Context) error { return drain(ctx, c, true) }

type queueUndrainCmd queueDrainCmd

func (c *queueUndrainCmd) Run(ctx context.Context) error {
	return drain(ctx, (*queueDrainCmd)(c), false)
}

func drain(ctx context.Context, c *queueDrainCmd, drained bool) error {
	return c.with(ctx, func(a *app.App) error {
		workers, err := queue.Workers(ctx, a.DB)
		if err != nil {
			return err
		}
		owner := c.Worker // what show prints: the machine's name, or the process's
		for _, w := range workers {
			if w.Name == c.Worker && !w.Gone(a.Clock.Now()) {
				if owner != c.Worker {
					return fmt.Errorf("several workers are called %s: name one of them by its id: %s, %s", c.Worker, owner, w.Owner)
				}
				owner = w.Owner
			}
		}
		return a.Operator.Drain(ctx, operator.Shell, owner, drained)
	})
}

type queueBoostCmd struct {
	storeFlags
	Email string        `help:"E-mail address of the account." required:""`
	Times float64       `help:"Times a usual part of the machine, 0.25 to 4; 1 is usual." required:""`
	For   time.Duration `help:"How long; 0 = until it is changed." default:"0"`
}

func (c *queueBoostCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		acc, err := findAccount(ctx, a, c.Email)
		if err != nil {
			return err
		}
		return a.Operator.SetRate(ctx, operator.Shell, acc.ID, c.Times, c.For)
	})
}

type queueStopCmd struct {
	storeFlags
	Email  string `help:"E-mail address of the account." required:""`
	Reason string `help:"Why, in one line; the owner of the account reads it." required:""`
}

func (c *queueStopCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		acc, err := findAccount(ctx, a, c.Email)
		if err != nil {
			return err
		}
		return a.Operator.Stop(ctx, operator.Shell, acc.ID, c.Reason)
	})
}

type queueLetGoCmd struct {
	storeFlags
	Email string `help:"E-mail address of the account." required:""`
}

func (c *queueLetGoCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		acc, err := findAccount(ctx, a, c.Email)
		if err != nil {
			return err
		}
		return a.Operator.Resume(ctx, operator.Shell, acc.ID)
	})
}

type queueCancelCmd struct {
	storeFlags
	ID     string `arg:"" help:"Id of the generation."`
	Reason string `help:"Why, in one line; the owner of the work reads it." required:""`
}

func (c *queueCancelCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return a.Operator.Cancel(ctx, operator.Shell, c.ID, c.Reason) })
}

type queueRetryCmd struct {
	storeFlags
	ID string `arg:"" help:"Id of the failed generation."`
}

func (c *queueRetryCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		id, err := a.Operator.Retry(ctx, operator.Shell, c.ID)
		if err == nil {
			fmt.Println(id)
		}
		return err
	})
}

type auditCmd struct {
	storeFlags
	Email string `help:"Only what was done to this account."`
	Limit int    `help:"How many lines." default:"50"`
}

func (c *auditCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.print(ctx, a) })
}

func (c *auditCmd) print(ctx context.Context, a *app.App) error {
	page := audit.Page{Limit: c.Limit}
	if c.Email != "" {
		acc, err := findAccount(ctx, a, c.Email)
		if err != nil {
			return err
		}
		page.AccountID = acc.ID
	}
	lines, _, err := a.Operator.Audit(ctx, operator.Shell, page)
	if err != nil {
		return err
	}
	var accounts []string
	for _, l := range lines {
		accounts = append(accounts, l.Actor, l.AccountID)
	}
	emails, err := a.Accounts.Emails(ctx, accounts)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "AT\tBY\tACTION\tTO\tREASON\tDETAILS\n")
	for _, l := range lines {
		by, to, details := "the shell", l.Subject, ""
		if l.Actor != "" {
			by = emails[l.Actor]
		}
		if l.Subject == l.AccountID && emails[l.AccountID] != "" {
			to = emails[l.AccountID]
		}
		if len(l.Details) > 0 {
			raw, err := json.Marshal(l.Details)
			if err != nil {
				return err
			}
			details = string(raw)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", l.At.Format(time.RFC3339), by, l.Action, to, l.Reason, details)
	}
	return out.Flush()
}
