// Package backup carries a whole installation: into a backup, out of one, and from one database and store to others. A
// backup holds the rows of one moment and every file they name; it is the same whatever database and store it comes
// from and goes to. What is written is checked with hashes when it is read, and nothing counts as done before it was
// checked. Whether the tokens add up is for the ledger to say, afterwards.
package backup

import (
	"errors"
	"time"
)

// Format is the version of the form of a backup; docs/operations.md describes it. A program reads those it knows.
const Format = 1

// Names of the members of a backup. Files of pictures lie below files/, by the names they have in the store.
const (
	manifestName = "manifest.json"
	hashName     = "manifest.sha256" // as sha256sum writes it
	rowsName     = "rows.jsonl.gz"
	listName     = "files.jsonl.gz"
	filesFolder  = "files/"
)

// ErrDamaged says that a backup is not whole, or not what it was when it was written.
var ErrDamaged = errors.New("the backup is damaged")

// Manifest says what a backup is. It and its hash are written last: a backup without them is not whole.
type Manifest struct {
	Format   int       `json:"format"`
	Program  string    `json:"program"`  // version that wrote it
	Schema   int64     `json:"schema"`   // version of the database
	Database string    `json:"database"` // sqlite or postgres
	TakenAt  time.Time `json:"taken_at"` // moment of the rows
	Content
	Files   int64             `json:"files"`
	Bytes   int64             `json:"bytes"`             // of the files
	Missing []string          `json:"missing,omitempty"` // pictures whose file was gone already; at most 100 are named
	Lost    int64             `json:"missing_count,omitempty"`
	Members map[string]string `json:"members"` // SHA-256 of rows and list
}

// Content is the rows of an installation, as far as two of them can be compared.
type Content struct {
	Tables    []TableContent   `json:"tables"`
	Sequences map[string]int64 `json:"sequences,omitempty"` // table.column: last number that the database gave out by itself
}

// TableContent is what was found in a table.
type TableContent struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	// Sum is the sum, modulo 2^256, of the SHA-256 of each row as it stands in a backup: so two databases that sort
	// differently give the same.
	Sum string `json:"sum"`
}

// Rows counts them all.
func (c Content) Rows() (n int64) {
	for _, t := range c.Tables {
		n += t.Rows
	}
	return n
}

// Progress is told how far something is. Calls come from one goroutine at a time.
type Progress func(what string, done int64, of int64) // of 0 = nobody knows

func (p Progress) say(what string, done, of int64) {
	if p != nil {
		p(what, done, of)
	}
}
