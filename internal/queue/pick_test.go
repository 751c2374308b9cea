package queue

import (
	"fmt"
	"testing"
	"time"
)

func TestPick(t *testing.T) {
	now := time.Unix(1000, 0)
	run := func(id, account string) Ticket {
		return Ticket{ID: id, AccountID: account, Owner: "x", Until: now.Add(time.Second)}
	}
	wait := func(id, account string) Ticket { return Ticket{ID: id, AccountID: account} }
	lost := Ticket{ID: "lost", AccountID: "b", Owner: "dead", Until: now.Add(-time.Second)}
	later := Ticket{ID: "later", AccountID: "b", Until: now.Add(time.Second)}
	foreign := Ticket{ID: "gpu", AccountID: "c", Needs: "gpu"}
	for _, c := range []struct {
		name string
		line []Ticket
		free int
		want string
	}{
		{"in order of arrival", []Ticket{wait("1", "a"), wait("2", "b"), wait("3", "c")}, 2, "[1 2]"},
		{"an account stays within its limit", []Ticket{wait("1", "a"), wait("2", "a"), wait("3", "a"), wait("4", "b")}, 4, "[1 2 4]"},
		{"running work counts", []Ticket{run("1", "a"), run("2", "a"), wait("3", "a"), wait("4", "b")}, 4, "[4]"},
		{"an expired lease moves on", []Ticket{lost, wait("1", "a")}, 4, "[lost 1]"},
		{"a returned ticket waits for its time", []Ticket{later, wait("1", "a")}, 4, "[1]"},
		{"an engine that is not here is left to others", []Ticket{foreign, wait("1", "a")}, 4, "[1]"},
		{"no room", []Ticket{wait("1", "a")}, 0, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := []string{}
			for _, k := range pick(c.line, now, c.free, func(string) int { return 2 }, func(t Ticket) bool { return t.Needs == "" }) {
				got = append(got, k.ID)
			}
			if fmt.Sprint(got) != c.want {
				t.Fatalf("picked %v, want %s", got, c.want)
			}
		})
	}
}
