package queue

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/db"
)

// HeldModel is a model that has to be loaded before it works, on a process that works, as that said last.
type HeldModel struct {
	Owner         string // of the process
	Engine, Model string
	Resident      bool
	Memory        int64     // bytes while it is resident; 0 = not known
	Since         time.Time // when it came into memory; zero = it is not, or was there from the start
	UsedAt        time.Time // when it last worked; zero = never
}

// Held reads the models of all processes, for people. Primary key; a handful of rows.
func Held(ctx context.Context, q db.Queryer) ([]HeldModel, error) {
	rows, err := q.Query(ctx, "SELECT owner, engine, model, resident, memory, since, used_at FROM worker_model WHERE loads = 1 ORDER BY owner, engine, model")
	if err != nil {
		return nil, fmt.Errorf("list the models of workers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []HeldModel
	for rows.Next() {
		var m HeldModel
		var since, used int64
		if err := rows.Scan(&m.Owner, &m.Engine, &m.Model, &m.Resident, &m.Memory, &since, &used); err != nil {
			return nil, fmt.Errorf("list the models of workers: %w", err)
		}
		m.Since, m.UsedAt = db.Time(since), db.Time(used)
		list = append(list, m)
	}
	return list, rows.Err()
}
