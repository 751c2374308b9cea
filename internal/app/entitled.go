package app

import (
	"context"

	"bottega/internal/account"
	"bottega/internal/asset"
	"bottega/internal/generation"
	"bottega/internal/plan"
	"bottega/internal/team"
)

// entitlements answers from the plan an account, or a team, is on now.
type entitlements struct{ *plan.Service }

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
	return generation.Entitlement{
		Schedule: schedule, Concurrency: now.Plan.Concurrency, Queue: now.Plan.Queue, Relaxed: now.Plan.Relaxed,
	}, nil
}

// uploadRules is what uploads need to know about accounts.
type uploadRules struct {
	*account.Store
	plans *plan.Service
	teams *team.Service
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
