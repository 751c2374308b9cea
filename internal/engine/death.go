package engine

import "strings"

// Death says that the process which worked on a request ended before it answered. It wraps ErrUnavailable: the same
// request may work in another process, unless it is the request that ends them.
type Death struct {
	How    string   // exit status, signal, or the limit it was ended for
	Said   []string // the last lines of its standard error, bounded
	Beside int      // other requests that the process worked on
}

func (d *Death) Error() string { return d.How + ": " + ErrUnavailable.Error() }

// Unwrap makes errors.Is(err, ErrUnavailable) true.
func (d *Death) Unwrap() error { return ErrUnavailable }

// Bounds of what is kept of a process's standard error.
const (
	lastLines = 20
	lastBytes = 400 // of a line
)

// LastWords keeps the end of what a process says. The zero value works; it is not safe for concurrent use.
type LastWords struct{ lines []string }

// Add takes a line.
func (w *LastWords) Add(line string) {
	if len(line) > lastBytes {
		line = strings.ToValidUTF8(line[:lastBytes], "") + "…"
	}
	if len(w.lines) == lastLines {
		w.lines = append(w.lines[:0], w.lines[1:]...)
	}
	w.lines = append(w.lines, line)
}

// Lines returns what was kept, oldest first.
func (w *LastWords) Lines() []string { return append([]string(nil), w.lines...) }
