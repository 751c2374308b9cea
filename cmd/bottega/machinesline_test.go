package main

import (
	"errors"
	"fmt"
	"image/png"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// lineup is an account that keeps its part of the line full, beside ten that each ask for one thing and wait for it. Each
// of them writes down what it was told about its wait when its work was accepted.
type lineup struct {
	t      *testing.T
	flood  *asker
	light  []*asker
	folder string // for a backup
	stop   chan struct{}
	wg     sync.WaitGroup
}

// asker is one account of a lineup. What is written without the lock is written before the others begin or after they end.
type asker struct {
	person
	had int64 // tokens, before the first work

	mu      sync.Mutex
	work    map[string]asked // by generation
	keys    int              // that were answered with a generation
	unknown map[string]bool  // keys whose last answer was lost
	full    int              // times that its line was full
	done    []string         // generations that it has seen complete
}

// asked is what was told when work was accepted; low is the zero time where nothing was foretold.
type asked struct {
	created, at, low, high time.Time
}

// lightAccounts ask beside the flood.
const lightAccounts = 10

// lineUp makes the accounts. In a long look the flood's line is as long as any plan has one, in a short one it is soon over.
func lineUp(t *testing.T, front string, look time.Duration, store []string) *lineup {
	t.Helper()
	plan := "artisan"
	if look >= aLongLook {
		plan = "operator"
	}
	l := &lineup{t: t, folder: t.TempDir(), stop: make(chan struct{}), flood: newAsker(t, front, "flood@example.com", plan, store)}
	for i := range lightAccounts {
		l.light = append(l.light, newAsker(t, front, fmt.Sprintf("light%d@example.com", i), "maestro", store))
	}
	return l
}

func newAsker(t *testing.T, front, email, plan string, store []string) *asker {
	t.Helper()
	must(t, append([]string{"admin", "user", "create", "--email", email, "--password", password, "--plan", plan}, store...)...)
	a := &asker{person: person{base: front, email: email}, work: map[string]asked{}, unknown: map[string]bool{}}
	if err := a.enter("signin"); err != nil {
		t.Fatal(err)
	}
	w, err := a.wallet()
	if err != nil {
		t.Fatal(err)
	}
	a.had = w.Balance.Available
	return a
}

// all are the accounts, the flood first.
func (l *lineup) all() []*asker { return append([]*asker{l.flood}, l.light...) }

func (l *lineup) start() {
	for _, a := range l.all() {
		l.wg.Go(func() { a.run(l.stop, a == l.flood) })
	}
}

func (a *asker) run(stop chan struct{}, flood bool) {
	for n := 0; ; n++ {
		id := a.insist(fmt.Sprint(n), stop)
		if id == "" {
			return
		}
		if flood {
			continue
		}
		for w := (work{}); w.Finished == nil; {
			if pause(stop, 300*time.Millisecond) {
				return
			}
			_ = a.send("GET", "/api/studio/generations/"+id, nil, &w) // a server may be dead just now
			if w.State == "complete" {
				a.see(id)
			}
		}
		if pause(stop, time.Duration(500+rand.IntN(2500))*time.Millisecond) {
			return
		}
	}
}

// see remembers what is complete.
func (a *asker) see(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = append(a.done, id)
}

// pause waits, and tells whether it was told to stop.
func pause(stop chan struct{}, d time.Duration) (stopped bool) {
	select {
	case <-stop:
		return true
	case <-time.After(d):
		return false
	}
}

// insist submits with the same key until there is an answer, or it is told to stop: then it returns "".
func (a *asker) insist(key string, stop chan struct{}) string {
	for {
		id, err := a.once(key)
		if err == nil {
			return id
		}
		again := 100 * time.Millisecond
		if refused, ok := errors.AsType[*problem](err); ok && refused.Code == "queue_full" {
			again = time.Second
		}
		if pause(stop, again) {
			return ""
		}
	}
}

// once submits with the key and writes down what it is told.
func (a *asker) once(key string) (string, error) {
	var got struct {
		ID      string    `json:"id"`
		Created time.Time `json:"created_at"`
		Starts  *struct {
			At   time.Time `json:"at"`
			Low  time.Time `json:"low"`
			High time.Time `json:"high"`
		} `json:"starts"`
	}
	err := a.send("POST", "/api/studio/generations", small(1), &got, "Idempotency-Key", key)
	refused, answered := errors.AsType[*problem](err)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		// Only a full line says that the key stands for nothing: a lost answer may have been a yes.
		if full := answered && refused.Code == "queue_full"; full {
			a.full++
			delete(a.unknown, key)
		} else {
			a.unknown[key] = true
		}
		return "", err
	}
	delete(a.unknown, key)
	told := asked{created: got.Created}
	if got.Starts != nil {
		told.at, told.low, told.high = got.Starts.At, got.Starts.Low, got.Starts.High
	}
	a.work[got.ID] = told
	a.keys++
	return got.ID, nil
}

