package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// NotifyMost is how many bytes one notification may carry; PostgreSQL's own bound is 8000, with the end.
const NotifyMost = 7900

// Notify tells every process that listens on the channel of this database. It is for what may be lost: nobody who
// listens later hears it. On SQLite it does nothing.
//
// It is a transaction of its own on purpose: PostgreSQL commits transactions that notify one at a time, so a submission
// that notified itself would wait for all others.
func (d *DB) Notify(ctx context.Context, channel, payload string) error {
	if d.Dialect != Postgres {
		return nil
	}
	if _, err := d.write.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
		return fmt.Errorf("notify %s: %w", channel, err)
	}
	return nil
}

// listenQuiet is how long a listener hears nothing before it asks whether the connection still lives.
const listenQuiet = 30 * time.Second

// Listen hands over what is told on the channel, on a connection of its own, until ctx ends or the connection breaks;
// then it returns why. begun is called once nothing is missed any more. On SQLite it waits for ctx.
func (d *DB) Listen(ctx context.Context, channel string, begun func(), heard func(payload string)) error {
	if d.Dialect != Postgres {
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := pgx.Connect(ctx, d.ref)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end) // what it could still say nobody waits for
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen on %s: %w", channel, err)
	}
	begun()
	for {
		quiet, cancel := context.WithTimeout(ctx, listenQuiet)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case err == nil:
			heard(n.Payload)
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			ask, cancel := context.WithTimeout(ctx, 5*time.Second)
			err := conn.Ping(ask)
			cancel()
			if err != nil {
				return fmt.Errorf("listen on %s: the connection is dead: %w", channel, err)
			}
		default:
			return fmt.Errorf("listen on %s: %w", channel, err)
		}
	}
}
