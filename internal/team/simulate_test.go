package team

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// life is a team that does random things for years: people come and go, change what they are, take the team over; its
// plan grows, shrinks, is paid late or not at all. Plain values, no database, no clock of a machine.
type life struct {
	t    testing.TB
	dice *rand.Rand
	now  time.Time
	team *Team
	sub  plan.Subscription
	w    *ledger.Wallet
	open map[string]*ledger.Hold
	refs map[string]bool
	last time.Time
	log  []string

	people, holds  int
	granted, spent token.Amount
}

func newLife(t testing.TB, seed uint64) *life {
	l := &life{t: t, dice: rand.New(rand.NewPCG(seed, 11)), open: map[string]*ledger.Hold{}, refs: map[string]bool{}, people: 1}
	l.now = time.Date(2024, 1, 1+l.dice.IntN(31), l.dice.IntN(24), 0, 0, 0, time.UTC)
	l.team = &Team{ID: "t", Name: "Foxes"}
	l.team.put(Member{AccountID: "p1", Role: access.TeamOwner, Limit: access.NoLimit, JoinedAt: l.now})
	l.sub = plan.ForTeam()
	l.w = &ledger.Wallet{ID: ledger.TeamOf("t"), Started: -1}
	return l
}

func (l *life) fail(format string, args ...any) {
	l.t.Helper()
	for _, line := range l.log[max(0, len(l.log)-30):] {
		l.t.Log(line)
	}
	l.t.Fatalf(format, args...)
}

func (l *life) follow() {
	s, err := l.sub.Schedule()
	if err != nil {
		l.fail("%v", err)
	}
	if err := l.w.Advance(l.now, s); err != nil {
		l.fail("%v", err)
	}
	l.team.Seats = l.sub.Seats(l.now)
	for _, g := range l.w.Grants {
		if l.refs[g.ID] {
			continue
		}
		l.refs[g.ID] = true
		if l.refs[g.Ref] {
			l.fail("%s was granted twice", g.Ref)
		}
		l.refs[g.Ref] = true
		if g.Kind == ledger.Daily || g.Kind == ledger.Promo {
			l.fail("a team was given %s of %s", g.Amount, g.Kind)
		}
		if g.Kind == ledger.Plan {
			if g.CreatedAt.Before(l.last) {
				l.fail("%s arrived out of order", g.Ref)
			}
			l.last = g.CreatedAt
		}
		if g.Kind != ledger.Bank {
			l.granted += g.Amount
		}
	}
}

// somebody is a member by chance, or one who is none.
func (l *life) somebody() string {
	if l.dice.IntN(8) == 0 {
		return "stranger"
	}
	return l.team.Members[l.dice.IntN(len(l.team.Members))].AccountID
}

// step does one random thing, and says whether it was refused; then nothing may have changed.
func (l *life) step() {
	roles := []access.TeamRole{access.TeamAdmin, access.TeamMember, access.TeamBilling, access.TeamOwner, ""}
	role := roles[l.dice.IntN(len(roles))]
	by, who := l.somebody(), l.somebody()
	before := snapshot(l.team)
	var what string
	var err error
	switch l.dice.IntN(12) {
	case 0, 1:
		what = "join as " + string(role)
		if _, err = l.team.checkInvitation(by, InviteRequest{Role: role, Limit: access.NoLimit}); err == nil {
			l.people++
			err = l.team.Join(fmt.Sprintf("p%d", l.people), role, access.NoLimit, l.now)
		}
	case 2:
		what, err = "role "+string(role), l.team.SetRole(by, who, role)
	case 3:
		what, err = "limit", l.team.SetLimit(by, who, token.Whole(l.dice.Int64N(100)-2))
	case 4:
		what, err = "remove", l.team.Remove(by, who, l.now)
	case 5:
		what, err = "leave", l.team.Leave(who, l.now)
	case 6:
		what, err = "transfer", l.team.Transfer(by, who)
	case 7, 8, 9:
		what, err = l.plan()
	default:
		l.work()
		return
	}
	l.log = append(l.log, fmt.Sprintf("%s %s: %s to %s: %v", l.now.Format("2006-01-02"), what, by, who, err))
	if err != nil && snapshot(l.team) != before {
		l.fail("%s was refused (%v) and changed the team", what, err)
	}
}

func snapshot(t *Team) string {
	list := slices.Clone(t.Members)
	slices.SortFunc(list, func(a, b Member) int { return a.JoinedAt.Compare(b.JoinedAt) })
	return fmt.Sprint(t.Name, t.DissolvedAt, len(list), list)
}

