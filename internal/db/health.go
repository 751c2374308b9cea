package db

import (
	"context"
	"fmt"
	"time"
)

const postgresNow = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`

// Now is the time of a PostgreSQL server. SQLite has none of its own.
func (d *DB) Now(ctx context.Context) (time.Time, error) {
	var micros int64
	if err := d.QueryRow(ctx, postgresNow).Scan(&micros); err != nil {
		return time.Time{}, fmt.Errorf("ask the database for the time: %w", err)
	}
	return Time(micros), nil
}

// Damage says what is wrong with the file of an SQLite database, or nothing. Without full it looks at the schema alone,
// with full at every page, which takes about a second for each gigabyte.
func (d *DB) Damage(ctx context.Context, full bool) (problem string, err error) {
	if d.Dialect != SQLite {
		return "", nil
	}
	check := "PRAGMA schema_version"
	if full {
		check = "PRAGMA quick_check(1)"
	}
	if err := d.QueryRow(ctx, check).Scan(&problem); err != nil {
		return "", fmt.Errorf("check the file of the database: %w", err)
	}
	if !full || problem == "ok" {
		return "", nil
	}
	return problem, nil
}
