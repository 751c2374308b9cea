package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/apptest"
)

// connections spend one wallet at once.
const connections = 200

// TestSpend_OneWalletFromTwoServersToZero runs two servers on one PostgreSQL and spends one account's tokens, a trial's,
// two gifts that expire and a top-up, from 200 connections, until everybody is told that there are none left.
func TestSpend_OneWalletFromTwoServersToZero(t *testing.T) {
	t.Parallel()
	two := startTwo(t)
	two.run("admin", "user", "create", "--email", "free@example.com", "--password", password, "--clock=-24h")
	trial, soon, later, bought, sum := "25", "8.25", "5", "10.5", int64(48_750) // more than the line of the plan takes
	if long() {
		trial, soon, later, bought, sum = "45", "20.25", "10", "15.5", 90_750
	}
	two.run("admin", "plan", "try", "--email", "free@example.com", "--plan", "maestro", "--tokens", trial, "--clock=-24h")
	two.run("admin", "tokens", "grant", "--email", "free@example.com", "--amount", soon, "--expires", "1h")
	two.run("admin", "tokens", "grant", "--email", "free@example.com", "--amount", later, "--expires", "2h")
	two.run("admin", "tokens", "grant", "--email", "free@example.com", "--amount", bought)
	p := &person{base: two.servers[0].base, email: "free@example.com"}
	if err := p.enter("signin"); err != nil {
		t.Fatal(err)
	}
	s := two.spend(p, "insufficient_tokens", func(p *person, count int) (int64, string, error) {
		w, err := p.submit(count, "Bottega-Lane", "fast")
		return w.Price, w.ID, err
	})
	// Every price is whole tokens, so 0.75 must be left. The free plan's day before the trial is over.
	two.settle(s, p, "tokens", sum, 750)
	if s.refused["queue_full"] == 0 {
		t.Error("200 connections on a plan with a line of 20 were never told that it is full")
	}
}

// TestSpend_APICreditsFromTwoServersToZero does the same with a wallet of API credits, through the REST API with keys
// that pay with it, one of which has a budget.
func TestSpend_APICreditsFromTwoServersToZero(t *testing.T) {
	t.Parallel()
	two := startTwo(t)
	two.run("admin", "user", "create", "--email", "api@example.com", "--password", password, "--plan", "operator")
	credits, budget := int64(40), int64(2) // a quarter of the requests comes with the bounded key
	if long() {
		credits, budget = 150, 30
	}
	two.run("admin", "credits", "grant", "--email", "api@example.com", "--amount", fmt.Sprintf("%d.75", credits))
	key := two.run("admin", "key", "create", "--email", "api@example.com", "--credits")
	bounded := two.run("admin", "key", "create", "--email", "api@example.com", "--credits", "--budget", fmt.Sprint(budget))
	p := &person{base: two.servers[0].base, email: "api@example.com"}
	if err := p.enter("signin"); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	byBounded := int64(0)
	s := two.spend(p, "insufficient-credits", func(p *person, count int) (int64, string, error) {
		own := &client{base: p.base, key: key}
		if rand.IntN(4) == 0 {
			own.key = bounded
		}
		price, id, err := own.pay(count)
		if err == nil && own.key == bounded {
			mu.Lock()
			byBounded += price
			mu.Unlock()
		}
		return price, id, err
	})
	two.settle(s, p, "credits", credits*1000+750, 750)
	if byBounded > budget*1000 || s.refused["key-budget-spent"] == 0 {
		t.Errorf("the key with a budget of %d was charged %d, and refused %d times", budget, byBounded, s.refused["key-budget-spent"])
	}
}

// pay submits over the REST API and returns the price in thousandths; a refusal is a *problem with the machine-readable
// code.
func (c *client) pay(count int) (price int64, id string, err error) {
	p := &person{base: c.base, key: c.key}
	var out struct {
		Job struct {
			ID   string `json:"generationId"`
			Cost int64  `json:"apiCreditCost"`
		} `json:"sdGenerationJob"`
	}
	err = p.send("POST", "/api/rest/v1/generations", map[string]any{
		"prompt": "a red fox", "width": 136, "height": 64, "num_images": count, "num_inference_steps": 4, "guidance_scale": 1,
	}, &out)
	return out.Job.Cost * 1000, out.Job.ID, err
}

// twins are two servers on one database.
type twins struct {
	t        *testing.T
	file     string
	database string
	flags    []string
	servers  []*server
}

func startTwo(t *testing.T) *twins {
	w := &twins{t: t, file: asShipped(t), database: apptest.Postgres(t)}
	w.flags = []string{"--data", t.TempDir(), "--database", w.database}
	for range 2 {
		s := startProgram(t, w.file, append([]string{"--log-level=error", "--slots=2"}, w.flags...)...)
		w.servers = append(w.servers, s)
	}
	return w
}

