package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// readMachine reads the lanes. A handful of rows.
func readMachine(ctx context.Context, q db.Queryer) (*machine, error) {
	rows, err := q.Query(ctx, "SELECT lane, now, finish, paused FROM queue_lane")
	if err != nil {
		return nil, fmt.Errorf("read lanes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	m := &machine{lanes: map[string]*lane{}}
	for rows.Next() {
		var name string
		l := &lane{}
		if err := rows.Scan(&name, &l.Now, &l.Finish, &l.Paused); err != nil {
			return nil, fmt.Errorf("read lanes: %w", err)
		}
		if name == "" {
			m.now = l.Now
		} else {
			m.lanes[name] = l
		}
	}
	return m, rows.Err()
}

// saveMachine writes the times of the machine and of the lanes. Times only grow: two dispatchers never undo each other.
func saveMachine(ctx context.Context, tx *db.Tx, m *machine) error {
	write := func(name string, now, finish int64) error {
		err := tx.Later(ctx, "UPDATE queue_lane SET now = $1, finish = $2 WHERE lane = $3 AND (now < $1 OR finish < $2)", now, finish, name)
		if err != nil {
			return fmt.Errorf("write lanes: %w", err)
		}
		return nil
	}
	if err := write("", m.now, 0); err != nil {
		return err
	}
	for _, name := range Lanes() {
		if l := m.lanes[name]; l != nil {
			if err := write(name, l.Now, l.Finish); err != nil {
				return err
			}
		}
	}
	return nil
}

// measured is a run that ended well.
type measured struct {
	engine, model string
	weight        token.Amount
	took          time.Duration
}

// perTokens is the weight that a pace is told for.
const perTokens = 1000

// savePace learns how long a slot takes for the work of a model: the mean of the first runs, then an exponential mean
// over about twenty.
func savePace(ctx context.Context, tx *db.Tx, list []measured) error {
	for _, m := range list {
		micros := int64(float64(m.took.Microseconds()) * float64(token.Whole(perTokens)) / float64(m.weight))
		err := tx.Later(ctx, `INSERT INTO pace (engine, model, micros, runs) VALUES ($1, $2, $3, 1)
			ON CONFLICT (engine, model) DO UPDATE SET runs = pace.runs + 1,
			micros = pace.micros + (excluded.micros - pace.micros) / CASE WHEN pace.runs < 20 THEN pace.runs + 1 ELSE 20 END`,
			m.engine, m.model, micros)
		if err != nil {
			return fmt.Errorf("write the pace of %s: %w", m.model, err)
		}
	}
	return nil
}

// readPaces reads how long a thousand tokens of weight take.
func readPaces(ctx context.Context, q db.Queryer) (map[modelKey]time.Duration, error) {
	rows, err := q.Query(ctx, "SELECT engine, model, micros FROM pace")
	if err != nil {
		return nil, fmt.Errorf("read paces: %w", err)
	}
	defer func() { _ = rows.Close() }()
	paces := map[modelKey]time.Duration{}
	for rows.Next() {
		var k modelKey
		var micros int64
		if err := rows.Scan(&k.engine, &k.model, &micros); err != nil {
			return nil, fmt.Errorf("read paces: %w", err)
		}
		paces[k] = time.Duration(micros) * time.Microsecond
	}
	return paces, rows.Err()
}

// A process that was silent for its lease is gone: what it ran moves on, its slots do not count, and a model that it had is
// loaded elsewhere. heard is what SQL asks for that, of worker w, at the time that is the parameter.
const heard = "w.seen_at + w.lease >= "

// Machine says what runs a dispatcher's work, for people and for comparing.
type Machine struct {
	Kind    string   // MachineServer, MachineWorker or MachineRemote
	Name    string   // of the machine, for people
	Version string   // of Bottega
	Models  []string // what makes the pictures, exactly: name, version and hash
}

// The kinds of machines.
const (
	MachineServer = "server" // serves, and works with what slots it has
	MachineWorker = "worker" // works on the database, serves nothing
	MachineRemote = "remote" // works through a server
)

// announce says that this process works, with so many slots. What was silent for an hour is forgotten.
func announce(ctx context.Context, tx *db.Tx, opt Options, engines []string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO worker (owner, slots, engines, seen_at, kind, name, version, models, memory, lease)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner)
		DO UPDATE SET slots = excluded.slots, engines = excluded.engines, seen_at = excluded.seen_at, memory = excluded.memory, lease = excluded.lease`,
		opt.Owner, opt.Slots, strings.Join(engines, ","), db.Micros(at), opt.Machine.Kind, opt.Machine.Name, opt.Machine.Version,
		strings.Join(opt.Machine.Models, ","), opt.ModelMemory, opt.Lease.Microseconds())
	if err == nil {
		err = tx.Later(ctx, "DELETE FROM worker_model WHERE owner IN (SELECT owner FROM worker WHERE seen_at < $1)", db.Micros(at.Add(-time.Hour)))
	}
	if err == nil {
		err = tx.Later(ctx, "DELETE FROM worker WHERE seen_at < $1", db.Micros(at.Add(-time.Hour)))
	}
	if err != nil {
		return fmt.Errorf("announce worker %s: %w", opt.Owner, err)
	}
	return nil
}

// leave says that this process works no more.
func leave(ctx context.Context, tx *db.Tx, owner string) error {
	if err := tx.Later(ctx, "DELETE FROM worker_model WHERE owner = $1", owner); err != nil {
		return fmt.Errorf("take worker %s off: %w", owner, err)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM worker WHERE owner = $1", owner); err != nil {
		return fmt.Errorf("take worker %s off: %w", owner, err)
	}
	return nil
}

// EverRan reports whether some process works with the engine, or any ever did: then work for it may wait.
func EverRan(ctx context.Context, q db.Queryer, engine string) (bool, error) {
	var n int
	if err := q.QueryRow(ctx, "SELECT COUNT(*) FROM pace WHERE engine = $1", engine).Scan(&n); err != nil {
		return false, fmt.Errorf("look for engine %s: %w", engine, err)
	}
	if n > 0 {
		return true, nil
	}
	workers, err := Workers(ctx, q)
	for _, w := range workers {
		if slices.Contains(w.Engines, engine) {
			return true, nil
		}
	}
	return false, err
}

// WorkerState is a process that works.
type WorkerState struct {
	Owner   string
	Slots   int
	Engines []string
	SeenAt  int64         // microseconds since 1970
	Lease   time.Duration // silence after which it is gone
	Drained bool          // it finishes what it runs and starts nothing
	Running int           // tickets it has leased
	Machine
}

// Gone reports whether a process was silent for so long that what it ran moves on and its slots do not count.
func (w WorkerState) Gone(now time.Time) bool { return db.Time(w.SeenAt).Add(w.Lease).Before(now) }

// Workers reads the processes that were heard of, the latest first. Index ticket_lease.
func Workers(ctx context.Context, q db.Queryer) ([]WorkerState, error) {
	rows, err := q.Query(ctx, `SELECT owner, slots, engines, seen_at, lease, kind, name, version, models, drained,
		(SELECT COUNT(*) FROM ticket WHERE lease_owner <> '' AND lease_owner = owner) FROM worker ORDER BY seen_at DESC, owner`)
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []WorkerState
	for rows.Next() {
		var w WorkerState
		var engines, models string
		var lease int64
		if err := rows.Scan(&w.Owner, &w.Slots, &engines, &w.SeenAt, &lease, &w.Kind, &w.Name, &w.Version, &models, &w.Drained, &w.Running); err != nil {
			return nil, fmt.Errorf("list workers: %w", err)
		}
		w.Lease = time.Duration(lease) * time.Microsecond
		w.Engines, w.Models = strings.Split(engines, ","), listed(models)
		list = append(list, w)
	}
	return list, rows.Err()
}

// listed reads names with commas between; none of an empty text.
func listed(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// Alive counts the processes that work on a database and were heard of lately.
func Alive(ctx context.Context, q db.Queryer, now time.Time) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT COUNT(*) FROM worker w WHERE "+heard+"$1", db.Micros(now)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count workers: %w", err)
	}
	return n, nil
}
