package app_test

import (
	"errors"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// The tests in fault_*_test.go let things go wrong under load, on a real PostgreSQL and a real S3 server, and then check
// that every accepted generation ended exactly once, that the tokens are exact and that no file is left over.

// times is how often something is done: more in the long run.
func times(short, long int) int {
	if os.Getenv("BOTTEGA_TEST_LONG") != "" {
		return long
	}
	return short
}

// patience is how long something may go wrong that has to work in the end, on a machine that has much else to do. In the
// long run a database is down for most of the time for minutes.
func patience() time.Duration { return time.Duration(times(4, 10)) * time.Minute }

// live lets a world go by the machine's clock, with short leases, and keep its files in the store.
func live(store string) func(*app.Config) {
	return func(c *app.Config) {
		c.Clock, c.Lease, c.Poll, c.Storage = clock.System{}, time.Second, 20*time.Millisecond, store
	}
}

// s3 is the URL of a real S3 server with an empty bucket.
func s3(t *testing.T) string {
	t.Helper()
	return apptest.S3(t)
}

// press is people who submit through any of several servers, each submission several times at once, and sometimes cancel.
type press struct {
	t       *testing.T
	servers []*apptest.World
	people  []access.Actor
	each    int // submissions of each
	between time.Duration

	mu       sync.Mutex
	accepted map[string]order // by generation
	done     chan struct{}
	trouble  atomic.Value // the last refusal, in words
}

// order is what was asked for.
type order struct {
	who   access.Actor
	count int
}

// newPress makes the people and lets them begin.
func newPress(t *testing.T, each int, between time.Duration, servers ...*apptest.World) *press {
	t.Helper()
	p := &press{t: t, servers: servers, each: each, between: between, accepted: map[string]order{}, done: make(chan struct{})}
	for range 3 {
		who := servers[0].User(plan.Operator)
		// The day's tokens of an account that was made in what turns out to be the future have not arrived yet: these have.
		gift := ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(10_000), Ref: "gift"}
		if err := servers[0].Ledger.Grant(t.Context(), who.AccountID, gift); err != nil {
			t.Fatal(err)
		}
		p.people = append(p.people, who)
	}
	var all sync.WaitGroup
	for _, who := range p.people {
		all.Go(func() { p.submitAll(who) })
	}
	go func() { all.Wait(); close(p.done) }()
	t.Cleanup(func() { <-p.done }) // they stop with the test's context, before the servers close
	return p
}

func (p *press) submitAll(who access.Actor) {
	for n := range p.each {
		if p.t.Context().Err() != nil {
			return
		}
		count := 1 + n%2
		ids := make([]string, 2)
		var same sync.WaitGroup
		for i := range ids {
			same.Go(func() { ids[i] = p.submit(who, fmt.Sprint(n), count) })
		}
		same.Wait()
		if p.t.Context().Err() != nil {
			return
		}
		if ids[0] == "" || ids[0] != ids[1] {
			p.t.Errorf("one key gave %v", ids)
			return
		}
		p.mu.Lock()
		if _, twice := p.accepted[ids[0]]; twice {
			p.t.Errorf("two keys gave %s", ids[0])
		}
		p.accepted[ids[0]] = order{who, count}
		p.mu.Unlock()
		if n%5 == 4 { // an error only means that it was not cancelled
			_, _ = p.server().Generations.Cancel(p.t.Context(), who, ids[0])
		}
		time.Sleep(time.Duration(rand.Int64N(int64(p.between) + 1)))
	}
}

func (p *press) server() *apptest.World { return p.servers[rand.IntN(len(p.servers))] }

