package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
)

// The fleet is the machines that work, as they said last: what work and loads are placed onto. Everybody reads the same
// rows and decides the same with them; what one does not know yet costs a moment, never a ticket.

// host is one machine of the fleet: a process, or a worker's session.
type host struct {
	owner   string
	slots   int
	memory  int64           // bytes for models that are loaded; 0 = no bound
	engines map[string]bool // that work there
	models  map[modelKey]onHost
	runs    []run
}

// onHost is a model on a host.
type onHost struct {
	loads    bool // it has to be loaded before it works
	resident bool
	memory   int64         // bytes while it is
	since    time.Time     // when it came into memory
	used     time.Time     // when it last worked
	pace     time.Duration // of one slot for a thousand tokens; 0 = not measured there
}

// run is what a slot works on.
type run struct {
	model  modelKey
	pixels int64
	left   time.Duration // as far as can be foretold
}

// ready reports whether a ticket of the model would start there: the engine works, and the model is in memory or needs none.
func (h host) ready(k modelKey) bool {
	m := h.models[k]
	return h.slots > 0 && h.engines[k.engine] && (!m.loads || m.resident)
}

// cold reports whether the model would first have to be loaded there.
func (h host) cold(k modelKey) bool {
	m := h.models[k]
	return h.slots > 0 && h.engines[k.engine] && m.loads && !m.resident
}

// free is how many slots do nothing.
func (h host) free() int { return max(0, h.slots-len(h.runs)) }

// working counts the slots that work on a model.
func (h host) working(k modelKey) (n int) {
	for _, r := range h.runs {
		if r.model == k {
			n++
		}
	}
	return n
}

// taken is what the models in memory take.
func (h host) taken() (bytes int64) {
	for _, m := range h.models {
		if m.loads && m.resident {
			bytes += m.memory
		}
	}
	return bytes
}

// readFleet reads the processes that were heard of lately and start work, by name. Primary keys; a handful of rows.
func readFleet(ctx context.Context, q db.Queryer, now time.Time) ([]host, error) {
	rows, err := q.Query(ctx, `SELECT w.owner, w.slots, w.engines, w.memory, COALESCE(m.engine, ''), COALESCE(m.model, ''), COALESCE(m.loads, 0),
		COALESCE(m.resident, 0), COALESCE(m.memory, 0), COALESCE(m.since, 0), COALESCE(m.used_at, 0), COALESCE(m.micros, 0)
		FROM worker w LEFT JOIN worker_model m ON m.owner = w.owner WHERE `+heard+`$1 AND w.drained = 0 ORDER BY w.owner`,
		db.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("read workers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var fleet []host
	for rows.Next() {
		var h host
		var m onHost
		var k modelKey
		var engines string
		var since, used, micros int64
		if err := rows.Scan(&h.owner, &h.slots, &engines, &h.memory, &k.engine, &k.model, &m.loads, &m.resident, &m.memory, &since, &used, &micros); err != nil {
			return nil, fmt.Errorf("read workers: %w", err)
		}
		if n := len(fleet); n == 0 || fleet[n-1].owner != h.owner {
			h.engines, h.models = map[string]bool{}, map[modelKey]onHost{}
			for _, e := range strings.Split(engines, ",") {
				h.engines[e] = true
			}
			fleet = append(fleet, h)
		}
		if k.engine != "" {
			m.since, m.used, m.pace = db.Time(since), db.Time(used), time.Duration(micros)*time.Microsecond
			fleet[len(fleet)-1].models[k] = m
		}
	}
	return fleet, rows.Err()
}

// withRuns gives each host what it runs, of all leased tickets. left tells how long a ticket goes on.
func withRuns(fleet []host, leased []Ticket, left func(Ticket) time.Duration) []host {
	at := map[string]int{}
	out := slices.Clone(fleet)
	for i := range out {
		out[i].runs = nil
		at[out[i].owner] = i
	}
	for _, t := range leased {
		if i, ok := at[t.Owner]; ok {
			out[i].runs = append(out[i].runs, run{t.key(), t.Pixels, left(t)})
		}
	}
	return out
}

// coldEverywhere reports whether some host would have to load the model, and none works with it as it is.
func coldEverywhere(fleet []host, k modelKey) bool {
	cold := false
	for _, h := range fleet {
		if h.ready(k) {
			return false
		}
		cold = cold || h.cold(k)
	}
	return cold
}

// announceModels writes down the models of a process. What it said before and does not say now is gone.
func announceModels(ctx context.Context, tx *db.Tx, owner string, models map[modelKey]onHost) error {
	if _, err := tx.Exec(ctx, "DELETE FROM worker_model WHERE owner = $1", owner); err != nil {
		return fmt.Errorf("announce the models of %s: %w", owner, err)
	}
	var rows [][]any
	for _, k := range slices.SortedFunc(maps.Keys(models), compareModels) {
		m := models[k]
		rows = append(rows, []any{
			owner, k.engine, k.model, db.Bool(m.loads), db.Bool(m.resident), m.memory, db.Micros(m.since), db.Micros(m.used), m.pace.Microseconds(),
		})
	}
	err := tx.Insert(ctx, "INSERT INTO worker_model (owner, engine, model, loads, resident, memory, since, used_at, micros) VALUES ", rows, "")
	if err != nil {
		return fmt.Errorf("announce the models of %s: %w", owner, err)
	}
	return nil
}
