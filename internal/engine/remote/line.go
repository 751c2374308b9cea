package remote

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/engine/wire"
)

// line is a connection over which frames travel. It ends by itself when nothing is heard for as long as the watch says, or
// when the other side does not take what is sent. Reading is for one goroutine, sending for many.
type line struct {
	conn  io.ReadWriteCloser
	in    io.Reader
	watch *time.Timer
	quiet atomic.Int64 // nanoseconds

	mu  sync.Mutex // one frame at a time
	out *bufio.Writer
}

// newLine gives up after so long a silence. silent is told then, before the connection is closed.
func newLine(conn io.ReadWriteCloser, quiet time.Duration, silent func(time.Duration)) *line {
	l := &line{conn: conn, out: bufio.NewWriterSize(conn, 64<<10)}
	l.quiet.Store(int64(quiet))
	l.watch = time.AfterFunc(quiet, func() {
		silent(time.Duration(l.quiet.Load()))
		_ = conn.Close()
	})
	l.in = bufio.NewReaderSize(heard{l}, 64<<10)
	return l
}

// heard notes every byte as a sign of life: a large picture over a slow line takes longer than the watch.
type heard struct{ l *line }

func (h heard) Read(p []byte) (int, error) {
	n, err := h.l.conn.Read(p)
	if n > 0 {
		h.l.watch.Reset(time.Duration(h.l.quiet.Load()))
	}
	return n, err
}

// patient changes how long a silence is borne from now on.
func (l *line) patient(quiet time.Duration) {
	l.quiet.Store(int64(quiet))
	l.watch.Reset(quiet)
}

func (l *line) read(most int) (*frame, error) {
	f := &frame{}
	var err error
	f.payload, err = wire.Read(l.in, f, most)
	return f, err
}

// send says one frame, or closes the line: after half a frame there is nothing more to say. What is no frame that can be
// sent (wire.ErrFrame) leaves the line as it is.
func (l *line) send(f *frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	slow := time.AfterFunc(writeWithin, func() { _ = l.conn.Close() })
	defer slow.Stop()
	err := wire.Write(l.out, f, mostRequest, f.pieces...)
	if err == nil {
		err = l.out.Flush()
	}
	if err != nil && !errors.Is(err, wire.ErrFrame) {
		l.close()
	}
	return err
}

func (l *line) close() {
	l.watch.Stop()
	_ = l.conn.Close()
}
