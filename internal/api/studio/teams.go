package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/team"
	"bottega/internal/token"
)

// Team is a team as one of its members sees it.
type Team struct {
	ID        string        `json:"id" format:"uuid"`
	Name      string        `json:"name"`
	Role      string        `json:"role" enum:"owner,admin,member,billing" doc:"one's own"`
	May       []string      `json:"may" nullable:"false" doc:"what one may do in it: see_team, see_work, spend, spend_by_key, delete_work, see_usage, see_journal, invite, set_limits, manage_members, rename, manage_plan, transfer, dissolve, leave"`
	CreatedAt time.Time     `json:"created_at"`
	Dissolved *time.Time    `json:"dissolved_at" doc:"null = it is there"`
	Seats     int           `json:"seats" doc:"that may be filled"`
	Taken     int           `json:"taken" doc:"seats that are filled; billing takes none"`
	Limit     *token.Amount `json:"limit_mt" doc:"most that one may use of its tokens in a UTC month; null = no limit"`
	Used      token.Amount  `json:"used_mt" doc:"by oneself in this UTC month, held amounts included"`
	Plan      TeamPlan      `json:"plan"`
	Balance   Balance       `json:"balance" doc:"of the pool that all share"`
	Members   []Member      `json:"members" nullable:"false" doc:"empty in lists"`
}

// TeamPlan is the plan that a team is on, for all its seats together.
type TeamPlan struct {
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	State   string       `json:"state" enum:"settled,trial,past_due,cancelled,changing"`
	Monthly token.Amount `json:"monthly_mt"`
	BankCap token.Amount `json:"bank_cap_mt"`
}

// Member is somebody in a team.
type Member struct {
	AccountID string        `json:"account_id" format:"uuid"`
	Email     string        `json:"email"`
	Role      string        `json:"role" enum:"owner,admin,member,billing"`
	Limit     *token.Amount `json:"limit_mt" doc:"most in a UTC month; null = no limit"`
	Used      *token.Amount `json:"used_mt" doc:"in this UTC month; null = not for you"`
	JoinedAt  time.Time     `json:"joined_at"`
}

// TeamName is what a team is called.
type TeamName struct {
	Name string `json:"name" doc:"1 to 80 characters"`
}

// MemberChange is what should become of a member; what is left out stays.
type MemberChange struct {
	Role    string        `json:"role,omitempty" enum:"admin,member,billing"`
	Limit   *token.Amount `json:"limit_mt,omitempty" minimum:"0" doc:"most in a UTC month"`
	NoLimit bool          `json:"no_limit,omitempty" doc:"true: no limit any more; without limit_mt"`
}

// NewOwner names the member who takes over.
type NewOwner struct {
	AccountID string `json:"account_id" format:"uuid"`
}

type teamNameInput struct{ Body TeamName }

type renameInput struct {
	ID   string `path:"id"`
	Body TeamName
}

type transferInput struct {
	ID   string `path:"id"`
	Body NewOwner
}

type memberInput struct {
	ID     string `path:"id"`
	Member string `path:"member"`
}

type memberChangeInput struct {
	ID     string `path:"id"`
	Member string `path:"member"`
	Body   MemberChange
}

// declareTeams binds the rows about teams.
func (s *server) declareTeams(r *registrar) {
	route(r, "list-teams", s.listTeams)
	route(r, "create-team", s.createTeam)
	route(r, "get-team", s.getTeam)
	route(r, "rename-team", s.renameTeam)
	route(r, "dissolve-team", s.dissolveTeam)
	route(r, "leave-team", s.leaveTeam)
	route(r, "transfer-team", s.transferTeam)
	route(r, "change-member", s.changeMember)
	route(r, "remove-member", s.removeMember)
	route(r, "list-invitations", s.listInvitations)
	route(r, "invite", s.invite)
	route(r, "revoke-invitation", s.revokeInvitation)
	route(r, "get-team-usage", s.getTeamUsage)
	route(r, "list-team-journal", s.listTeamJournal)
	route(r, "export-team-journal", s.exportTeamJournal)
	route(r, "list-team-generations", s.listTeamGenerations)
	route(r, "look-at-invitation", s.lookAtInvitation)
	route(r, "accept-invitation", s.acceptInvitation)
}

func limitOrNull(limit token.Amount) *token.Amount {
	if limit == access.NoLimit {
		return nil
	}
	return &limit
}

func limitOf(limit *token.Amount) token.Amount {
	if limit == nil {
		return access.NoLimit
	}
	return *limit
}

