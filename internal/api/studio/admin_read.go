package studio

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/audit"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/operator"
	"bottega/internal/queue"
	"bottega/internal/token"
)

var errNoAccount = account.ErrUnknown

// Overview is the installation at one moment.
type Overview struct {
	At       time.Time     `json:"at"`
	Lanes    []AdminLane   `json:"lanes" nullable:"false"`
	Workers  []AdminWorker `json:"workers" nullable:"false" doc:"processes that were heard of in the last hour"`
	Loads    []AdminLoad   `json:"loads" nullable:"false" doc:"models on their way into memory, then the last ones that ended"`
	Paces    []Pace        `json:"paces" nullable:"false"`
	Waits    Waits         `json:"waits"`
	Outcomes []Outcome     `json:"outcomes" nullable:"false" doc:"of what was asked for in the last hour, the most first"`
}

// AdminLane is a lane of the line.
type AdminLane struct {
	Lane     string     `json:"lane" enum:"fast,api,relaxed"`
	Paused   bool       `json:"paused"`
	Running  int        `json:"running"`
	Admitted int        `json:"admitted" doc:"waiting, next to run"`
	Waiting  int        `json:"waiting" doc:"behind their accounts' windows"`
	Kept     int        `json:"kept" doc:"of the waiting ones, what owners or operators keep back"`
	Oldest   *time.Time `json:"oldest_at" doc:"when the one came that waits longest and is not kept back; null = none waits"`
	Done     int        `json:"done" doc:"ended in the last ten minutes"`
}

// AdminWorker is a process that works.
type AdminWorker struct {
	ID      string    `json:"id"`
	Name    string    `json:"name" doc:"of the machine; empty = it has said none"`
	Kind    string    `json:"kind" enum:"server,worker,remote" doc:"serves too; works on the database; works through a server"`
	Version string    `json:"version"`
	Slots   int       `json:"slots"`
	Running int       `json:"running"`
	Engines []string  `json:"engines" nullable:"false"`
	SeenAt  time.Time `json:"seen_at"`
	Gone    bool      `json:"gone" doc:"silent for so long that its slots do not count"`
	Drained bool      `json:"drained" doc:"it finishes what it runs and starts nothing"`
	Here    bool      `json:"here" doc:"the process that answers"`

	Models []AdminModel `json:"models" nullable:"false" doc:"those that have to be loaded before they work; others are always ready"`
}

// AdminModel is a model of a worker.
type AdminModel struct {
	Engine   string     `json:"engine"`
	Model    string     `json:"model"`
	Resident bool       `json:"resident" doc:"it is in memory"`
	Memory   int64      `json:"memory_bytes" doc:"that it takes while it is resident; 0 = not known"`
	UsedAt   *time.Time `json:"used_at" doc:"when it last worked; null = never"`
}

// AdminLoad is a model on its way into the memory of a worker, or one that got there or not.
type AdminLoad struct {
	ID        string     `json:"id"`
	Engine    string     `json:"engine"`
	Model     string     `json:"model"`
	State     string     `json:"state" enum:"waiting,loading,done,failed,dropped"`
	Attempt   int        `json:"attempt" doc:"times it was begun"`
	Machine   string     `json:"machine" doc:"that makes room or loads; empty = none yet, or one that is gone"`
	Tickets   int        `json:"tickets" doc:"that wait for it, as it was last looked at"`
	AskedAt   time.Time  `json:"asked_at"`
	StartedAt *time.Time `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at" doc:"null = it is open"`
	Failure   string     `json:"failure" doc:"why the last attempt failed, or why it cannot begin; empty = none"`
	Loading
}

// Pace is how long a slot takes for the work of a model.
type Pace struct {
	Engine string  `json:"engine"`
	Model  string  `json:"model"`
	Takes  float64 `json:"seconds_per_token" doc:"of a slot, for what one token pays"`
	Runs   int64   `json:"runs" doc:"that it was measured from"`
}

