package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/auth"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

type adminCmd struct {
	User struct {
		Create userCreateCmd `cmd:"" help:"Make an account."`
	} `cmd:"" help:"Accounts."`
	Key struct {
		Create keyCreateCmd `cmd:"" help:"Make an API key and print it alone on standard output."`
	} `cmd:"" help:"API keys."`
	Tokens struct {
		Grant tokensGrantCmd `cmd:"" help:"Give tokens."`
	} `cmd:"" help:"Tokens."`
	Credits struct {
		Grant creditsGrantCmd `cmd:"" help:"Give API credits."`
	} `cmd:"" help:"API credits."`
	Code struct {
		Create codeCreateCmd `cmd:"" help:"Make codes that people redeem for tokens, and print them, one a line."`
	} `cmd:"" help:"Codes."`
	Team     teamCmds     `cmd:"" help:"Teams: their plans, seats, tokens and members."`
	Plan     planCmd      `cmd:"" help:"What an account is on."`
	Payments paymentsCmds `cmd:"" help:"Payments."`
	Pricing  pricingCmds  `cmd:"" help:"Prices."`
	Queue    queueCmds    `cmd:"" help:"The line of waiting work."`
	Audit    auditCmd     `cmd:"" help:"What operators did, newest first."`
	Worker   workerCmds   `cmd:"" help:"Tokens of workers that reach this studio over HTTP."`
	Ledger   struct {
		Verify ledgerVerifyCmd `cmd:"" help:"Compute every balance again from the journal; exit 1 and a list when one differs."`
	} `cmd:"" help:"The ledger."`
	Storage storageCmd `cmd:"" help:"The accounts that keep most."`
	Migrate migrateCmd `cmd:"" set:"log_level=warn" help:"Move an installation from SQLite to PostgreSQL, and its pictures to another store."`
}

// open opens an installation for asking and writing, without engines: nothing runs here.
func (s storeFlags) open(ctx context.Context) (*app.App, error) {
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, cfg)
}

// with opens the installation for one piece of work.
func (s storeFlags) with(ctx context.Context, f func(a *app.App) error) error {
	a, err := s.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.Close())
}

// findAccount finds an account by e-mail address.
func findAccount(ctx context.Context, a *app.App, email string) (account.Account, error) {
	acc, err := a.Accounts.ByEmail(ctx, email)
	if errors.Is(err, account.ErrUnknown) {
		return account.Account{}, fmt.Errorf("there is no account %s; make it with `bottega admin user create`", email)
	}
	return acc, err
}

type userCreateCmd struct {
	storeFlags
	Email    string `help:"E-mail address." required:""`
	Password string `help:"Password, at least 10 characters." required:""`
	Plan     string `help:"Plan: free, apprentice, artisan, maestro or operator." default:"free"`
}

func (c *userCreateCmd) Run(ctx context.Context) error {
	if p, ok := plan.FindOf(plan.Tokens, c.Plan); !ok || p.MinSeats > 0 {
		return fault.Bad(fault.Field{Name: "--plan", Value: c.Plan, Message: "is not a plan", Allowed: fmt.Sprint(plan.Names())})
	}
	return c.with(ctx, func(a *app.App) error {
		made, err := a.Accounts.Prepare(ctx, account.New{Email: c.Email, Password: c.Password, Role: access.RoleUser, Plan: c.Plan})
		if err != nil {
			return err
		}
		acc := made.Account()
		err = a.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := a.Accounts.Insert(ctx, tx, made); err != nil {
				return err
			}
			return a.Operator.ByShell(deed("account.create", acc.ID, details{"plan": acc.Plan}))(ctx, tx)
		})
		if err == nil {
			fmt.Fprintf(os.Stderr, "made the account %s on the plan %s\n", acc.Email, acc.Plan)
		}
		return err
	})
}

type keyCreateCmd struct {
	storeFlags
	Email string        `help:"E-mail address of the account." required:""`
	Name  string        `help:"Name to recognise the key by." default:"command line"`
	For   time.Duration `help:"How long it works; 0 = until it is revoked." default:"0"`

	Credits bool   `help:"It pays with the account's API credits, not with its tokens." xor:"wallet"`
	Team    string `help:"Id of the team whose tokens it pays with; the account must own it or be an admin of it." placeholder:"ID" xor:"wallet"`
	Budget  string `help:"Most that it may use in a UTC month; 0 = no bound." default:"0"`
}

func (c *keyCreateCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.create(ctx, a) })
}

