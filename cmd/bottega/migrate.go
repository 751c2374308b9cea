package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bottega/internal/app"
	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/db"
)

type migrateCmd struct {
	From    string `help:"Data folder of the installation that moves. It is only read." required:"" type:"path" placeholder:"DIR"`
	Source  string `help:"s3:// or file:// URL of its pictures, when they are not in that folder." name:"from-storage" placeholder:"URL"`
	To      string `help:"postgres:// URL of the database it moves to." required:"" placeholder:"URL"`
	Storage string `help:"s3:// or file:// URL of the store its pictures move to; without it they stay where they are." name:"to-storage" aliases:"storage" placeholder:"URL"`
	Restart bool   `help:"Delete what an earlier try has written into the database, and begin anew."`

	LogFormat string `help:"Form of the log on standard error: text or json." enum:"text,json" default:"text"`
	LogLevel  string `help:"Least level of the log: debug, info, warn or error." default:"${log_level}"`
}

func (c *migrateCmd) Run(ctx context.Context) (err error) {
	if !strings.HasPrefix(c.To, "postgres://") && !strings.HasPrefix(c.To, "postgresql://") {
		return errors.New("--to: want the postgres:// URL of a database; an installation with SQLite is moved to another folder by copying that while no server runs")
	}
	old, err := storeFlags{Data: c.From, Storage: c.Source, LogFormat: c.LogFormat, LogLevel: c.LogLevel}.config()
	if err != nil {
		return err
	}
	if err := isThere(old.Places().Database, "there is no database to move"); err != nil {
		return err
	}
	lock, err := app.LockAlone(c.From)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	moved := old
	moved.Database = c.To
	moved.Storage = old.Places().Storage
	if c.Storage != "" {
		moved.Storage = c.Storage
	}
	if err := c.move(ctx, old, moved); err != nil {
		return err
	}
	fmt.Printf("start it with: bottega serve --data %s --database '%s' --storage '%s'\n", c.From, redact(c.To), redact(moved.Storage))
	return nil
}

// move opens both, carries everything over and looks over what has come.
func (c *migrateCmd) move(ctx context.Context, old, moved app.Config) (err error) {
	from, to := backup.Installation{Clock: old.Clock}, backup.Installation{Clock: old.Clock}
	if from.DB, err = db.Open(ctx, old.Places().Database); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.DB.Close()) }()
	if err := idle(ctx, from.DB, old); err != nil {
		return err
	}
	if to.DB, err = db.Open(ctx, moved.Database); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.DB.Close()) }()
	if from.Files, err = old.Places().OpenStore(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Files.Close()) }()
	to.Files = from.Files
	if c.Storage != "" {
		if to.Files, err = moved.Places().OpenStore(ctx); err != nil {
			return err
		}
		defer func(s *asset.Store) { err = errors.Join(err, s.Close()) }(to.Files)
	}
	return c.carry(ctx, from, to, moved)
}

func (c *migrateCmd) carry(ctx context.Context, from, to backup.Installation, moved app.Config) error {
	survey, err := backup.Look(ctx, from, tell())
	if err != nil {
		return err
	}
	switch arrived, err := survey.Arrived(ctx, to.DB); {
	case err != nil:
		return err
	case arrived:
		fmt.Println("all of it was moved before")
		return nil
	}
	_, ended, err := to.DB.Transfer(ctx)
	if err != nil {
		return err
	}
	if err := vacate(ctx, to.DB, moved, c.Restart && !ended); err != nil {
		return err
	}
	m, err := backup.Move(ctx, from, to, survey, tell())
	if errors.Is(err, db.ErrUnfinished) {
		err = errors.Join(err, errors.New("the installation has changed since, or is another one: --restart begins anew"))
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d rows and %d pictures were moved and compared\n", survey.Rows(), m.Pictures)
	sayMissing(m.Lost, m.Missing)
	return lookOver(ctx, moved)
}
