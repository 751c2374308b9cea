package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/token"
)

// The form of a key: a prefix that secret scanners can be taught, 256 random bits, and a checksum that tells a typing
// mistake from an unknown key without asking the database. All lower case.
const (
	keyPrefix   = "bt_live_"
	keyRandom   = 52 // characters: base32 of 32 bytes
	keyChecksum = 7  // characters: base32 of CRC-32
	keyShown    = len(keyPrefix) + 8
)

// MaxKeys is how many keys of one account may be in force.
const MaxKeys = 10

// maxKeyName is in characters.
const maxKeyName = 80

// The faults of keys. A caller learns that a key was revoked or has expired only by presenting the whole key.
var (
	ErrKeyMalformed = fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is not well formed")
	ErrKeyUnknown   = fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is unknown")
	ErrKeyRevoked   = fault.New(fault.Unauthenticated, "revoked_api_key", "the API key was revoked")
	ErrKeyExpired   = fault.New(fault.Unauthenticated, "expired_api_key", "the API key has expired")
	ErrNoSuchKey    = fault.New(fault.NotFound, "not_found", "no such API key")
	ErrTooManyKeys  = fault.New(fault.Conflict, "too_many_keys", fmt.Sprintf("an account may have %d API keys in force, revoke one first", MaxKeys))
)

// KeyInfo is what is known of a key; the key itself is not kept.
type KeyInfo struct {
	ID         string
	Name       string
	Prefix     string // the beginning of the key, to recognise it by
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero = never
	LastUsedAt time.Time // zero = never; kept to the minute
	KeyTerms
}

// KeyTerms are what a key pays with and how much.
type KeyTerms struct {
	Team    string       // id of the team whose tokens pay; empty = the account's own
	Credits bool         // the account's API credits, not its tokens
	Budget  token.Amount // most that it may use in a UTC month; 0 = no bound
}

const (
	countKeys = `SELECT COUNT(*) FROM api_key
		WHERE account_id = $1 AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $2)` // index api_key_account
	insertKey = `INSERT INTO api_key (id, account_id, name, prefix, hash, created_at, expires_at, last_used_at, revoked_at, pays_with, budget)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9)`
	selectKey  = `SELECT id, account_id, expires_at, last_used_at, revoked_at, pays_with, budget FROM api_key WHERE hash = $1` // unique index of hash
	selectKeys = `SELECT id, name, prefix, created_at, expires_at, last_used_at, pays_with, budget FROM api_key
		WHERE account_id = $1 AND revoked_at = 0 ORDER BY created_at DESC, id` // index api_key_account
	selectKeyState = `SELECT expires_at, revoked_at FROM api_key WHERE id = $1` // primary key
	touchKey       = `UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2`
	updateTerms    = `UPDATE api_key SET pays_with = $3, budget = $4 WHERE id = $1 AND account_id = $2 AND revoked_at = 0` // primary key
	revokeKey      = `UPDATE api_key SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND revoked_at = 0`             // primary key
)

// CreateKey makes an API key that ends at expires (zero = never) and returns it in full, this once.
func (s *Service) CreateKey(ctx context.Context, accountID, name string, expires time.Time, t KeyTerms) (string, KeyInfo, error) {
	return s.CreateKeyAnd(ctx, accountID, name, expires, t, nil)
}

