package generation

import (
	"context"

	"bottega/internal/engine"
	"bottega/internal/queue"
)

// The methods in this file are the queue.Stage of the service: what its engines have to load.

// Models implements queue.Stage.
func (s *Service) Models() []queue.Model {
	var list []queue.Model
	for _, name := range s.Present.Names() {
		l, ok := s.Present[name].(engine.Loader)
		if !ok {
			continue
		}
		for _, m := range l.Models() {
			list = append(list, queue.Model{Engine: name, Name: m.Name, Memory: m.Memory, Resident: m.Resident})
		}
	}
	return list
}

// Load implements queue.Stage.
func (s *Service) Load(ctx context.Context, name, model string, report func(done, total int64)) error {
	l, err := s.Present.Loader(name)
	if err != nil {
		return err
	}
	return l.Load(ctx, model, report)
}

// Evict implements queue.Stage.
func (s *Service) Evict(ctx context.Context, name, model string) error {
	l, err := s.Present.Loader(name)
	if err != nil {
		return err
	}
	return l.Evict(ctx, model)
}

var _ queue.Stage = (*Service)(nil)
