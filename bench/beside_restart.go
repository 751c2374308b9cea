package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bottega/internal/clock"
)

// restarted is what became of generations whose studio was killed while they waited and ran.
type restarted struct {
	once     int            // complete, with one picture
	others   map[string]int // the rest, by what they are now
	pictures int            // kept in all
	last     time.Duration  // from the last kill until nothing was left
	failed   int            // starts after a kill that ended by themselves
}

func restartBesideInvokeAI(ctx context.Context, o options) ([]result, error) {
	if o.InvokeAI == "" {
		return nil, nil
	}
	jobs, err := besideJobs()
	if err != nil {
		return nil, err
	}
	ours, err := killed(ctx, jobs, ourStudio(o, serveOptions{Slots: 1, Keep: true}))
	if err != nil {
		return nil, fmt.Errorf("ours: %w", err)
	}
	theirs, err := killed(ctx, jobs, newInvokeAI(o, invokeBlank))
	if err != nil {
		return nil, fmt.Errorf("InvokeAI: %w", err)
	}
	return []result{{
		Name: besideRestart, Value: float64(ours.once), Unit: "generations", Against: "InvokeAI's", AgainstValue: float64(theirs.once),
		Note: fmt.Sprintf("complete with exactly one picture, of %d accepted before %d SIGKILLs while they waited and ran. Here: %s. InvokeAI: %s",
			jobs, restartKills, ours, theirs),
	}}, nil
}

func (r restarted) String() string {
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(r.others)) {
		parts = append(parts, fmt.Sprintf("%d %s", r.others[state], state))
	}
	if parts == nil {
		parts = []string{"no others"}
	}
	return fmt.Sprintf("%s; %d pictures kept; %d starts failed; nothing left %.1f s after the last kill",
		strings.Join(parts, ", "), r.pictures, r.failed, r.last.Seconds())
}

// startAgain starts a studio that was killed as its operator would: once more when it ends by itself, ten times at most.
// InvokeAI 6.14.2 does end so when its queue is not empty: it takes up the queue while it still wants its database alone.
func (r *restarted) startAgain(ctx context.Context, s studio) error {
	for try := 1; ; try++ {
		err := s.start(ctx)
		if !errors.Is(err, errEnded) || try == 10 {
			return err
		}
		r.failed++
		if err := s.kill(); err != nil {
			return err
		}
	}
}

// killed submits pictures to a studio, kills it several times in their midst, starts it again each time, and counts.
func killed(ctx context.Context, jobs int, open func() (studio, error)) (r restarted, err error) {
	ctx, cancel := context.WithTimeout(ctx, besideLatest)
	defer cancel()
	s, err := open()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.kill()) }()
	if err := s.start(ctx); err != nil {
		return r, err
	}
	ids, err := flood(ctx, s, jobs)
	if err != nil {
		return r, err
	}
	now := clock.System{}
	var last time.Time
	const parts = restartKills + 1
	for k := range restartKills {
		began := now.Now()
		if err := fewerThan(ctx, s, jobs-(k+1)*jobs/parts); err != nil {
			return r, err
		}
		each := now.Now().Sub(began) / time.Duration(jobs/parts)
		if err := pause(ctx, each*time.Duration(k+1)/parts); err != nil { // into the midst of a generation: one has just ended
			return r, err
		}
		if err := s.kill(); err != nil {
			return r, err
		}
		last = now.Now()
		if err := r.startAgain(ctx, s); err != nil {
			return r, fmt.Errorf("after kill %d: %w", k+1, err)
		}
	}
	if err := empty(ctx, s); err != nil {
		return r, err
	}
	r.last = now.Now().Sub(last)
	all, err := s.outcomes(ctx)
	if err != nil {
		return r, err
	}
	r.count(ids, all)
	r.pictures, err = s.pictures(ctx)
	return r, err
}

// count sorts what was accepted by what became of it.
func (r *restarted) count(ids []string, all map[string]outcome) {
	r.others = map[string]int{}
	for _, id := range ids {
		switch o, there := all[id]; {
		case !there:
			r.others["lost"]++
		case o.state != "complete":
			r.others[o.state]++
		case o.pictures != 1:
			r.others[fmt.Sprintf("complete with %d pictures", o.pictures)]++
		default:
			r.once++
		}
	}
}
