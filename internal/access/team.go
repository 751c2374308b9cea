package access

import (
	"fmt"
	"slices"
	"strings"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// TeamRole is what somebody is in a team.
type TeamRole string

// The roles in a team. Billing is for whoever looks after the money and takes no seat: it neither spends nor sees pictures.
const (
	TeamOwner   TeamRole = "owner"
	TeamAdmin   TeamRole = "admin"
	TeamMember  TeamRole = "member"
	TeamBilling TeamRole = "billing"
)

// TeamRoles lists them, the most powerful first.
func TeamRoles() []TeamRole { return []TeamRole{TeamOwner, TeamAdmin, TeamMember, TeamBilling} }

// Seated reports whether a role takes one of the team's seats.
func (r TeamRole) Seated() bool { return r != TeamBilling }

// TeamAction is something to do in a team.
type TeamAction string

// The actions.
const (
	SeeTeam      TeamAction = "see_team"       // its name, plan and members
	SeeWork      TeamAction = "see_work"       // what was made with its tokens
	SpendTokens  TeamAction = "spend"          //
	SpendByKey   TeamAction = "spend_by_key"   // let an API key of one's own pay with its tokens
	DeleteWork   TeamAction = "delete_work"    // of others: cancel and delete what they make with its tokens
	SeeUsage     TeamAction = "see_usage"      // of everybody; one's own is always seen
	SeeJournal   TeamAction = "see_journal"    //
	InvitePeople TeamAction = "invite"         // see, make and revoke invitations
	SetLimits    TeamAction = "set_limits"     //
	ManageRoles  TeamAction = "manage_members" // roles and removal; whose, MayManage says
	RenameTeam   TeamAction = "rename"         //
	ManagePlan   TeamAction = "manage_plan"    // plan, seats, packs, top-ups, payments
	TransferTeam TeamAction = "transfer"       //
	DissolveTeam TeamAction = "dissolve"       //
	LeaveTeam    TeamAction = "leave"          // the owner transfers or dissolves instead
)

// TeamActions lists them.
func TeamActions() []TeamAction {
	return []TeamAction{
		SeeTeam, SeeWork, SpendTokens, SpendByKey, DeleteWork, SeeUsage, SeeJournal, InvitePeople, SetLimits, ManageRoles,
		RenameTeam, ManagePlan, TransferTeam, DissolveTeam, LeaveTeam,
	}
}

// mayInTeam is who may do what.
var mayInTeam = map[TeamAction][]TeamRole{
	SeeTeam:      {TeamOwner, TeamAdmin, TeamMember, TeamBilling},
	SeeWork:      {TeamOwner, TeamAdmin, TeamMember},
	SpendTokens:  {TeamOwner, TeamAdmin, TeamMember},
	SpendByKey:   {TeamOwner, TeamAdmin},
	DeleteWork:   {TeamOwner, TeamAdmin},
	SeeUsage:     {TeamOwner, TeamAdmin, TeamBilling},
	SeeJournal:   {TeamOwner, TeamAdmin, TeamBilling},
	InvitePeople: {TeamOwner, TeamAdmin},
	SetLimits:    {TeamOwner, TeamAdmin},
	ManageRoles:  {TeamOwner, TeamAdmin},
	RenameTeam:   {TeamOwner, TeamAdmin},
	ManagePlan:   {TeamOwner, TeamBilling},
	TransferTeam: {TeamOwner},
	DissolveTeam: {TeamOwner},
	LeaveTeam:    {TeamAdmin, TeamMember, TeamBilling},
}

// afterwards is what is left to do in a dissolved team, to its last owner.
var afterwards = []TeamAction{SeeTeam, SeeWork, SeeUsage, SeeJournal}

// MayManage reports whether somebody may change a role into another one, or remove who has it (to is empty). Owners
// change by transfer alone; admins are the owner's matter.
func MayManage(by, target, to TeamRole) bool {
	for _, r := range []TeamRole{target, to} {
		switch {
		case r == TeamOwner, r == TeamAdmin && by != TeamOwner:
			return false
		}
	}
	return slices.Contains(mayInTeam[ManageRoles], by)
}

// NoLimit is the limit of a member who may use all there is.
const NoLimit token.Amount = -1

// Membership is how somebody stands in a team. The zero Membership is nobody's, and may nothing.
type Membership struct {
	TeamID, AccountID string
	Role              TeamRole
	Limit             token.Amount // most that may be used in a UTC month; NoLimit = no bound
	Dissolved         bool         // the team is no more
}

// May reports whether the member may do something.
func (m Membership) May(a TeamAction) bool {
	if m.Dissolved && !slices.Contains(afterwards, a) {
		return false
	}
	return slices.Contains(mayInTeam[a], m.Role)
}

// ErrNoTeam is the fault of a team that does not exist or that the actor is not in.
var ErrNoTeam = fault.New(fault.NotFound, "team_not_found", "there is no such team")

// Allow refuses those who may not do something: whoever is not in the team does not learn that it exists.
func (m Membership) Allow(a TeamAction) error {
	switch {
	case m.Role == "":
		return ErrNoTeam
	case m.May(a):
		return nil
	case m.Dissolved:
		return fault.New(fault.Conflict, "team_dissolved", "this team was dissolved: it can be read and nothing else")
	}
	roles := make([]string, 0, 4)
	for _, r := range mayInTeam[a] {
		roles = append(roles, string(r))
	}
	f := fault.New(fault.Forbidden, "team_role", fmt.Sprintf("your role in this team is %s: that is for %s", m.Role, strings.Join(roles, ", ")))
	f.Details = map[string]any{"role": string(m.Role), "roles": roles}
	return f
}
