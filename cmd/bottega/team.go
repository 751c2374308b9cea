package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/team"
	"bottega/internal/token"
)

// teamCmds are the operator's hand in teams. Everything else people do themselves, in the studio.
type teamCmds struct {
	Create teamCreateCmd `cmd:"" help:"Make a team and print its id alone on standard output."`
	List   teamListCmd   `cmd:"" help:"The teams that an account is in."`
	Show   teamShowCmd   `cmd:"" help:"A team's plan, pool and members."`
	Add    teamAddCmd    `cmd:"" help:"Put an account into a team, without an invitation."`
	Grant  teamGrantCmd  `cmd:"" help:"Give tokens to a team's pool."`
	Plan   teamPlanCmd   `cmd:"" help:"Change a team's plan and seats."`
}

type teamFlags struct {
	storeFlags
	Team string `help:"Id of the team." required:""`
}

// find returns the team of the flag.
func (f teamFlags) find(ctx context.Context, a *app.App) (*team.Team, error) {
	if !id.Valid(f.Team) {
		return nil, fmt.Errorf("--team %q is not the id of a team: `bottega admin team list` shows them", f.Team)
	}
	t, err := a.Teams.Find(ctx, f.Team)
	if errors.Is(err, team.ErrNoTeam) {
		return nil, fmt.Errorf("there is no team %s", f.Team)
	}
	return t, err
}

type teamCreateCmd struct {
	storeFlags
	Name  string `help:"Name of the team." required:""`
	Owner string `help:"E-mail address of the account that owns it." required:""`
	Plan  string `help:"Plan given by hand: team, team-starter or team-growth." default:"team"`
	Seats int    `help:"How many seats." default:"3"`
}

func (c *teamCreateCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		acc, err := findAccount(ctx, a, c.Owner)
		if err != nil {
			return err
		}
		// The plan is tried before anything is made.
		put := func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.PutTeam(now, c.Plan, c.Seats)
		}
		if _, err := put(plan.ForTeam(), a.Clock.Now()); err != nil {
			return err
		}
		t, err := a.Teams.CreateAnd(ctx, access.Actor{AccountID: acc.ID, Role: acc.Role}, c.Name, func(t *team.Team) db.Also {
			return a.Operator.ByShell(audit.Line{Action: "team.create", Subject: t.ID, AccountID: acc.ID, Details: details{"team": t.Name}})
		})
		if err != nil {
			return err
		}
		line := audit.Line{Action: "team.plan.set", Subject: t.ID, Details: details{"plan": c.Plan, "seats": c.Seats}}
		if _, err := a.Teams.ChangePlan(ctx, t.ID, plan.Just(put), a.Operator.ByShell(line)); err != nil {
			return err
		}
		fmt.Println(t.ID)
		return nil
	})
}

type teamListCmd struct {
	storeFlags
	Email string `help:"E-mail address of the account." required:""`
}

func (c *teamListCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		acc, err := findAccount(ctx, a, c.Email)
		if err != nil {
			return err
		}
		teams, err := a.Teams.List(ctx, access.Actor{AccountID: acc.ID})
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		for _, t := range teams {
			fmt.Fprintf(out, "%s\t%s\t%s\n", t.ID, t.Membership(acc.ID).Role, t.Name)
		}
		return out.Flush()
	})
}

type teamShowCmd struct{ teamFlags }

func (c *teamShowCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.show(ctx, a) })
}

func (f teamFlags) show(ctx context.Context, a *app.App) error {
	t, err := f.find(ctx, a)
	if err != nil {
		return err
	}
	standing, err := a.Teams.Standing(ctx, t.ID)
	if err != nil {
		return err
	}
	b, err := a.Ledger.Balance(ctx, t.Wallet())
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range t.Members {
		ids = append(ids, m.AccountID)
	}
	emails, err := a.Teams.Emails(ctx, ids)
	if err != nil {
		return err
	}
	used, err := a.Generations.MembersUsed(ctx, t.ID)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "team\t%s\nplan\t%s (%s), %d of %d seats taken\npool\t%s available, %s held, %s frozen\n",
		t.Name, standing.Plan.Name, standing.State, t.Taken(), t.Seats, b.Available, b.Held, b.Frozen)
	if !t.DissolvedAt.IsZero() {
		fmt.Fprintf(out, "dissolved\t%s\n", t.DissolvedAt.Format(time.RFC3339))
	}
	for _, m := range t.Members {
		limit := "no limit"
		if m.Limit != access.NoLimit {
			limit = "of " + m.Limit.String() + " a month"
		}
		fmt.Fprintf(out, "%s\t%s\t%s used %s\n", m.Role, emails[m.AccountID], used[m.AccountID], limit)
	}
	return out.Flush()
}

type teamAddCmd struct {
	teamFlags
	Email string `help:"E-mail address of the account." required:""`
	Role  string `help:"admin, member or billing." default:"member" enum:"admin,member,billing"`
	Limit string `help:"Most tokens that they may use in a UTC month; empty = no limit." default:""`
}