// Waits is how right the waits were that were told lately, by all servers.
type Waits struct {
	Foretold int     `json:"foretold" doc:"that ended lately; the other two are of these"`
	Inside   float64 `json:"inside" doc:"part of them that ended within the range, 0 to 1"`
	Error    float64 `json:"error_seconds" doc:"median of how far off they were"`
}

// Outcome is how much ended in one way.
type Outcome struct {
	State string `json:"state" enum:"waiting,running,complete,failed,cancelled"`
	Code  string `json:"code" doc:"of the failure; empty = none"`
	Count int    `json:"count"`
}

func (s *server) adminOverview(ctx context.Context, _ *nothing) (*body[Overview], error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.Operator.Overview(ctx, by)
	if err != nil {
		return nil, err
	}
	out := Overview{
		At: o.At.UTC(), Lanes: []AdminLane{}, Workers: []AdminWorker{}, Loads: []AdminLoad{}, Paces: []Pace{}, Outcomes: []Outcome{},
		Waits: Waits{Foretold: o.Accuracy.Foretold, Inside: o.Accuracy.Inside, Error: o.Accuracy.Error.Seconds()},
	}
	for _, l := range o.Lanes {
		out.Lanes = append(out.Lanes, AdminLane{
			Lane: l.Lane, Paused: l.Paused, Running: l.Running, Admitted: l.Admitted, Waiting: l.Waiting, Kept: l.Kept, Oldest: timeOrNull(l.Oldest), Done: o.Done[l.Lane],
		})
	}
	for _, w := range o.Workers {
		out.Workers = append(out.Workers, AdminWorker{
			Models: modelsOf(o.Held, w.Owner),
			ID:     w.Owner, Name: w.Name, Kind: w.Kind, Version: w.Version, Slots: w.Slots, Running: w.Running, Engines: append([]string{}, w.Engines...), SeenAt: db.Time(w.SeenAt),
			Gone: w.Gone, Drained: w.Drained, Here: w.Here,
		})
	}
	for _, l := range o.Loads {
		out.Loads = append(out.Loads, AdminLoad{
			ID: l.ID, Engine: l.Engine, Model: l.Model, State: string(l.State), Attempt: l.Attempt, Machine: l.Machine, Tickets: l.Tickets,
			AskedAt: l.AskedAt.UTC(), StartedAt: timeOrNull(l.StartedAt), EndedAt: timeOrNull(l.EndedAt), Failure: l.Failure, Loading: *loading(&l.Loading),
		})
	}
	for _, p := range o.Paces {
		out.Paces = append(out.Paces, Pace{Engine: p.Engine, Model: p.Model, Takes: p.Takes.Seconds() / 1000, Runs: p.Runs})
	}
	for _, c := range o.Outcomes {
		out.Outcomes = append(out.Outcomes, Outcome{State: string(c.State), Code: c.Code, Count: c.N})
	}
	return answer(out), nil
}

// modelsOf is what a worker holds.
func modelsOf(held []queue.HeldModel, owner string) []AdminModel {
	list := []AdminModel{}
	for _, m := range held {
		if m.Owner == owner {
			list = append(list, AdminModel{Engine: m.Engine, Model: m.Model, Resident: m.Resident, Memory: m.Memory, UsedAt: timeOrNull(m.UsedAt)})
		}
	}
	return list
}

// AdminWork is a generation as the operator sees it: without prompt and pictures.
type AdminWork struct {
	ID         string       `json:"id" format:"uuid"`
	AccountID  string       `json:"account_id" format:"uuid"`
	Email      string       `json:"email" doc:"of the account"`
	TeamID     *string      `json:"team_id" doc:"whose tokens pay; null = the account's own"`
	Kind       string       `json:"kind" enum:"image"`
	Model      string       `json:"model"`
	Pictures   int          `json:"pictures"`
	State      string       `json:"state" enum:"waiting,running,complete,failed,cancelled"`
	Lane       string       `json:"lane" enum:"fast,relaxed"`
	Price      token.Amount `json:"price_mt"`
	Charged    token.Amount `json:"charged_mt"`
	Failure    *Failure     `json:"failure"`
	Attempts   int          `json:"attempts" doc:"times it was started"`
	CreatedAt  time.Time    `json:"created_at"`
	StartedAt  *time.Time   `json:"started_at" doc:"of the last attempt"`
	FinishedAt *time.Time   `json:"finished_at"`
	Worker     *string      `json:"worker" doc:"that runs it"`
	Position   int          `json:"position" doc:"place in line while waiting; 0 = none"`
	Paused     bool         `json:"paused" doc:"its owner keeps it back"`
	Stopped    string       `json:"stopped" enum:",account,lane" doc:"an operator lets nothing of its account or its lane start"`
}

