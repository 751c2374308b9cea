package queue

import (
	"context"
	"fmt"
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
		_, err := tx.Exec(ctx, "UPDATE queue_lane SET now = $1, finish = $2 WHERE lane = $3 AND (now < $1 OR finish < $2)", now, finish, name)
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
		_, err := tx.Exec(ctx, `INSERT INTO pace (engine, model, micros, runs) VALUES ($1, $2, $3, 1)
			ON CONFLICT (engine, model) DO UPDATE SET runs = pace.runs + 1,
			micros = pace.micros + (excluded.micros - pace.micros) / CASE WHEN pace.runs < 20 THEN pace.runs + 1 ELSE 20 END`,
			m.engine, m.model, micros)
		if err != nil {
			return fmt.Errorf("write the pace of %s: %w", m.model, err)
		}
	}
	return nil
}

// paceKey names what a pace is of.
type paceKey struct{ engine, model string }

// readPaces reads how long a thousand tokens of weight take.
func readPaces(ctx context.Context, q db.Queryer) (map[paceKey]time.Duration, error) {
	rows, err := q.Query(ctx, "SELECT engine, model, micros FROM pace")
	if err != nil {
		return nil, fmt.Errorf("read paces: %w", err)
	}
	defer func() { _ = rows.Close() }()
	paces := map[paceKey]time.Duration{}
	for rows.Next() {
		var k paceKey
		var micros int64
		if err := rows.Scan(&k.engine, &k.model, &micros); err != nil {
			return nil, fmt.Errorf("read paces: %w", err)
		}
		paces[k] = time.Duration(micros) * time.Microsecond
	}
	return paces, rows.Err()
}

// workerGone is how long a process is silent before its slots no longer count.
const workerGone = 45 * time.Second

// announce says that this process works, with so many slots.
func announce(ctx context.Context, tx *db.Tx, owner string, slots int, engines []string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO worker (owner, slots, engines, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (owner) DO UPDATE SET slots = excluded.slots, engines = excluded.engines, seen_at = excluded.seen_at`,
		owner, slots, strings.Join(engines, ","), db.Micros(at))
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM worker WHERE seen_at < $1", db.Micros(at.Add(-time.Hour)))
	}
	if err != nil {
		return fmt.Errorf("announce worker %s: %w", owner, err)
	}
	return nil
}

// leave says that this process works no more.
func leave(ctx context.Context, tx *db.Tx, owner string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM worker WHERE owner = $1", owner); err != nil {
		return fmt.Errorf("take worker %s off: %w", owner, err)
	}
	return nil
}

// slots counts those of the processes that were heard of lately and start work.
func slots(ctx context.Context, q db.Queryer, now time.Time) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT COALESCE(SUM(slots), 0) FROM worker WHERE seen_at >= $1 AND drained = 0", db.Micros(now.Add(-workerGone))).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count slots: %w", err)
	}
	return n, nil
}
