package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

const (
	verifySQLite   = "ledger_verify_lines_per_second_sqlite"
	verifyPostgres = "ledger_verify_lines_per_second_postgres"
	verifyMemory   = "ledger_verify_peak_memory" // of each of the two, with their names behind it

	linesVariable  = "BOTTEGA_BENCH_LINES" // of the journal, for longer runs than anybody wants every day
	defaultLines   = 100_000
	linesPerWallet = 500
	linesPerDay    = 100   // of an ordinary wallet: a grant arrives and the one before it ends
	busyLines      = 2_000 // the same of the busy one
	holdsPerTx     = 10_000
)

// ledgerVerify measures how fast a journal is computed again, and in how much memory, by `bottega admin ledger verify`
// itself: a process of its own.
func ledgerVerify(ctx context.Context, o options) (results []result, err error) {
	lines := defaultLines
	if text := os.Getenv(linesVariable); text != "" {
		if lines, err = strconv.Atoi(text); err != nil || lines < 5*linesPerWallet {
			return nil, fmt.Errorf("%s is %q: want a number of lines, %d or more", linesVariable, text, 5*linesPerWallet)
		}
	}
	for _, d := range []struct{ name, memory, ref string }{
		{verifySQLite, verifyMemory + "_sqlite", ""}, {verifyPostgres, verifyMemory + "_postgres", o.Postgres},
	} {
		if d.name == verifyPostgres && d.ref == "" {
			continue
		}
		dir, err := os.MkdirTemp(o.Dir, "verify-*")
		if err != nil {
			return nil, err
		}
		c, err := verifyJournal(ctx, o, dir, d.ref, lines)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		note := fmt.Sprintf("%d lines in %d wallets, one of them with a fifth; hashes included", c.lines, c.wallets)
		results = append(results,
			result{Name: d.name, Value: float64(c.lines) / c.took.Seconds(), Unit: "lines/s", Note: note},
			result{Name: d.memory, Value: float64(c.peak), Unit: "bytes", Note: note})
		if err := os.RemoveAll(dir); err != nil { // some gigabytes, with many lines
			return nil, err
		}
	}
	return results, nil
}

// checked is what the command said and took.
type checked struct {
	wallets, lines int64
	took           time.Duration
	peak           int64 // bytes resident
}

func verifyJournal(ctx context.Context, o options, dir, ref string, lines int) (c checked, err error) {
	database := ref
	if database == "" {
		database = filepath.Join(dir, "bottega.db")
	}
	if err := fillJournal(ctx, database, lines); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, o.Program, "admin", "ledger", "verify", "--data", dir)
	if ref != "" {
		cmd.Env = append(os.Environ(), "BOTTEGA_DATABASE="+ref) // not an argument: it holds a password
	}
	cmd.Stderr = os.Stderr
	now := clock.System{}
	var out strings.Builder
	cmd.Stdout = &out
	start := now.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	peak, ended := make(chan int64), make(chan struct{})
	go func() { peak <- watchMemory(cmd.Process.Pid, ended) }()
	err = cmd.Wait()
	close(ended)
	c.took, c.peak = now.Now().Sub(start), <-peak
	if err != nil {
		return c, fmt.Errorf("%w: %s", err, out.String())
	}
	if _, err := fmt.Sscanf(out.String(), "%d wallets are right, %d lines", &c.wallets, &c.lines); err != nil {
		return c, fmt.Errorf("the check said %q: %w", out.String(), err)
	}
	if c.peak == 0 { // no /proc here
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return c, errors.New("this system does not say how much memory a process took")
		}
		c.peak = usage.Maxrss * 1024
	}
	return c, nil
}

// watchMemory looks at the largest resident size of a process until it has ended, in bytes. What the system says of an
// ended process (getrusage) counts on Linux what its parent had when it was started.
func watchMemory(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
			var kib int64
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				peak = max(peak, kib*1024)
			}
		}
	}
}

// fillJournal writes wallets with long histories: one busy one, and as many others as it takes.
func fillJournal(ctx context.Context, database string, lines int) (err error) {
	d, err := db.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	run := id.New() // a database may have been used before
	busy := history{wallets: []string{"verify-" + run}, perDay: busyLines}
	if err := busy.write(ctx, d, lines/5); err != nil {
		return err
	}
	for n := 0; n < lines*4/5/linesPerWallet; {
		others := history{perDay: linesPerDay}
		for range min(holdsPerTx*2/linesPerWallet, lines*4/5/linesPerWallet-n) {
			others.wallets = append(others.wallets, fmt.Sprintf("verify-%s-%08d", run, n))
			n++
		}
		if err := others.write(ctx, d, linesPerWallet); err != nil {
			return err
		}
	}
	return nil
}

// history is wallets that live day after day: the day's tokens arrive, work is held and captured, some of it released.
type history struct {
	wallets []string
	perDay  int // lines
	day     int
}

// write gives each wallet about so many lines more, in transactions of a bounded size.
func (h *history) write(ctx context.Context, d *db.DB, lines int) error {
	most := holdsPerTx * 2 / len(h.wallets)
	for lines > 0 {
		now := min(lines, most)
		lines -= now
		err := d.Tx(ctx, func(tx *db.Tx) error {
			wallets, _, err := ledger.Load(ctx, tx, h.wallets, nil)
			if err != nil {
				return err
			}
			for _, w := range wallets {
				if err := h.live(w, now); err != nil {
					return err
				}
			}
			return ledger.Save(ctx, tx, wallets)
		})
		if err != nil {
			return fmt.Errorf("write a journal: %w", err)
		}
		h.day += now/h.perDay + 1
	}
	return nil
}

func (h *history) live(w *ledger.Wallet, lines int) error {
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	schedule := ledger.Always(ledger.Term{Plan: "bench", From: start, Daily: token.Whole(1_000_000)})
	for line := 0; line < lines; line += 2 {
		if line%h.perDay == 0 {
			if err := w.Advance(start.AddDate(0, 0, h.day+line/h.perDay), schedule); err != nil {
				return err
			}
		}
		hold, err := w.Hold(ledger.HoldRequest{GenerationID: id.New(), Amount: 3000, SheetVersion: 1, Note: "image × 1, bench"})
		if err != nil {
			return err
		}
		charge := hold.Amount
		if line%20 == 0 {
			charge = 0
		}
		if err := w.Capture(hold, charge, true); err != nil {
			return err
		}
	}
	return nil
}
