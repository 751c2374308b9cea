package studio

import (
	"context"

	"bottega/internal/access"
	"bottega/internal/plan"
)

// What a team buys goes the way of what somebody buys for themselves, with the team as the buyer, and is for those who may
// look after its money (access.ManagePlan).

type teamWishInput struct {
	ID   string `path:"id"`
	Body PlanWish
}

type teamConfirmInput struct {
	ID   string `path:"id"`
	Body PlanConfirm
}

type teamPackInput struct {
	ID   string `path:"id"`
	Body PackWish
}

type teamAutoTopUpInput struct {
	ID   string `path:"id"`
	Body AutoTopUpTerms
}

type teamPaymentsInput struct {
	ID     string `path:"id"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

type teamPaymentInput struct {
	ID      string `path:"id"`
	Payment string `path:"payment"`
}

// declareTeamPurse binds the rows about what teams buy.
func (s *server) declareTeamPurse(r *registrar) {
	route(r, "list-team-plans", s.listTeamPlans)
	route(r, "get-team-subscription", s.getTeamSubscription)
	route(r, "preview-team-plan", s.previewTeamPlan)
	route(r, "change-team-plan", s.changeTeamPlan)
	route(r, "buy-team-pack", s.buyTeamPack)
	route(r, "list-team-payments", s.listTeamPayments)
	route(r, "get-team-payment", s.getTeamPayment)
	route(r, "open-team-portal", s.openTeamPortal)
	route(r, "get-team-auto-top-up", s.getTeamAutoTopUp)
	route(r, "set-team-auto-top-up", s.setTeamAutoTopUp)
}

// purse is a team as a buyer, for somebody who may look after its money.
func (s *server) purse(ctx context.Context, teamID string) (buyer, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return buyer{}, err
	}
	t, err := s.Teams.Get(ctx, actor, teamID, access.ManagePlan)
	if err != nil {
		return buyer{}, err
	}
	page := "/teams/" + t.ID + "/plan"
	return buyer{id: t.Wallet(), plans: page, wallet: page}, nil
}

func (s *server) listTeamPlans(ctx context.Context, in *idInput) (*body[All[PlanOffer]], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.plans(ctx, b.id, plan.Tokens, plan.ForTeams())
}

func (s *server) getTeamSubscription(ctx context.Context, in *idInput) (*body[Subscription], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.standing(ctx, b, plan.Tokens)
}

func (s *server) previewTeamPlan(ctx context.Context, in *teamWishInput) (*body[PlanPreview], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.preview(ctx, b, in.Body)
}

func (s *server) changeTeamPlan(ctx context.Context, in *teamConfirmInput) (*body[PlanChanged], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, b, in.Body)
}

func (s *server) buyTeamPack(ctx context.Context, in *teamPackInput) (*body[NewPayment], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.buy(ctx, b, in.Body)
}

func (s *server) listTeamPayments(ctx context.Context, in *teamPaymentsInput) (*body[List[Payment]], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.payments(ctx, b, paymentsInput{Limit: in.Limit, Cursor: in.Cursor})
}

func (s *server) getTeamPayment(ctx context.Context, in *teamPaymentInput) (*body[Payment], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.payment(ctx, b, in.Payment)
}

func (s *server) openTeamPortal(ctx context.Context, in *idInput) (*body[Address], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.portal(ctx, b)
}

func (s *server) getTeamAutoTopUp(ctx context.Context, in *idInput) (*body[AutoTopUp], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.autoTopUp(ctx, b, plan.Tokens)
}

func (s *server) setTeamAutoTopUp(ctx context.Context, in *teamAutoTopUpInput) (*body[AutoTopUp], error) {
	b, err := s.purse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.fillUp(ctx, b, in.Body)
}