// submit asks with the same key until there is an answer, or the test has ended.
func (p *press) submit(who access.Actor, key string, count int) string {
	deadline := time.Now().Add(patience())
	for {
		g, err := p.server().Generations.Submit(p.t.Context(), who, generation.SubmitRequest{
			Kind: "image", Input: &image.Request{Prompt: "a fox", Count: &count, Seed: ptr(int64(7))}, IdempotencyKey: key,
		})
		if err == nil {
			return g.ID
		}
		if p.t.Context().Err() != nil {
			return ""
		}
		p.trouble.Store(err.Error())
		// A line that is full has room again when something of it has ended.
		if f := fault.As(err); f != nil && f.Kind != fault.Unavailable && f.Code != "queue_full" || time.Now().After(deadline) {
			p.t.Errorf("submit: %v", err)
			return ""
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func ptr[T any](v T) *T { return &v }

// busy reports whether people still submit.
func (p *press) busy() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// more waits until something more was accepted, or everything is: so that a database that is killed again and again works
// in between, however slow the machine.
func (p *press) more() {
	p.t.Helper()
	have := func() int { p.mu.Lock(); defer p.mu.Unlock(); return len(p.accepted) }
	before := have()
	for deadline := time.Now().Add(patience()); p.busy() && have() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatal("nothing more was accepted within the patience")
		}
	}
}

// checkExact waits until all is submitted and everything has ended, and checks what was promised. step is done between
// two looks. It returns how many ended how.
func (p *press) checkExact(step func()) map[generation.State]int {
	p.t.Helper()
	w := p.servers[0]
	for deadline := time.Now().Add(2 * patience()); p.busy(); time.Sleep(10 * time.Millisecond) {
		if step(); time.Now().After(deadline) {
			p.t.Fatalf("not everything is submitted after twice the patience; the last refusal: %v", p.trouble.Load())
		}
	}
	ended := map[generation.State]int{}
	for id, o := range p.accepted {
		var g *generation.Generation
		var err error
		for deadline := time.Now().Add(2 * patience()); ; time.Sleep(10 * time.Millisecond) {
			if g, err = w.Generations.Get(p.t.Context(), o.who, id); err == nil && g.State.Final() {
				break
			}
			if step(); time.Now().After(deadline) {
				p.t.Fatalf("generation %s has not ended after twice the patience: %+v, %v", id, g, err)
			}
		}
		ended[g.State]++
		p.checkOne(w, g, o)
	}
	for _, who := range p.people {
		var have int
		if err := w.DB.QueryRow(p.t.Context(), "SELECT COUNT(*) FROM generation WHERE account_id = $1", who.AccountID).Scan(&have); err != nil || have != p.each {
			p.t.Errorf("%d generations of an account, %v; %d were accepted", have, err, p.each)
		}
	}
	for _, s := range p.servers {
		s.Verify()
	}
	p.checkFiles(w)
	p.t.Logf("%d generations: %v", len(p.accepted), ended)
	if ended[generation.Complete] == 0 {
		p.t.Error("nothing was completed: this shows nothing")
	}
	return ended
}

func (p *press) checkOne(w *apptest.World, g *generation.Generation, o order) {
	p.t.Helper()
	switch {
	case g.State == generation.Complete && (len(g.Images) != o.count || g.Charged != g.Price):
		p.t.Errorf("%s is complete with %d of %d pictures, charged %s of %s", g.ID, len(g.Images), o.count, g.Charged, g.Price)
	case g.State == generation.Failed && g.Failure == nil:
		p.t.Errorf("%s failed without a reason", g.ID)
	case len(g.Images) == 0 && g.Charged != 0:
		p.t.Errorf("%s has no picture and is charged %s", g.ID, g.Charged)
	}
	var state string
	var captured int64
	err := w.DB.QueryRow(p.t.Context(), "SELECT state, captured FROM hold WHERE id = $1", g.ID).Scan(&state, &captured)
	if err != nil || state == "held" || captured != int64(g.Charged) {
		p.t.Errorf("the hold of %s is %s with %d captured, %v; charged is %s", g.ID, state, captured, err, g.Charged)
	}
	for _, img := range g.Images {
		file, err := w.Assets.OpenVariant(p.t.Context(), img, asset.OriginalPNG)
		if err != nil {
			p.t.Errorf("a picture of %s: %v", g.ID, err)
			continue
		}
		if _, err := png.Decode(file); err != nil {
			p.t.Errorf("a picture of %s does not decode: %v", g.ID, err)
		}
		_ = file.Close()
	}
}

// checkFiles sweeps, and finds nothing left that no row needs.
func (p *press) checkFiles(w *apptest.World) {
	p.t.Helper()
	later := time.Now().Add(time.Hour)
	used := func(account, sha string) (bool, error) { return asset.FileUsed(p.t.Context(), w.DB, account, sha) }
	swept, err := w.Assets.Sweep(p.t.Context(), used, 0, later)
	if err != nil {
		p.t.Fatal(err)
	}
	var orphans []error
	again, err := w.Assets.Sweep(p.t.Context(), func(account, sha string) (bool, error) {
		ok, err := used(account, sha)
		if !ok {
			orphans = append(orphans, fmt.Errorf("%s of %s", sha, account))
		}
		return ok, err
	}, 0, later)
	if err != nil || again != 0 || len(orphans) != 0 {
		p.t.Errorf("after the sweeper %d files without a row: %v, %v", again, errors.Join(orphans...), err)
	}
	p.t.Logf("the sweeper removed %d files", swept)
}
