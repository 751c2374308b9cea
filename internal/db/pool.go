package db

import "database/sql"

// Pool is how a pool of connections is used.
type Pool struct {
	Name string // both | read | write
	sql.DBStats
}

// Pools are the pools of this process: one on PostgreSQL, one for reading and one for writing on SQLite.
func (d *DB) Pools() []Pool {
	if d.read == d.write {
		return []Pool{{"both", d.write.Stats()}}
	}
	return []Pool{{"read", d.read.Stats()}, {"write", d.write.Stats()}}
}
