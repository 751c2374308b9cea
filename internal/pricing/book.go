package pricing

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"sync/atomic"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

//go:embed sheets
var builtIn embed.FS

// builtInVersions is the newest sheet that comes with the program; older ones stay, for the journals written by them.
const builtInVersions = 3

// OwnVersions is the first version an operator's own sheet may have, so that sheets of later releases never meet it.
const OwnVersions = 1000

// BuiltIn returns the newest sheet that comes with the program.
func BuiltIn() (*Sheet, error) {
	data, err := builtInSheet(builtInVersions)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

func builtInSheet(version int) ([]byte, error) {
	data, err := builtIn.ReadFile(fmt.Sprintf("sheets/%d.json", version))
	if err != nil {
		return nil, fmt.Errorf("read built-in price sheet: %w", err)
	}
	return data, nil
}

// The faults of the book.
var (
	ErrNoSheet = fault.New(fault.NotFound, "price_sheet_not_found", "there is no price sheet of this version")
	errVersion = fault.New(fault.Conflict, "price_sheet_version", "a sheet of this version exists already")
)

// Book is every price sheet this installation has had, and the newest of them, which is in force. It owns the table
// price_sheet. A sheet is never changed: other prices are another version.
type Book struct {
	db      *db.DB
	clock   clock.Clock
	current atomic.Pointer[Sheet]
}

// Open writes down the sheets that come with the program and reads which one is in force.
func Open(ctx context.Context, d *db.DB, c clock.Clock) (*Book, error) {
	b := &Book{db: d, clock: c}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		for v := 1; v <= builtInVersions; v++ {
			data, err := builtInSheet(v)
			if err != nil {
				return err
			}
			if err := b.insert(ctx, tx, v, data, " ON CONFLICT (version) DO NOTHING"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("write down price sheets: %w", err)
	}
	return b, b.Refresh(ctx)
}

func (b *Book) insert(ctx context.Context, tx *db.Tx, version int, data []byte, tail string) error {
	_, err := tx.Exec(ctx, "INSERT INTO price_sheet (version, body, created_at) VALUES ($1, $2, $3)"+tail,
		version, string(data), db.Micros(b.clock.Now()))
	return err
}

// Current is the sheet in force.
func (b *Book) Current() *Sheet { return b.current.Load() }

// Refresh reads which sheet is in force, so that one that another process has added counts here too.
func (b *Book) Refresh(ctx context.Context) error {
	var body string
	// Primary key, backwards.
	if err := b.db.QueryRow(ctx, "SELECT body FROM price_sheet ORDER BY version DESC LIMIT 1").Scan(&body); err != nil {
		return fmt.Errorf("read the price sheet in force: %w", err)
	}
	s, err := Parse([]byte(body))
	if err != nil {
		return err
	}
	b.current.Store(s)
	return nil
}

// Version returns the body of a sheet that is or was in force, as it was written.
func (b *Book) Version(ctx context.Context, version int) ([]byte, error) {
	found, err := db.Set(ctx, b.db, "SELECT body FROM price_sheet WHERE version = $1", version) // primary key
	if err != nil {
		return nil, fmt.Errorf("read price sheet %d: %w", version, err)
	}
	for body := range found {
		return []byte(body), nil
	}
	return nil, ErrNoSheet
}

// Add puts an operator's own sheet in force. Work that was accepted before keeps its price. also is written with it.
func (b *Book) Add(ctx context.Context, data []byte, also ...func(*Sheet) db.Also) (*Sheet, error) {
	s, err := Parse(bytes.TrimSpace(data))
	if err != nil {
		return nil, err
	}
	if err := b.Refresh(ctx); err != nil {
		return nil, err
	}
	if least := max(OwnVersions, b.Current().Version+1); s.Version < least || s.Version > 1<<30 {
		return nil, fault.Bad(fault.Field{
			Name: "version", Value: s.Version, Message: "is not a new one", Allowed: fmt.Sprintf("%d or more", least),
		})
	}
	err = b.db.Tx(ctx, func(tx *db.Tx) error {
		if err := b.insert(ctx, tx, s.Version, data, ""); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(s)(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err) {
		return nil, errVersion
	}
	if err != nil {
		return nil, fmt.Errorf("write price sheet %d: %w", s.Version, err)
	}
	return s, b.Refresh(ctx)
}
