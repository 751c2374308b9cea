package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/backup"
	"bottega/internal/db"
	"bottega/internal/queue"
)

type restoreCmd struct {
	storeFlags
	From    string `arg:"" help:"The backup: a file; a folder of backups, for its newest; or one of them." placeholder:"FILE|DIR"`
	Replace bool   `help:"Take the place of an installation that is there. A database in the data folder is put aside; the tables of one in PostgreSQL are deleted."`
}

func (c *restoreCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	p := cfg.Places()
	lock, err := lockAlone(p)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := c.bringBack(ctx, cfg); err != nil {
		return err
	}
	if err := lock.Share(); err != nil {
		return err
	}
	return lookOver(ctx, cfg)
}

// lockAlone locks the data folder, where there is one.
func lockAlone(p app.Places) (*app.Lock, error) {
	if p.Folder == "" {
		return nil, nil
	}
	return app.LockAlone(p.Folder)
}

// bringBack restores into an empty database, and lets that take its place.
func (c *restoreCmd) bringBack(ctx context.Context, cfg app.Config) error {
	p := cfg.Places()
	final := p.Database
	if !isURL(final) {
		if err := c.mayReplace(ctx, final); err != nil {
			return err
		}
		p.Database = final + ".restoring"
	}
	target, err := db.Open(ctx, p.Database)
	if err != nil {
		return err
	}
	if isURL(final) {
		err = vacate(ctx, target, cfg, c.Replace)
	}
	if err == nil {
		err = c.restore(ctx, cfg, p, target)
	}
	if errors.Is(err, db.ErrUnfinished) && !isURL(final) {
		err = errors.Join(err, fmt.Errorf("or delete %s to begin with this backup", p.Database))
	}
	if err = errors.Join(err, target.Close()); err != nil || isURL(final) {
		return err
	}
	return takePlace(p.Database, final, cfg.Clock.Now().Format("20060102T150405Z"))
}

func (c *restoreCmd) restore(ctx context.Context, cfg app.Config, p app.Places, target *db.DB) error {
	files, err := p.OpenStore(ctx)
	if err != nil {
		return err
	}
	m, err := backup.Restore(ctx, c.From, backup.Installation{DB: target, Files: files, Clock: cfg.Clock}, tell())
	if err = errors.Join(err, files.Close()); err == nil {
		fmt.Printf("%s was restored: %s\n", c.From, described(m))
		sayMissing(m.Lost, m.Missing)
	}
	return err
}

// mayReplace refuses to take the place of a database file with accounts in it, unless told.
func (c *restoreCmd) mayReplace(ctx context.Context, path string) error {
	if _, err := os.Stat(path); c.Replace || os.IsNotExist(err) {
		return nil
	}
	d, err := db.Open(ctx, path)
	if err != nil {
		return fmt.Errorf("look whether an installation is there: %w (--replace puts it aside)", err)
	}
	used, err := occupied(ctx, d)
	if err = errors.Join(err, d.Close()); err == nil && used {
		err = fmt.Errorf("an installation is there already: name another folder with --data, or put it aside with --replace (%s)", path)
	}
	return err
}

// occupied reports whether a database holds an installation that somebody uses. One that was only started has no account.
func occupied(ctx context.Context, d *db.DB) (bool, error) {
	current, _, err := d.Version(ctx, d)
	if err != nil || current == 0 {
		return false, err
	}
	return account.Any(ctx, d)
}

// vacate makes room for an installation in a PostgreSQL database: no tables of ours, unless those of a restore or a move
// that was cut off.
func vacate(ctx context.Context, d *db.DB, cfg app.Config, replace bool) error {
	from, ended, err := d.Transfer(ctx)
	if err != nil || from != "" && !ended && !replace {
		return err // it goes on, or is refused as another one
	}
	current, _, err := d.Version(ctx, d)
	if err != nil || current == 0 && from == "" {
		return err
	}
	if from == "" || ended {
		if err := idle(ctx, d, cfg); err != nil {
			return err
		}
		used, err := occupied(ctx, d)
		if err != nil {
			return err
		}
		if used && !replace {
			return errors.New("an installation is in the database already: name an empty one, or delete its tables with --replace")
		}
	}
	return d.Clear(ctx)
}

// idle refuses a database that somebody works on.
func idle(ctx context.Context, d *db.DB, cfg app.Config) error {
	tables, err := d.Tables(ctx, d)
	if err != nil || !slices.Contains(tables, "worker") {
		return err
	}
	n, err := queue.Alive(ctx, d, cfg.Clock.Now())
	if err == nil && n > 0 {
		err = fmt.Errorf("%d servers or workers were heard of in the last minute: stop them first", n)
	}
	return err
}

// takePlace lets a database file take the place of another one, which is put aside.
func takePlace(from, final, stamp string) error {
	if _, err := os.Stat(final); err == nil {
		aside := final + ".before-" + stamp
		for _, more := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(final+more, aside+more); err != nil && (more == "" || !os.IsNotExist(err)) {
				return fmt.Errorf("put the database aside: %w", err)
			}
		}
		fmt.Fprintf(os.Stderr, "the database that was there is now %s; delete it when you do not need it any more\n", aside)
	}
	if err := os.Rename(from, final); err != nil {
		return fmt.Errorf("put the restored database in its place: %w", err)
	}
	dir, err := os.Open(filepath.Dir(final))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// lookOver opens an installation that was brought in, puts what ran back into the line, and verifies the ledger.
func lookOver(ctx context.Context, cfg app.Config) error {
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	returned := 0
	err = a.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		returned, err = queue.Abandon(ctx, tx, a.Generations, a.Clock.Now())
		return err
	})
	if err == nil {
		if returned > 0 {
			fmt.Printf("%d generations that ran are back in the line\n", returned)
		}
		err = verifyLedger(ctx, a)
	}
	return errors.Join(err, a.Close())
}
