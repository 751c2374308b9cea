package queue

import (
	"context"
	"time"

	"bottega/internal/db"
)

// What is told of models that have to be loaded before waiting work starts.

// begunSoon is how long a load may wait before it is told that it has to wait for room.
const begunSoon = 5 * time.Second

// readLoading reads how far the models are that no machine has.
func (f *Forecast) readLoading(ctx context.Context, q db.Queryer, cold map[modelKey]bool) error {
	open, err := openLoads(ctx, q)
	if err != nil {
		return err
	}
	ended, err := endedLoads(ctx, q, loadsKept)
	if err != nil {
		return err
	}
	took := loadTimes(ended)
	f.loading = map[modelKey]Loading{}
	for k := range cold {
		f.loading[k] = ModelLoad{}.expected(f.at, took[k])
	}
	for _, l := range open {
		if k := l.key(); cold[k] {
			next := l.expected(f.at, took[k])
			if was := f.loading[k]; l.State == LoadLoading || was.Total == 0 && was.Done == 0 {
				f.loading[k] = next
			}
		}
	}
	return nil
}

// expected is how far a load is and when it is done, or would be when it was asked for now. One that has waited for a while
// waits for room, which is made when the patience of its turn is over.
func (l ModelLoad) expected(now time.Time, took time.Duration) Loading {
	out := l.Loading
	out.Ready = l.ready(now, took)
	if l.State == LoadWaiting && !l.Until.After(now) && now.Sub(l.AskedAt) > begunSoon && took > 0 {
		patience := max(patienceLess, patienceMore*took)
		from := l.DueAt
		if from.IsZero() {
			from = now
		}
		out.Ready = later(now, from.Add(patience)).Add(took)
	}
	return out
}

// after is a wait that cannot end before the model is loaded. A load whose end nobody knows makes the wait unknown, too.
func (w Wait) after(l Loading, now time.Time) Wait {
	if l.Ready.IsZero() || w.At.IsZero() {
		return Wait{}
	}
	left := l.Ready.Sub(now)
	return Wait{
		At: later(w.At, l.Ready), Low: later(w.Low, now.Add(left/2)), High: later(w.High, now.Add(2*left+time.Second)), Work: max(w.Work, left),
	}
}
