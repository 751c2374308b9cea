package enginetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
)

func TestShelf_PassesTheSuite(t *testing.T) {
	enginetest.Suite{
		Open: func(*testing.T) engine.Imager {
			s := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 1000}, enginetest.OnShelf{Name: "b", Memory: 500})
			s.Script(enginetest.Script{Styles: []string{"flat"}})
			return s
		},
		Base:     engine.ImageRequest{Model: "a", Prompt: "a fox", Width: 64, Height: 64, Steps: 4},
		Pictures: true,
	}.Run(t)
}

func TestShelf_LoadsByAClockThatTestsMove(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	s := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 900, Size: 100}, enginetest.OnShelf{Name: "b", Memory: 50, Resident: true})
	started, parts, done := make(chan string, 1), make(chan int64), make(chan error, 1)
	s.Loads(enginetest.LoadScript{Takes: 4 * time.Second, Clock: c, Started: started})
	go func() {
		done <- s.Load(t.Context(), "a", func(part, total int64) {
			if total != 100 {
				t.Errorf("total %d, want 100", total)
			}
			parts <- part
		})
	}()
	if model := <-started; model != "a" {
		t.Errorf("%q is loaded", model)
	}
	for want := int64(25); want <= 100; want += 25 {
		select {
		case got := <-parts:
			t.Fatalf("%d bytes before the clock moved", got)
		default:
		}
		c.Advance(time.Second)
		if got := <-parts; got != want {
			t.Errorf("%d bytes, want %d", got, want)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if f := s.Facts("a"); !f.Resident || f.Loads != 1 || f.Failed != 0 || s.PeakMemory() != 950 {
		t.Errorf("facts %+v, peak %d", f, s.PeakMemory())
	}
}

func TestShelf_LoadsAsItIsTold(t *testing.T) {
	s := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 1000})
	broken := errors.New("broken")
	s.Loads(enginetest.LoadScript{Err: broken})
	if err := s.Load(t.Context(), "a", func(int64, int64) {}); !errors.Is(err, broken) {
		t.Errorf("error %v, want the scripted one", err)
	}
	s.Loads(enginetest.LoadScript{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Load(ctx, "a", func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if f := s.Facts("a"); f.Resident || f.Loads != 2 || f.Failed != 2 {
		t.Errorf("facts %+v", f)
	}
	s.Loads(enginetest.LoadScript{})
	if _, err := s.GenerateImage(t.Context(), engine.ImageRequest{Width: 8, Height: 8}, nil); err != nil {
		t.Error(err)
	}
	if f := s.Facts("a"); !f.Resident || f.Requests != 1 || f.Cold != 1 || f.Loads != 3 {
		t.Errorf("facts %+v", f)
	}
}
