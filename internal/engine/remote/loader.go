package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bottega/internal/engine"
)

// Loader is an engine of a worker elsewhere that loads and evicts its models there.
type Loader struct{ *Imager }

// order is one load or eviction that a worker was asked for.
type order struct {
	verb     string // sayLoad or sayEvict
	model    string
	last     loaded // what it said last
	progress chan loaded
	answer   chan error
}

// Models implements engine.Loader: what the worker said last.
func (l *Loader) Models() []engine.Model {
	s := l.session
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.models[l.name])
}

// Load implements engine.Loader. It takes no slot of the worker.
func (l *Loader) Load(ctx context.Context, model string, report func(done, total int64)) error {
	at, err := l.change(ctx, sayLoad, model, func(p loaded) { report(p.Done, p.Total) })
	if err == nil && at.Total > 0 {
		report(at.Total, at.Total)
	}
	return err
}

// Evict implements engine.Loader.
func (l *Loader) Evict(ctx context.Context, model string) error {
	_, err := l.change(ctx, sayEvict, model, func(loaded) {})
	return err
}

// change asks the worker and waits until it is done. When ctx ends it asks the worker to stop and waits for that too, so
// that whoever asked knows what is resident; a worker that does not answer is lost.
func (l *Loader) change(ctx context.Context, verb, model string, report func(loaded)) (loaded, error) {
	s := l.session
	failed := func(err error) (loaded, error) {
		return loaded{}, fmt.Errorf("%s %s on %s: %w", verb, model, s.Hello.Name, err)
	}
	if err := ctx.Err(); err != nil {
		return failed(err)
	}
	id, o := s.order(verb, model)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if err := s.line.send(&frame{Type: verb, ID: id, Engine: l.name, Model: model}); err != nil {
			s.close("it does not listen: " + err.Error())
		}
	}()
	over := ctx.Done()
	for {
		select {
		case p := <-o.progress:
			report(p)
		case err := <-o.answer:
			for len(o.progress) > 0 {
				report(<-o.progress)
			}
			switch {
			case err == nil:
				return o.last, nil // nobody writes it any more
			case ctx.Err() != nil:
				return failed(ctx.Err())
			case errors.Is(err, engine.ErrUnavailable):
				return failed(err)
			}
			return failed(fmt.Errorf("%w: %s", engine.ErrUnavailable, err)) //nolint:errorlint // what was cancelled over there was not here
		case <-s.over:
			return loaded{}, s.lost()
		case <-over:
			over = nil
			go func() {
				<-sent // a cancel that is there first is for nothing
				s.countermand(id)
			}()
		}
	}
}

func (s *Session) order(verb, model string) (uint64, *order) {
	o := &order{verb: verb, model: model, progress: make(chan loaded, progressKept), answer: make(chan error, 1)}
	id := s.pool.lastID.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[id] = o
	return id, o
}

// countermand tells the worker to stop, and ends the connection when it says nothing to that.
func (s *Session) countermand(id uint64) {
	_ = s.line.send(&frame{Type: sayCancel, ID: id}) // a line that is gone has ended the session
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-s.over:
	case <-timer.C:
		s.mu.Lock()
		o := s.orders[id]
		s.mu.Unlock()
		if o != nil {
			s.close("it did not stop a " + o.verb + " in time")
		}
	}
}

// loading hands on how far a load is. Numbers that cannot be are refused, and what nobody waits for any more is dropped.
func (s *Session) loading(f *frame) {
	s.mu.Lock()
	o := s.orders[f.ID]
	var wrong *Refusal
	if o != nil {
		wrong = o.take(*f.Load)
	}
	s.mu.Unlock()
	switch {
	case o == nil:
	case wrong != nil:
		s.refused(wrong, f.ID)
	default:
		select {
		case o.progress <- *f.Load:
		default: // there will be more
		}
	}
}

// take notes how far a load is, or says why that cannot be. The caller holds the session's lock.
func (o *order) take(p loaded) *Refusal {
	switch {
	case o.verb != sayLoad:
		return refuse(RefusedRubbish, "how far a load is, of what is none")
	case p.Total < 0 || p.Total > mostMemory || p.Done < 0 || p.Done > mostMemory || p.Total > 0 && p.Done > p.Total:
		return refuse(RefusedRubbish, "a load of which %d of %d bytes are read", p.Done, p.Total)
	case p.Done < o.last.Done || o.last.Total > 0 && p.Total != o.last.Total:
		return refuse(RefusedRubbish, "a load of which %d of %d bytes are read, after %d of %d", p.Done, p.Total, o.last.Done, o.last.Total)
	}
	o.last = p
	return nil
}

// obeyed ends a load or an eviction.
func (s *Session) obeyed(o *order, f *frame) {
	fitting := map[string]string{sayLoad: sayLoaded, sayEvict: sayEvicted}[o.verb]
	switch {
	case f.Type == sayFailed:
		o.answer <- bounded(f.Fault).Err()
		return
	case f.Type != fitting:
		r := refuse(RefusedRubbish, "%.20q as the answer to a %s", f.Type, o.verb)
		s.refused(r, f.ID)
		o.answer <- r
		return
	case f.Type == sayLoaded:
		s.mu.Lock()
		r := o.take(*f.Load)
		s.mu.Unlock()
		if r != nil {
			s.refused(r, f.ID)
			o.answer <- r
			return
		}
	}
	o.answer <- nil
}

// announced takes what a worker says of its models. Engines that the server does not know are left alone.
func (s *Session) announced(f *frame) {
	if s.pool.opt.Engines[f.Engine] == nil || !slices.ContainsFunc(s.Hello.Engines, func(e Engine) bool { return e.Name == f.Engine }) {
		return
	}
	if r := s.pool.checkModels(f.Engine, f.Models); r != nil {
		if r.Final = false; r.Code == RefusedHello {
			r.Code = RefusedRubbish
		}
		s.refused(r, 0)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.models[f.Engine] = modelsOf(f.Models)
}

// refused notes that something the worker said is not believed, and tells it.
func (s *Session) refused(r *Refusal, id uint64) {
	s.pool.note(s, r.Code, r.Text)
	s.tell(r, id)
}

// checkModels compares what a worker says of its models with those of the server. Nothing is said about an engine whose
// models the server does not load.
func (p *Pool) checkModels(name string, list []Model) *Refusal {
	ours, ok := p.opt.Engines[name].(engine.Loader)
	if !ok {
		return nil
	}
	if len(list) > mostVersions {
		return refuse(RefusedHello, "its engine %s loads %d models (at most %d)", name, len(list), mostVersions)
	}
	var known []string
	for _, m := range ours.Models() {
		known = append(known, m.Name)
	}
	seen := map[string]bool{}
	for _, m := range list {
		switch {
		case !slices.Contains(known, m.Name):
			return refuse(RefusedModel, "its engine %s loads %.80q, the server's has %q", name, m.Name, known)
		case seen[m.Name]:
			return refuse(RefusedHello, "its engine %s names the model %.80q twice", name, m.Name)
		case m.Memory < 0 || m.Memory > mostMemory:
			return refuse(RefusedHello, "its model %.80q takes %d bytes of memory (0 to %d)", m.Name, m.Memory, int64(mostMemory))
		}
		seen[m.Name] = true
	}
	return nil
}

func modelsOf(list []Model) []engine.Model {
	models := make([]engine.Model, len(list))
	for i, m := range list {
		models[i] = engine.Model{Name: m.Name, Memory: m.Memory, Resident: m.Resident}
	}
	return models
}
