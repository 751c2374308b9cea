package queue

import (
	"testing"
	"time"
)

func TestModelLoad_ReadyIsLeftOutWhereItIsNotKnown(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	loading := func(done, total int64) ModelLoad {
		return ModelLoad{State: LoadLoading, StartedAt: now.Add(-10 * time.Second), Loading: Loading{Done: done, Total: total}}
	}
	for name, c := range map[string]struct {
		load ModelLoad
		took time.Duration
		want time.Time
	}{
		"never loaded, nothing read":          {loading(0, 100), 0, time.Time{}},
		"never loaded, of unknown size":       {loading(50, 0), 0, time.Time{}},
		"never loaded, a quarter read":        {loading(25, 100), 0, now.Add(30 * time.Second)},
		"never loaded, read and being opened": {loading(99, 100), 0, time.Time{}},
		"as long as before":                   {loading(99, 100), time.Minute, now.Add(50 * time.Second)},
		"longer than before":                  {loading(99, 100), time.Second, now},
		"waits and was never loaded":          {ModelLoad{State: LoadWaiting}, 0, time.Time{}},
		"waits":                               {ModelLoad{State: LoadWaiting}, time.Minute, now.Add(time.Minute)},
		"waits for another attempt":           {ModelLoad{State: LoadWaiting, NotBefore: now.Add(time.Second)}, time.Minute, now.Add(time.Minute + time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.load.ready(now, c.took); !got.Equal(c.want) {
				t.Errorf("ready at %v, want %v", got, c.want)
			}
		})
	}
}