func (c *keyCreateCmd) create(ctx context.Context, a *app.App) error {
	acc, err := findAccount(ctx, a, c.Email)
	if err != nil {
		return err
	}
	var expires time.Time
	if c.For > 0 {
		expires = a.Clock.Now().Add(c.For)
	}
	budget, err := token.Parse(c.Budget)
	if err != nil {
		return err
	}
	if c.Team != "" {
		if _, err := a.Teams.Get(ctx, access.Actor{AccountID: acc.ID}, c.Team, access.SpendByKey); err != nil {
			return err
		}
	}
	terms := auth.KeyTerms{Team: c.Team, Credits: c.Credits, Budget: budget}
	key, _, err := a.Auth.CreateKeyAnd(ctx, acc.ID, c.Name, expires, terms, func(k auth.KeyInfo) db.Also {
		return a.Operator.ByShell(deed("key.create", acc.ID, details{
			"key": k.ID, "name": k.Name, "pays_with": terms.PaysWith(), "budget_mt": int64(budget), "lasts_seconds": int64(c.For.Seconds()),
		}))
	})
	if err != nil {
		return err
	}
	fmt.Println(key)
	return nil
}

// creditsGrantCmd is tokensGrantCmd for the wallet of API credits.
type creditsGrantCmd struct{ tokensGrantCmd }

func (c *creditsGrantCmd) Run(ctx context.Context) error {
	c.unit = "API credits"
	return c.tokensGrantCmd.Run(ctx)
}

// grantFlags are what the operator gives to a wallet, by hand.
type grantFlags struct {
	Amount  string        `help:"How many, with up to three decimals." required:""`
	Note    string        `help:"Reason, shown in the journal." default:"given by the operator"`
	Ref     string        `help:"A reference of your own: the same one grants once."`
	Expires time.Duration `help:"How long they last; 0 = for good. What expires is spent first." default:"0"`
}

// request is the grant of the flags; one that expires is of the kind.
func (f grantFlags) request(now time.Time, expiring ledger.GrantKind) (ledger.GrantRequest, error) {
	amount, err := token.Parse(f.Amount)
	ref := f.Ref
	if ref == "" {
		ref = id.New()
	}
	r := ledger.GrantRequest{Kind: ledger.TopUp, Amount: amount, Ref: "admin:" + ref, Note: f.Note}
	if f.Expires != 0 {
		r.Kind, r.ExpiresAt = expiring, now.Add(f.Expires)
	}
	return r, err
}

type details = map[string]any

// deed is the audit line of what was done to an account.
func deed(action, accountID string, d details) audit.Line {
	return audit.Line{Action: action, Subject: accountID, AccountID: accountID, Details: d}
}

// granted is the audit line of a grant to a wallet.
func granted(action, subject string, r ledger.GrantRequest, lasts time.Duration) audit.Line {
	return audit.Line{Action: action, Subject: subject, Reason: r.Note, Details: details{
		"amount_mt": int64(r.Amount), "lasts_seconds": int64(lasts.Seconds()), "ref": r.Ref,
	}}
}

type tokensGrantCmd struct {
	storeFlags
	grantFlags
	Email string `help:"E-mail address of the account." required:""`

	unit string // empty = tokens
}

func (c *tokensGrantCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.grant(ctx, a) })
}

func (c *tokensGrantCmd) grant(ctx context.Context, a *app.App) error {
	r, err := c.request(a.Clock.Now(), ledger.Promo)
	if err != nil {
		return err
	}
	acc, err := findAccount(ctx, a, c.Email)
	if err != nil {
		return err
	}
	wallet, unit := acc.ID, "tokens"
	if c.unit != "" {
		wallet, unit = ledger.CreditsOf(acc.ID), c.unit
	}
	line := granted("tokens.grant", acc.ID, r, c.Expires)
	line.AccountID, line.Details["unit"] = acc.ID, string(plan.Tokens)
	if c.unit != "" {
		line.Details["unit"] = string(plan.Credits)
	}
	also := a.Operator.ByShell(line)
	err = a.Ledger.GrantAnd(ctx, wallet, r, func(tx *db.Tx) error { return also(ctx, tx) })
	if err != nil {
		return err
	}
	b, err := a.Ledger.Balance(ctx, wallet)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "gave %s %s to %s, who now has %s\n", r.Amount, unit, acc.Email, b.Available)
	return nil
}

type ledgerVerifyCmd struct {
	storeFlags
}

func (c *ledgerVerifyCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.verify(ctx, a) })
}

func (c *ledgerVerifyCmd) verify(ctx context.Context, a *app.App) error { return verifyLedger(ctx, a) }

// verifyLedger prints each difference and what was looked at.
func verifyLedger(ctx context.Context, a *app.App) error {
	problems := 0
	report := func(p string) {
		problems++
		fmt.Println(p)
	}
	checked, err := a.Ledger.Verify(ctx, report)
	if err != nil {
		return err
	}
	if err := a.Generations.Verify(ctx, report); err != nil {
		return err
	}
	if problems > 0 {
		return fmt.Errorf("%w: %d problems in %d wallets", ledger.ErrWrong, problems, checked.Wallets)
	}
	fmt.Printf("%d wallets are right, %d lines of the journal\n", checked.Wallets, checked.Entries)
	return nil
}
