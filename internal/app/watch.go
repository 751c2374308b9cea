package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// watch is the standing check of the ledger: a few wallets at a time, round after round, as long as the process runs.
// A difference is an error in the log and a number that an alarm can be set on; it is never repaired by itself.
type watch struct {
	wallets, entries, problems, rounds atomic.Int64
	lastRound                          atomic.Int64 // seconds since 1970
}

const (
	watchEvery   = 5 * time.Second
	watchWallets = 50 // looked at each time
)

// watchLedger goes through the wallets until ctx ends. What it finds is said once a round.
func (a *App) watchLedger(ctx context.Context) {
	cursor, found := "", int64(0)
	every(ctx, watchEvery, func() {
		next, n, err := a.watchSome(ctx, cursor)
		if err != nil {
			if ctx.Err() == nil {
				a.Log.Error("checking the ledger failed; trying again", "error", err)
			}
			return
		}
		cursor, found = next, found+n
		if next == "" {
			a.watch.problems.Store(found)
			a.watch.rounds.Add(1)
			a.watch.lastRound.Store(a.Clock.Now().Unix())
			found = 0
		}
	})
}

// watchSome checks the wallets after a cursor; after the last one, that open work and open holds belong together.
func (a *App) watchSome(ctx context.Context, cursor string) (next string, found int64, err error) {
	problem := func(p string) {
		found++
		a.Log.Error("the ledger is wrong: run `bottega admin ledger verify`", "problem", p)
	}
	c, err := a.Ledger.VerifySome(ctx, cursor, watchWallets, problem)
	a.watch.wallets.Add(c.Wallets)
	a.watch.entries.Add(c.Entries)
	if err == nil && c.Next == "" {
		err = a.Generations.Verify(ctx, problem)
	}
	if found > a.watch.problems.Load() { // an alarm does not wait for the end of the round
		a.watch.problems.Store(found)
	}
	return c.Next, found, err
}

// ToThisMachine lets nobody else ask: what stands in front of the server is no reader either.
func ToThisMachine(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
			http.NotFound(w, r)
			return
		}
		f(w, r)
	}
}

// metrics answers in Prometheus's text form, to this machine alone.
func (a *App) metrics(w http.ResponseWriter, r *http.Request) { ToThisMachine(a.writeMetrics)(w, r) }

func (a *App) writeMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	line, err := a.lineMetrics(ctx)
	if err != nil { // the rest is worth reading all the same
		a.Log.Error("reading the line for the metrics failed", "error", err)
	}
	for _, m := range []struct {
		name, kind, help string
		value            int64
	}{
		{"bottega_ledger_problems", "gauge", "Differences found by the newest round of the ledger's check; anything but 0 is an alarm.", a.watch.problems.Load()},
		{"bottega_ledger_checked_wallets_total", "counter", "Wallets checked.", a.watch.wallets.Load()},
		{"bottega_ledger_checked_entries_total", "counter", "Lines of the journal computed again.", a.watch.entries.Load()},
		{"bottega_ledger_rounds_total", "counter", "Rounds through all wallets.", a.watch.rounds.Load()},
		{"bottega_ledger_last_round_timestamp_seconds", "gauge", "When the newest round ended; 0 = none yet.", a.watch.lastRound.Load()},
		{"bottega_price_sheet_version", "gauge", "The price sheet in force.", int64(a.Prices.Current().Version)},
	} {
		_, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %d\n", m.name, m.help, m.name, m.kind, m.name, m.value)
		if err != nil {
			return // the reader has gone
		}
	}
	_, _ = io.WriteString(w, line)
	a.writeProcess(ctx, w)
}
