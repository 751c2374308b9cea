package app

import (
	"context"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/asset"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/team"
)

// entitlements answers from the plan an account, or a team, is on now.
type entitlements struct{ *plan.Service }

// megapixel is counted as prices count it.
const megapixel = 1 << 20

// Entitlement implements generation.Entitlements.
func (e entitlements) Entitlement(ctx context.Context, payer string) (generation.Entitlement, error) {
	now, sub, err := e.Now(ctx, payer)
	if err != nil {
		return generation.Entitlement{}, err
	}
	schedule, err := sub.Schedule()
	if err != nil {
		return generation.Entitlement{}, err
	}
	out := generation.Entitlement{
		Schedule: schedule, Concurrency: now.Plan.Concurrency, Queue: now.Plan.Queue, Relaxed: now.Plan.Relaxed,
		Pixels: int64(now.Plan.Megapixels) * megapixel,
	}
	if _, isTeam := ledger.IsTeam(payer); isTeam {
		return out, nil
	}
	api, sub, err := e.Now(ctx, ledger.CreditsOf(payer))
	if err != nil {
		return generation.Entitlement{}, err
	}
	out.Concurrency, out.Queue = max(out.Concurrency, api.Plan.Concurrency), max(out.Queue, api.Plan.Queue)
	out.Pixels = max(out.Pixels, int64(api.Plan.Megapixels)*megapixel)
	out.Credits, err = sub.Schedule()
	return out, err
}

// rates bound the API by the plan of an account's API credits. Whoever runs the installation has no bound.
type rates struct{ *plan.Service }

// Rates implements api.Rates.
func (r rates) Rates(ctx context.Context, actor access.Actor) (requests, starts int, err error) {
	if own, _, err := r.Now(ctx, actor.AccountID); err != nil || own.Plan.Name == plan.Operator {
		return 0, 0, err
	}
	api, _, err := r.Now(ctx, ledger.CreditsOf(actor.AccountID))
	return api.Plan.Requests, api.Plan.Starts, err
}

// uploadRules is what uploads need to know about accounts.
type uploadRules struct {
	*account.Store
	plans *plan.Service
	teams *team.Service
	Keeper
}

// SeesWork implements asset.UploadRules.
func (r uploadRules) SeesWork(ctx context.Context, teamID, accountID string) (bool, error) {
	return r.teams.SeesWork(ctx, teamID, accountID)
}

// UploadQuota implements asset.UploadRules.
func (r uploadRules) UploadQuota(ctx context.Context, accountID string) (asset.UploadQuota, error) {
	now, _, err := r.plans.Now(ctx, accountID)
	return asset.UploadQuota{Pictures: now.Plan.Uploads, Bytes: now.Plan.UploadBytes}, err
}

// subscribers are accounts with the plan they are on now, which may not be the one they began with.
type subscribers struct {
	*account.Store
	plans *plan.Service
}

func (s subscribers) ByID(ctx context.Context, accountID string) (account.Account, error) {
	acc, err := s.Store.ByID(ctx, accountID)
	if err != nil {
		return acc, err
	}
	now, _, err := s.plans.Now(ctx, accountID)
	acc.Plan, acc.PlanSince = now.Plan.Name, now.Term.From
	return acc, err
}
