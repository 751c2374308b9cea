package generation_test

import (
	"errors"
	"slices"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/queue"
)

// What the line is told about models is what the engines that are here say, and what it orders reaches them.
func TestStage_IsItsEngines(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		if list := w.Generations.Models(); len(list) != 0 {
			t.Errorf("an engine that loads nothing has the models %+v", list)
		}
		big := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 1000}, enginetest.OnShelf{Name: "b", Memory: 500, Resident: true})
		small := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 10})
		s := w.Generations.Through(engine.Set{"small": small, "big": big, "plain": w.Engine})
		want := []queue.Model{{Engine: "big", Name: "a", Memory: 1000}, {Engine: "big", Name: "b", Memory: 500, Resident: true}, {Engine: "small", Name: "a", Memory: 10}}
		if got := s.Models(); !slices.Equal(got, want) {
			t.Errorf("models %+v, want %+v", got, want)
		}
		last := int64(0)
		if err := s.Load(t.Context(), "big", "a", func(done, total int64) { last = done }); err != nil || last != 1000 {
			t.Errorf("load: %v, with %d bytes", err, last)
		}
		if err := s.Evict(t.Context(), "big", "b"); err != nil {
			t.Errorf("evict: %v", err)
		}
		want[0].Resident, want[1].Resident = true, false
		if got := s.Models(); !slices.Equal(got, want) {
			t.Errorf("models %+v, want %+v", got, want)
		}
		for _, name := range []string{"plain", "nobody's"} {
			if err := s.Load(t.Context(), name, "a", func(int64, int64) {}); !errors.Is(err, engine.ErrUnavailable) {
				t.Errorf("load of %s: %v, want ErrUnavailable", name, err)
			}
			if err := s.Evict(t.Context(), name, "a"); !errors.Is(err, engine.ErrUnavailable) {
				t.Errorf("evict of %s: %v, want ErrUnavailable", name, err)
			}
		}
	})
}
