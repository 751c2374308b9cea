package enginetest_test

import (
	"context"
	"errors"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
)

func TestScripted_PassesTheSuite(t *testing.T) {
	enginetest.Suite{
		Open: func(*testing.T) engine.Imager {
			return enginetest.NewScripted(enginetest.Script{Model: "house", Styles: []string{"flat"}})
		},
		Base:     engine.ImageRequest{Model: "house", Prompt: "a fox", Width: 64, Height: 64, Steps: 4},
		Pictures: true,
	}.Run(t)
}

func TestScripted_DoesWhatItIsTold(t *testing.T) {
	s := &enginetest.Scripted{}
	req := engine.ImageRequest{Width: 8, Height: 8, Steps: 3}
	broken := errors.New("broken")
	s.Script(enginetest.Script{Err: broken})
	if _, err := s.GenerateImage(t.Context(), req, nil); !errors.Is(err, broken) {
		t.Errorf("error %v, want the scripted one", err)
	}
	s.Script(enginetest.Script{Rubbish: enginetest.WrongSize})
	if p, err := s.GenerateImage(t.Context(), req, nil); err != nil || p.Image.Rect.Dx() != 9 {
		t.Errorf("%v, %v: want a picture of the wrong size", p, err)
	}
	s.Script(enginetest.Script{Rubbish: enginetest.NilResult})
	if p, err := s.GenerateImage(t.Context(), req, nil); p != nil || err != nil {
		t.Errorf("%v, %v: want nothing", p, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{}, 1)
	s.Script(enginetest.Script{Hang: true, Started: started})
	go func() {
		<-started
		cancel()
	}()
	if _, err := s.GenerateImage(ctx, req, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if s.Calls() != 4 {
		t.Errorf("%d calls, want 4", s.Calls())
	}
}

func TestScripted_GateHoldsEachStep(t *testing.T) {
	gate := make(chan struct{})
	s := enginetest.NewScripted(enginetest.Script{Gate: gate})
	steps := make(chan int)
	go func() {
		defer close(steps)
		_, _ = s.GenerateImage(t.Context(), engine.ImageRequest{Width: 8, Height: 8, Steps: 2}, func(p engine.Progress) { steps <- p.Step })
	}()
	for want := 1; want <= 2; want++ {
		gate <- struct{}{}
		if got := <-steps; got != want {
			t.Errorf("step %d, want %d", got, want)
		}
	}
	if _, more := <-steps; more {
		t.Error("a step without the gate")
	}
}
