package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/clock"
)

// Our queue beside the one of another studio, InvokeAI, both in processes of their own, on SQLite, driven over HTTP on
// loopback by the same clients in the same run. Names that begin with queue_noop do nothing but pass through the queue;
// in the other ones a blank picture is made and kept.
const (
	besideNoop     = "queue_noop_vs_invokeai"
	besideAccepted = besideNoop + "_accepted"
	besideBatch    = besideNoop + "_batch"
	besideBatchIn  = besideNoop + "_batch_accepted"
	besideSlots    = besideNoop + "_slots"
	besideP50      = besideNoop + "_done_p50"
	besideP99      = besideNoop + "_done_p99"
	besidePicture  = "queue_picture_vs_invokeai"
	besideRestart  = "queue_restart_vs_invokeai"

	besideVariable = "BOTTEGA_BENCH_BESIDE" // generations of each studio, for machines with more or less time
	besideDefault  = 100                    // InvokeAI does one or two a second
	besideLeast    = 12
	besideMost     = 200 // that one account may have waiting
	besideClients  = 32
	besideWarmUp   = 8
	besideSlotted  = 64               // at once, where ours may run more than one
	besideLatest   = 20 * time.Minute // for one studio
	restartKills   = 3
)

// studio is an image studio in a process of its own, driven over HTTP as its own web page does.
type studio interface {
	// start begins the process, on what an earlier one left behind, and returns when it answers.
	start(ctx context.Context) error
	// kill ends it as a power cut would, and waits until it is gone. Without a process it does nothing.
	kill() error
	// submit asks for one generation and returns its id. Those with the same n are for the same person.
	submit(ctx context.Context, n int) (id string, err error)
	// left is how many generations wait or run.
	left(ctx context.Context) (int, error)
	// ends tells what has ended for whoever submits with n = 0, as its stream of events does. The channel is closed when the stream ends.
	ends(ctx context.Context) (<-chan ended, error)
	// outcomes is what became of every generation, by id.
	outcomes(ctx context.Context) (map[string]outcome, error)
	// pictures is how many it keeps, whether or not a generation has them.
	pictures(ctx context.Context) (int, error)
}

// ended is a generation that its studio called complete, and when that was heard.
type ended struct {
	id string
	at time.Time
}

// outcome is how a generation stands, and the pictures that came of it.
type outcome struct {
	state    string // complete, or in the studio's own words
	pictures int
}

// besideJobs is how many generations each studio gets.
func besideJobs() (int, error) {
	text := os.Getenv(besideVariable)
	if text == "" {
		return besideDefault, nil
	}
	jobs, err := strconv.Atoi(text)
	if err != nil || jobs < besideLeast || jobs > besideMost {
		return 0, fmt.Errorf("%s is %q: want a number of generations, %d to %d", besideVariable, text, besideLeast, besideMost)
	}
	return jobs, nil
}

// rates are generations a second.
type rates struct{ accepted, finished float64 }

