package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"bottega/internal/app"
	"bottega/internal/db"
	"bottega/internal/operator"
	"bottega/internal/queue"
)

type queueCmds struct {
	Show   queueShowCmd   `cmd:"" default:"withargs" help:"Lanes, workers, and the accounts with the most waiting work."`
	Pause  queuePauseCmd  `cmd:"" help:"Let nothing of a lane start, on any server; what runs goes on."`
	Resume queueResumeCmd `cmd:"" help:"Let a lane go on."`

	Drain      queueDrainCmd   `cmd:"" help:"Let a worker finish what it runs and start nothing more; its name is what show prints."`
	Undrain    queueUndrainCmd `cmd:"" help:"Let a drained worker start work again."`
	Boost      queueBoostCmd   `cmd:"" help:"Give an account more or less of the machine than others get."`
	Stop       queueStopCmd    `cmd:"" help:"Let nothing of an account start, and tell its owner why; what runs goes on."`
	LetGo      queueLetGoCmd   `cmd:"" help:"Let a stopped account go on."`
	Cancel     queueCancelCmd  `cmd:"" help:"End somebody's open work and tell its owner why."`
	Retry      queueRetryCmd   `cmd:"" help:"Try what failed by our own fault once more, at no cost to its owner."`
	Quarantine quarantineCmds  `cmd:"" help:"Work that was put aside because worker processes died of it."`
}

type queueShowCmd struct {
	storeFlags
	Accounts int `help:"How many accounts are listed." default:"20"`
}

func (c *queueShowCmd) Run(ctx context.Context) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(printQueue(ctx, a, os.Stdout, max(1, c.Accounts)), a.Close())
}

type queuePauseCmd struct {
	storeFlags
	Lane string `arg:"" help:"fast, api or relaxed."`
}

func (c *queuePauseCmd) Run(ctx context.Context) error {
	return setLane(ctx, c.storeFlags, c.Lane, true)
}

type queueResumeCmd queuePauseCmd

func (c *queueResumeCmd) Run(ctx context.Context) error {
	return setLane(ctx, c.storeFlags, c.Lane, false)
}

func setLane(ctx context.Context, store storeFlags, lane string, paused bool) error {
	return store.with(ctx, func(a *app.App) error {
		if err := a.Operator.PauseLane(ctx, operator.Shell, lane, paused); err != nil {
			return err
		}
		word := "goes on"
		if paused {
			word = "is paused"
		}
		fmt.Fprintf(os.Stderr, "the %s lane %s; running servers follow within a second\n", lane, word)
		return nil
	})
}

// printQueue writes what an operator wants to know when somebody says that nothing moves.
func printQueue(ctx context.Context, a *app.App, to io.Writer, accounts int) error {
	lanes, err := queue.States(ctx, a.DB)
	if err != nil {
		return err
	}
	workers, err := queue.Workers(ctx, a.DB)
	if err != nil {
		return err
	}
	backlogs, err := queue.Backlogs(ctx, a.DB, accounts)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "LANE\tRUNNING\tNEXT\tWAITING\t\n")
	for _, l := range lanes {
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%s\n", l.Lane, l.Running, l.Admitted, l.Waiting, pausedWord(l.Paused))
	}
	fmt.Fprintf(out, "\nWORKER\tKIND\tSLOTS\tENGINES\tVERSION\tMODELS\tHEARD OF\t\n")
	for _, w := range workers {
		ago := a.Clock.Now().Sub(db.Time(w.SeenAt)).Round(time.Second)
		silent := ""
		switch {
		case w.Gone(a.Clock.Now()):
			silent = "silent: its slots do not count"
		case w.Drained:
			silent = fmt.Sprintf("drained: %d still run", w.Running)
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%s ago\t%s\n", cmp.Or(w.Name, w.Owner), w.Kind, w.Slots, strings.Join(w.Engines, ","),
			w.Version, strings.Join(w.Models, ","), ago, silent)
	}
	if len(workers) == 0 {
		fmt.Fprintf(out, "none: start `bottega serve`\t\t\t\t\t\t\t\n")
	}
	fmt.Fprintf(out, "\nACCOUNT\tRUNNING\tWAITING\t\n")
	for _, b := range backlogs {
		acc, err := a.Accounts.ByID(ctx, b.AccountID)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%s\n", acc.Email, b.Running, b.Waiting, standing(b))
	}
	if len(backlogs) == 0 {
		fmt.Fprintf(out, "none: nothing waits and nothing runs\t\t\t\n")
	}
	return out.Flush()
}

// standing says what is unusual about an account.
func standing(b queue.Backlog) string {
	var words []string
	if b.Stopped != "" {
		words = append(words, "stopped: "+b.Stopped)
	}
	if b.Rate != queue.Usual {
		words = append(words, fmt.Sprintf("%g times", float64(b.Rate)/queue.Usual))
	}
	if b.Paused {
		words = append(words, pausedWord(true))
	}
	return strings.Join(words, ", ")
}

func pausedWord(paused bool) string {
	if paused {
		return "paused"
	}
	return ""
}
