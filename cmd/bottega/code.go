package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/audit"
	"bottega/internal/plan"
	"bottega/internal/token"
)

type codeCreateCmd struct {
	storeFlags
	Amount  string        `help:"Tokens of each, with up to three decimals." required:""`
	Count   int           `help:"How many codes." default:"1"`
	Uses    int           `help:"Accounts that may redeem each." default:"1"`
	Lasts   time.Duration `help:"How long the tokens last; 0 = for good." default:"0"`
	Expires time.Duration `help:"How long the code can be redeemed; 0 = for good." default:"0"`
	Note    string        `help:"Shown in the journal." default:"a code"`
}

func (c *codeCreateCmd) Run(ctx context.Context) error {
	amount, err := token.Parse(c.Amount)
	if err != nil {
		return err
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	r := plan.CodeRequest{Count: c.Count, Amount: amount, Uses: c.Uses, Lasts: c.Lasts, Note: c.Note}
	if c.Expires != 0 {
		r.Expires = a.Clock.Now().Add(c.Expires)
	}
	codes, err := a.Plans.NewCodes(ctx, r, a.Operator.ByShell(audit.Line{Action: "code.create", Subject: "codes", Reason: c.Note, Details: details{
		"count": c.Count, "amount_mt": int64(amount), "uses": c.Uses, "lasts_seconds": int64(c.Lasts.Seconds()),
	}}))
	for _, code := range codes {
		fmt.Println(code)
	}
	return errors.Join(err, a.Close())
}
