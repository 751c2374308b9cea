package engine

import "context"

// Loader is an engine whose models take time to load and memory to keep. An engine without it is always ready: a
// provider, or a server of somebody else's.
type Loader interface {
	// Models lists the models of this engine, as they are now. It does not wait for anything.
	Models() []Model

	// Load makes a model resident and returns when it is. report tells how much of it was read, in order and from one
	// goroutine, and must not block; a total of 0 is one that is not known. After its last byte a model may take a while
	// until it is ready. A model that is resident already loads at
	// once. Nothing is evicted for it: whoever asks made room. On cancel the error wraps ctx.Err() and the model is not
	// resident; otherwise a failure wraps ErrUnavailable.
	Load(ctx context.Context, model string, report func(done, total int64)) error

	// Evict takes a model out of memory. It waits for what the model works on, and a model that is not resident is no
	// error. A request for it loads it again.
	Evict(ctx context.Context, model string) error
}

// Model is one that a Loader has.
type Model struct {
	Name     string // as in ImageRequest.Model
	Memory   int64  // bytes it takes while it is resident: measured where it was, else an estimate
	Resident bool
}
