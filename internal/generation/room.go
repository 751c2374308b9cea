package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/queue"
)

// When who had no room is told to try again: when room is expected, between these; comeBack where that is not known.
const comeBack, soonest, latest = 10 * time.Second, time.Second, 5 * time.Minute

// room refuses what the plan has no room for: so many generations, and so many pixels, wait and run at once.
func (w *world) room(op *submission) error {
	if op.gift {
		return nil
	}
	share := queue.ShareOf(op.accountID, op.actor.Team)
	if n, limit := w.line.Length(share), op.entitled.Queue+op.entitled.Concurrency; n >= limit {
		return full(0, "queue_full", fmt.Sprintf("%d generations are waiting or running, your plan allows %d: wait until one has finished", n, limit),
			map[string]any{"in_line": n, "limit": limit})
	}
	// What is larger than the bound by itself runs alone, so that everything that a model can do can be asked for.
	if n, more := w.line.Pixels(share), op.planned.pixels(); op.entitled.Pixels > 0 && n > 0 && n+more > op.entitled.Pixels {
		return full(n+more-op.entitled.Pixels, "too_many_pixels", fmt.Sprintf(
			"%s megapixels are waiting or running and this adds %s, your plan allows %s: wait until some have finished, or ask for fewer or smaller pictures",
			megapixels(n), megapixels(more), megapixels(op.entitled.Pixels)),
			map[string]any{"in_line_pixels": n, "pixels": more, "limit_pixels": op.entitled.Pixels})
	}
	return nil
}

// noRoom is a refusal for want of room, which is there when so many pixels of the share have ended, and at least one of
// its generations.
type noRoom struct {
	fault  *fault.Error
	pixels int64
}

func (n *noRoom) Error() string { return n.fault.Error() }
func (n *noRoom) Unwrap() error { return n.fault }

func full(pixels int64, code, message string, details map[string]any) error {
	f := fault.New(fault.RateLimited, code, message)
	f.RetryAfter, f.Details = comeBack, details
	return &noRoom{f, pixels}
}

// whenRoom tells a refusal for want of room when there will be some. It asks after the transaction, for a forecast that a
// refusal can do without.
func (s *Service) whenRoom(ctx context.Context, actor access.Actor, err error) {
	var n *noRoom
	if s.line == nil || !errors.As(err, &n) {
		return
	}
	at, failed := s.line.Frees(ctx, actor.AccountID, queue.ShareOf(actor.AccountID, actor.Team), n.pixels)
	if failed != nil {
		s.Log.WarnContext(ctx, "nobody can say when there is room", "error", failed)
		return
	}
	if !at.IsZero() {
		n.fault.RetryAfter = min(max(at.Sub(s.Clock.Now()), soonest), latest)
	}
}

// megapixels writes pixels in millions of 2^20, as prices count them.
func megapixels(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }

// pixels are those of all pictures that were asked for.
func (p Planned) pixels() int64 {
	return int64(p.Facts.Width) * int64(p.Facts.Height) * int64(max(1, p.Count))
}
