package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"bottega/internal/app"
	"bottega/internal/generation"
)

type quarantineCmds struct {
	List quarantineListCmd `cmd:"" default:"withargs" help:"The newest generations that were put aside because worker processes died of them."`
	Show quarantineShowCmd `cmd:"" help:"What is known about each death: when, exit status, last lines on standard error."`
}

type quarantineListCmd struct {
	storeFlags
	Most int `help:"How many are listed." default:"50"`
}

func (c *quarantineListCmd) Run(ctx context.Context) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(printQuarantine(ctx, a, os.Stdout, max(1, c.Most)), a.Close())
}

func printQuarantine(ctx context.Context, a *app.App, to io.Writer, most int) error {
	list, err := a.Generations.ListQuarantined(ctx, most)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(to, "nothing was put aside")
		return err
	}
	out := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "GENERATION\tENDED\tACCOUNT\tMODEL\tDEATHS\tLAST ONE\n")
	for _, q := range list {
		acc, err := a.Accounts.ByID(ctx, q.AccountID)
		if err != nil {
			return err
		}
		last := "forgotten"
		if n := len(q.Deaths); n > 0 {
			last = q.Deaths[n-1].How
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\n", q.ID, q.FinishedAt.Format(time.DateTime), acc.Email, q.Model, len(q.Deaths), last)
	}
	return out.Flush()
}

type quarantineShowCmd struct {
	storeFlags
	ID      string `arg:"" help:"The generation's id."`
	Request bool   `help:"Print what was asked for, too: it is private, and has the prompt in it."`
}

func (c *quarantineShowCmd) Run(ctx context.Context) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	q, err := a.Generations.ShowQuarantined(ctx, c.ID)
	if errors.Is(err, generation.ErrNotFound) {
		err = fmt.Errorf("no generation %s was put aside", c.ID)
	}
	if err == nil {
		err = printDeaths(os.Stdout, q, c.Request)
	}
	return errors.Join(err, a.Close())
}

func printDeaths(to io.Writer, q generation.Quarantined, request bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "generation %s of account %s: %s with %s, submitted %s, put aside %s\n",
		q.ID, q.AccountID, q.Kind, q.Model, q.CreatedAt.Format(time.RFC3339), q.FinishedAt.Format(time.RFC3339))
	for _, d := range q.Deaths {
		fmt.Fprintf(&b, "\nattempt %d: started %s, died %s (%s later) in process %s with engine %s\n", d.Attempt,
			d.StartedAt.Format(time.RFC3339Nano), d.EndedAt.Format(time.RFC3339Nano), d.EndedAt.Sub(d.StartedAt).Round(time.Millisecond), d.Owner, d.Engine)
		fmt.Fprintf(&b, "  how: %s\n  beside it: %d\n", d.How, d.Beside)
		if d.RequestID != "" {
			fmt.Fprintf(&b, "  request: %s\n", d.RequestID)
		}
		for line := range strings.Lines(d.Said) {
			fmt.Fprintf(&b, "  | %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if request {
		fmt.Fprintf(&b, "\nrequest: %s\n", q.Params)
	}
	_, err := io.WriteString(to, b.String())
	return err
}