// TransformSchema says that failure may be null.
func (AdminWork) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "failure")
}

func wireWork(j generation.Work, email string) AdminWork {
	out := AdminWork{
		ID: j.ID, AccountID: j.AccountID, Email: email, TeamID: textOrNull(j.TeamID), Kind: j.Kind, Model: j.Model, Pictures: j.Pictures,
		State: string(j.State), Lane: string(j.Lane), Price: j.Price, Charged: j.Charged, Attempts: j.Attempts,
		CreatedAt: j.CreatedAt.UTC(), StartedAt: timeOrNull(j.StartedAt), FinishedAt: timeOrNull(j.FinishedAt), Worker: textOrNull(j.Worker),
		Position: j.Place.Position, Paused: j.Place.Paused, Stopped: j.Place.Stopped,
	}
	if j.Failure != nil {
		out.Failure = &Failure{Code: j.Failure.Code, Message: j.Failure.Message}
	}
	return out
}

type workInput struct {
	State   string    `query:"state" enum:",open,waiting,running,complete,failed,cancelled" doc:"open = waiting or running; empty = any"`
	Code    string    `query:"code" maxLength:"100" doc:"of the failure"`
	Account string    `query:"account" doc:"id"`
	Model   string    `query:"model" maxLength:"200" doc:"name"`
	From    time.Time `query:"from" doc:"asked for since"`
	Until   time.Time `query:"until" doc:"asked for before"`
	Slower  int64     `query:"slower" minimum:"0" doc:"seconds that it ran, or runs, at least"`
	Limit   int       `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor  string    `query:"cursor" doc:"next of the page before"`
}

func (s *server) adminListWork(ctx context.Context, in *workInput) (*body[List[AdminWork]], error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if in.Account != "" && !id.Valid(in.Account) {
		return nil, fault.Bad(fault.Field{Name: "account", Value: in.Account, Message: "is not an account's id"})
	}
	work, next, err := s.Operator.AllWork(ctx, by, generation.WorkFilter{
		State: in.State, Code: in.Code, AccountID: in.Account, Model: in.Model, From: in.From, Until: in.Until, Slower: seconds(in.Slower),
		Page: generation.Page{Limit: in.Limit, Cursor: in.Cursor},
	})
	if err != nil {
		return nil, err
	}
	accounts := make([]string, len(work))
	for i, j := range work {
		accounts[i] = j.AccountID
	}
	emails, err := s.Operator.Emails(ctx, accounts)
	if err != nil {
		return nil, err
	}
	out := List[AdminWork]{Items: make([]AdminWork, 0, len(work)), Next: textOrNull(next)}
	for _, j := range work {
		out.Items = append(out.Items, wireWork(j, emails[j.AccountID]))
	}
	return answer(out), nil
}

func (s *server) adminGetWork(ctx context.Context, in *idInput) (*body[AdminWork], error) {
	by, err := byFor(ctx, in.ID, generation.ErrNotFound)
	if err != nil {
		return nil, err
	}
	j, err := s.Operator.Work(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	emails, err := s.Operator.Emails(ctx, []string{j.AccountID})
	if err != nil {
		return nil, err
	}
	return answer(wireWork(j, emails[j.AccountID])), nil
}

// AdminAccount is an account as the operator sees it.
type AdminAccount struct {
	ID        string       `json:"id" format:"uuid"`
	Email     string       `json:"email"`
	Role      string       `json:"role" enum:"user,owner"`
	Plan      string       `json:"plan"`
	PlanTitle string       `json:"plan_title"`
	PlanState string       `json:"plan_state" enum:"settled,trial,past_due,cancelled,changing"`
	CreatedAt time.Time    `json:"created_at"`
	Available token.Amount `json:"available_mt"`
	Held      token.Amount `json:"held_mt"`
	Credits   token.Amount `json:"credits_mt" doc:"API credits that can be spent"`
	Running   int          `json:"running"`
	Waiting   int          `json:"waiting"`
	Kept      int          `json:"kept" doc:"waiting, kept back one by one by its owner"`
	Stopped   string       `json:"stopped" doc:"why an operator lets nothing of it start; empty = it may"`
	Times     float64      `json:"times" doc:"of a usual part of the machine"`
	Until     *time.Time   `json:"times_until" doc:"when it is 1 again; null = it stays"`
}

func wireAccount(a operator.Account) AdminAccount {
	return AdminAccount{
		ID: a.ID, Email: a.Email, Role: string(a.Role), Plan: a.Plan.Plan.Name, PlanTitle: a.Plan.Plan.Title, PlanState: string(a.Plan.State), CreatedAt: a.CreatedAt.UTC(),
		Available: a.Tokens.Available, Held: a.Tokens.Held, Credits: a.Credits.Available, Running: a.InLine.Running, Waiting: a.InLine.Waiting, Kept: a.InLine.Kept,
		Stopped: a.Standing.Stopped, Times: float64(a.Standing.Rate) / queue.Usual, Until: timeOrNull(a.Standing.RateUntil),
	}
}

type accountsInput struct {
	Search string `query:"search" maxLength:"254" doc:"a part of the e-mail address"`
	Limit  int    `query:"limit" default:"25" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" maxLength:"254" doc:"next of the page before"`
}

