package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// How much work the load is: enough for most kills to hit something that runs, and little enough to be done soon after
// the last one, however slow the machine.
const (
	loadSteps = 4 // of a picture
	loadOpen  = 4 // generations that a client has under way before it waits for the oldest
	loadLeast = 8 // generations that were accepted before the load may end
)

// load is clients that submit and sometimes cancel until they are told to stop.
type load struct {
	c        *client
	stop     chan struct{}
	wg       sync.WaitGroup
	mu       sync.Mutex
	accepted map[string]string // key → id; "" while the answer is unknown
}

func startLoad(c *client) *load {
	l := &load{c: c, stop: make(chan struct{}), accepted: map[string]string{}}
	for worker := range 3 {
		l.wg.Go(func() { l.run(worker) })
	}
	return l
}

func (l *load) run(worker int) {
	var open []string
	for n := 0; ; n++ {
		if len(open) == loadOpen {
			if !l.ended(open[0]) {
				return
			}
			open = open[1:]
		}
		key := fmt.Sprintf("%d-%d", worker, n)
		l.set(key, "")
		for { // the same key until there is an answer: a cut connection says nothing about what was accepted
			id, err := l.c.submit(key, pictures(n), loadSteps)
			if err == nil {
				l.set(key, id)
				break
			}
			if errors.Is(err, errRefused) && strings.Contains(err.Error(), "429") {
				l.set(key, "refused")
			}
			select {
			case <-l.stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
		open = append(open, l.id(key))
		if n%5 == 4 {
			if studio, err := l.c.signIn(); err == nil {
				studio.cancel(l.id(key))
			}
		}
		select {
		case <-l.stop:
			return
		case <-time.After(time.Duration(500+rand.IntN(1000)) * time.Millisecond):
		}
	}
}

// ended waits for the end of a generation; false when the load was told to stop before.
func (l *load) ended(id string) bool {
	for {
		if g, err := l.c.get(id); err == nil && g.Status != "PENDING" {
			return true
		}
		select {
		case <-l.stop:
			return false
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// pictures is how many the n-th submission asks for.
func pictures(n int) int {
	if n%3 == 2 {
		return 2
	}
	return 1
}

func (l *load) set(key, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted[key] = id
}

func (l *load) id(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted[key]
}

// answered is how many submissions have their answer.
func (l *load) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, id := range l.accepted {
		if id != "" && id != "refused" {
			n++
		}
	}
	return n
}

// finish waits until enough was accepted, stops the clients and asks once more for every key without an answer.
func (l *load) finish(t *testing.T) map[string]bool {
	t.Helper()
	for range 600 {
		if l.answered() >= loadLeast {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	close(l.stop)
	l.wg.Wait()
	ids := map[string]bool{}
	for key, id := range l.accepted {
		for id == "" || id == "refused" {
			var err error
			n, _ := strconv.Atoi(key[strings.Index(key, "-")+1:])
			if id, err = l.c.submit(key, pictures(n), loadSteps); err != nil {
				if !strings.Contains(err.Error(), "429") {
					t.Fatalf("submit %s again: %v", key, err)
				}
				time.Sleep(200 * time.Millisecond)
			}
		}
		if ids[id] {
			t.Fatalf("two keys gave the generation %s", id)
		}
		ids[id] = true
	}
	if len(ids) < loadLeast {
		t.Fatalf("only %d generations were accepted under load within a minute", len(ids))
	}
	return ids
}
