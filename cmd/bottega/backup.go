package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"bottega/internal/app"
	"bottega/internal/backup"
	"bottega/internal/clock"
	"bottega/internal/db"
)

type backupCmds struct {
	Write  backupCmd       `cmd:"" default:"withargs" help:"Write a backup, while the server runs or while it does not."`
	Verify backupVerifyCmd `cmd:"" help:"Read a whole backup and compare everything with its hashes."`
}

type backupCmd struct {
	storeFlags
	To   string `arg:"" help:"A file that is not there yet; or a folder (made when the name ends with a slash) that keeps many backups and each picture once." placeholder:"FILE|DIR/"`
	Keep int    `help:"With a folder: how many backups stay; older ones are removed. 0 = all." default:"0"`
}

func (c *backupCmd) Run(ctx context.Context) (err error) {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	in, shut, err := openAsIs(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	m, err := backup.Write(ctx, in, c.To, buildVersion(), tell())
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", c.To, described(m))
	sayMissing(m.Lost, m.Missing)
	if info, err := os.Stat(c.To); c.Keep < 1 || err != nil || !info.IsDir() {
		return err
	}
	removed, err := backup.Prune(c.To, c.Keep)
	if removed > 0 {
		fmt.Printf("%d older backups were removed\n", removed)
	}
	return err
}

// openAsIs opens an installation as it is: the database is not brought up to date.
func openAsIs(ctx context.Context, cfg app.Config) (in backup.Installation, shut func() error, err error) {
	p := cfg.Places()
	if err := isThere(p.Database, "there is no database"); err != nil {
		return in, nil, err
	}
	var lock *app.Lock
	if p.Folder != "" {
		if lock, err = app.LockShared(p.Folder); err != nil {
			return in, nil, err
		}
	}
	in.Clock = cfg.Clock
	if in.DB, err = db.Open(ctx, p.Database); err != nil {
		return in, nil, errors.Join(err, lock.Close())
	}
	if in.Files, err = p.OpenStore(ctx); err != nil {
		return in, nil, errors.Join(err, in.DB.Close(), lock.Close())
	}
	return in, func() error { return errors.Join(in.Files.Close(), in.DB.Close(), lock.Close()) }, nil
}

// isThere refuses the path of a database that does not exist, which opening would make.
func isThere(ref, what string) error {
	if isURL(ref) {
		return nil
	}
	if _, err := os.Stat(ref); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func isURL(ref string) bool { return strings.Contains(ref, "://") }

type backupVerifyCmd struct {
	Path string `arg:"" help:"The backup: a file; a folder of backups, for its newest; or one of them." placeholder:"FILE|DIR"`
}

func (c *backupVerifyCmd) Run(ctx context.Context) error {
	m, err := backup.Verify(ctx, c.Path, tell())
	if err != nil {
		return err
	}
	fmt.Printf("%s is whole: %s\n", c.Path, described(m))
	sayMissing(m.Lost, m.Missing)
	return nil
}

func described(m backup.Manifest) string {
	return fmt.Sprintf("%d rows of %s (database version %d), %d files of %s",
		m.Rows(), m.TakenAt.Format(time.RFC3339), m.Schema, m.Files, size(m.Bytes))
}

// size writes bytes for people.
func size(n int64) string {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n >= unit.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func sayMissing(n int64, names []string) {
	if n == 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "%d pictures have no file: they were lost before, `bottega doctor --full` names them. Among them:\n", n)
	for _, name := range names[:min(len(names), 5)] {
		fmt.Fprintln(os.Stderr, " ", name)
	}
}

// tellEvery is how often somebody who watches is told how far it is.
const tellEvery = 5 * time.Second

// tell writes on standard error how far something is: each new step, and then now and again.
func tell() backup.Progress {
	var step string
	var last time.Time
	return func(what string, done, of int64) {
		now := clock.System{}.Now()
		if what == step && now.Sub(last) < tellEvery {
			return
		}
		step, last = what, now
		switch {
		case done == 0:
			fmt.Fprintf(os.Stderr, "%s\n", what)
		case of == 0:
			fmt.Fprintf(os.Stderr, "%s: %d\n", what, done)
		default:
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", what, done, of)
		}
	}
}
