package queue

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/token"
)

func TestAssign_GivesEachTicketToWhoEndsItFirst(t *testing.T) {
	ticket := Ticket{ID: "t", Needs: "e", Model: "a", Pixels: 9, Weight: token.Whole(perTokens)}
	with := func(h host, pace time.Duration, runs ...run) host {
		h.models[model("a")] = onHost{loads: true, memory: 1, resident: true, pace: pace}
		h.runs = runs
		return h
	}
	cold := shelf("other", 1, 0, "a")
	same := run{model("a"), 9, time.Minute}
	for _, c := range []struct {
		what      string
		me, other host
		want      time.Duration // that it is left to the other
	}{
		{"alike: here", with(shelf("me", 1, 0, "a"), 10*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second), 0},
		{"the other is faster", with(shelf("me", 1, 0, "a"), 60*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second), leaveMost},
		{"and will be free soon", with(shelf("me", 1, 0, "a"), 60*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second, run{model("b"), 9, 2 * time.Second}), leaveMost},
		{"half of a small gain", with(shelf("me", 1, 0, "a"), 13*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second), 1500 * time.Millisecond},
		{"too small a gain", with(shelf("me", 1, 0, "a"), 11*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second), 0},
		{"it works for long", with(shelf("me", 1, 0, "a"), 60*time.Second), with(shelf("other", 1, 0, "a"), 10*time.Second, run{model("b"), 9, 20 * time.Second}), 0},
		{"it does not have the model", with(shelf("me", 1, 0, "a"), 60*time.Second), cold, 0},
		{"it works on the same", with(shelf("me", 1, 0, "a"), 10*time.Second), with(shelf("other", 2, 0, "a"), 10*time.Second, same), leaveEqual},
		{"and is hardly slower", with(shelf("me", 1, 0, "a"), 10*time.Second), with(shelf("other", 2, 0, "a"), 10500*time.Millisecond, same), leaveEqual},
		{"both work on the same", with(shelf("me", 2, 0, "a"), 10*time.Second, same), with(shelf("other", 2, 0, "a"), 10*time.Second, same), 0},
		{"of another size", with(shelf("me", 1, 0, "a"), 10*time.Second), with(shelf("other", 2, 0, "a"), 10*time.Second, run{model("a"), 8, time.Minute}), 0},
		{"never measured", with(shelf("me", 1, 0, "a"), 0), with(shelf("other", 1, 0, "a"), 0), 0},
	} {
		f := &Forecast{typical: time.Second}
		if got := assign([]Ticket{ticket}, []host{c.me, c.other}, "me", f.takesOn)["t"]; got != c.want {
			t.Errorf("%s: left for %s, want %s", c.what, got, c.want)
		}
	}
}

// A ticket is left for three seconds at most, for less than is gained by it, and only to a machine that has a slot by then.
// A machine alone leaves nothing.
func TestAssign_LeavesNothingForLongerThanItGains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(most int, what string) time.Duration {
			return time.Duration(rapid.IntRange(0, most*10).Draw(t, what)) * time.Second / 10
		}
		var hosts []host
		for i := range rapid.IntRange(1, 4).Draw(t, "hosts") {
			h := shelf(fmt.Sprint(i), rapid.IntRange(0, 3).Draw(t, "slots"), 0, "ab")
			for _, n := range []string{"a", "b"} {
				h.models[model(n)] = onHost{loads: true, resident: rapid.Bool().Draw(t, "resident"), pace: seconds(60, "pace")}
			}
			for range rapid.IntRange(0, h.slots).Draw(t, "runs") {
				h.runs = append(h.runs, run{model("a"), 1, seconds(30, "left")})
			}
			hosts = append(hosts, h)
		}
		var tickets []Ticket
		for i := range rapid.IntRange(1, 6).Draw(t, "tickets") {
			tickets = append(tickets, Ticket{ID: fmt.Sprint(i), Needs: "e", Model: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "model"), Pixels: 1, Weight: token.Whole(perTokens)})
		}
		f := &Forecast{typical: 7 * time.Second}
		left := assign(tickets, hosts, "0", f.takesOn)
		if len(hosts) == 1 && hosts[0].slots > 0 && len(left) > 0 {
			t.Fatalf("alone it leaves %v", left)
		}
		for id, most := range left {
			if most > leaveMost || most <= 0 {
				t.Fatalf("%s is left for %s", id, most)
			}
			if hosts[0].slots == 0 {
				continue // nothing starts here
			}
			var ticket Ticket
			for _, x := range tickets {
				if x.ID == id {
					ticket = x
				}
			}
			// The longest that it can take here is after all that runs and all that came before it.
			here := f.takesOn(hosts[0], ticket)
			for _, r := range hosts[0].runs {
				here += r.left
			}
			for _, x := range tickets {
				here += f.takesOn(hosts[0], x)
			}
			if most >= here && here > 0 {
				t.Fatalf("%s is left for %s and takes %s here", id, most, here)
			}
		}
	})
}