// CreateKeyAnd is CreateKey with something more that is written in the same transaction.
func (s *Service) CreateKeyAnd(
	ctx context.Context, accountID, name string, expires time.Time, t KeyTerms, also func(KeyInfo) db.Also,
) (string, KeyInfo, error) {
	now := s.clock.Now()
	name = strings.TrimSpace(name)
	if fields := append(checkKey(name, expires, now), t.check()...); len(fields) > 0 {
		return "", KeyInfo{}, fault.Bad(fields...)
	}
	key := newKey(keyPrefix)
	info := KeyInfo{ID: id.New(), Name: name, Prefix: key[:keyShown], CreatedAt: now, ExpiresAt: expires, KeyTerms: t}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.accounts.Lock(ctx, tx, accountID); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, countKeys, accountID, db.Micros(now)).Scan(&n); err != nil {
			return fmt.Errorf("count API keys: %w", err)
		}
		if n >= MaxKeys {
			return ErrTooManyKeys
		}
		_, err := tx.Exec(ctx, insertKey, info.ID, accountID, info.Name, info.Prefix, s.hashKey(key), db.Micros(now), db.Micros(expires),
			t.PaysWith(), t.Budget)
		if err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		if also == nil {
			return nil
		}
		return also(info)(ctx, tx)
	})
	if err != nil {
		return "", KeyInfo{}, err
	}
	return key, info, nil
}

func checkKey(name string, expires, now time.Time) []fault.Field {
	var fields []fault.Field
	switch {
	case name == "":
		fields = append(fields, fault.Field{Name: "name", Message: "is required"})
	case !utf8.ValidString(name) || cleanText(name) != name:
		fields = append(fields, fault.Field{Name: "name", Message: "has characters that cannot be shown"})
	case utf8.RuneCountInString(name) > maxKeyName:
		fields = append(fields, fault.Field{Name: "name", Message: "is too long", Allowed: fmt.Sprintf("1 to %d characters", maxKeyName)})
	}
	if !expires.IsZero() && !expires.After(now) {
		fields = append(fields, fault.Field{Name: "expires_at", Value: expires, Message: "must be in the future"})
	}
	return fields
}

// Key returns who a presented key belongs to, or one of the Unauthenticated faults above.
func (s *Service) Key(ctx context.Context, presented string) (access.Actor, error) {
	if !wellFormed(keyPrefix, presented) {
		return access.Actor{}, ErrKeyMalformed
	}
	var keyID, accountID, paysWith string
	var expires, used, revoked int64
	var budget token.Amount
	err := s.db.QueryRow(ctx, selectKey, s.hashKey(presented)).Scan(&keyID, &accountID, &expires, &used, &revoked, &paysWith, &budget)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Actor{}, ErrKeyUnknown
	}
	if err != nil {
		return access.Actor{}, fmt.Errorf("read API key: %w", err)
	}
	now := s.clock.Now()
	switch {
	case revoked != 0:
		return access.Actor{}, ErrKeyRevoked
	case expires != 0 && !now.Before(db.Time(expires)):
		return access.Actor{}, ErrKeyExpired
	}
	a, err := s.accounts.ByID(ctx, accountID)
	if err != nil {
		return access.Actor{}, err
	}
	if used == 0 || now.Sub(db.Time(used)) >= keyUsedEvery {
		if err := s.exec(ctx, touchKey, keyID, db.Micros(now)); err != nil {
			return access.Actor{}, fmt.Errorf("note use of API key %s: %w", keyID, err)
		}
	}
	terms := readTerms(paysWith, budget)
	return access.Actor{AccountID: a.ID, Role: a.Role, KeyID: keyID, Team: terms.Team, Credits: terms.Credits, Budget: budget}, nil
}

// InForce returns nil for a key that may still be used, named by its id, and otherwise the fault that says why not. It is
// for permissions that a key gave out, which must end with it.
func (s *Service) InForce(ctx context.Context, keyID string) error {
	var expires, revoked int64
	err := s.db.QueryRow(ctx, selectKeyState, keyID).Scan(&expires, &revoked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrKeyUnknown
	case err != nil:
		return fmt.Errorf("read API key %s: %w", keyID, err)
	case revoked != 0:
		return ErrKeyRevoked
	case expires != 0 && !s.clock.Now().Before(db.Time(expires)):
		return ErrKeyExpired
	}
	return nil
}

