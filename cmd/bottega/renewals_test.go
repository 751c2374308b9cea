package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/ledger"
)

// TestCrash_RenewalsArriveOnceAndInOrder lets many accounts take out plans months ago, with the server off since then.
// While what is due arrives, because the people come back, the server and the commands beside it are killed again and
// again. In the end every month has arrived once, in order, as a simulation of the same plans says that knows no
// database and no crash; so has every gift and code; and what was not spent is there.
func TestCrash_RenewalsArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	kills := 2
	if long() {
		kills = 24
	}
	t.Run("sqlite", func(t *testing.T) { renewals(t, kills, 6*kills) })
	t.Run("postgres", func(t *testing.T) { renewals(t, kills, 5*kills, "--database", apptest.Postgres(t)) })
}

// long reports whether there is time: BOTTEGA_TEST_LONG is set (make test-long). Without it the same tests try less.
func long() bool { return os.Getenv("BOTTEGA_TEST_LONG") != "" }

func renewals(t *testing.T, kills, people int, store ...string) {
	file := asShipped(t)
	flags := append([]string{"--data", t.TempDir()}, store...)
	code := takeOutPlans(t, file, people, flags)
	s := startProgram(t, file, append([]string{"--log-level=error"}, flags...)...)
	r := &returning{t: t, s: s, file: file, code: code, flags: flags}
	for i := range people {
		r.all = append(r.all, &comer{person: person{base: s.base, email: address(i)}, gift: i%3 > 0})
	}
	for n := range kills {
		r.round(r.all[n*people/kills : (n+1)*people/kills])
	}
	r.finish()
	if r.cut.Load() < int64(kills) {
		t.Errorf("the kills cut off only %d requests: they hit nothing", r.cut.Load())
	}
	t.Logf("%d kills of the server cut off %d requests; %d commands were killed", kills, r.cut.Load(), r.cutCommands.Load())
	if out, err := program(file, append([]string{"admin", "ledger", "verify"}, flags...)...).CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
	s.kill()
	r.compare()
}

func address(i int) string { return fmt.Sprintf("p%d@example.com", i) }

