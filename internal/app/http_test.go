package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/plan"
)

// status asks the handler for a path.
func status(h http.Handler, path string) int {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer.Code
}

func TestReady_SaysNoFromTheFirstMomentOfDraining(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	gate, started := make(chan struct{}), make(chan struct{}, 1)
	w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
	stop := w.Run()
	actor := w.User(plan.Free)
	g := w.Submit(actor, "a red fox", 1)
	<-started
	if got := status(handler, "/readyz"); got != http.StatusOK {
		t.Fatalf("/readyz of a working server answers %d", got)
	}

	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }() // its work stands at the gate: it drains until that opens
	w.Wait(func() error {
		if got := status(handler, "/readyz"); got != http.StatusServiceUnavailable {
			return fmt.Errorf("/readyz of a draining server answers %d, want 503", got)
		}
		return nil
	})
	if got := status(handler, "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz of a draining server answers %d: it lives until it has ended", got)
	}
	if waiting := w.Submit(actor, "a blue boat", 1); waiting.State != generation.Waiting {
		t.Errorf("what is submitted to a draining server is %s, want waiting", waiting.State)
	}
	close(gate)
	<-stopped
	w.WaitState(actor, g.ID, generation.Complete)
	w.Verify()
}
