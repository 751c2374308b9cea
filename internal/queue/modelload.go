package queue

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
)

// A cold load is a job of its own: a model that work waits for and that no machine has in memory. It is written down when
// somebody waits, taken by one machine with a lease, and ends as done, failed or dropped. A machine that dies in the
// middle loses its lease, and another one, or its successor, begins again.

// LoadState is where a load is in its life.
type LoadState string

// The states. A load is open while it waits or is loading; nothing follows the other three.
const (
	LoadWaiting LoadState = "waiting" // for a machine, for room there, or for another attempt
	LoadLoading LoadState = "loading"
	LoadDone    LoadState = "done"
	LoadFailed  LoadState = "failed"
	LoadDropped LoadState = "dropped" // nobody waits for the model any more
)

// ModelLoad is a model on its way into the memory of a machine, or one that got there or not.
type ModelLoad struct {
	ID, Engine, Model string
	State             LoadState
	Attempt           int       // times it was begun
	Owner             string    // process that makes room or loads, or did so last; empty = nobody yet
	Machine           string    // its name, for people; empty when it is gone
	Until             time.Time // end of the lease; zero = nobody has it
	NotBefore         time.Time // of the next attempt, after a failure
	Tickets           int       // that wait for the model, as it was last looked at
	Oldest            time.Time // when the oldest of them came
	AskedAt           time.Time
	DueAt             time.Time // when the turn of one of them came; zero = not yet
	StartedAt         time.Time // of the last attempt; zero = never
	EndedAt           time.Time // zero = it is open
	Failure           string    // why the last attempt failed, or why it cannot begin
	Loading
}

// Loading is how far a load is.
type Loading struct {
	Done, Total int64     // bytes; a Total of 0 is not known
	Ready       time.Time // when the model is expected to work; zero = not known, which is said rather than guessed
}

// Percent tells how far a load is, 0 to 100, if that is known.
func (l Loading) Percent() (percent int, known bool) {
	if l.Total <= 0 {
		return 0, false
	}
	return int(min(100, max(0, float64(l.Done)*100/float64(l.Total)))), true
}

// Open reports whether the load has not ended.
func (l ModelLoad) Open() bool { return l.EndedAt.IsZero() }

// key names what is loaded.
func (l ModelLoad) key() modelKey { return modelKey{l.Engine, l.Model} }

// modelKey names a model of an engine.
type modelKey struct{ engine, model string }

func compareModels(a, b modelKey) int {
	if a.engine != b.engine {
		return strings.Compare(a.engine, b.engine)
	}
	return strings.Compare(a.model, b.model)
}

func (t Ticket) key() modelKey { return modelKey{t.Needs, t.Model} }

const loadColumns = `l.id, l.engine, l.model, l.state, l.attempt, l.owner, l.lease_until, l.not_before, l.tickets, l.oldest_at, l.asked_at, l.due_at,
	l.started_at, l.ended_at, l.done, l.total, l.failure, COALESCE(w.name, '')`

// Loads reads the loads that are open, and the last ones that have ended, newest first. Index model_load_ended.
func Loads(ctx context.Context, q db.Queryer, now time.Time, most int) ([]ModelLoad, error) {
	open, err := openLoads(ctx, q)
	if err != nil {
		return nil, err
	}
	ended, err := endedLoads(ctx, q, most)
	if err != nil {
		return nil, err
	}
	measured := loadTimes(ended)
	for i := range open {
		open[i].Ready = open[i].ready(now, measured[open[i].key()])
	}
	slices.SortFunc(open, func(a, b ModelLoad) int { return b.AskedAt.Compare(a.AskedAt) })
	return append(open, ended...), nil
}

// openLoads reads what has not ended, the oldest first. Index model_load_open.
func openLoads(ctx context.Context, q db.Queryer) ([]ModelLoad, error) {
	rows, err := q.Query(ctx, "SELECT "+loadColumns+" FROM model_load l LEFT JOIN worker w ON w.owner = l.owner WHERE l.ended_at = 0 ORDER BY l.asked_at, l.id")
	if err != nil {
		return nil, fmt.Errorf("read loads: %w", err)
	}
	return scanLoads(rows)
}

// endedLoads reads what has ended, the last first. Index model_load_ended.
func endedLoads(ctx context.Context, q db.Queryer, most int) ([]ModelLoad, error) {
	rows, err := q.Query(ctx, "SELECT "+loadColumns+" FROM model_load l LEFT JOIN worker w ON w.owner = l.owner WHERE l.ended_at > 0 ORDER BY l.ended_at DESC LIMIT $1", most)
	if err != nil {
		return nil, fmt.Errorf("read loads: %w", err)
	}
	return scanLoads(rows)
}

func scanLoads(rows *sql.Rows) ([]ModelLoad, error) {
	defer func() { _ = rows.Close() }()
	var list []ModelLoad
	for rows.Next() {
		var l ModelLoad
		var until, notBefore, oldest, asked, due, started, ended int64
		err := rows.Scan(&l.ID, &l.Engine, &l.Model, &l.State, &l.Attempt, &l.Owner, &until, &notBefore, &l.Tickets, &oldest, &asked, &due,
			&started, &ended, &l.Done, &l.Total, &l.Failure, &l.Machine)
		if err != nil {
			return nil, fmt.Errorf("read loads: %w", err)
		}
		l.Until, l.NotBefore, l.Oldest, l.AskedAt, l.DueAt = db.Time(until), db.Time(notBefore), db.Time(oldest), db.Time(asked), db.Time(due)
		l.StartedAt, l.EndedAt = db.Time(started), db.Time(ended)
		list = append(list, l)
	}
	return list, rows.Err()
}

// loadTimes is how long the last load of each model took that went well, of a list with the last one first.
func loadTimes(ended []ModelLoad) map[modelKey]time.Duration {
	took := map[modelKey]time.Duration{}
	for _, l := range ended {
		if _, known := took[l.key()]; !known && l.State == LoadDone {
			took[l.key()] = l.EndedAt.Sub(l.StartedAt)
		}
	}
	return took
}

// loadsKept is how many ended loads are looked at to know how long models take.
const loadsKept = 200

// readMost is the part of a load up to which the bytes tell when it is done: what comes after the last of them, opening and
// trying the model, may take longer than they did.
const readMost = 0.95

// ready is when an open load is expected to be done, by how long the model took before or, without that, how fast it is read;
// zero = not known. took is 0 where the model was never loaded.
func (l ModelLoad) ready(now time.Time, took time.Duration) time.Time {
	switch read := float64(l.Done) / float64(max(1, l.Total)); {
	case l.State == LoadLoading && took > 0:
		return later(now, l.StartedAt.Add(took))
	case took > 0:
		return later(now, l.NotBefore).Add(took)
	case l.State == LoadLoading && read > 0 && read < readMost:
		return now.Add(time.Duration(float64(now.Sub(l.StartedAt)) * (1 - read) / read))
	}
	return time.Time{}
}

// PruneLoads forgets loads that ended before. Index model_load_ended.
func PruneLoads(ctx context.Context, d *db.DB, before time.Time) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM model_load WHERE ended_at > 0 AND ended_at < $1", db.Micros(before))
		return err
	})
}