func queueBesideInvokeAI(ctx context.Context, o options) ([]result, error) {
	if o.InvokeAI == "" {
		return nil, nil
	}
	jobs, err := besideJobs()
	if err != nil {
		return nil, err
	}
	ours, err := oneByOne(ctx, ourStudio(o, serveOptions{Slots: 1}), jobs, jobs/2)
	if err != nil {
		return nil, fmt.Errorf("ours: %w", err)
	}
	slotted, err := oneByOne(ctx, ourStudio(o, serveOptions{Slots: besideSlotted}), jobs, 0)
	if err != nil {
		return nil, fmt.Errorf("ours, %d at once: %w", besideSlotted, err)
	}
	theirs, err := oneByOne(ctx, newInvokeAI(o, invokeNothing), jobs, jobs/2)
	if err != nil {
		return nil, fmt.Errorf("InvokeAI: %w", err)
	}
	batch, err := atOnce(ctx, o, jobs)
	if err != nil {
		return nil, fmt.Errorf("InvokeAI, one batch: %w", err)
	}
	note := fmt.Sprintf("%d of each, one a request, by %d clients; one runs at a time", jobs, besideClients)
	many := fmt.Sprintf("%d of each; ours one a request by %d clients, InvokeAI's in one request", jobs, besideClients)
	idle := fmt.Sprintf("%d, each sent when the one before has ended, until the stream of events tells the end", jobs/2)
	return []result{
		{
			Name: besideNoop, Value: ours.finished / theirs.finished, Unit: "times", Against: "InvokeAI's generations/s", AgainstValue: theirs.finished,
			Note: fmt.Sprintf("%.0f generations/s here from the first submission to the last end; %s", ours.finished, note),
		},
		{Name: besideAccepted, Value: ours.accepted, Unit: "1/s", Against: "InvokeAI", AgainstValue: theirs.accepted, Note: "while the first ones run; " + note},
		{Name: besideBatch, Value: ours.finished, Unit: "1/s", Against: "InvokeAI, which takes them as one batch", AgainstValue: batch.finished, Note: many},
		{Name: besideBatchIn, Value: ours.accepted, Unit: "1/s", Against: "InvokeAI, which takes them as one batch", AgainstValue: batch.accepted, Note: many},
		{
			Name: besideSlots, Value: slotted.finished, Unit: "1/s", Against: "InvokeAI, which runs one at a time on a device", AgainstValue: theirs.finished,
			Note: fmt.Sprintf("%d at once here", besideSlotted),
		},
		{Name: besideP50, Value: milliseconds(percentile(ours.idle, 0.50)), Unit: "ms", Against: "InvokeAI", AgainstValue: milliseconds(percentile(theirs.idle, 0.50)), Note: idle},
		{Name: besideP99, Value: milliseconds(percentile(ours.idle, 0.99)), Unit: "ms", Against: "InvokeAI", AgainstValue: milliseconds(percentile(theirs.idle, 0.99)), Note: idle},
	}, nil
}

func pictureBesideInvokeAI(ctx context.Context, o options) ([]result, error) {
	if o.InvokeAI == "" {
		return nil, nil
	}
	jobs, err := besideJobs()
	if err != nil {
		return nil, err
	}
	ours, err := oneByOne(ctx, ourStudio(o, serveOptions{Slots: 1, Keep: true}), jobs, 0)
	if err != nil {
		return nil, fmt.Errorf("ours: %w", err)
	}
	theirs, err := oneByOne(ctx, newInvokeAI(o, invokeBlank), jobs, 0)
	if err != nil {
		return nil, fmt.Errorf("InvokeAI: %w", err)
	}
	return []result{{
		Name: besidePicture, Value: ours.finished / theirs.finished, Unit: "times", Against: "InvokeAI's pictures/s", AgainstValue: theirs.finished,
		Note: fmt.Sprintf("%.0f pictures/s here; %d blank 32 × 32 pictures of each, kept with their previews, one runs at a time", ours.finished, jobs),
	}}, nil
}

// measured is what one studio did.
type measured struct {
	rates
	idle []time.Duration // sorted: from sending to the news of the end, on an idle studio
}

// oneByOne starts a studio, submits so many to it while it is idle and then all from many clients, and ends it.
func oneByOne(ctx context.Context, open func() (studio, error), jobs, idle int) (m measured, err error) {
	err = withStudio(ctx, open, func(ctx context.Context, s studio) error {
		if m.idle, err = idleTimes(ctx, s, idle); err != nil {
			return err
		}
		m.rates, err = ratesOf(ctx, s, jobs)
		return err
	})
	return m, err
}

