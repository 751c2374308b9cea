package studio

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/access"
	"bottega/internal/generation"
	"bottega/internal/team"
	"bottega/internal/token"
)

// Invitation is one that is open.
type Invitation struct {
	ID        string        `json:"id" format:"uuid"`
	Email     *string       `json:"email" doc:"whose account may accept; null = whoever has the link"`
	Role      string        `json:"role" enum:"admin,member,billing"`
	Limit     *token.Amount `json:"limit_mt" doc:"most in a UTC month; null = no limit"`
	InvitedBy string        `json:"invited_by" doc:"e-mail address"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// NewInvitation is an invitation that was just made.
type NewInvitation struct {
	Invitation
	Token  string `json:"token" doc:"the secret, shown this once; the page /join#<token> of the studio takes it"`
	Mailed bool   `json:"mailed" doc:"it was sent to the address that it names"`
}

// InvitationRequest asks for an invitation.
type InvitationRequest struct {
	Email string        `json:"email,omitempty" doc:"whose account may accept; left out: whoever has the link"`
	Role  string        `json:"role,omitempty" enum:"admin,member,billing" default:"member"`
	Limit *token.Amount `json:"limit_mt,omitempty" minimum:"0" doc:"most that they may use in a UTC month; left out: no limit"`
}

// InvitationToken is the secret of an invitation.
type InvitationToken struct {
	Token string `json:"token" writeOnly:"true" doc:"from the link"`
}

// Invited is what an invitation is for.
type Invited struct {
	TeamID    string        `json:"team_id" format:"uuid"`
	TeamName  string        `json:"team_name"`
	Role      string        `json:"role" enum:"admin,member,billing"`
	Limit     *token.Amount `json:"limit_mt" doc:"most that one may use in a UTC month; null = no limit"`
	InvitedBy string        `json:"invited_by" doc:"e-mail address"`
	ForYou    bool          `json:"for_you" doc:"false: it is for another e-mail address"`
	Member    bool          `json:"member" doc:"one is in the team already"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// UsageItem is what somebody used with one model.
type UsageItem struct {
	AccountID   string       `json:"account_id" format:"uuid"`
	Email       string       `json:"email"`
	Here        bool         `json:"here" doc:"is in the team now"`
	Model       string       `json:"model"`
	Generations int          `json:"generations"`
	Used        token.Amount `json:"used_mt"`
}

// TeamUsage is what was used in a month.
type TeamUsage struct {
	From  time.Time    `json:"from"`
	Until time.Time    `json:"until"`
	Used  token.Amount `json:"used_mt" doc:"the sum of the items"`
	Items []UsageItem  `json:"items" nullable:"false" doc:"the most first; one's own alone for those who do not see everybody's"`
}

type inviteInput struct {
	ID   string `path:"id"`
	Body InvitationRequest
}

type invitationInput struct {
	ID         string `path:"id"`
	Invitation string `path:"invitation"`
}

type tokenInput struct{ Body InvitationToken }

type usageInput struct {
	ID    string `path:"id"`
	Month string `query:"month" doc:"a UTC month such as 2026-11; left out: this one"`
}

type teamJournalInput struct {
	ID string `path:"id"`
	JournalSearch
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

type teamExportInput struct {
	ID string `path:"id"`
	JournalSearch
}

type teamPageInput struct {
	ID     string `path:"id"`
	Limit  int    `query:"limit" default:"24" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

func wireInvitation(i team.Invitation, emails map[string]string) Invitation {
	return Invitation{
		ID: i.ID, Email: textOrNull(i.Email), Role: string(i.Role), Limit: limitOrNull(i.Limit), InvitedBy: emails[i.CreatedBy],
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
}

func (s *server) listInvitations(ctx context.Context, in *idInput) (*body[All[Invitation]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Teams.Invitations(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	inviters := make([]string, 0, len(list))
	for _, i := range list {
		inviters = append(inviters, i.CreatedBy)
	}
	emails, err := s.Teams.Emails(ctx, inviters)
	if err != nil {
		return nil, err
	}
	out := All[Invitation]{Items: make([]Invitation, 0, len(list))}
	for _, i := range list {
		out.Items = append(out.Items, wireInvitation(i, emails))
	}
	return answer(out), nil
}

func (s *server) invite(ctx context.Context, in *inviteInput) (*body[NewInvitation], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	secret, i, err := s.Teams.Invite(ctx, actor, in.ID, team.InviteRequest{
		Email: in.Body.Email, Role: access.TeamRole(in.Body.Role), Limit: limitOf(in.Body.Limit),
	})
	if err != nil {
		return nil, err
	}
	mailed, err := s.Teams.Mail(ctx, i, secret)
	if err != nil {
		s.Log.Warn("an invitation was not mailed; its link was shown", "invitation", i.ID, "error", err)
	}
	return answer(NewInvitation{Invitation: wireInvitation(i, map[string]string{a.ID: a.Email}), Token: secret, Mailed: mailed}), nil
}

func (s *server) revokeInvitation(ctx context.Context, in *invitationInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Revoke(ctx, actor, in.ID, in.Invitation)
}

func (s *server) lookAtInvitation(ctx context.Context, in *tokenInput) (*body[Invited], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	i, t, err := s.Teams.Look(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	emails, err := s.Teams.Emails(ctx, []string{i.CreatedBy})
	if err != nil {
		return nil, err
	}
	_, member := t.Member(a.ID)
	return answer(Invited{
		TeamID: t.ID, TeamName: t.Name, Role: string(i.Role), Limit: limitOrNull(i.Limit), InvitedBy: emails[i.CreatedBy],
		ForYou: i.Email == "" || i.Email == a.Email, Member: member, ExpiresAt: i.ExpiresAt.UTC(),
	}), nil
}

func (s *server) acceptInvitation(ctx context.Context, in *tokenInput) (*body[Team], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Accept(ctx, actor, a.Email, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return s.whole(ctx, actor, t)
}

func (s *server) getTeamUsage(ctx context.Context, in *usageInput) (*body[TeamUsage], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Get(ctx, actor, in.ID, access.SeeTeam)
	if err != nil {
		return nil, err
	}
	period, err := generation.ParsePeriod(in.Month, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	list, err := s.Generations.Usage(ctx, actor, in.ID, period)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, u := range list {
		ids = append(ids, u.AccountID)
	}
	emails, err := s.Teams.Emails(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := TeamUsage{From: period.From, Until: period.Until, Items: make([]UsageItem, 0, len(list))}
	for _, u := range list {
		_, here := t.Member(u.AccountID)
		out.Used += u.Used
		out.Items = append(out.Items, UsageItem{
			AccountID: u.AccountID, Email: emails[u.AccountID], Here: here, Model: u.Model, Generations: u.Generations, Used: u.Used,
		})
	}
	return answer(out), nil
}

func (s *server) listTeamJournal(ctx context.Context, in *teamJournalInput) (*body[List[JournalItem]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Get(ctx, actor, in.ID, access.SeeJournal)
	if err != nil {
		return nil, err
	}
	query, err := in.in(t.Wallet())
	if err != nil {
		return nil, err
	}
	return s.journal(ctx, actor, query, in.Cursor, in.Limit)
}

func (s *server) exportTeamJournal(ctx context.Context, in *teamExportInput) (*huma.StreamResponse, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Get(ctx, actor, in.ID, access.SeeJournal)
	if err != nil {
		return nil, err
	}
	query, err := in.in(t.Wallet())
	if err != nil {
		return nil, err
	}
	return s.export(query, "token", "bottega-team-tokens"), nil
}

func (s *server) listTeamGenerations(ctx context.Context, in *teamPageInput) (*body[List[Generation]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.Teams.Get(ctx, actor, in.ID, access.SeeWork); err != nil {
		return nil, err
	}
	items, next, err := s.Generations.OfTeam(ctx, actor, in.ID, generation.Page{Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	return s.page(items, next)
}