func (s *server) adminListAccounts(ctx context.Context, in *accountsInput) (*body[List[AdminAccount]], error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Operator.Accounts(ctx, by, in.Search, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[AdminAccount]{Items: make([]AdminAccount, 0, len(list)), Next: textOrNull(next)}
	for _, a := range list {
		out.Items = append(out.Items, wireAccount(a))
	}
	return answer(out), nil
}

func (s *server) adminGetAccount(ctx context.Context, in *idInput) (*body[AdminAccount], error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	a, err := s.Operator.Account(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	return answer(wireAccount(a)), nil
}

// AuditLine is something that an operator did.
type AuditLine struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	By      *string        `json:"by" doc:"e-mail address; null = whoever has the shell of the machine"`
	Action  string         `json:"action"`
	Subject string         `json:"subject" doc:"what it was done to"`
	Account *string        `json:"account_id" doc:"whose it is; null = nobody's"`
	Email   *string        `json:"email" doc:"of that account"`
	Reason  string         `json:"reason"`
	Details map[string]any `json:"details"`
}

type auditInput struct {
	Account string `query:"account" doc:"id; whose"`
	Limit   int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
	Cursor  string `query:"cursor" doc:"next of the page before"`
}

func (s *server) adminListAudit(ctx context.Context, in *auditInput) (*body[List[AuditLine]], error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if in.Account != "" && !id.Valid(in.Account) {
		return nil, fault.Bad(fault.Field{Name: "account", Value: in.Account, Message: "is not an account's id"})
	}
	lines, next, err := s.Operator.Audit(ctx, by, audit.Page{AccountID: in.Account, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	var accounts []string
	for _, l := range lines {
		accounts = append(accounts, l.Actor, l.AccountID)
	}
	emails, err := s.Operator.Emails(ctx, accounts)
	if err != nil {
		return nil, err
	}
	out := List[AuditLine]{Items: make([]AuditLine, 0, len(lines)), Next: textOrNull(next)}
	for _, l := range lines {
		details := l.Details
		if details == nil {
			details = map[string]any{}
		}
		out.Items = append(out.Items, AuditLine{
			ID: l.ID, At: l.At.UTC(), By: textOrNull(emails[l.Actor]), Action: l.Action, Subject: l.Subject, Account: textOrNull(l.AccountID),
			Email: textOrNull(emails[l.AccountID]), Reason: l.Reason, Details: details,
		})
	}
	return answer(out), nil
}