// team turns a team into its wire form for the actor; members are added where somebody asks for one team.
func (s *server) team(ctx context.Context, actor access.Actor, t *team.Team) (Team, error) {
	standing, err := s.Teams.Standing(ctx, t.ID)
	if err != nil {
		return Team{}, err
	}
	balance, err := s.Ledger.Balance(ctx, t.Wallet())
	if err != nil {
		return Team{}, err
	}
	used, err := s.Generations.MembersUsed(ctx, t.ID)
	if err != nil {
		return Team{}, err
	}
	m := t.Membership(actor.AccountID)
	out := Team{
		ID: t.ID, Name: t.Name, Role: string(m.Role), May: []string{}, CreatedAt: t.CreatedAt.UTC(), Dissolved: timeOrNull(t.DissolvedAt),
		Seats: t.Seats, Taken: t.Taken(), Limit: limitOrNull(m.Limit), Used: used[actor.AccountID],
		Plan: TeamPlan{
			Name: standing.Plan.Name, Title: standing.Plan.Title, State: string(standing.State),
			Monthly: standing.Plan.Monthly, BankCap: standing.Plan.BankCap,
		},
		Balance: wireBalance(balance, standing.Plan), Members: []Member{},
	}
	for _, a := range access.TeamActions() {
		if m.May(a) {
			out.May = append(out.May, string(a))
		}
	}
	return out, nil
}

// whole is team with the members.
func (s *server) whole(ctx context.Context, actor access.Actor, t *team.Team) (*body[Team], error) {
	out, err := s.team(ctx, actor, t)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(t.Members))
	for _, m := range t.Members {
		ids = append(ids, m.AccountID)
	}
	emails, err := s.Teams.Emails(ctx, ids)
	if err != nil {
		return nil, err
	}
	used, err := s.Generations.MembersUsed(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	all := t.Membership(actor.AccountID).May(access.SeeUsage)
	for _, m := range t.Members {
		w := Member{
			AccountID: m.AccountID, Email: emails[m.AccountID], Role: string(m.Role), Limit: limitOrNull(m.Limit), JoinedAt: m.JoinedAt.UTC(),
		}
		if all || m.AccountID == actor.AccountID {
			n := used[m.AccountID]
			w.Used = &n
		} else {
			w.Limit = nil
		}
		out.Members = append(out.Members, w)
	}
	return answer(out), nil
}

func (s *server) listTeams(ctx context.Context, _ *nothing) (*body[All[Team]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	teams, err := s.Teams.List(ctx, actor)
	if err != nil {
		return nil, err
	}
	out := All[Team]{Items: make([]Team, 0, len(teams))}
	for _, t := range teams {
		w, err := s.team(ctx, actor, t)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, w)
	}
	return answer(out), nil
}

func (s *server) createTeam(ctx context.Context, in *teamNameInput) (*body[Team], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Create(ctx, actor, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return s.whole(ctx, actor, t)
}

func (s *server) getTeam(ctx context.Context, in *idInput) (*body[Team], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.Teams.Get(ctx, actor, in.ID, access.SeeTeam)
	if err != nil {
		return nil, err
	}
	return s.whole(ctx, actor, t)
}

func (s *server) renameTeam(ctx context.Context, in *renameInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Rename(ctx, actor, in.ID, in.Body.Name)
}

func (s *server) dissolveTeam(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Dissolve(ctx, actor, in.ID)
}

func (s *server) leaveTeam(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Leave(ctx, actor, in.ID)
}

func (s *server) transferTeam(ctx context.Context, in *transferInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Transfer(ctx, actor, in.ID, in.Body.AccountID)
}

func (s *server) changeMember(ctx context.Context, in *memberChangeInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	c := team.MemberChange{Limit: in.Body.Limit}
	if in.Body.NoLimit {
		if c.Limit != nil {
			return nil, fault.Bad(fault.Field{Name: "no_limit", Value: true, Message: "contradicts limit_mt", Allowed: "one of the two"})
		}
		none := access.NoLimit
		c.Limit = &none
	}
	if in.Body.Role != "" {
		role := access.TeamRole(in.Body.Role)
		c.Role = &role
	}
	return nil, s.Teams.SetMember(ctx, actor, in.ID, in.Member, c)
}

func (s *server) removeMember(ctx context.Context, in *memberInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Teams.Remove(ctx, actor, in.ID, in.Member)
}
