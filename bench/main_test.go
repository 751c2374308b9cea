package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// `make bench` sets the variable also where there is no PyTorch, and then to nothing.
func TestBench_AnEmptyPythonLeavesTheComparisonOut(t *testing.T) {
	t.Setenv("BOTTEGA_TORCH_PYTHON", "")
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"image", "--json"}); err != nil || c.Python != "" {
		t.Fatalf("the Python of the comparison is %q (%v), want none", c.Python, err)
	}
}

func TestBench_WithoutBottegaNothingIsMeasured(t *testing.T) {
	err := run(t.Context(), []string{"queue_decision_us", "--program", filepath.Join(t.TempDir(), "bottega")})
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("it says %v, want what builds bottega", err)
	}
}

func TestBench_AWrongNameIsToldTheRightOnes(t *testing.T) {
	self, err := os.Executable() // never started
	if err != nil {
		t.Fatal(err)
	}
	err = run(t.Context(), []string{"nothing_like_it", "--program", self})
	if err == nil || !strings.Contains(err.Error(), "nothing_like_it") || !strings.Contains(err.Error(), queueDecision) {
		t.Errorf("it says %v, want the name and what there is", err)
	}
}