func (w *twins) run(args ...string) string {
	w.t.Helper()
	cmd := program(w.file, append(args, w.flags...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("bottega %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// spending is what came of it.
type spending struct {
	mu       sync.Mutex
	accepted map[string]int64 // id → price
	refused  map[string]int   // by code
	busy     int
	strange  []error
}

// spend lets every connection submit, half of them to each server, until even the smallest price is refused with the
// code that says so. A few cancel what they have asked for.
func (w *twins) spend(p *person, empty string, submit func(p *person, count int) (int64, string, error)) *spending {
	s := &spending{accepted: map[string]int64{}, refused: map[string]int{}}
	until := time.Now().Add(5 * time.Minute)
	atOnce(connections, connections, func(i int) {
		own := *p
		own.base = w.servers[i%2].base
		for n := 0; time.Now().Before(until); n++ {
			count := 1 + rand.IntN(8)/6 + rand.IntN(8)/7 // mostly one
			price, id, err := submit(&own, count)
			refusal, _ := errors.AsType[*problem](err)
			s.note(price, id, err)
			switch {
			case err == nil && n%8 == 7:
				_ = own.send("POST", "/api/studio/generations/"+id+"/cancel", nil, nil) // it may have ended
			case refusal != nil && refusal.Code == empty && s.emptyFor(submit, &own, empty):
				return
			case refusal != nil:
				time.Sleep(time.Duration(300+rand.IntN(500)) * time.Millisecond) // Retry-After would have it longer
			}
		}
		w.t.Error("after five minutes there were still tokens")
	})
	if s.busy > connections/4 {
		w.t.Errorf("%d connections were told %d times that the studio is busy", connections, s.busy)
	}
	for _, err := range s.strange {
		w.t.Errorf("neither accepted nor refused for a reason: %v", err)
	}
	return s
}

// emptyFor asks for the least that can be had.
func (s *spending) emptyFor(submit func(p *person, count int) (int64, string, error), p *person, empty string) bool {
	price, id, err := submit(p, 1)
	s.note(price, id, err)
	refusal, _ := errors.AsType[*problem](err)
	return refusal != nil && refusal.Code == empty
}

func (s *spending) note(price int64, id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refusal, ok := errors.AsType[*problem](err)
	switch {
	case err == nil:
		s.accepted[id] = price
	case ok && (refusal.Status == 402 || refusal.Status == 429):
		s.refused[refusal.Code]++
	case ok && refusal.Status == 503: // busy, which 200 connections may make a small machine
		s.refused[refusal.Code]++
		s.busy++
	default:
		s.strange = append(s.strange, err)
	}
}

// settle waits for everything that was accepted, and holds wallet and journal to what was there, accepted and charged.
func (w *twins) settle(s *spending, p *person, of string, there, left int64) {
	t := w.t
	t.Helper()
	charged, ends := int64(0), map[string]int{}
	for id, price := range s.accepted {
		g := p.ended(t, id)
		ends[g.State]++
		charged += g.Charged
		if g.Price != price || g.Charged > price || g.State == "complete" && g.Charged != price {
			t.Errorf("generation %s was accepted for %d and is %+v", id, price, g)
		}
	}
	purse, err := p.wallet()
	if err != nil {
		t.Fatal(err)
	}
	available, held := purse.Balance.Available, purse.Balance.Held
	if of == "credits" {
		available, held = purse.Credits.Available, purse.Credits.Held
	}
	t.Logf("%d accepted (%v), refused %v, %d charged", len(s.accepted), ends, s.refused, charged)
	if available != left || held != 0 || charged != there-left {
		t.Errorf("of %d there are %d and %d held after %d were charged, want %d left", there, available, held, charged, left)
	}
	lines, err := p.journal(of)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i, l := range lines {
		if sum += l.Amount; sum < 0 || l.Seq != int64(i+1) {
			t.Fatalf("line %d of the journal, %+v, makes it %d", i, l, sum)
		}
	}
	if sum != available {
		t.Errorf("the journal adds up to %d, the wallet says %d", sum, available)
	}
	w.boxes(there, charged)
	w.run("admin", "ledger", "verify")
}

// boxes adds the journal up in the database: what came in and did not expire is spent or available, nothing else.
func (w *twins) boxes(there, charged int64) {
	t := w.t
	t.Helper()
	d, err := sql.Open("pgx", w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var drift, issued, spent int64
	err = d.QueryRowContext(context.Background(), `SELECT
		COALESCE(SUM(CASE WHEN to_box = 'available' THEN amount WHEN from_box = 'available' THEN -amount ELSE 0 END), 0)
			- (SELECT SUM(available) FROM wallet)
			+ COALESCE(SUM(CASE WHEN to_box = 'held' THEN amount WHEN from_box = 'held' THEN -amount ELSE 0 END), 0)
			- (SELECT SUM(held) FROM wallet),
		COALESCE(SUM(CASE WHEN from_box = 'issue' AND op = 'grant' THEN amount WHEN op = 'expire' THEN -amount ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN to_box = 'spent' THEN amount ELSE 0 END), 0) FROM entry`).Scan(&drift, &issued, &spent)
	if err != nil {
		t.Fatal(err)
	}
	if drift != 0 || issued != there || spent != charged {
		t.Errorf("in the journal %d came in and %d were spent, and it differs from the wallets by %d; want %d, %d and 0", issued, spent, drift, there, charged)
	}
}
