package tempera

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is what the worker and its parent say to each other: two little-endian lengths, a JSON header, raw bytes.
//
//	uint32 header length, uint32 payload length, header, payload
type frame struct {
	Type string `json:"type"`
	ID   uint64 `json:"id,omitempty"` // of the request it belongs to

	Trace string `json:"trace,omitempty"` // with generate: the span that asks, as telemetry.Carry tells it

	Setup    *setup         `json:"setup,omitempty"`    // start
	Ready    *readyHeader   `json:"ready,omitempty"`    // ready
	Request  *request       `json:"request,omitempty"`  // generate; the payload is its pictures
	Progress *progress      `json:"progress,omitempty"` // progress; the payload is the preview
	Picture  *pictureHeader `json:"picture,omitempty"`  // picture; the payload is the pixels
	Bench    *benchResult   `json:"bench,omitempty"`    // bench, both ways
	Fault    *faultHeader   `json:"fault,omitempty"`    // failed

	payload []byte   // as received
	pieces  [][]byte // sent as the payload, one after the other
}

// Frame types. The parent sends start, generate, cancel and bench; the worker answers ready, progress, picture, bench
// and failed.
const (
	frameStart    = "start"
	frameReady    = "ready"
	frameGenerate = "generate"
	frameCancel   = "cancel"
	frameProgress = "progress"
	framePicture  = "picture"
	frameBench    = "bench"
	frameFailed   = "failed"
)

const (
	mostHeader  = 1 << 20
	mostPayload = 4*MostShown + 16<<20 // all that a request may show; a painted picture is smaller
)

// errFrame says that what came is not a frame; the other side is broken or is somebody else.
var errFrame = errors.New("not a frame")

// writeFrame sends one frame. Goroutines that write to one pipe hold a lock, so that frames never interleave. Pieces are
// written as they are: a request's pictures are not copied together first.
func writeFrame(w io.Writer, f *frame) error {
	header, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s frame: %w", f.Type, err)
	}
	pieces, length := f.pieces, 0
	if f.payload != nil {
		pieces = append([][]byte{f.payload}, pieces...)
	}
	for _, p := range pieces {
		length += len(p)
	}
	if len(header) > mostHeader || length > mostPayload {
		return fmt.Errorf("send %s frame of %d and %d bytes: %w", f.Type, len(header), length, errFrame)
	}
	buf := make([]byte, 8, 8+len(header))
	binary.LittleEndian.PutUint32(buf, uint32(len(header)))
	binary.LittleEndian.PutUint32(buf[4:], uint32(length))
	for _, p := range append([][]byte{append(buf, header...)}, pieces...) {
		if _, err := w.Write(p); err != nil {
			return fmt.Errorf("send %s frame: %w", f.Type, err)
		}
	}
	return nil
}

// readFrame receives one frame. io.EOF means that the other side has gone between frames.
func readFrame(r io.Reader) (*frame, error) {
	var lengths [8]byte
	if _, err := io.ReadFull(r, lengths[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("receive frame: %w", err)
	}
	n, m := binary.LittleEndian.Uint32(lengths[:]), binary.LittleEndian.Uint32(lengths[4:])
	if n > mostHeader || m > mostPayload {
		return nil, fmt.Errorf("receive frame of %d and %d bytes: %w", n, m, errFrame)
	}
	header, err := readExactly(r, int(n))
	if err != nil {
		return nil, err
	}
	f := &frame{}
	if err := json.Unmarshal(header, f); err != nil {
		return nil, fmt.Errorf("receive frame: %w: %w", errFrame, err)
	}
	if f.payload, err = readExactly(r, int(m)); err != nil {
		return nil, err
	}
	return f, nil
}

// readExactly does not trust a length before that much has come: it grows as it reads.
func readExactly(r io.Reader, n int) ([]byte, error) {
	const chunk = 1 << 20
	buf := make([]byte, 0, min(n, chunk))
	for len(buf) < n {
		at := len(buf)
		step := min(n-at, chunk)
		buf = append(buf, make([]byte, step)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return nil, fmt.Errorf("receive frame: %w", err)
		}
	}
	return buf, nil
}
