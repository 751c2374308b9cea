// Package enginetest holds every engine to the same behaviour: Run is the suite a driver passes unchanged, Scripted is
// an engine that does what a test tells it to, fast and the same every time: a pattern in place of a picture, and
// everything else as the boundary promises it. It knows the engine boundary and nothing
// of what lies behind it.
package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"bottega/internal/engine"
)

// Scripted is an engine.Imager for tests of other packages: it draws a pattern from the hash of the request. The zero
// value works. Change what it does with Script; it is safe for concurrent use.
type Scripted struct {
	mu     sync.Mutex
	script Script
	calls  []engine.ImageRequest
	active int
	peak   int
}

// Script is what a Scripted engine does with the calls that start from now on.
type Script struct {
	Gate    <-chan struct{} // each step waits for one receive (or the close) of it; nil = no waiting
	Started chan<- struct{} // gets one send when a call starts, before its first step; nil = none
	Err     error           // fail with this error after the first step
	Hang    bool            // do nothing until the context ends
	Rubbish Rubbish         // return something no engine should
	Panic   string          // panic with this text
	Styles  []string        // when set, any other style is rejected; "" is always allowed
	Model   string          // when set, any other model is rejected
}

// Rubbish is a wrong answer of a Scripted engine.
type Rubbish int

// The wrong answers.
const (
	Sound     Rubbish = iota // none: the answer is right
	WrongSize                // one pixel too wide
	NilImage                 // a picture without an image
	NilResult                // no picture and no error
)

const scriptedVersion = "scripted@1"

// Versions implements engine.Versioned.
func (s *Scripted) Versions() []string { return []string{scriptedVersion} }

// NewScripted returns an engine that follows the script.
func NewScripted(script Script) *Scripted { return &Scripted{script: script} }

// Script replaces what the engine does; calls under way keep the script they started with.
func (s *Scripted) Script(script Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}

// Calls returns how many times GenerateImage was called.
func (s *Scripted) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// Requests returns the requests in the order they came.
func (s *Scripted) Requests() []engine.ImageRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]engine.ImageRequest(nil), s.calls...)
}

// Peak returns the most calls that were under way at one time.
func (s *Scripted) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

func (s *Scripted) enter(req engine.ImageRequest) Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, req)
	s.active++
	s.peak = max(s.peak, s.active)
	return s.script
}

func (s *Scripted) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
}

// GenerateImage implements engine.Imager.
func (s *Scripted) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	script := s.enter(req)
	defer s.leave()
	if script.Started != nil {
		select {
		case script.Started <- struct{}{}:
		case <-ctx.Done():
		}
	}
	if err := script.refuse(req); err != nil {
		return nil, err
	}
	if script.Hang {
		<-ctx.Done()
		return nil, fmt.Errorf("hanging as told: %w", ctx.Err())
	}
	if err := script.steps(ctx, req, report); err != nil {
		return nil, err
	}
	return script.answer(req), nil
}

// refuse says what is wrong with the request itself.
func (s Script) refuse(req engine.ImageRequest) error {
	switch {
	case s.Panic != "":
		panic(s.Panic)
	case req.Width < 1 || req.Height < 1 || req.Width > 4096 || req.Height > 4096:
		return fmt.Errorf("size %dx%d: %w", req.Width, req.Height, engine.ErrRejected)
	case s.Model != "" && req.Model != s.Model:
		return fmt.Errorf("unknown model %q: %w", req.Model, engine.ErrRejected)
	case len(s.Styles) > 0 && req.Style != "" && !slices.Contains(s.Styles, req.Style):
		return fmt.Errorf("unknown style %q: %w", req.Style, engine.ErrRejected)
	}
	return refusePictures(req)
}

// steps passes the gate once a step, reports each, and fails when told to.
func (s Script) steps(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) error {
	steps := max(req.Steps, 1)
	for i := range steps {
		if s.Gate != nil {
			select {
			case <-s.Gate:
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("step %d of %d: %w", i+1, steps, err)
		}
		if report != nil {
			report(engine.Progress{Step: i + 1, Steps: steps, Preview: draw16(req, 16, 16)})
		}
		if s.Err != nil {
			return s.Err
		}
	}
	return nil
}

func (s Script) answer(req engine.ImageRequest) *engine.Picture {
	p := &engine.Picture{
		Image:           paint(req),
		ModelVersion:    scriptedVersion,
		GeneratedWidth:  req.Width,
		GeneratedHeight: req.Height,
		Sources:         []engine.Source{{ID: "pattern", Title: "Pattern", Licence: "CC0-1.0", Origin: "enginetest@1"}},
	}
	switch s.Rubbish {
	case WrongSize:
		p.Image = draw16(req, req.Width+1, req.Height)
	case NilImage:
		p.Image = nil
	case NilResult:
		return nil
	case Sound:
	}
	return p
}

var _ engine.Imager = (*Scripted)(nil)
