package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/operator"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// What the owner of the installation sees and does. Prompts and pictures of others are not among it.

// adminOperations are the routes of the admin pages.
func adminOperations() []operation {
	table := []operation{
		{id: "admin-overview", method: "GET", path: "/admin/overview", summary: "Lanes, workers, and how things go"},
		{id: "admin-set-lane", method: "PUT", path: "/admin/lanes/{lane}", summary: "Let nothing of a lane start, or go on", status: 204},
		{id: "admin-set-worker", method: "PUT", path: "/admin/workers/{worker}", summary: "Let a worker finish and start nothing more, or go on", status: 204},
		{id: "admin-list-work", method: "GET", path: "/admin/work", summary: "Everybody's work, newest first, without prompts and pictures"},
		{id: "admin-get-work", method: "GET", path: "/admin/work/{id}", summary: "One piece of work, without prompt and pictures"},
		{id: "admin-cancel-work", method: "POST", path: "/admin/work/{id}/cancel", summary: "End open work and tell its owner why", status: 204},
		{id: "admin-retry-work", method: "POST", path: "/admin/work/{id}/retry", summary: "Try what failed by our own fault once more, at no cost to its owner"},
		{id: "admin-list-accounts", method: "GET", path: "/admin/accounts", summary: "Accounts by a part of their e-mail address"},
		{id: "admin-get-account", method: "GET", path: "/admin/accounts/{id}", summary: "One account"},
		{id: "admin-set-rate", method: "PUT", path: "/admin/accounts/{id}/rate", summary: "Give an account more or less of the machine than others", status: 204},
		{id: "admin-stop-account", method: "PUT", path: "/admin/accounts/{id}/stop", summary: "Let nothing of an account start, and tell its owner why", status: 204},
		{id: "admin-resume-account", method: "DELETE", path: "/admin/accounts/{id}/stop", summary: "Let an account go on", status: 204},
		{id: "admin-grant", method: "POST", path: "/admin/accounts/{id}/tokens", summary: "Give tokens or API credits by hand", status: 204},
		{id: "admin-set-plan", method: "PUT", path: "/admin/accounts/{id}/plan", summary: "Put an account on a plan by hand", status: 204},
		{id: "admin-list-audit", method: "GET", path: "/admin/audit", summary: "What operators did, newest first"},
	}
	for i := range table {
		table[i].who = operators
	}
	return table
}

// declareAdmin binds the rows of the admin pages.
func (s *server) declareAdmin(r *registrar) {
	route(r, "admin-overview", s.adminOverview)
	route(r, "admin-set-lane", s.adminSetLane)
	route(r, "admin-set-worker", s.adminSetWorker)
	route(r, "admin-list-work", s.adminListWork)
	route(r, "admin-get-work", s.adminGetWork)
	route(r, "admin-cancel-work", s.adminCancelWork)
	route(r, "admin-retry-work", s.adminRetryWork)
	route(r, "admin-list-accounts", s.adminListAccounts)
	route(r, "admin-get-account", s.adminGetAccount)
	route(r, "admin-set-rate", s.adminSetRate)
	route(r, "admin-stop-account", s.adminStopAccount)
	route(r, "admin-resume-account", s.adminResumeAccount)
	route(r, "admin-grant", s.adminGrant)
	route(r, "admin-set-plan", s.adminSetPlan)
	route(r, "admin-list-audit", s.adminListAudit)
}

type laneInput struct {
	Lane string `path:"lane" doc:"fast, api or relaxed"`
	Body struct {
		Paused bool `json:"paused,omitempty"`
	}
}

func (s *server) adminSetLane(ctx context.Context, in *laneInput) (*nothing, error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.PauseLane(ctx, by, in.Lane, in.Body.Paused)
}

type workerInput struct {
	Worker string `path:"worker"`
	Body   struct {
		Drained bool `json:"drained,omitempty"`
	}
}

func (s *server) adminSetWorker(ctx context.Context, in *workerInput) (*nothing, error) {
	by, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.Drain(ctx, by, in.Worker, in.Body.Drained)
}

// byFor is the actor, or the fault of a name that no generation and no account can have: not every text may be put to
// every database.
func byFor(ctx context.Context, name string, missing error) (access.Actor, error) {
	if !id.Valid(name) {
		return access.Actor{}, missing
	}
	return access.From(ctx)
}

type reasonInput struct {
	ID   string `path:"id"`
	Body struct {
		Reason string `json:"reason" doc:"one line; the owner of the work reads it"`
	}
}

func (s *server) adminCancelWork(ctx context.Context, in *reasonInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, generation.ErrNotFound)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.Cancel(ctx, by, in.ID, in.Body.Reason)
}

// Retried names the generation that a failed one is tried again as.
type Retried struct {
	ID string `json:"id" format:"uuid"`
}

func (s *server) adminRetryWork(ctx context.Context, in *idInput) (*body[Retried], error) {
	by, err := byFor(ctx, in.ID, generation.ErrNotFound)
	if err != nil {
		return nil, err
	}
	newID, err := s.Operator.Retry(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	return answer(Retried{newID}), nil
}

type rateInput struct {
	ID   string `path:"id"`
	Body struct {
		Times float64 `json:"times" doc:"of a usual part of the machine: 0.25 to 4; 1 is usual"`
		Lasts int64   `json:"lasts_seconds,omitempty" doc:"0 = until it is changed"`
	}
}

// seconds keeps absurd numbers from turning into sensible ones.
func seconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	return time.Duration(max(-most, min(most, n))) * time.Second
}

func (s *server) adminSetRate(ctx context.Context, in *rateInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.SetRate(ctx, by, in.ID, in.Body.Times, seconds(in.Body.Lasts))
}

func (s *server) adminStopAccount(ctx context.Context, in *reasonInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.Stop(ctx, by, in.ID, in.Body.Reason)
}

func (s *server) adminResumeAccount(ctx context.Context, in *idInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.Resume(ctx, by, in.ID)
}

// Gift is what is given by hand.
type Gift struct {
	Unit   string       `json:"unit,omitempty" enum:"tokens,credits" default:"tokens"`
	Amount token.Amount `json:"amount_mt" doc:"thousandths of a token, or of a credit"`
	Reason string       `json:"reason" doc:"one line; it stands in the journal"`
	Ref    string       `json:"ref,omitempty" doc:"a reference of one's own: the same one gives once"`
	Lasts  int64        `json:"lasts_seconds,omitempty" doc:"0 = for good"`
}

type giftInput struct {
	ID   string `path:"id"`
	Body Gift
}

func (s *server) adminGrant(ctx context.Context, in *giftInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.Grant(ctx, by, operator.Gift{
		AccountID: in.ID, Unit: plan.Unit(in.Body.Unit), Amount: in.Body.Amount, Reason: in.Body.Reason, Ref: in.Body.Ref, Lasts: seconds(in.Body.Lasts),
	})
}

type setPlanInput struct {
	ID   string `path:"id"`
	Body struct {
		Plan   string `json:"plan"`
		Reason string `json:"reason"`
	}
}

func (s *server) adminSetPlan(ctx context.Context, in *setPlanInput) (*nothing, error) {
	by, err := byFor(ctx, in.ID, errNoAccount)
	if err != nil {
		return nil, err
	}
	return nil, s.Operator.SetPlan(ctx, by, in.ID, in.Body.Plan, in.Body.Reason)
}
