// Package doctor looks an installation over and says in words what is wrong with it and what to do. It changes nothing,
// apart from a file that it writes into the store and deletes again, and works while a server runs and while none does.
// What it finds is a list for people; whoever needs numbers all the time reads the metrics.
package doctor

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/disk"
	"bottega/internal/mail"
)

// Level is how bad a finding is.
type Level string

// The levels. Warn is for what works and should not be left so; Bad for what does not work, or loses something.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Bad  Level = "bad"
)

// Finding is what was found about one thing.
type Finding struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// Setup is what is looked at.
type Setup struct {
	Folder   string // data folder; empty = neither rows nor files lie in one
	Database string // of db.Open
	Storage  string // of asset.OpenStore
	Clock    clock.Clock
	Full     bool // look at every file and every wallet, which may take long

	Listen         string // where a server listens
	PublicURL      string
	TrustedProxies []string
	Mail           mail.Config
	Payments       Payments

	// Paint makes one small picture with the house model; nil = there is no model to ask.
	Paint func(ctx context.Context) error
	Room  func(dir string) (disk.Room, error) // nil = disk.Of
}

// Payments is how payments are set up.
type Payments struct {
	On       bool
	Test     bool // with a provider's test key
	Messages bool // the provider's messages can be checked
}

// examination is one look over.
type examination struct {
	Setup
	db       *db.DB       // nil = it cannot be opened
	current  bool         // the schema is this program's
	files    *asset.Store // nil = it cannot be opened
	findings []Finding
}

// Examine looks everything over. It returns an error only when it was cut off.
func Examine(ctx context.Context, s Setup) ([]Finding, error) {
	if s.Room == nil {
		s.Room = disk.Of
	}
	e := &examination{Setup: s}
	defer e.close()
	for _, look := range []func(context.Context){
		e.folder, e.room, e.handles, e.database, e.clocks, e.store, e.lost, e.orphans, e.model, e.workers, e.line, e.ledger, e.mail, e.payments, e.address, e.port,
	} {
		look(ctx)
		if ctx.Err() != nil {
			return e.findings, ctx.Err()
		}
	}
	return e.findings, nil
}

// Worst is the worst level of findings.
func Worst(list []Finding) Level {
	worst := OK
	for _, f := range list {
		if f.Level == Bad || f.Level == Warn && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

func (e *examination) close() {
	if e.files != nil {
		_ = e.files.Close() // it was only read
	}
	if e.db != nil {
		_ = e.db.Close()
	}
}

func (e *examination) say(check string, level Level, do, format string, args ...any) {
	e.findings = append(e.findings, Finding{Check: check, Level: level, Text: fmt.Sprintf(format, args...), Do: do})
}

func (e *examination) ok(check, format string, args ...any) { e.say(check, OK, "", format, args...) }

// megabytes writes a size for people.
func megabytes(n int64) string {
	if n >= 10_000_000_000 {
		return fmt.Sprintf("%d GB", n/1_000_000_000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}

// ago writes how long something has been, in steps that people think in.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