// takeOutPlans makes accounts and subscriptions in the past, with the public commands, and a code that is good for one
// use by everybody. No boundary of a month or a plan lies within hours of now.
func takeOutPlans(t *testing.T, file string, people int, flags []string) (code string) {
	t.Helper()
	run := func(clock string, args ...string) string {
		out, err := program(file, append(append(args, "--clock="+clock, "--log-level=error"), flags...)...).CombinedOutput()
		if err != nil {
			t.Errorf("bottega %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	create := func(i int, plan string) {
		run("-4300h", "admin", "user", "create", "--email", address(i), "--password", password, "--plan", plan)
	}
	change := func(clock string, i int, args ...string) {
		run(clock, append([]string{"admin", "plan", "--email", address(i)}, args...)...)
	}
	create(0, "free") // migrates, alone
	atOnce(people, 3, func(i int) {
		switch i % 5 {
		case 0: // a month paid three times ahead, then nobody paid: the bank freezes and is given up
			if i > 0 {
				create(i, "free")
			}
			change("-4290h", i, "start", "--plan", "artisan")
			change("-4280h", i, "pay")
			change("-4270h", i, "pay")
		case 1: // by hand, for good
			create(i, "artisan")
		case 2: // a year
			create(i, "free")
			change("-4290h", i, "start", "--plan", "maestro", "--cycle", "year")
		case 3: // by hand, and then another
			create(i, "apprentice")
			change("-2900h", i, "set", "--plan", "maestro")
		case 4: // tried, then a year, then upgraded
			create(i, "free")
			change("-4300h", i, "try", "--plan", "artisan")
			change("-4200h", i, "start", "--plan", "apprentice", "--cycle", "year")
			change("-2900h", i, "upgrade", "--plan", "artisan")
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return strings.TrimSpace(run("0s", "admin", "code", "create", "--amount", "7", "--uses", fmt.Sprint(people)))
}

// comer is somebody who comes back: what they want, and what they know of it.
type comer struct {
	person
	mu       sync.Mutex
	work     map[string]work // by idempotency key
	redeemed bool
	gift     bool // has arrived, or none is due
	gifts    int64
}

// returning is the crowd, and the server that is killed under it.
type returning struct {
	t     *testing.T
	s     *server
	file  string
	code  string
	flags []string
	all   []*comer

	cut, cutCommands atomic.Int64 // requests, and commands, that a kill left without an answer
}

// round lets some people come back at once and kills everything while it happens. Everybody before them asks again
// for what had no answer.
func (r *returning) round(people []*comer) {
	r.t.Helper()
	for _, c := range people {
		if err := c.enter("signin"); err != nil {
			r.t.Fatalf("sign in: %v", err)
		}
	}
	var wg sync.WaitGroup
	for _, c := range people {
		r.come(&wg, c, true)
	}
	time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
	r.s.kill()
	wg.Wait()
	r.s.start()
	for _, c := range people {
		r.come(&wg, c, false)
	}
	wg.Wait()
}

// come asks for everything that c has no answer to yet: two pieces of work, one of them twice at once, the code twice
// at once, and a gift by the operator's command, which may be killed too.
func (r *returning) come(wg *sync.WaitGroup, c *comer, kill bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.work == nil {
		c.work = map[string]work{}
	}
	for _, key := range []string{"a", "a", "b"} {
		if c.work[key].ID == "" {
			wg.Go(func() { r.submit(c, key) })
		}
	}
	if !c.redeemed {
		wg.Go(func() { r.redeem(c) })
		wg.Go(func() { r.redeem(c) })
	}
	if !c.gift {
		wg.Go(func() { r.give(c, kill) })
	}
}

func (r *returning) submit(c *comer, key string) {
	w, err := c.submit(2, "Idempotency-Key", key)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		r.noAnswer(err)
	case c.work[key].ID != "" && c.work[key].ID != w.ID:
		r.t.Errorf("%s: one key gave the generations %s and %s", c.email, c.work[key].ID, w.ID)
	default:
		c.work[key] = w
	}
}

func (r *returning) redeem(c *comer) {
	err := c.send("POST", "/api/studio/codes/redeem", map[string]string{"code": r.code}, nil)
	refusal, refused := errors.AsType[*problem](err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil || refused && refusal.Code == "code_redeemed" {
		c.redeemed = true
		return
	}
	r.noAnswer(err)
}

func (r *returning) give(c *comer, kill bool) {
	cmd := program(r.file, append([]string{"admin", "tokens", "grant", "--email", c.email, "--amount", "11", "--ref", "welcome"}, r.flags...)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		r.t.Error(err)
		return
	}
	if kill {
		defer time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() }).Stop()
	}
	err := cmd.Wait()
	if err == nil || strings.Contains(said.String(), "already made") {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.gift, c.gifts = true, 11_000
		return
	}
	if !strings.Contains(err.Error(), "killed") {
		r.t.Errorf("%s: a gift: %v\n%s", c.email, err, said.String())
	}
	r.cutCommands.Add(1)
}

// noAnswer counts a request without an answer. A refusal is none: nobody here may be refused.
func (r *returning) noAnswer(err error) {
	if refusal, ok := errors.AsType[*problem](err); ok && refusal.Status != 503 {
		r.t.Errorf("refused: %v", refusal)
	}
	r.cut.Add(1)
}

// finish asks until everybody has every answer, and waits for the work, half of it cancelled.
func (r *returning) finish() {
	r.t.Helper()
	atOnce(len(r.all), 8, func(i int) {
		c := r.all[i]
		for range 3 {
			var wg sync.WaitGroup
			r.come(&wg, c, false)
			wg.Wait()
		}
		if len(c.work) != 2 || !c.redeemed || !c.gift {
			r.t.Errorf("%s still has no answer: %+v, %v, %v", c.email, c.work, c.redeemed, c.gift)
			return
		}
		for key, w := range c.work {
			if (i+len(key))%4 > 0 {
				_ = c.send("POST", "/api/studio/generations/"+w.ID+"/cancel", nil, nil) // it may have ended
			}
		}
	})
	for _, c := range r.all {
		for key, w := range c.work {
			c.work[key] = c.ended(r.t, w.ID)
		}
	}
}

// compare holds every wallet against the simulation.
func (r *returning) compare() {
	r.t.Helper()
	cfg := app.Config{Data: r.flags[1], Log: slog.New(slog.DiscardHandler)}
	if len(r.flags) > 2 {
		cfg.Database = r.flags[3]
	} else {
		cfg.Database = filepath.Join(cfg.Data, "bottega.db")
	}
	a, err := app.Open(context.Background(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	months := 0
	for _, c := range r.all {
		months += r.compareOne(a, c)
	}
	if months < 4*len(r.all) {
		r.t.Errorf("only %d months had been due for %d people", months, len(r.all))
	}
	r.t.Logf("%d people, %d months", len(r.all), months)
}

// compareOne returns how many months had been due.
func (r *returning) compareOne(a *app.App, c *comer) (months int) {
	t := r.t
	acc, err := a.Accounts.ByEmail(t.Context(), c.email)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := a.Plans.Schedule(t.Context(), acc.ID)
	if err != nil {
		t.Fatal(err)
	}
	want, left, banked := simulate(t, schedule, a.Clock.Now())
	var got []string
	var spent, charged, available int64
	sums := map[string]int64{}
	rows, err := a.DB.Query(t.Context(), `SELECT g.kind, g.source_ref, g.amount, g.created_at, g.remaining + g.held, g.spent
		FROM ledger_grant g JOIN entry e ON e.grant_id = g.id AND e.op = 'grant' WHERE g.wallet_id = $1 ORDER BY e.seq`, acc.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	for rows.Next() {
		var kind, ref string
		var amount, at, rest, used int64
		if err := rows.Scan(&kind, &ref, &amount, &at, &rest, &used); err != nil {
			t.Fatal(err)
		}
		if kind == "plan" || kind == "promo" {
			got = append(got, fmt.Sprintf("%s %s of %d at %d", kind, ref, amount, at))
		}
		if kind == "plan" {
			months++
		}
		sums[kind] += amount
		spent, available = spent+used, available+rest
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: there arrived\n%s\nand the simulation says\n%s", c.email, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if sums["bank"] != banked {
		t.Errorf("%s: %d went into the bank, the simulation says %d", c.email, sums["bank"], banked)
	}
	for w := range maps.Values(c.work) {
		charged += w.Charged
	}
	if gifts := 7_000 + c.gifts; sums["topup"] != gifts || spent != charged || available != left+gifts-charged {
		t.Errorf("%s: has %d after %d were charged and %d spent, with %d of gifts; the simulation says %d without",
			c.email, available, charged, spent, sums["topup"], left)
	}
	return months
}

// simulate lives a schedule hour by hour in memory: what arrives, what is there in the end, and what went into the bank.
func simulate(t *testing.T, s ledger.Schedule, until time.Time) (arrived []string, left, banked int64) {
	w := &ledger.Wallet{ID: "simulated", Started: -1}
	seen := map[string]bool{}
	for now := s.Terms[0].From; ; now = now.Add(time.Hour) {
		if now.After(until) {
			now = until
		}
		if err := w.Advance(now, s); err != nil {
			t.Fatal(err)
		}
		for _, g := range w.Grants {
			if (g.Kind == ledger.Plan || g.Kind == ledger.Promo) && !seen[g.Ref] {
				seen[g.Ref] = true
				arrived = append(arrived, fmt.Sprintf("%s %s of %d at %d", g.Kind, g.Ref, g.Amount, g.CreatedAt.UnixMicro()))
			}
		}
		if now.Equal(until) {
			break
		}
	}
	for _, g := range w.Grants {
		left += int64(g.Remaining)
		if g.Kind == ledger.Bank {
			banked += int64(g.Amount)
		}
	}
	return arrived, left, banked
}
