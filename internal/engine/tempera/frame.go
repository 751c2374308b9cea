package tempera

import (
	"io"

	"bottega/internal/engine/wire"
)

// A frame is what the worker and its parent say to each other; wire says how it travels.
type frame struct {
	Type string `json:"type"`
	ID   uint64 `json:"id,omitempty"` // of the request it belongs to

	Trace string `json:"trace,omitempty"` // with generate: the span that asks, as telemetry.Carry tells it

	Setup    *setup         `json:"setup,omitempty"`    // start
	Reading  *reading       `json:"reading,omitempty"`  // reading: any number of them before ready or failed
	Ready    *readyHeader   `json:"ready,omitempty"`    // ready
	Request  *request       `json:"request,omitempty"`  // generate; the payload is its pictures
	Progress *progress      `json:"progress,omitempty"` // progress; the payload is the preview
	Picture  *pictureHeader `json:"picture,omitempty"`  // picture; the payload is the pixels
	Bench    *benchResult   `json:"bench,omitempty"`    // bench, both ways
	Fault    *wire.Fault    `json:"fault,omitempty"`    // failed

	payload []byte   // as received
	pieces  [][]byte // sent as the payload, one after the other
}

// Frame types. The parent sends start, generate, cancel and bench; the worker answers reading, ready, progress,
// picture, bench and failed.
const (
	frameStart    = "start"
	frameReading  = "reading"
	frameReady    = "ready"
	frameGenerate = "generate"
	frameCancel   = "cancel"
	frameProgress = "progress"
	framePicture  = "picture"
	frameBench    = "bench"
	frameFailed   = "failed"
)

// mostPayload is all that a request may show; a painted picture is smaller.
const mostPayload = 4*MostShown + 16<<20

// errFrame says that what came is not a frame; the other side is broken or is somebody else.
var errFrame = wire.ErrFrame

// writeFrame sends one frame. Goroutines that write to one pipe hold a lock, so that frames never interleave.
func writeFrame(w io.Writer, f *frame) error {
	pieces := f.pieces
	if f.payload != nil {
		pieces = append([][]byte{f.payload}, pieces...)
	}
	return wire.Write(w, f, mostPayload, pieces...)
}

// readFrame receives one frame. io.EOF means that the other side has gone between frames.
func readFrame(r io.Reader) (*frame, error) {
	f := &frame{}
	var err error
	if f.payload, err = wire.Read(r, f, mostPayload); err != nil {
		return nil, err
	}
	return f, nil
}
