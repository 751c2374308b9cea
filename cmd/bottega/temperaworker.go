package main

import (
	"context"
	"os"

	"bottega/internal/engine/tempera"
)

// temperaWorkerCmd is what the house model's engine starts: pictures over standard input and output, nothing else.
type temperaWorkerCmd struct{}

func (temperaWorkerCmd) Run(ctx context.Context) error {
	// An interrupt from the terminal reaches the whole process group; the parent decides what happens to the work.
	return tempera.WorkerMain(context.WithoutCancel(ctx), os.Stdin, os.Stdout, tempera.WorkerOptions{})
}