// finish stops asking, asks once more for what had no answer, waits for the end of everything and checks what was
// promised of each account: all that was accepted is there and ended once, nothing else is there, pictures decode, and
// the tokens that are gone are those that were charged.
func (l *lineup) finish(patience time.Duration) {
	l.t.Helper()
	close(l.stop)
	l.wg.Wait()
	until := time.Now().Add(patience)
	ended := map[string]int{}
	var mu sync.Mutex
	atOnce(len(l.all()), 4, func(i int) {
		a := l.all()[i]
		for key := range a.unknown {
			if _, err := a.once(key); err != nil && a.unknown[key] {
				l.t.Errorf("%s: submit %s again: %v", a.email, key, err)
			}
		}
		list, err := a.settled(until)
		if err != nil {
			l.t.Errorf("%s: %v", a.email, err)
			return
		}
		charged := int64(0)
		for _, g := range list {
			if _, ok := a.work[g.ID]; !ok {
				l.t.Errorf("%s: generation %s exists and nobody was told", a.email, g.ID)
			}
			charged += g.Charged
			if err := g.right(a.base); err != nil {
				l.t.Errorf("%s: %v", a.email, err)
			}
		}
		if len(list) != len(a.work) || a.keys != len(a.work) {
			l.t.Errorf("%s: %d generations are listed, %d were accepted, of %d keys", a.email, len(list), len(a.work), a.keys)
		}
		w, err := a.wallet()
		if err != nil || w.Balance.Held != 0 || a.had-w.Balance.Available != charged {
			l.t.Errorf("%s: had %d, was charged %d and has %+v (%v)", a.email, a.had, charged, w.Balance, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, g := range list {
			ended[g.State]++
		}
	})
	l.t.Logf("the flood and ten beside it: %d accepted, %v", ended["complete"]+ended["failed"]+ended["cancelled"], ended)
}

// made is a generation with its pictures.
type made struct {
	work
	Images []struct {
		URL string `json:"url"`
	} `json:"images"`
}

// right says what is wrong with how a generation ended.
func (m made) right(base string) error {
	switch {
	case m.State == "complete" && (len(m.Images) != 1 || m.Charged != m.Price):
		return fmt.Errorf("%s is complete with %d pictures, charged %d of %d", m.ID, len(m.Images), m.Charged, m.Price)
	case m.State == "failed" && (m.Failure == nil || m.Charged != 0):
		return fmt.Errorf("%s failed with %+v, charged %d", m.ID, m.Failure, m.Charged)
	case m.State == "cancelled":
		return fmt.Errorf("%s is cancelled, and nobody did", m.ID)
	}
	for _, img := range m.Images {
		resp, err := crowd.Get(base + img.URL)
		if err != nil {
			return fmt.Errorf("fetch a picture of %s: %w", m.ID, err)
		}
		picture, err := png.Decode(resp.Body)
		_ = resp.Body.Close()
		if err != nil || picture.Bounds().Dx() != 136 {
			return fmt.Errorf("a picture of %s does not decode: %w", m.ID, err)
		}
	}
	return nil
}

// settled waits until nothing of an account waits or runs, and lists all of it.
func (a *asker) settled(until time.Time) ([]made, error) {
	for {
		var q struct{ Running, Waiting int }
		err := a.send("GET", "/api/studio/queue", nil, &q)
		if err == nil && q.Running+q.Waiting == 0 {
			var list []made
			if list, err = a.list(); err == nil {
				if open := slices.IndexFunc(list, func(g made) bool { return g.Finished == nil }); open >= 0 {
					err = fmt.Errorf("generation %s has not ended, and nothing waits or runs", list[open].ID)
				}
				return list, err
			}
		} // an answer that a kill cut off is asked for again
		if time.Now().After(until) {
			return nil, fmt.Errorf("%d still wait and %d run, %w", q.Waiting, q.Running, err)
		}
		time.Sleep(time.Second)
	}
}

// list is all that an account asked for.
func (a *asker) list() (all []made, err error) {
	for cursor := ""; ; {
		var page struct {
			Items []made  `json:"items"`
			Next  *string `json:"next"`
		}
		if err := a.send("GET", "/api/studio/generations?limit=100"+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all, nil
		}
		cursor = "&cursor=" + *page.Next
	}
}
