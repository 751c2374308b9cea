package remote

import (
	"context"
	"errors"
	"fmt"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
	"bottega/internal/telemetry"
)

// Imager is an engine of a worker elsewhere.
type Imager struct {
	session  *Session
	name     string
	versions []string
}

// Versions implements engine.Versioned.
func (i *Imager) Versions() []string { return i.versions }

// GenerateImage implements engine.Imager. It waits for a slot of the worker.
func (i *Imager) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	s := i.session
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("paint on %s: %w", s.Hello.Name, err)
	}
	if report == nil {
		report = func(engine.Progress) {}
	}
	for n, r := range req.References {
		if r.Image == nil {
			return nil, fmt.Errorf("reference %d without a picture: %w", n, engine.ErrRejected)
		}
	}
	select {
	case <-s.over:
		return nil, s.lost()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for %s: %w", s.Hello.Name, ctx.Err())
	case s.slots <- struct{}{}:
	}
	id, w := s.begin(i.name, &req)
	packed, pixels := wire.Pack(req)
	asking := &frame{Type: sayPaint, ID: id, Engine: i.name, Trace: telemetry.Carry(ctx), Request: &packed, pieces: pixels}
	go func() { // a large request takes a while, and the caller may not want to wait
		switch err := s.line.send(asking); {
		case errors.Is(err, wire.ErrFrame):
			s.unsent(id, err)
		case err != nil:
			s.close("it does not listen: " + err.Error())
		}
	}()
	for {
		select {
		case p := <-w.progress:
			report(p)
		case a := <-w.answer:
			s.rest(ctx, w, report)
			return a.picture, a.err
		case <-s.over:
			return nil, s.lost()
		case <-ctx.Done():
			s.abandon(id)
			return nil, fmt.Errorf("paint on %s: %w", s.Hello.Name, ctx.Err())
		}
	}
}
