package queue

import "context"

// Stage is a Worker whose models are not all in memory all the time. A Worker that is none has every model ready.
type Stage interface {
	// Models lists the models that have to be loaded before they work. Models of other engines are always ready.
	Models() []Model
	// Load makes a model resident; see engine.Loader.
	Load(ctx context.Context, engine, model string, report func(done, total int64)) error
	// Evict takes a model out of memory.
	Evict(ctx context.Context, engine, model string) error
}

// Model is one that a worker has, and what it takes to have it ready.
type Model struct {
	Engine, Name string
	Memory       int64 // bytes while it is resident
	Resident     bool
}
