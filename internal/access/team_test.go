package access_test

import (
	"strings"
	"testing"

	"bottega/internal/access"
)

// rights is who may do what in a team, as one would explain it: yes, no, and what a dissolved team leaves its owner.
const rights = `
action          owner  admin  member  billing  afterwards
see_team        yes    yes    yes     yes      yes
see_work        yes    yes    yes     no       yes
spend           yes    yes    yes     no       no
spend_by_key    yes    yes    no      no       no
delete_work     yes    yes    no      no       no
see_usage       yes    yes    no      yes      yes
see_journal     yes    yes    no      yes      yes
invite          yes    yes    no      no       no
set_limits      yes    yes    no      no       no
manage_members  yes    yes    no      no       no
rename          yes    yes    no      no       no
manage_plan     yes    no     no      yes      no
transfer        yes    no     no      no       no
dissolve        yes    no     no      no       no
leave           no     yes    yes     yes      no
`

func TestTeam_WhoMayDoWhat(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(rights), "\n")
	roles := strings.Fields(lines[0])[1:5]
	if len(lines)-1 != len(access.TeamActions()) {
		t.Errorf("the table has %d actions, there are %d", len(lines)-1, len(access.TeamActions()))
	}
	known := map[access.TeamAction]bool{}
	for _, a := range access.TeamActions() {
		known[a] = true
	}
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		a := access.TeamAction(f[0])
		if !known[a] {
			t.Errorf("%s is no action", a)
		}
		for i, role := range roles {
			m := access.Membership{TeamID: "t", AccountID: "a", Role: access.TeamRole(role)}
			if m.May(a) != (f[1+i] == "yes") {
				t.Errorf("%s may %s: %v", role, a, m.May(a))
			}
		}
		owner := access.Membership{Role: access.TeamOwner, Dissolved: true}
		if owner.May(a) != (f[5] == "yes") {
			t.Errorf("%s in a dissolved team: %v", a, owner.May(a))
		}
		for _, m := range []access.Membership{{}, {Role: "boss"}, {Role: "boss", Dissolved: true}} {
			if m.May(a) {
				t.Errorf("%+v may %s", m, a)
			}
		}
	}
}

func TestTeam_WhoManagesWhom(t *testing.T) {
	const yes = " owner>admin>member owner>admin>billing owner>admin> owner>member>admin owner>member>billing owner>member> owner>billing>admin" +
		" owner>billing>member owner>billing> owner>admin>admin owner>member>member owner>billing>billing" +
		" admin>member>billing admin>member> admin>billing>member admin>billing> admin>member>member admin>billing>billing "
	for _, by := range access.TeamRoles() {
		for _, target := range access.TeamRoles() {
			for _, to := range append(access.TeamRoles(), "") {
				change := " " + string(by) + ">" + string(target) + ">" + string(to) + " "
				if got, want := access.MayManage(by, target, to), strings.Contains(yes, change); got != want {
					t.Errorf("%s turns %s into %q: %v", by, target, to, got)
				}
			}
		}
	}
}
