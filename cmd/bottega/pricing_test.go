package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/pricing"
)

func TestGenerate_PriceIsTheSheets(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	q, err := w.Prices.Current().Quote(pricing.Facts{Model: "scripted", Kind: "image", Width: 1024, Height: 512, Steps: 30, Count: 4, Tile: true})
	if err != nil {
		t.Fatal(err)
	}
	width, height, steps, count := 1024, 512, 30, 4
	c := &generateCmd{Prompt: "a fox", Width: &width, Height: &height, Steps: &steps, Count: &count, Tile: true}
	var out bytes.Buffer
	if err := c.printPrice(t.Context(), w.App, w.User("free"), &out); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); !strings.Contains(said, q.Total.String()+"  tokens in all") || !strings.Contains(said, " instead of "+q.Total.String()) {
		t.Errorf("said %q, want %s and something cheaper", said, q.Total)
	}
}

func TestPricing_ShowAndSet(t *testing.T) {
	data := t.TempDir()
	if said := must(t, "admin", "pricing", "show", "--data", data, "--version", "1"); !strings.Contains(said, `"version": 1`) {
		t.Errorf("version 1 is %s", said)
	}
	file := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(file, []byte(`{"version": 1000, "rows": {"*/image": {"base_mt": 2000}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "admin", "pricing", "set", "--data", data, file)
	if said := must(t, "admin", "pricing", "show", "--data", data); !strings.Contains(said, `"version": 1000`) {
		t.Errorf("in force is %s", said)
	}
	if out, err := bottega("admin", "pricing", "set", "--data", data, file).CombinedOutput(); err == nil || !strings.Contains(string(out), "not a new one") {
		t.Errorf("the same version again: %v %s", err, out)
	}
}
