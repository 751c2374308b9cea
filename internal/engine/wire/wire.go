// Package wire is how requests for pictures, their progress and their answers travel between processes: the pipes of the
// house model's workers, and the connections of workers on other machines. It promises that a length is never trusted
// before that much has come, and that a picture has the bytes its size says. Who speaks to whom, and what about, is left
// to the drivers.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is two little-endian lengths, a JSON header, raw bytes:
//
//	uint32 header length, uint32 payload length, header, payload

// MostHeader bounds the JSON of a frame, in bytes.
const MostHeader = 1 << 20

// ErrFrame says that what came is not a frame; the other side is broken or is somebody else.
var ErrFrame = errors.New("not a frame")

// ErrTooLarge says that a frame is larger than it may be.
var ErrTooLarge = fmt.Errorf("a frame above its bound: %w", ErrFrame)

// Write sends one frame with a payload of at most so many bytes. When the error is ErrFrame, nothing was sent. Goroutines that write to one pipe hold a lock, so that
// frames never interleave. Pieces are written as they are: a request's pictures are not copied together first.
func Write(w io.Writer, header any, most int, pieces ...[]byte) error {
	text, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("%w: encode it: %w", ErrFrame, err)
	}
	length := 0
	for _, p := range pieces {
		length += len(p)
	}
	if len(text) > MostHeader || length > most {
		return fmt.Errorf("send a frame of %d and %d bytes: %w", len(text), length, ErrTooLarge)
	}
	buf := make([]byte, 8, 8+len(text))
	binary.LittleEndian.PutUint32(buf, uint32(len(text)))
	binary.LittleEndian.PutUint32(buf[4:], uint32(length))
	for _, p := range append([][]byte{append(buf, text...)}, pieces...) {
		if len(p) == 0 {
			continue
		}
		if _, err := w.Write(p); err != nil {
			return fmt.Errorf("send frame: %w", err)
		}
	}
	return nil
}

// Read receives one frame into header and returns its payload. io.EOF means that the other side has gone between frames.
func Read(r io.Reader, header any, most int) (payload []byte, err error) {
	var lengths [8]byte
	if _, err := io.ReadFull(r, lengths[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("receive frame: %w", err)
	}
	n, m := binary.LittleEndian.Uint32(lengths[:]), binary.LittleEndian.Uint32(lengths[4:])
	if n > MostHeader || uint64(m) > uint64(most) {
		return nil, fmt.Errorf("receive frame of %d and %d bytes: %w", n, m, ErrTooLarge)
	}
	text, err := readExactly(r, int(n))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, header); err != nil {
		return nil, fmt.Errorf("receive frame: %w: %w", ErrFrame, err)
	}
	return readExactly(r, int(m))
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
