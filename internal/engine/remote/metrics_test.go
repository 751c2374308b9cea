package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/engine/remote"
	"bottega/internal/telemetry"
)

// What a worker does is counted where it is done: connections, pictures by how they ended, refusals by their code.
func TestWorker_CountsWhatItDoes(t *testing.T) {
	w := newWorld(t)
	metrics := telemetry.NewWorkerMetrics(version, 3, remote.Codes())
	has := func(when string, lines ...string) {
		t.Helper()
		w.until(func() string {
			var b strings.Builder
			if err := metrics.Write(&b); err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if !strings.Contains(b.String(), "\n"+l+"\n") {
					return fmt.Sprintf("%s: no line %q in\n%s", when, l, b.String())
				}
			}
			return ""
		})
	}
	has("before anything", "bottega_worker_connected 0", "bottega_worker_connections_total 0", "bottega_worker_slots 3", "bottega_worker_painting 0",
		`bottega_worker_refusals_total{reason="version"} 0`)
	house := enginetest.NewScripted(enginetest.Script{})
	a := &remote.Worker{
		Engines: engine.Set{"house": house}, Dial: w.dial, Log: quiet(w), Metrics: metrics,
		Hello: remote.Hello{Version: version, Name: "gpu-1", Slots: 3},
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	s, err := w.living(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	has("connected", "bottega_worker_connected 1", "bottega_worker_connections_total 1")
	imager, err := s.Engines().Imager("house")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		_, err := imager.GenerateImage(t.Context(), engine.ImageRequest{Model: "scripted", Prompt: "a fox", Width: 32, Height: 32, Steps: 1}, nil)
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	house.Script(enginetest.Script{Err: errors.New("out of paint")})
	if err := ask(); err == nil {
		t.Fatal("an engine that fails painted")
	}
	has("after two pictures", `bottega_worker_painted_seconds_count{engine="house",model="scripted",outcome="ok"} 1`,
		`bottega_worker_painted_seconds_count{engine="house",model="scripted",outcome="error"} 1`, "bottega_worker_painting 0")
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	has("after leaving", "bottega_worker_connected 0", "bottega_worker_connections_total 1")

	old := &remote.Worker{
		Engines: engine.Set{}, Log: quiet(w), Metrics: metrics, Hello: remote.Hello{Version: "0.0.1", Name: "old", Slots: 1},
		Dial: func(ctx context.Context) (io.ReadWriteCloser, error) { return w.dial(ctx) },
	}
	if err := old.Run(t.Context()); err == nil {
		t.Fatal("another version was let in")
	}
	has("refused", `bottega_worker_refusals_total{reason="version"} 1`, "bottega_worker_connected 0")
	metrics.Refused("something-new", false)
	has("refused for a reason that is not known", `bottega_worker_refusals_total{reason="other"} 1`)
}
