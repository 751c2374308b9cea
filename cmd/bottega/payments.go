package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/payment/stripe"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// payFlags say who takes payments, and what can be tried. Without a key nobody does.
type payFlags struct {
	StripeKey            string        `help:"Secret key of a Stripe account; without it the studio takes no payments. Better in the environment or the configuration file than here." placeholder:"KEY" name:"stripe-key"`
	StripeWebhookSecrets []string      `help:"Secrets that Stripe signs its messages with; two while one takes the place of the other." placeholder:"SECRET" name:"stripe-webhook-secrets"`
	StripeURL            string        `help:"Address of Stripe's API, for tests." placeholder:"URL" name:"stripe-url" hidden:""`
	Trial                time.Duration `help:"How long each account may try a plan, once; 0 = not at all." default:"0" name:"trial"`
	TrialTokens          string        `help:"What a trial brings." default:"500" name:"trial-tokens"`
}

// withPayments adds what the flags say to a configuration.
func (p payFlags) withPayments(cfg app.Config) (app.Config, error) {
	gift, err := token.Parse(p.TrialTokens)
	if err != nil || gift < 0 {
		return cfg, fmt.Errorf("--trial-tokens %q: want an amount of tokens", p.TrialTokens)
	}
	if p.Trial < 0 || p.Trial > 92*24*time.Hour {
		return cfg, fmt.Errorf("--trial %s: want 0 to 92 days", p.Trial)
	}
	cfg.Trial = plan.Trial{Lasts: p.Trial, Tokens: gift}
	if p.StripeKey == "" {
		if len(p.StripeWebhookSecrets) > 0 {
			return cfg, errors.New("--stripe-webhook-secrets without --stripe-key: nobody would take payments")
		}
		return cfg, nil
	}
	driver, err := stripe.New(stripe.Options{Key: p.StripeKey, WebhookSecrets: p.StripeWebhookSecrets, URL: p.StripeURL, Clock: clock.System{}})
	if err != nil {
		return cfg, err
	}
	cfg.Provider = driver
	return cfg, nil
}

// paymentsCmds look after payments.
type paymentsCmds struct {
	List      paymentsListCmd      `cmd:"" help:"The payments of an account or a team, newest first."`
	Refund    paymentsRefundCmd    `cmd:"" help:"Give money of a payment back; its share of the tokens goes, too."`
	Replay    paymentsReplayCmd    `cmd:"" help:"Take up again every message of the provider that was kept; safe at any time."`
	Reconcile paymentsReconcileCmd `cmd:"" help:"Compare payments and subscriptions with the provider; exit 1 and a list when they differ."`
}

type storePayFlags struct {
	storeFlags
	payFlags
}

func (f storePayFlags) open(ctx context.Context) (*app.App, error) {
	cfg, err := f.config()
	if err == nil {
		cfg, err = f.withPayments(cfg)
	}
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, cfg)
}

type paymentsListCmd struct {
	storePayFlags
	Email string `help:"E-mail address of the account." xor:"buyer" required:""`
	Team  string `help:"Id of a team, instead." xor:"buyer" required:""`
	Limit int    `help:"How many." default:"50"`
}

func (c *paymentsListCmd) Run(ctx context.Context) error {
	if c.Limit < 1 || c.Limit > 1000 {
		return fmt.Errorf("--limit %d: want 1 to 1000", c.Limit)
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.list(ctx, a), a.Close())
}

func (c *paymentsListCmd) list(ctx context.Context, a *app.App) error {
	buyer, err := c.buyer(ctx, a)
	if err != nil {
		return err
	}
	list, _, err := a.Payments.List(ctx, buyer, "", c.Limit)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, p := range list {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s of %s\tback %s\t%s\n", p.ID, p.CreatedAt.Format(time.RFC3339), p.Kind, what(p), p.State,
			p.Received, p.Amount, p.Refunded, p.Reason)
	}
	return out.Flush()
}

// buyer is whose payments they are.
func (c *paymentsListCmd) buyer(ctx context.Context, a *app.App) (string, error) {
	if c.Team == "" {
		acc, err := findAccount(ctx, a, c.Email)
		return acc.ID, err
	}
	t, err := teamFlags{Team: c.Team}.find(ctx, a)
	if err != nil {
		return "", err
	}
	return t.Wallet(), nil
}