func (c *teamAddCmd) Run(ctx context.Context) error {
	limit := access.NoLimit
	if c.Limit != "" {
		var err error
		if limit, err = token.Parse(c.Limit); err != nil {
			return err
		}
	}
	return c.with(ctx, func(a *app.App) error {
		acc, err := c.account(ctx, a)
		if err != nil {
			return err
		}
		if _, err := c.find(ctx, a); err != nil {
			return err
		}
		d := details{"role": c.Role}
		if limit != access.NoLimit {
			d["limit_mt"] = int64(limit)
		}
		line := audit.Line{Action: "team.add", Subject: c.Team, AccountID: acc.ID, Details: d}
		if err := a.Teams.Add(ctx, c.Team, acc.ID, access.TeamRole(c.Role), limit, a.Operator.ByShell(line)); err != nil {
			return err
		}
		return c.show(ctx, a)
	})
}

// account is the account of the flag; the one that `bottega generate` works for is made when needed.
func (c *teamAddCmd) account(ctx context.Context, a *app.App) (account.Account, error) {
	if c.Email == app.LocalEmail {
		return a.LocalAccount(ctx)
	}
	return findAccount(ctx, a, c.Email)
}

type teamGrantCmd struct {
	teamFlags
	grantFlags
}

func (c *teamGrantCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error {
		r, err := c.request(a.Clock.Now(), ledger.Team)
		if err != nil {
			return err
		}
		t, err := c.find(ctx, a)
		if err != nil {
			return err
		}
		if !t.DissolvedAt.IsZero() {
			return fmt.Errorf("the team %s was dissolved: nobody could spend them", t.Name)
		}
		also := a.Operator.ByShell(granted("team.grant", t.ID, r, c.Expires))
		if err := a.Ledger.GrantAnd(ctx, t.Wallet(), r, func(tx *db.Tx) error { return also(ctx, tx) }); err != nil {
			return err
		}
		return c.show(ctx, a)
	})
}

// teamPlanCmd changes what a team is on. Taking the money for it is the operator's matter.
type teamPlanCmd struct {
	teamFlags
	Action string `arg:"" enum:"set,start,pay,seats,upgrade,downgrade,cancel,resume,end" help:"set a plan by hand; start a paid one; pay its next period; change the seats: more of them now, fewer with the next period; upgrade now; downgrade or cancel with the period; resume what was to end; end it now, because its money was given back."`
	Plan   string `help:"Plan, for set, start, upgrade and downgrade: team, team-starter or team-growth."`
	Seats  *int   `help:"How many seats, for set and start (3 unless stated) and for seats."`
}

func (c *teamPlanCmd) Run(ctx context.Context) error {
	wants := c.Action == "set" || c.Action == "start" || c.Action == "seats"
	switch {
	case c.Seats != nil && !wants:
		return fmt.Errorf("--seats is for set, start and seats: %s leaves them as they are", c.Action)
	case c.Seats == nil && c.Action == "seats":
		return errors.New("--seats is missing: how many are there to be?")
	case c.Seats == nil:
		few := plan.TeamSeats
		c.Seats = &few
	}
	return c.with(ctx, func(a *app.App) error {
		if _, err := c.find(ctx, a); err != nil {
			return err
		}
		if _, err := a.Teams.ChangePlan(ctx, c.Team, c.decide(), a.Operator.ByShell(c.deed())); err != nil {
			return err
		}
		return c.show(ctx, a)
	})
}

// deed is what the audit log says, with what of the flags the action asks for.
func (c *teamPlanCmd) deed() audit.Line {
	d := details{}
	switch c.Action {
	case "set", "start":
		d["plan"], d["seats"] = c.Plan, *c.Seats
	case "seats":
		d["seats"] = *c.Seats
	case "upgrade", "downgrade":
		d["plan"] = c.Plan
	}
	return audit.Line{Action: "team.plan." + c.Action, Subject: c.Team, Details: d}
}

func (c *teamPlanCmd) decide() plan.Decision {
	say := func(pr plan.Proration, err error) {
		if err == nil && pr.Tokens > 0 {
			fmt.Fprintf(os.Stderr, "%s tokens until %s, for %s\n", pr.Tokens, pr.Until.Format(time.DateOnly), pr.Money)
		}
	}
	return func(now time.Time, s plan.Subscription, w *ledger.Wallet) (plan.Subscription, error) {
		switch c.Action {
		case "set":
			return s.PutTeam(now, c.Plan, *c.Seats)
		case "start":
			return s.StartTeam(now, c.Plan, plan.Monthly, *c.Seats)
		case "pay":
			return s.Pay(now)
		case "seats":
			out, pr, err := s.Resize(now, *c.Seats)
			say(pr, err)
			return out, err
		case "upgrade":
			out, pr, err := s.Upgrade(now, c.Plan)
			say(pr, err)
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
