package queue

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"bottega/internal/db"
)

// A death is a run that ended with the process it ran in. Work that this happens to again and again is put aside, with
// what is known about each time.

// Death is the evidence of one. It says nothing of what was asked for.
type Death struct {
	TicketID  string // the generation's id
	Attempt   int
	AccountID string
	Engine    string
	Model     string
	Owner     string // the process that had the lease
	RequestID string // of the submission; may be empty
	StartedAt time.Time
	EndedAt   time.Time // when it was noticed
	How       string    // exit status or signal, or that the lease ran out
	Said      string    // the last lines of its standard error
	Beside    int       // other work in the same process
}

const deathColumns = "ticket_id, attempt, account_id, engine, model, owner, request_id, started_at, ended_at, how, said, beside"

// saidMost bounds what is kept of what a process said, in bytes.
const saidMost = 8 << 10

// Died writes down that the process which ran the ticket has ended, while this dispatcher still holds the lease. how and
// said are its last words. When the lease is gone nothing is written: whoever has it now goes by what they see.
func (d *Dispatcher) Died(ctx context.Context, t Ticket, how string, said []string, beside int) error {
	return d.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE ticket SET deaths = deaths + 1 WHERE id = $1 AND lease_owner = $2 AND attempt = $3",
			t.ID, t.Owner, t.Attempt)
		if err != nil || n == 0 {
			return err
		}
		return noteDeaths(ctx, tx, []Death{d.death(t, how, strings.Join(said, "\n"), beside)})
	})
}

func (d *Dispatcher) death(t Ticket, how, said string, beside int) Death {
	if len(said) > saidMost {
		said = strings.ToValidUTF8(said[len(said)-saidMost:], "")
	}
	return Death{
		TicketID: t.ID, Attempt: t.Attempt, AccountID: t.AccountID, Engine: t.Needs, Model: t.Model, Owner: t.Owner,
		RequestID: t.RequestID, StartedAt: t.LeasedAt, EndedAt: d.clock.Now(), How: how, Said: said, Beside: beside,
	}
}

func noteDeaths(ctx context.Context, tx *db.Tx, deaths []Death) error {
	rows := make([][]any, len(deaths))
	for i, d := range deaths {
		rows[i] = []any{
			d.TicketID, d.Attempt, d.AccountID, d.Engine, d.Model, d.Owner, d.RequestID, db.Micros(d.StartedAt), db.Micros(d.EndedAt),
			d.How, d.Said, d.Beside,
		}
	}
	if err := tx.Insert(ctx, "INSERT INTO death ("+deathColumns+") VALUES ", rows, " ON CONFLICT (ticket_id, attempt) DO NOTHING"); err != nil {
		return fmt.Errorf("write deaths: %w", err)
	}
	return nil
}

// buryLost counts a death for every ticket whose lease ran out and whose process has not been heard of since, and writes
// the evidence. A process that lives lost its lease for another reason, such as a database that was away.
func (d *Dispatcher) buryLost(ctx context.Context, tx *db.Tx, lost []*Ticket, now time.Time) error {
	if len(lost) == 0 {
		return nil
	}
	alive, err := heardOf(ctx, tx, now)
	if err != nil {
		return err
	}
	alive[d.opt.Owner] = true
	beside := map[string]int{}
	for _, t := range lost {
		beside[t.Owner]++
	}
	var deaths []Death
	for _, t := range lost {
		if alive[t.Owner] {
			continue
		}
		t.Deaths++
		if err := tx.Later(ctx, "UPDATE ticket SET deaths = deaths + 1 WHERE id = $1", t.ID); err != nil {
			return fmt.Errorf("count the death of %s: %w", t.ID, err)
		}
		how := fmt.Sprintf("the process %s was not heard of any more and its lease ran out", t.Owner)
		deaths = append(deaths, d.death(*t, how, "", beside[t.Owner]-1))
	}
	return noteDeaths(ctx, tx, deaths)
}

// heardOf lists the processes that are not gone. A handful of rows.
func heardOf(ctx context.Context, q db.Queryer, now time.Time) (map[string]bool, error) {
	set, err := db.Set(ctx, q, "SELECT w.owner FROM worker w WHERE "+heard+"$1", db.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	return set, nil
}

// Deaths reads the evidence about some tickets, oldest first. Primary key.
func Deaths(ctx context.Context, q db.Queryer, ids []string) ([]Death, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, "SELECT "+deathColumns+" FROM death WHERE ticket_id IN "+db.In(1, len(ids))+" ORDER BY ticket_id, attempt", anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read deaths: %w", err)
	}
	return scanDeaths(rows)
}

func scanDeaths(rows *sql.Rows) ([]Death, error) {
	defer func() { _ = rows.Close() }()
	var list []Death
	for rows.Next() {
		var d Death
		var started, ended int64
		err := rows.Scan(&d.TicketID, &d.Attempt, &d.AccountID, &d.Engine, &d.Model, &d.Owner, &d.RequestID, &started, &ended, &d.How, &d.Said, &d.Beside)
		if err != nil {
			return nil, fmt.Errorf("read deaths: %w", err)
		}
		d.StartedAt, d.EndedAt = db.Time(started), db.Time(ended)
		list = append(list, d)
	}
	return list, rows.Err()
}

// PruneDeaths forgets evidence that is older. Index death_ended.
func PruneDeaths(ctx context.Context, d *db.DB, before time.Time) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM death WHERE ended_at < $1", db.Micros(before))
		return err
	})
}
