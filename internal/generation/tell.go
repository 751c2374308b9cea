package generation

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/clock"
	"bottega/internal/queue"
	"bottega/internal/telemetry"
)

// What the log, the metrics and the traces learn of a generation: that it was accepted, each attempt, and how it ended.
// None of it knows a prompt.

const (
	kindAttribute    = attribute.Key("bottega.kind")
	laneAttribute    = attribute.Key("bottega.lane")
	modelAttribute   = attribute.Key("bottega.model")
	attemptAttribute = attribute.Key("bottega.attempt")
	outcomeAttribute = attribute.Key("bottega.outcome")
)

// tellAccepted tells of a submission that was accepted just now.
func (s *Service) tellAccepted(ctx context.Context, g *Generation, model string) {
	s.Traces.Accepted(ctx, g.ID)
	s.Metrics.Accepted(g.Kind, string(g.Lane))
	s.Log.InfoContext(ctx, "generation accepted", "generation", g.ID, "account", g.AccountID, "kind", g.Kind, "model", model,
		"lane", g.Lane, "price", g.Price, "place", g.Position)
}

// run is what is told of one attempt.
type run struct {
	s    *Service
	t    queue.Ticket
	kind string
	from time.Time
	span telemetry.Span
}

// beginRun tells that an attempt begins, and how long it was waited for.
func (s *Service) beginRun(ctx context.Context, t queue.Ticket, r *row) (context.Context, *run) {
	waited := t.LeasedAt.Sub(r.CreatedAt)
	if t.Attempt == 1 {
		told := time.Duration(-1)
		if !t.Expected.At.IsZero() {
			told = max(0, t.Expected.At.Sub(r.CreatedAt))
		}
		s.Metrics.Waited(t.Lane, waited, told)
		s.Traces.Waited(ctx, t.ID, r.CreatedAt, t.LeasedAt, laneAttribute.String(t.Lane))
	}
	ctx, span := s.Traces.Work(ctx, t.ID, "generation.run", kindAttribute.String(r.Kind), modelAttribute.String(t.Model),
		laneAttribute.String(t.Lane), attemptAttribute.Int(t.Attempt))
	s.Log.InfoContext(ctx, "generation started", "generation", t.ID, "attempt", t.Attempt, "lane", t.Lane, "waited_seconds", waited.Seconds())
	return ctx, &run{s: s, t: t, kind: r.Kind, from: clock.System{}.Now(), span: span}
}

// over tells how the attempt ended; again says that the work goes back into the line.
func (r *run) over(event Event, again bool, err error) {
	outcome := string(event)
	if again {
		outcome = string(EventReturn)
		r.s.Metrics.Returned(r.kind)
	}
	r.s.Metrics.Ran(r.kind, outcome, clock.System{}.Now().Sub(r.from)) // the installation's clock may stand still
	r.span.Set(outcomeAttribute.String(outcome))
	r.span.End(err)
}

// tellEnded tells of a generation that ended just now.
func (s *Service) tellEnded(ctx context.Context, g *Generation) {
	reason := ""
	if g.Failure != nil {
		reason = g.Failure.Code
	}
	s.Metrics.Ended(g.Kind, string(g.State), reason)
	s.Log.InfoContext(ctx, "generation ended", "generation", g.ID, "account", g.AccountID, "state", g.State, "reason", reason,
		"pictures", len(g.Images), "charged", g.Charged, "seconds", g.FinishedAt.Sub(g.CreatedAt).Seconds())
}
