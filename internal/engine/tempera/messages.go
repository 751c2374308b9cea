package tempera

import (
	"bottega/internal/engine"
	"bottega/internal/engine/wire"
)

// setup is what the parent tells a new worker.
type setup struct {
	WeightsDir  string `json:"weights_dir,omitempty"` // empty: the embedded weights
	DataDir     string `json:"data_dir,omitempty"`
	Runtime     string `json:"runtime,omitempty"` // empty: the embedded ONNX Runtime
	Threads     int    `json:"threads"`
	MemoryLimit int64  `json:"memory_limit"` // bytes
	Device      Device `json:"device,omitempty"`
}

// reading is how far a worker is with loading its model.
type reading struct {
	Done int64 `json:"done"` // bytes
}

// readyHeader is what a worker says of itself when it has loaded its model.
type readyHeader struct {
	Device   Device `json:"device"`
	Missed   string `json:"missed,omitempty"` // why it is not CUDA, where that was looked for
	Together int    `json:"together"`         // pictures it is worth painting at once
}

// request is what a worker is asked for.
type request struct {
	wire.Request
	Bench *Bench `json:"bench,omitempty"`
}

type (
	shownHeader   = wire.Shown
	progress      = wire.Progress
	pictureHeader = wire.Picture
	benchResult   = BenchResult
)

// packed turns a checked request into its frame.
func packed(q engine.ImageRequest) *frame {
	r, pixels := wire.Pack(q)
	return &frame{Type: frameGenerate, Request: &request{Request: r}, pieces: pixels}
}

// unpacked is the request of a frame; its pictures are parts of the frame's payload.
func (f *frame) unpacked() (*engine.ImageRequest, error) {
	return f.Request.Unpack(f.payload, MostShownSide)
}