// atOnce measures InvokeAI the way that is its best: a batch of all in one request.
func atOnce(ctx context.Context, o options, jobs int) (p rates, err error) {
	err = withStudio(ctx, newInvokeAI(o, invokeNothing), func(ctx context.Context, s studio) error {
		now := clock.System{}
		began := now.Now()
		if err := s.(*invokeAI).batch(ctx, jobs); err != nil {
			return err
		}
		accepted := now.Now().Sub(began)
		if err := empty(ctx, s); err != nil {
			return err
		}
		p = rates{float64(jobs) / accepted.Seconds(), float64(jobs) / now.Now().Sub(began).Seconds()}
		return allComplete(ctx, s, jobs+besideWarmUp)
	})
	return p, err
}

// withStudio starts a studio, warms it up, hands it over and ends it.
func withStudio(ctx context.Context, open func() (studio, error), f func(ctx context.Context, s studio) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, besideLatest)
	defer cancel()
	s, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.kill()) }()
	if err := s.start(ctx); err != nil {
		return err
	}
	if _, err := flood(ctx, s, besideWarmUp); err != nil {
		return err
	}
	if err := empty(ctx, s); err != nil {
		return err
	}
	return f(ctx, s)
}

// flood submits so many from all clients, one a request, and returns their ids.
func flood(ctx context.Context, s studio, jobs int) (ids []string, err error) {
	var n atomic.Int64
	var mu sync.Mutex
	err = together(ctx, min(besideClients, jobs), jobs, func(ctx context.Context) error {
		id, err := s.submit(ctx, int(n.Add(1)))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

func ratesOf(ctx context.Context, s studio, jobs int) (p rates, err error) {
	before, err := s.outcomes(ctx)
	if err != nil {
		return p, err
	}
	now := clock.System{}
	began := now.Now()
	if _, err := flood(ctx, s, jobs); err != nil {
		return p, err
	}
	accepted := now.Now().Sub(began)
	if err := empty(ctx, s); err != nil {
		return p, err
	}
	finished := now.Now().Sub(began)
	return rates{float64(jobs) / accepted.Seconds(), float64(jobs) / finished.Seconds()}, allComplete(ctx, s, len(before)+jobs)
}

// empty waits until a studio has nothing left to do.
func empty(ctx context.Context, s studio) error { return fewerThan(ctx, s, 1) }

// fewerThan waits until less than most generations are left. Looking takes a studio's time: between two looks passes a
// fiftieth of the time so far, so that what is measured is at most that much too long.
func fewerThan(ctx context.Context, s studio, most int) error {
	now := clock.System{}
	for began := now.Now(); ; {
		left, err := s.left(ctx)
		if err != nil || left < most {
			return err
		}
		if err := pause(ctx, min(max(now.Now().Sub(began)/50, 2*time.Millisecond), 250*time.Millisecond)); err != nil {
			return fmt.Errorf("%d generations are left: %w", left, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// allComplete refuses a measurement in which something was lost or failed.
func allComplete(ctx context.Context, s studio, want int) error {
	all, err := s.outcomes(ctx)
	if err != nil {
		return err
	}
	complete := 0
	for id, o := range all {
		if o.state != "complete" {
			return fmt.Errorf("generation %s ended as %s, want complete", id, o.state)
		}
		complete++
	}
	if complete != want {
		return fmt.Errorf("%d generations are complete, want %d", complete, want)
	}
	return nil
}

// idleTimes measures submission to the news of the end, one after the other.
func idleTimes(ctx context.Context, s studio, times int) (took []time.Duration, err error) {
	if times == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends, err := s.ends(ctx)
	if err != nil {
		return nil, err
	}
	now := clock.System{}
	for range times {
		sent := now.Now()
		id, err := s.submit(ctx, 0)
		if err != nil {
			return nil, err
		}
		for end := range ends { // what ended before is heard of again, perhaps
			if end.id == id {
				took = append(took, end.at.Sub(sent))
				id = ""
				break
			}
		}
		if id != "" {
			return nil, fmt.Errorf("the stream of events ended before it told the end of %s: %w", id, context.Cause(ctx))
		}
	}
	slices.Sort(took)
	return took, nil
}

// scratch makes a folder for one studio.
func (o options) scratch() (string, error) { return os.MkdirTemp(o.Dir, "beside-*") }
