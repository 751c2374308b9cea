package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"bottega/internal/db"
)

const (
	// ON CONFLICT makes two starting processes agree on one value.
	insertSecret = `INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	selectSecret = `SELECT value FROM secret WHERE name = $1` // primary key
)

// Secret returns the installation's secret of that name: 32 random bytes, made when first asked for and the same ever
// after, in every process.
func (s *Service) Secret(ctx context.Context, name string) ([]byte, error) {
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails: crypto/rand ends the program instead
	var value string
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, insertSecret, name, hex.EncodeToString(fresh[:])); err != nil {
			return err
		}
		return tx.QueryRow(ctx, selectSecret, name).Scan(&value)
	})
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	b, err := hex.DecodeString(value)
	if err != nil || len(b) != len(fresh) {
		return nil, fmt.Errorf("secret %s in the database is damaged", name)
	}
	return b, nil
}

// cleanText drops what a database text or a log line cannot hold.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
