package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
)

func TestEngineFlags_RefuseWhatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*engineFlags)
		want   []string
	}{
		"negative memory": {func(f *engineFlags) { f.ModelMemory = -1 }, []string{"--model-memory -1", "1 to 16777216 MiB"}},
		"absurd memory":   {func(f *engineFlags) { f.ModelMemory = 1 << 50 }, []string{"--model-memory 1125899906842624", "1 to 16777216 MiB"}},
		"too little":      {func(f *engineFlags) { f.ModelMemory = 8 }, []string{"--model-memory 8", "tempera-image alone may take"}},
		"negative idle":   {func(f *engineFlags) { f.ModelIdle = -time.Second }, []string{"--model-idle -1s", "8760h"}},
		"absurd idle":     {func(f *engineFlags) { f.ModelIdle = 1 << 62 }, []string{"--model-idle", "8760h"}},
	} {
		f := engineFlags{Slots: 1, WorkerMemory: 2048}
		c.change(&f)
		_, err := f.withEngines(app.Config{Log: slog.New(slog.DiscardHandler)})
		for _, word := range c.want {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: error %v, want %q in it", name, err, word)
			}
		}
	}
	f := engineFlags{Slots: 1, WorkerMemory: 2048, ModelMemory: 4096, ModelIdle: time.Minute}
	cfg, err := f.withEngines(app.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil || cfg.ModelMemory != 4<<30 || cfg.ModelIdle != time.Minute {
		t.Errorf("%d bytes for %s, %v", cfg.ModelMemory, cfg.ModelIdle, err)
	}
}
