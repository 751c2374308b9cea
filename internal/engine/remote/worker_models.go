package remote

import (
	"context"
	"fmt"
	"slices"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
)

// hello is what the worker says of itself now.
func (c *connection) hello() *Hello {
	h := c.worker.Hello
	h.Protocol, h.Engines, c.said = Protocol, nil, map[string][]Model{}
	for _, name := range c.worker.Engines.Names() {
		e := Engine{Name: name, Versions: c.worker.Engines.Versions(name)}
		if l, err := c.worker.Engines.Loader(name); err == nil {
			e.Models = saidOf(l)
			c.said[name] = e.Models
		}
		h.Engines = append(h.Engines, e)
	}
	return &h
}

// saidOf is what is said of an engine's models.
func saidOf(l engine.Loader) []Model {
	var list []Model
	for _, m := range l.Models() {
		list = append(list, Model{m.Name, m.Memory, m.Resident})
	}
	return list
}

// announce says what has changed about models since it was said.
func (c *connection) announce() {
	c.saying.Lock()
	defer c.saying.Unlock()
	for name, before := range c.said {
		l, err := c.worker.Engines.Loader(name)
		if err != nil {
			continue // engines are fixed
		}
		now := saidOf(l)
		if slices.Equal(now, before) {
			continue
		}
		c.said[name] = now
		_ = c.line.send(&frame{Type: sayModels, Engine: name, Models: now}) // a line that is gone is dialled anew
	}
}

// order loads or evicts in a goroutine of its own, and says how the models are before it says that it is done.
func (c *connection) order(ctx context.Context, f *frame) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	full := len(c.orders) >= mostOrders
	if !full {
		c.orders[f.ID] = cancel
	}
	c.mu.Unlock()
	if full {
		cancel()
		fault := wire.FaultOf(fmt.Errorf("%d models are being loaded or evicted already: %w", mostOrders, engine.ErrUnavailable))
		_ = c.line.send(&frame{Type: sayFailed, ID: f.ID, Fault: fault})
		return
	}
	c.jobs.Go(func() {
		defer cancel()
		answer := c.obey(ctx, f)
		answer.ID = f.ID
		c.announce()
		c.mu.Lock()
		delete(c.orders, f.ID)
		c.mu.Unlock()
		_ = c.line.send(answer) // over a line that is gone nobody waits for it
	})
}

// obey asks the engine and returns what is to be said about it. A panic of an engine is a failure of the order.
func (c *connection) obey(ctx context.Context, f *frame) (answer *frame) {
	failed := func(err error) *frame { return &frame{Type: sayFailed, Fault: wire.FaultOf(err)} }
	defer func() {
		if p := recover(); p != nil {
			answer = failed(fmt.Errorf("the engine %s panicked: %v", f.Engine, p))
		}
	}()
	l, err := c.worker.Engines.Loader(f.Engine)
	if err != nil {
		return failed(err)
	}
	if f.Type == sayEvict {
		if err := l.Evict(ctx, f.Model); err != nil {
			return failed(err)
		}
		return &frame{Type: sayEvicted}
	}
	var last loaded
	report, finish := relay(func(p loaded) { _ = c.line.send(&frame{Type: sayLoading, ID: f.ID, Load: &p}) })
	defer finish() // also when the engine panics
	err = l.Load(ctx, f.Model, func(done, total int64) {
		last = loaded{done, total}
		report(last)
	})
	finish()
	if err != nil {
		return failed(err)
	}
	return &frame{Type: sayLoaded, Load: &last}
}