// plan decides on the plan as ChangePlan does.
func (l *life) plan() (what string, err error) {
	name := []string{"team-starter", "team-growth", "artisan"}[l.dice.IntN(3)]
	seats := l.dice.IntN(9)
	out := l.sub
	switch l.dice.IntN(8) {
	case 0:
		what = fmt.Sprintf("start %s with %d seats", name, seats)
		out, err = l.sub.StartTeam(l.now, name, plan.Monthly, seats)
	case 1, 2, 3:
		what = "pay"
		out, err = l.sub.Pay(l.now)
	case 4, 5:
		what = fmt.Sprintf("%d seats", seats)
		out, _, err = l.sub.Resize(l.now, seats)
	case 6:
		what = "upgrade to " + name
		out, _, err = l.sub.Upgrade(l.now, name)
	case 7:
		what = "cancel"
		out, err = l.sub.Cancel(l.now)
	}
	if err == nil && out.Seats(l.now) < l.team.Seats && out.Seats(l.now) < l.team.Taken() && !out.Now(l.now).Lapse {
		err = ErrSeatsTaken
	}
	if err == nil {
		l.sub = out
		l.follow()
	}
	return what, err
}

// work ends some of what is open and holds something more.
func (l *life) work() {
	for _, id := range slices.Sorted(maps.Keys(l.open)) {
		if l.dice.IntN(3) == 0 {
			h := l.open[id]
			amount := token.Amount(l.dice.Int64N(int64(h.Amount) + 1))
			if err := l.w.Capture(h, amount, l.dice.IntN(2) == 0); err != nil {
				l.fail("%v", err)
			}
			l.spent += amount
			delete(l.open, id)
		}
	}
	l.holds++
	h, err := l.w.Hold(ledger.HoldRequest{GenerationID: fmt.Sprint(l.holds), Amount: token.Amount(l.dice.Int64N(int64(token.Whole(40_000))))})
	if err == nil {
		l.open[h.ID] = h
	}
}

// check holds the team to what it promises. A plan that ran out may leave more members than seats; then nobody comes in.
func (l *life) check(taken int) {
	owners := 0
	seen := map[string]bool{}
	for _, m := range l.team.Members {
		if seen[m.AccountID] {
			l.fail("%s is in it twice", m.AccountID)
		}
		seen[m.AccountID] = true
		if m.Role == access.TeamOwner {
			owners++
		}
		if m.Limit < access.NoLimit {
			l.fail("%s has a limit of %s", m.AccountID, m.Limit)
		}
	}
	if owners != 1 {
		l.fail("%d owners", owners)
	}
	if now := l.team.Taken(); now > l.team.Seats && now > taken {
		l.fail("%d of %d seats are taken, it was %d", now, l.team.Seats, taken)
	}
	var available, held, spent, gone token.Amount
	for _, g := range l.w.Grants {
		if min(g.Remaining, g.Held, g.Spent, g.Expired, g.Moved) < 0 {
			l.fail("grant %s is %+v", g.Ref, g)
		}
		if g.Kind == ledger.Bank && g.Remaining+g.Held > plan.MaxSeats*token.Whole(180_000) {
			l.fail("the bank has %s", g.Remaining)
		}
		available, held, spent, gone = available+g.Remaining, held+g.Held, spent+g.Spent, gone+g.Expired
	}
	if available != l.w.Available || held != l.w.Held || available+held+spent+gone != l.granted || spent != l.spent {
		l.fail("%s were granted; %s are available, %s held, %s spent (%s were taken), %s expired", l.granted, available, held, spent, l.spent, gone)
	}
}

func TestSimulate_YearsOfTeams(t *testing.T) {
	lives := 600
	if testing.Short() {
		lives = 30
	}
	steps, biggest := 0, 0
	for seed := range lives {
		l := newLife(t, uint64(seed))
		for end := l.now.AddDate(3, 0, 0); l.now.Before(end); steps++ {
			l.now = l.now.Add(time.Duration(l.dice.IntN(8*24*60)) * time.Minute)
			l.follow()
			taken := l.team.Taken()
			l.step()
			l.check(taken)
			biggest = max(biggest, len(l.team.Members))
		}
	}
	if biggest < 6 {
		t.Errorf("the biggest team had %d members: nothing was tried", biggest)
	}
	t.Logf("%d lives, %d steps, up to %d members", lives, steps, biggest)
}
