// Package team keeps teams: who is in them in which role, how much of the shared tokens each may use, the invitations by
// which people come in, and how seats, plan and members go together. It promises that a team has one owner, never more
// seated members than seats, and that a removed member neither sees nor spends from the moment of the commit on. The
// tokens lie in the ledger, in a wallet of the team's own; what may be spent is decided by package generation.
package team

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/token"
)

// Bounds, so that nothing grows without an end.
const (
	MaxTeams     = 10 // that an account owns
	MaxIn        = 50 // that an account is in
	maxBilling   = 10 // members who take no seat
	maxOpen      = 100
	maxName      = 80 // characters
	inviteLasts  = 7 * 24 * time.Hour
	secretPrefix = "invite_"
)

// The faults of teams.
var (
	ErrNoTeam       = access.ErrNoTeam
	ErrNoMember     = fault.New(fault.NotFound, "member_not_found", "there is no such member in the team")
	ErrNoInvitation = fault.New(fault.NotFound, "invitation_unknown", "there is no such invitation, or it is not valid any more")
	ErrNotForYou    = fault.New(fault.Forbidden, "invitation_for_another", "this invitation is for another e-mail address than that of your account")
	ErrNoSeat       = fault.New(fault.Conflict, "no_free_seat", "every seat of the team is taken: more seats are needed, or somebody leaves")
	ErrMemberBefore = fault.New(fault.Conflict, "already_member", "this account is in the team already")
	ErrOwnerStays   = fault.New(fault.Conflict, "owner_stays", "a team has one owner: transfer the team first")
	ErrSeatsTaken   = fault.New(fault.Conflict, "seats_taken", "more members have a seat than there would be: remove some first")
	ErrTooMany      = fault.New(fault.Conflict, "too_many_teams", fmt.Sprintf("an account owns at most %d teams and is in at most %d", MaxTeams, MaxIn))
	ErrTooManyOpen  = fault.New(fault.Conflict, "too_many_invitations", fmt.Sprintf("%d invitations are open: revoke some first", maxOpen))
	ErrByKey        = fault.New(fault.Forbidden, "session_only", "teams are looked after in the studio, not with an API key")
)

// Team is a loaded team. Its methods are pure decisions: a fault and nothing changed, or the new state.
type Team struct {
	ID          string
	Name        string
	CreatedAt   time.Time
	DissolvedAt time.Time // zero = it is there
	Members     []Member  // who is in it now; the owner first, as they were loaded
	Seats       int       // that may be filled

	touched map[string]Member // to be written
}

// Member is somebody in a team.
type Member struct {
	AccountID string
	Role      access.TeamRole
	Limit     token.Amount // of tokens in a UTC month; access.NoLimit = none
	JoinedAt  time.Time
	LeftAt    time.Time // zero = is in it
}

// Member finds a member.
func (t *Team) Member(accountID string) (Member, bool) {
	i := slices.IndexFunc(t.Members, func(m Member) bool { return m.AccountID == accountID })
	if i < 0 {
		return Member{}, false
	}
	return t.Members[i], true
}

// Membership is a member as access decides about it.
func (t *Team) Membership(accountID string) access.Membership {
	m, _ := t.Member(accountID)
	return access.Membership{TeamID: t.ID, AccountID: m.AccountID, Role: m.Role, Limit: m.Limit, Dissolved: !t.DissolvedAt.IsZero()}
}

// Taken is how many seats are taken.
func (t *Team) Taken() int {
	n := 0
	for _, m := range t.Members {
		if m.Role.Seated() {
			n++
		}
	}
	return n
}

// Allow refuses those who may not do something.
func (t *Team) Allow(accountID string, a access.TeamAction) error {
	return t.Membership(accountID).Allow(a)
}

func (t *Team) put(m Member) {
	if t.touched == nil {
		t.touched = map[string]Member{}
	}
	t.touched[m.AccountID] = m
	t.Members = slices.DeleteFunc(t.Members, func(x Member) bool { return x.AccountID == m.AccountID })
	if m.LeftAt.IsZero() {
		t.Members = append(t.Members, m)
	}
}

// room refuses a role that would take a seat which is not there.
func (t *Team) room(was, is access.TeamRole) error {
	if !is.Seated() {
		billing := len(t.Members) - t.Taken()
		if was != is && billing >= maxBilling {
			return fault.New(fault.Conflict, "too_many_billing", fmt.Sprintf("a team has at most %d members for billing", maxBilling))
		}
		return nil
	}
	if was != "" && was.Seated() || t.Taken() < t.Seats {
		return nil
	}
	return ErrNoSeat
}

// Join lets somebody in.
func (t *Team) Join(accountID string, role access.TeamRole, limit token.Amount, now time.Time) error {
	if _, ok := t.Member(accountID); ok {
		return ErrMemberBefore
	}
	if err := t.room("", role); err != nil {
		return err
	}
	t.put(Member{AccountID: accountID, Role: role, Limit: limit, JoinedAt: now})
	return nil
}