// Keys lists the account's keys that were not revoked, the newest first.
func (s *Service) Keys(ctx context.Context, accountID string) ([]KeyInfo, error) {
	rows, err := s.db.Query(ctx, selectKeys, accountID)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []KeyInfo
	for rows.Next() {
		var k KeyInfo
		var created, expires, used int64
		var paysWith string
		if err := rows.Scan(&k.ID, &k.Name, &k.Prefix, &created, &expires, &used, &paysWith, &k.Budget); err != nil {
			return nil, fmt.Errorf("read API key: %w", err)
		}
		k.KeyTerms = readTerms(paysWith, k.Budget)
		k.CreatedAt, k.ExpiresAt, k.LastUsedAt = db.Time(created), db.Time(expires), db.Time(used)
		list = append(list, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return list, nil
}

const (
	paysTokens  = "tokens"
	paysCredits = "credits"
	paysTeam    = "team:" // and the team's id
)

// PaysWith is who pays, in the form in which it is kept and shown: tokens, credits, or team: and the team's id.
func (t KeyTerms) PaysWith() string {
	switch {
	case t.Team != "":
		return paysTeam + t.Team // whether the account may bind a key to it, the caller has asked
	case t.Credits:
		return paysCredits
	}
	return paysTokens
}

func (t KeyTerms) check() []fault.Field {
	var fields []fault.Field
	if t.Team != "" && t.Credits {
		fields = append(fields, fault.Field{Name: "pays_with", Message: "names two wallets", Allowed: "a team or the credits, not both"})
	}
	if t.Budget < 0 || t.Budget > token.Max {
		fields = append(fields, fault.Field{Name: "budget_mt", Value: int64(t.Budget), Message: "is out of range", Allowed: "0 for no bound, up to " + token.Max.String()})
	}
	return fields
}

func readTerms(paysWith string, budget token.Amount) KeyTerms {
	_, team, _ := strings.Cut(paysWith, paysTeam)
	return KeyTerms{Team: team, Credits: paysWith == paysCredits, Budget: budget}
}

// SetKeyTerms says what a key pays with and how much, from its next request on. It returns ErrNoSuchKey when the account
// has no such key in force.
func (s *Service) SetKeyTerms(ctx context.Context, accountID, keyID string, t KeyTerms) error {
	if fields := t.check(); len(fields) > 0 {
		return fault.Bad(fields...)
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, updateTerms, keyID, accountID, t.PaysWith(), t.Budget)
		if err != nil {
			return fmt.Errorf("set terms of API key %s: %w", keyID, err)
		}
		if n == 0 {
			return ErrNoSuchKey
		}
		return nil
	})
}

// RevokeKey ends a key for good. It returns ErrNoSuchKey when the account has no such key in force.
func (s *Service) RevokeKey(ctx context.Context, accountID, keyID string) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, revokeKey, keyID, accountID, db.Micros(s.clock.Now()))
		if err != nil {
			return fmt.Errorf("revoke API key %s: %w", keyID, err)
		}
		if n == 0 {
			return ErrNoSuchKey
		}
		return nil
	})
}

// letters is base32 in lower case: no 0, 1, 8 or 9 to mistake for letters.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func newKey(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	body := prefix + letters.EncodeToString(b[:])
	return body + checksum(body)
}

func checksum(body string) string {
	return letters.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// wellFormed reports whether s can be a key with that prefix at all.
func wellFormed(prefix, s string) bool {
	if len(s) != len(prefix)+keyRandom+keyChecksum || !strings.HasPrefix(s, prefix) {
		return false
	}
	body := s[:len(s)-keyChecksum]
	if _, err := letters.DecodeString(body[len(prefix):]); err != nil {
		return false
	}
	return checksum(body) == s[len(body):]
}

// hashKey is how a key is kept and found: HMAC-SHA-256 under the pepper. A slow hash would be wrong for 256 random bits.
func (s *Service) hashKey(key string) string {
	m := hmac.New(sha256.New, s.pepper)
	_, _ = m.Write([]byte(key)) // hash.Hash never fails
	return hex.EncodeToString(m.Sum(nil))
}