func what(p payment.Payment) string {
	if p.Terms.Plan != "" {
		return p.Terms.Plan
	}
	return fmt.Sprintf("%s %s", p.Tokens, p.Of)
}

type paymentsRefundCmd struct {
	storePayFlags
	Payment string `help:"Id of the payment." required:""`
	Amount  string `help:"Dollars, with up to two decimals; left out: all that is left of it."`
}

func (c *paymentsRefundCmd) Run(ctx context.Context) error {
	amount, err := dollars(c.Amount)
	if err != nil {
		return err
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.refund(ctx, a, amount), a.Close())
}

// refund gives money back, all that is left where amount is 0.
func (c *paymentsRefundCmd) refund(ctx context.Context, a *app.App, amount plan.Money) error {
	p, err := a.Payments.Refund(ctx, c.Payment, amount, func(p payment.Payment, amount plan.Money) db.Also {
		line := audit.Line{Action: "payments.refund", Subject: p.ID, Details: details{"money": amount.String()}}
		if _, team := ledger.IsTeam(p.Buyer); !team {
			line.AccountID = p.Buyer
		}
		return a.Operator.ByShell(line)
	})
	if err == nil {
		fmt.Printf("%s: %s of %s were given back, it is %s\n", p.ID, p.Refunded, p.Received, p.State)
	}
	return err
}

// dollars reads an amount of money; empty is zero.
func dollars(s string) (plan.Money, error) {
	if s == "" {
		return 0, nil
	}
	_, frac, _ := strings.Cut(s, ".")
	thousandths, err := token.Parse(s) // thousandths of a dollar
	if err != nil || thousandths <= 0 || len(frac) > 2 {
		return 0, fmt.Errorf("--amount %q: want dollars with at most two decimals, more than 0", s)
	}
	return plan.Money(thousandths) * 1000, nil
}

// lookedBack is the audit line of what is many transactions, written before them.
func lookedBack(action string, since time.Time) audit.Line {
	return audit.Line{Action: action, Subject: "payments since " + since.UTC().Format(time.DateOnly)}
}

type paymentsReplayCmd struct {
	storePayFlags
	Since time.Duration `help:"How far to look back." default:"168h"`
}

func (c *paymentsReplayCmd) Run(ctx context.Context) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.replay(ctx, a), a.Close())
}

func (c *paymentsReplayCmd) replay(ctx context.Context, a *app.App) error {
	since := a.Clock.Now().Add(-c.Since)
	if err := a.Operator.NoteByShell(ctx, lookedBack("payments.replay", since)); err != nil {
		return err
	}
	n, err := a.Payments.Replay(ctx, since)
	if err == nil {
		fmt.Printf("%d messages were taken up again\n", n)
	}
	return err
}

type paymentsReconcileCmd struct {
	storePayFlags
	Since time.Duration `help:"How far to look back." default:"2160h"`
	Fix   bool          `help:"Put right what is safe: take up what was missed, give back what brings nothing, tell the provider how subscriptions should be."`
}

// errDiffers says that Reconcile found a difference that is still there.
var errDiffers = errors.New("payments and the provider differ")

func (c *paymentsReconcileCmd) Run(ctx context.Context) error {
	if c.Since <= 0 {
		return fmt.Errorf("--since %s: want a time back", c.Since)
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.reconcile(ctx, a), a.Close())
}

func (c *paymentsReconcileCmd) reconcile(ctx context.Context, a *app.App) error {
	found, left := 0, 0
	since := a.Clock.Now().Add(-c.Since)
	if c.Fix {
		if err := a.Operator.NoteByShell(ctx, lookedBack("payments.reconcile", since)); err != nil {
			return err
		}
	}
	err := a.Payments.Reconcile(ctx, since, c.Fix, func(d payment.Difference) {
		found++
		mark := "fixed"
		if !d.Fixed {
			left++
			mark = "open"
		}
		fmt.Printf("%s\t%s\t%s\t%s\n", mark, d.Kind, d.Subject, d.Text)
	})
	switch {
	case err != nil:
		return err
	case left > 0:
		return fmt.Errorf("%w: %d differences, %d put right", errDiffers, found, found-left)
	}
	fmt.Printf("no differences left, %d put right\n", found)
	return nil
}
