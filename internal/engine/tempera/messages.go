package tempera

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bottega/internal/engine"
)

// setup is what the parent tells a new worker.
type setup struct {
	WeightsDir  string `json:"weights_dir,omitempty"` // empty: the embedded weights
	DataDir     string `json:"data_dir,omitempty"`
	Threads     int    `json:"threads"`
	MemoryLimit int64  `json:"memory_limit"` // bytes
}

type request struct {
	Image engine.ImageRequest `json:"image"`
	Bench *Bench              `json:"bench,omitempty"`
}

type progress struct {
	Step   int `json:"step"`
	Steps  int `json:"steps"`
	Width  int `json:"width"` // of the preview
	Height int `json:"height"`
}

type benchResult = BenchResult

type pictureHeader struct {
	Width           int             `json:"width"`
	Height          int             `json:"height"`
	ModelVersion    string          `json:"model_version"`
	GeneratedWidth  int             `json:"generated_width"`
	GeneratedHeight int             `json:"generated_height"`
	Sources         []engine.Source `json:"sources"`
	Notes           []string        `json:"notes"`
}

// faultHeader carries an error over the pipe: the sentinel callers branch on, and the text without it.
type faultHeader struct {
	Kind string `json:"kind"` // rejected, unavailable, cancelled or ""
	Text string `json:"text"`
}

var faultKinds = []struct {
	kind     string
	sentinel error
}{{"rejected", engine.ErrRejected}, {"unavailable", engine.ErrUnavailable}, {"cancelled", context.Canceled}}

func faultOf(err error) *faultHeader {
	f := &faultHeader{Text: err.Error()}
	for _, k := range faultKinds {
		if errors.Is(err, k.sentinel) {
			f.Kind = k.kind
			f.Text = strings.TrimSuffix(f.Text, ": "+k.sentinel.Error())
		}
	}
	return f
}

func (f *faultHeader) err() error {
	for _, k := range faultKinds {
		if f.Kind == k.kind {
			return fmt.Errorf("%s: %w", f.Text, k.sentinel)
		}
	}
	return errors.New(f.Text)
}
