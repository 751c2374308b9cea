package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"bottega/internal/engine/tempera"
	"bottega/internal/telemetry"
)

// temperaWorkerCmd is what the house model's engine starts: pictures over standard input and output, nothing else.
type temperaWorkerCmd struct{}

func (temperaWorkerCmd) Run(ctx context.Context) error {
	// An interrupt from the terminal reaches the whole process group; the parent decides what happens to the work.
	ctx = context.WithoutCancel(ctx)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)) // the parent passes it on
	traces, err := telemetry.OpenTraces(ctx, buildVersion(), log)
	if err != nil {
		log.Warn("this worker makes no traces", "error", err)
	}
	err = tempera.WorkerMain(ctx, os.Stdin, os.Stdout, tempera.WorkerOptions{Traces: traces})
	closeTraces(ctx, traces, 500*time.Millisecond, log) // less than the parent waits before it kills
	return err
}

// closeTraces sends what is left of the traces. That they are lost is no reason to end with an error.
func closeTraces(ctx context.Context, traces *telemetry.Traces, patience time.Duration, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := traces.Close(ctx); err != nil {
		log.Warn("the last traces were not sent", "error", err)
	}
}
