package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bottega/internal/apptest"
)

// TestLives_AreWhatTheRulesSay drives some dozens of accounts through a year or two of random lives, through the public
// commands and APIs alone: plans, payments and refunds, gifts and codes, work in both lanes and with API credits, prices
// that change, work that fails, is cancelled, or is under way while months end and the server is killed. After every
// stage what each account's API says is what a model says that knows the rules of docs/token-economy.md and no code of
// the program. BOTTEGA_TEST_SEED chooses other lives.
func TestLives_AreWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	if long() {
		t.Run("sqlite", func(t *testing.T) { liveOn(t, 24, 9) })
		t.Run("postgres", func(t *testing.T) { liveOn(t, 12, 6, "--database", apptest.Postgres(t)) })
		return
	}
	t.Run("sqlite", func(t *testing.T) { liveOn(t, 6, 2) })
	t.Run("postgres", func(t *testing.T) { liveOn(t, 4, 2, "--database", apptest.Postgres(t)) })
}

func liveOn(t *testing.T, people, stages int, store ...string) {
	seed := uint64(20261126)
	if s, err := strconv.ParseUint(os.Getenv("BOTTEGA_TEST_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("BOTTEGA_TEST_SEED=%d", seed)
	v := &village{
		t: t, file: asShipped(t), flags: append([]string{"--data", t.TempDir()}, store...), dice: rand.New(rand.NewPCG(seed, 0)),
		now: time.Date(2027, 1, 29+int(seed%3), 22, 30, 0, 123_000, time.UTC), ends: map[string]int{},
	}
	v.settleIn(people, seed)
	for n := range stages {
		v.pass()
		v.stands = n%3 == 2
		v.stage()
		if t.Failed() {
			return
		}
	}
	v.pass()
	v.close()
	t.Logf("work: %v", v.ends)
	if people < 20 || os.Getenv("BOTTEGA_TEST_SEED") != "" {
		return // few lives, or others, need not show everything
	}
	for _, end := range []string{"complete in the lane fast", "complete in the lane relaxed", "cancelled in the lane fast", "failed in the lane fast"} {
		if v.ends[end] == 0 {
			t.Errorf("no work was %s: these lives show too little", end)
		}
	}
}

// village is many lives and the server they share, which is started anew for each stage, at its moment.
type village struct {
	t      *testing.T
	file   string
	flags  []string
	dice   *rand.Rand
	now    time.Time
	price  int64 // of a picture, in thousandths
	sheet  int
	s      *server
	people []*villager
	flood  person // keeps the worker busy where work must not end
	long   work   // with this
	stands bool   // nothing can end in this stage

	mu   sync.Mutex
	ends map[string]int // of generations, by state
}

// villager is an account with its model.
type villager struct {
	person
	v     *village
	dice  *rand.Rand
	life  *life // tokens
	api   *life // credits
	open  []string
	log   []string
	codes int
}

func (v *village) run(args ...string) (string, error) {
	out, err := program(v.file, slices.Concat(args, []string{"--clock", v.now.Format(time.RFC3339Nano), "--log-level=error"}, v.flags)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (v *village) must(args ...string) string {
	out, err := v.run(args...)
	if err != nil {
		v.t.Errorf("bottega %v: %v\n%s", args, err, out)
	}
	return out
}

// settleIn makes the accounts, most of them on the free plan.
func (v *village) settleIn(people int, seed uint64) {
	v.flood.email = "flood@example.com"
	v.must("admin", "user", "create", "--email", v.flood.email, "--password", password, "--plan", "operator")
	for i := range people {
		v.people = append(v.people, &villager{person: person{email: address(i)}, v: v, dice: rand.New(rand.NewPCG(seed, uint64(i+1)))})
	}
	atOnce(people, 3, func(i int) {
		plan := []string{"free", "free", "apprentice", "free", "artisan"}[i%5]
		p := v.people[i]
		v.must("admin", "user", "create", "--email", p.email, "--password", password, "--plan", plan)
		p.life, p.api = newLife(v.now, plan), newLife(v.now, "")
		if i%2 == 0 {
			p.person.key = v.must("admin", "key", "create", "--email", p.email, "--credits")
		}
	})
}

// pass lets time go by: often exactly until something of somebody's happens.
func (v *village) pass() {
	l := v.people[v.dice.IntN(len(v.people))].life
	moments := []time.Time{l.boundary(l.clock), l.paid, l.lapses()}
	if b := l.bank(); b != nil {
		moments = append(moments, b.ends)
	}
	next := v.now.Add(time.Duration(1+v.dice.IntN(45*24*60)) * time.Minute)
	if m := moments[v.dice.IntN(len(moments))]; m.After(v.now) && v.dice.IntN(2) == 0 && m.Sub(v.now) < 60*24*time.Hour {
		next = m
	}
	v.now = next
}

// ended counts what became of work.
func (v *village) ended(w work) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends[w.State+" in the lane "+w.Lane]++
}

func (v *village) stage() {
	v.t.Logf("%s, work can end: %v", v.now.Format(time.RFC3339), !v.stands)
	if v.dice.IntN(3) == 0 || v.price == 0 {
		v.raisePrices()
	}
	v.start()
	var stopped []int
	if v.stands {
		stopped = v.stopTheWorker()
	}
	atOnce(len(v.people), 4, func(i int) { v.people[i].stage() })
	if !v.stands && v.dice.IntN(2) == 0 {
		if err := v.s.terminate(); err != nil {
			v.t.Errorf("the server ended with %v", err)
		}
	} else {
		v.s.kill()
	}
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGKILL) // stopped, it does not see that its parent is gone
	}
	v.must("admin", "ledger", "verify")
}

// start starts the server at the stage's moment, and takes back what kept its worker busy.
func (v *village) start() {
	slots := "--slots=2"
	if v.stands {
		slots = "--slots=1"
	}
	v.s = startProgram(v.t, v.file, slices.Concat([]string{"--clock", v.now.Format(time.RFC3339Nano), "--log-level=error", slots}, v.flags)...)
	v.flood.base, v.flood.cookie = v.s.base, nil
	if err := v.flood.enter("signin"); err != nil {
		v.t.Fatal(err)
	}
	if v.long.ID != "" {
		_ = v.flood.send("POST", "/api/studio/generations/"+v.long.ID+"/cancel", nil, nil) // it may have ended
		v.long = work{}
	}
}

// raisePrices puts another sheet in force: a picture costs hundreds of tokens, so that plans are used up.
func (v *village) raisePrices() {
	v.sheet++
	v.price = 200_000 + v.dice.Int64N(2_500_000)
	file := filepath.Join(v.t.TempDir(), "prices.json")
	text := fmt.Sprintf(`{"version":%d,"rows":{"*/image":{"base_mt":%d,"round_mt":1}}}`, 999+v.sheet, v.price)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.must("admin", "pricing", "set", file)
}

// stopTheWorker gives the only slot something long to do and stops the process that does it: nothing ends any more.
func (v *village) stopTheWorker() []int {
	body := small(8)
	body["steps"] = 50
	if err := v.flood.send("POST", "/api/studio/generations", body, &v.long); err != nil {
		v.t.Fatal(err)
	}
	for range 600 {
		if pids := children(v.t, v.s.cmd.Process.Pid); len(pids) > 0 {
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			}
			return pids
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatal("no worker was started")
	return nil
}

// close gives everybody one token more, so that everything that was due is written down, and holds the journals to it.
func (v *village) close() {
	v.stands = false
	v.start()
	atOnce(len(v.people), 4, func(i int) {
		p := v.people[i]
		p.arrive()
		p.settle(true)
		for of, l := range map[string]*life{"tokens": p.life, "credits": p.api} {
			v.must("admin", of, "grant", "--email", p.email, "--amount", "1")
			l.heap("topup", 1000, time.Time{})
			want := int64(0)
			for _, h := range l.heaps {
				if h.open {
					want += h.left
				}
			}
			lines, err := p.journal(of)
			sum := int64(0)
			for n, line := range lines {
				if sum += line.Amount; sum < 0 || line.Seq != int64(n+1) {
					v.t.Errorf("%s: line %d of the journal, %+v, makes it %d", p.email, n, line, sum)
				}
			}
			if err != nil || sum != want {
				v.t.Errorf("%s: the journal of %s adds up to %d, the model has %d (%v)", p.email, of, sum, want, err)
			}
		}
		p.compare()
	})
	v.must("admin", "ledger", "verify")
}

// stage is one account's part of a stage.
func (p *villager) stage() {
	p.arrive()
	p.settle(!p.v.stands)
	p.compare()
	if p.dice.IntN(5) < 3 {
		p.subscribe()
	}
	for range p.dice.IntN(3) {
		switch p.dice.IntN(6) {
		case 0:
			p.gift("tokens", p.life)
		case 1:
			p.gift("credits", p.api)
		case 2:
			p.redeem()
		default:
			p.work()
		}
		p.settle(!p.v.stands)
	}
	p.compare()
}

// arrive signs in at the stage's moment.
func (p *villager) arrive() {
	p.base, p.cookie = p.v.s.base, nil
	p.life.live(p.v.now)
	p.api.live(p.v.now)
	if err := (&p.person).enter("signin"); err != nil {
		p.v.t.Errorf("%s: sign in: %v", p.email, err)
	}
}

func (p *villager) say(format string, args ...any) {
	p.log = append(p.log, p.v.now.Format("2006-01-02 15:04 ")+fmt.Sprintf(format, args...))
}

func (p *villager) wrong(format string, args ...any) {
	p.v.t.Errorf("%s: %s\n%s", p.email, fmt.Sprintf(format, args...), strings.Join(p.log[max(0, len(p.log)-20):], "\n"))
}

// compare holds the model to what the API says.
func (p *villager) compare() {
	got, err := p.wallet()
	if err != nil {
		p.wrong("wallet: %v", err)
		return
	}
	text := fmt.Sprintf("%s: %d, %d held, %d frozen", got.Plan.Name, got.Balance.Available, got.Balance.Held, got.Balance.Frozen)
	for _, l := range got.Balance.Layers {
		ends := "ever"
		if l.Expires != nil {
			ends = *l.Expires
		}
		text += fmt.Sprintf("; %d of %s until %s", l.Available, l.Kind, ends)
	}
	if want := p.life.purse(); text != want {
		p.wrong("the studio says %s\nthe model says %s", text, want)
	}
	held := int64(0)
	for _, h := range p.api.heaps {
		held += h.held
	}
	if got.Credits.Available != p.api.available() || got.Credits.Held != held {
		p.wrong("the studio says %+v credits, the model %d and %d held", got.Credits, p.api.available(), held)
	}
}

func (p *villager) subscribe() {
	actions := []string{"set", "start", "start", "start", "try", "pay", "pay", "pay", "pay", "upgrade", "upgrade", "downgrade", "downgrade", "cancel", "resume", "end"}
	action := actions[p.dice.IntN(len(actions))]
	plan := []string{"apprentice", "artisan", "maestro"}[p.dice.IntN(3)]
	cycle := []string{"month", "month", "year"}[p.dice.IntN(3)]
	args := []string{"admin", "plan", action, "--email", p.email, "--cycle", cycle}
	if slices.Contains([]string{"set", "start", "try", "upgrade", "downgrade"}, action) {
		args = append(args, "--plan", plan)
	}
	out, err := p.v.run(args...)
	expected := p.life.change(action, plan, cycle)
	p.life.live(p.v.now) // a plan with the day's tokens brings them at once
	p.say("%s %s %s: %v", action, plan, cycle, err == nil)
	if (err == nil) != expected || strings.Contains(out, "goroutine") {
		p.wrong("%s %s %s: the program says %q, the model %v", action, plan, cycle, out, expected)
	}
}

func (p *villager) gift(of string, l *life) {
	amount := 1 + p.dice.Int64N(3_000_000)
	text := fmt.Sprintf("%d.%03d", amount/1000, amount%1000)
	args := []string{"admin", of, "grant", "--email", p.email, "--amount", text}
	if p.dice.IntN(2) == 0 {
		lasts := time.Duration(1+p.dice.IntN(40*24)) * time.Hour
		p.v.must(append(args, "--expires", lasts.String())...)
		l.heap("promo", amount, p.v.now.Add(lasts))
	} else {
		p.v.must(args...)
		l.heap("topup", amount, time.Time{})
	}
	p.say("%s %s as a gift", text, of)
}

func (p *villager) redeem() {
	p.codes++
	code := p.v.must("admin", "code", "create", "--amount", fmt.Sprint(100*p.codes), "--lasts", "240h")
	for n := range 2 {
		err := p.send("POST", "/api/studio/codes/redeem", map[string]string{"code": strings.ToLower(code)}, nil)
		refusal, _ := errors.AsType[*problem](err)
		if (n == 0) != (err == nil) || n == 1 && (refusal == nil || refusal.Code != "code_redeemed") {
			p.wrong("redeeming for the %d. time: %v", n+1, err)
		}
	}
	p.life.heap("promo", int64(100_000*p.codes), p.v.now.Add(240*time.Hour))
	p.say("a code for %d", 100*p.codes)
}