// manage finds a member whose role the actor may change into another, or whom they may remove (to is empty).
func (t *Team) manage(by, accountID string, to access.TeamRole) (Member, error) {
	if err := t.Allow(by, access.ManageRoles); err != nil {
		return Member{}, err
	}
	m, ok := t.Member(accountID)
	if !ok {
		return m, ErrNoMember
	}
	if m.Role == access.TeamOwner {
		return m, ErrOwnerStays
	}
	if mine, _ := t.Member(by); !access.MayManage(mine.Role, m.Role, to) {
		return m, fault.New(fault.Forbidden, "team_role", fmt.Sprintf("your role in this team is %s: admins are made and removed by the owner", mine.Role))
	}
	return m, nil
}

// SetRole changes what a member is.
func (t *Team) SetRole(by, accountID string, role access.TeamRole) error {
	if err := checkRole(role); err != nil {
		return err
	}
	m, err := t.manage(by, accountID, role)
	if err != nil {
		return err
	}
	if err := t.room(m.Role, role); err != nil {
		return err
	}
	m.Role = role
	t.put(m)
	return nil
}

// SetLimit changes how much a member may use in a UTC month. Admins bound members; the owner bounds everybody.
func (t *Team) SetLimit(by, accountID string, limit token.Amount) error {
	if err := t.Allow(by, access.SetLimits); err != nil {
		return err
	}
	if err := checkLimit(limit); err != nil {
		return err
	}
	m, ok := t.Member(accountID)
	if !ok {
		return ErrNoMember
	}
	mine, _ := t.Member(by)
	if mine.Role != access.TeamOwner && m.Role != access.TeamMember && m.Role != access.TeamBilling {
		return fault.New(fault.Forbidden, "team_role", "the limits of admins and of the owner are set by the owner")
	}
	m.Limit = limit
	t.put(m)
	return nil
}

// Remove puts a member out.
func (t *Team) Remove(by, accountID string, now time.Time) error {
	m, err := t.manage(by, accountID, "")
	if err != nil {
		return err
	}
	m.LeftAt = now
	t.put(m)
	return nil
}

// Leave lets a member go.
func (t *Team) Leave(accountID string, now time.Time) error {
	m, ok := t.Member(accountID)
	if ok && m.Role == access.TeamOwner && t.DissolvedAt.IsZero() {
		return ErrOwnerStays
	}
	if err := t.Allow(accountID, access.LeaveTeam); err != nil {
		return err
	}
	m.LeftAt = now
	t.put(m)
	return nil
}

// Transfer makes another seated member the owner; the owner becomes an admin.
func (t *Team) Transfer(by, accountID string) error {
	if err := t.Allow(by, access.TransferTeam); err != nil {
		return err
	}
	to, ok := t.Member(accountID)
	if !ok || accountID == by {
		return ErrNoMember
	}
	if err := t.room(to.Role, access.TeamOwner); err != nil {
		return err
	}
	from, _ := t.Member(by)
	from.Role, to.Role, to.Limit = access.TeamAdmin, access.TeamOwner, access.NoLimit
	t.put(from)
	t.put(to)
	return nil
}

// Rename changes the name.
func (t *Team) Rename(by, name string) error {
	if err := t.Allow(by, access.RenameTeam); err != nil {
		return err
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	t.Name = name
	return nil
}

// Dissolve ends the team: everybody but the owner is out, who may read what was.
func (t *Team) Dissolve(by string, now time.Time) error {
	if err := t.Allow(by, access.DissolveTeam); err != nil {
		return err
	}
	for _, m := range slices.Clone(t.Members) {
		if m.Role != access.TeamOwner {
			m.LeftAt = now
			t.put(m)
		}
	}
	t.DissolvedAt = now
	return nil
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	bad := func(message string) (string, error) {
		return name, fault.Bad(fault.Field{Name: "name", Value: name, Message: message, Allowed: fmt.Sprintf("1 to %d characters", maxName)})
	}
	switch {
	case name == "":
		return bad("is required")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf) }):
		return name, fault.Bad(fault.Field{Name: "name", Message: "has characters that cannot be shown"})
	case utf8.RuneCountInString(name) > maxName:
		return bad("is too long")
	}
	return name, nil
}

func checkRole(role access.TeamRole) error {
	if role == access.TeamOwner || !slices.Contains(access.TeamRoles(), role) {
		return fault.Bad(fault.Field{Name: "role", Value: string(role), Message: "cannot be given", Allowed: "admin, member, billing"})
	}
	return nil
}

func checkLimit(limit token.Amount) error {
	if limit != access.NoLimit && (limit < 0 || limit > token.Max) {
		return fault.Bad(fault.Field{
			Name: "limit_mt", Value: int64(limit), Message: "is out of range", Allowed: "0 to " + token.Max.String() + " tokens",
		})
	}
	return nil
}

// session refuses API keys: a key that leaks must not change who is in a team.
func session(a access.Actor) error {
	if a.KeyID != "" {
		return ErrByKey
	}
	return nil
}

// Accounts tells about the people in teams: account.Store.
type Accounts interface {
	Emails(ctx context.Context, accountIDs []string) (map[string]string, error)
}
