package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"bottega/internal/generation"
)

// drawBar draws progress over the last line of the terminal.
func drawBar(raw json.RawMessage) {
	var p generation.Progress
	if json.Unmarshal(raw, &p) != nil {
		return
	}
	const width = 32
	full := min(width, int(p.Fraction*width))
	fmt.Fprintf(os.Stderr, "\r\033[K%s%s %3.0f %%  picture %d of %d, step %d of %d",
		strings.Repeat("█", full), strings.Repeat("░", width-full), p.Fraction*100, p.Image+1, p.Images, p.Step, p.Steps)
}