func TestSwaps_AWarmTicketTakesTheTurnOfAColdOneOfItsAccountAFewTimes(t *testing.T) {
	cold := []Ticket{{ID: "c", Share: "ada", Start: 1}}
	passed := 0
	for n := range 10 {
		warm := []Ticket{{ID: "other", Share: "eve", Start: 2}, {ID: fmt.Sprint("w", n), Share: "ada", Start: int64(10 + 10*n)}}
		before := cold[0].Start
		changed := swaps(warm, cold)
		if s, ok := changed[fmt.Sprint("w", n)]; ok {
			passed++
			if s.start != before || s.cold.Start != int64(10+10*n) || s.cold.Passed != passed || cold[0].Start != s.cold.Start {
				t.Errorf("they changed to %d and %+v, want each the turn of the other", s.start, s.cold)
			}
		}
		if _, ok := changed["other"]; ok || warm[0].ID == "other" && warm[0].Start != 2 || warm[1].ID == "other" && warm[1].Start != 2 {
			t.Error("somebody else's turn changed")
		}
	}
	if passed != warmPlaces {
		t.Errorf("it was passed %d times, want %d", passed, warmPlaces)
	}
}

// Whatever waits: the turns of each account are the same ones before and after, nobody else's change, and no cold ticket is
// passed more often than it may be.
func TestSwaps_OtherAccountsNoticeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(kind string) (list []Ticket) {
			for i := range rapid.IntRange(0, 8).Draw(t, kind) {
				list = append(list, Ticket{
					ID: fmt.Sprint(kind, i), Share: rapid.SampledFrom([]string{"ada", "eve"}).Draw(t, "share"),
					Start: int64(rapid.IntRange(0, 20).Draw(t, "start")), Passed: rapid.IntRange(0, warmPlaces).Draw(t, "passed"),
				})
			}
			return list
		}
		warm, cold := draw("w"), draw("c")
		turns := func() map[string]map[int64]int {
			of := map[string]map[int64]int{"ada": {}, "eve": {}}
			for _, list := range [][]Ticket{warm, cold} {
				for _, x := range list {
					of[x.Share][x.Start]++
				}
			}
			return of
		}
		before := fmt.Sprint(turns())
		starts := map[string]int64{}
		for _, w := range warm {
			starts[w.ID] = w.Start
		}
		swaps(warm, cold)
		if after := fmt.Sprint(turns()); after != before {
			t.Fatalf("the turns were %s and are %s", before, after)
		}
		for _, c := range cold {
			if c.Passed > warmPlaces {
				t.Fatalf("%s was passed %d times", c.ID, c.Passed)
			}
		}
		for _, w := range warm {
			if w.Start > starts[w.ID] {
				t.Fatalf("%s is later than before", w.ID)
			}
		}
	})
}
