package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/asset"
	"bottega/internal/db"
)

// began reads when each generation started for the first time: the event after the one of its acceptance. Work that never
// started is left out.
func began(t *testing.T, d *db.DB) map[string]time.Time {
	t.Helper()
	rows, err := d.Query(t.Context(), `SELECT o.subject, o.created_at FROM outbox o JOIN generation g ON g.id = o.subject
		WHERE o.topic = 'generation' AND g.attempts > 0 ORDER BY o.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	events, at := map[string]int{}, map[string]time.Time{}
	for rows.Next() {
		var id string
		var micros int64
		if err := rows.Scan(&id, &micros); err != nil {
			t.Fatal(err)
		}
		if events[id]++; events[id] == 2 {
			at[id] = db.Time(micros)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return at
}

// waits is how long the work of some accounts waited, and how right they were told.
type waits struct {
	real, off []time.Duration
	inside    int
}

func (l *lineup) waits(at map[string]time.Time, of ...*asker) (w waits) {
	for _, a := range of {
		for id, told := range a.work {
			start, ok := at[id]
			if !ok {
				continue
			}
			w.real = append(w.real, start.Sub(told.created))
			if told.at.IsZero() {
				continue
			}
			w.off = append(w.off, start.Sub(told.at).Abs())
			if !start.Before(told.low) && !start.After(told.high) {
				w.inside++
			}
		}
	}
	slices.Sort(w.real)
	slices.Sort(w.off)
	return w
}

// quantile of sorted durations; 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Round(10 * time.Millisecond)
}

func (w waits) String() string {
	share := 0.0
	if len(w.off) > 0 {
		share = float64(w.inside) / float64(len(w.off))
	}
	return fmt.Sprintf("%d started, waited p50 %s, p99 %s, at most %s; %d were told when, %.2f of them inside the range, median error %s",
		len(w.real), quantile(w.real, 0.5), quantile(w.real, 0.99), quantile(w.real, 1), len(w.off), share, quantile(w.off, 0.5))
}

// tell compares the waits with what was told, and in a long look holds them to what was promised.
func (l *lineup) tell(ref string, look time.Duration) {
	l.t.Helper()
	d, err := db.Open(l.t.Context(), ref)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	at := began(l.t, d)
	flood, light, all := l.waits(at, l.flood), l.waits(at, l.light...), l.waits(at, l.all()...)
	l.t.Logf("the flood (its line was full %d times): %s", l.flood.full, flood)
	l.t.Logf("the light ones: %s", light)
	l.t.Logf("all: %s", all)
	if len(all.real) == 0 {
		l.t.Error("nothing started: this shows nothing")
	}
	if look < aLongLook {
		return
	}
	if len(flood.real) < 100 || len(light.real) < 100 || l.flood.full == 0 {
		l.t.Error("this was no flood, or nobody was beside it")
	}
	if quantile(light.real, 0.99) > quantile(flood.real, 0.5) {
		l.t.Error("a flood holds up those beside it: one of a hundred waits longer than half of the flood")
	}
}

// sweep removes what kills left of files, and then finds none that no row needs.
func sweep(t *testing.T, cfg app.Config) {
	t.Helper()
	d, err := db.Open(t.Context(), cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	files, err := cfg.Places().OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	orphans := 0
	used := func(account, sum string) (bool, error) {
		known, err := asset.FileUsed(t.Context(), d, account, sum)
		if err == nil && !known {
			orphans++
		}
		return known, err
	}
	later := time.Now().Add(time.Hour)
	swept, err := files.Sweep(t.Context(), used, 0, later)
	if err != nil {
		t.Fatal(err)
	}
	orphans = 0
	if left, err := files.Sweep(t.Context(), used, 0, later); err != nil || left != 0 || orphans != 0 {
		t.Errorf("after the sweeper %d files without a row are left, and %d more were removed: %v", orphans, left, err)
	}
	t.Logf("files that kills left: %d, after the sweeper none", swept)
}

// saved is a backup that was taken under load.
type saved struct {
	path     string
	complete map[*asker][]string // what was complete before
	took     time.Duration
	err      error
}

// save takes a backup.
func (l *lineup) save(store []string) saved {
	s := saved{path: filepath.Join(l.folder, "under-load.tar"), complete: map[*asker][]string{}}
	for _, a := range l.light {
		a.mu.Lock()
		s.complete[a] = slices.Clone(a.done)
		a.mu.Unlock()
	}
	from := time.Now()
	out, errOut, err := output(l.t, slices.Concat([]string{"backup"}, store, []string{s.path})...)
	if s.took = time.Since(from); err != nil {
		s.err = fmt.Errorf("%w: %s%s", err, out, errOut)
	}
	return s
}

// bringBack restores the backup into a folder of its own: wallets are right, and what was complete before is there.
func (l *lineup) bringBack(file string, s saved) {
	l.t.Helper()
	if s.err != nil {
		l.t.Errorf("a backup under load: %v", s.err)
		return
	}
	must(l.t, "backup", "verify", s.path)
	data := filepath.Join(l.t.TempDir(), "restored")
	if out := must(l.t, "restore", "--data", data, s.path); !strings.Contains(out, "wallets are right") {
		l.t.Errorf("restore said %q", out)
	}
	back := startProgram(l.t, file, "--data", data, "--slots", "0")
	all, pictures := 0, 0
	for a, complete := range s.complete {
		p := asker{person: person{base: back.base, email: a.email}}
		if err := p.enter("signin"); err != nil {
			l.t.Fatal(err)
		}
		list, err := p.list()
		if err != nil {
			l.t.Fatal(err)
		}
		there := map[string]bool{}
		for _, g := range list {
			if there[g.ID] = g.State == "complete"; there[g.ID] {
				pictures++
			}
			if err := g.right(p.base); err != nil {
				l.t.Errorf("restored: %s: %v", a.email, err)
			}
		}
		for _, id := range complete {
			all++
			if !there[id] {
				l.t.Errorf("%s: generation %s was complete before the backup, and is not in it", a.email, id)
			}
		}
	}
	must(l.t, "admin", "ledger", "verify", "--data", data)
	l.t.Logf("the backup under load took %s; %d pictures of the light ones are back, %d had to be", s.took.Round(time.Millisecond), pictures, all)
}
