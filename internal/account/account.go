// Package account keeps who may use this installation: the e-mail address, the password's hash, the role and the plan.
// It promises that no password is stored or logged, that checking one costs the same whether the account exists or
// not, and that at most a few are checked at once. Sessions and keys belong to auth, tokens to the ledger; what a plan
// gives is not known here.
package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
)

// Account is one person's place on this installation.
type Account struct {
	ID        string
	Email     string // lower case
	Role      access.Role
	Plan      string    // that it began with; what became of it, package plan knows
	PlanSince time.Time // of that plan
	CreatedAt time.Time
}

// New asks for an account.
type New struct {
	Email    string
	Password string
	Role     access.Role
	Plan     string
}

// Prepared is a New that was checked and whose password is hashed, so that Insert does no slow work inside a
// transaction.
type Prepared struct {
	account Account
	hash    string
}

// The faults of this package.
var (
	ErrEmailTaken    = fault.New(fault.Conflict, "email_taken", "an account with this e-mail address exists already")
	ErrUnknown       = fault.New(fault.NotFound, "not_found", "no such account")
	ErrWrongPassword = fault.New(fault.Unauthenticated, "wrong_credentials", "the e-mail address or the password is wrong")
)

// Store is the account table's only owner. It is safe for concurrent use.
type Store struct {
	db        *db.DB
	clock     clock.Clock
	passwords *Passwords
}

// NewStore returns a store on a migrated database.
func NewStore(d *db.DB, c clock.Clock, p *Passwords) *Store {
	return &Store{db: d, clock: c, passwords: p}
}

// columns of the account table in the order scan reads them.
const columns = `id, email, role, plan, plan_since, created_at`

const (
	insertAccount = `INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	selectByID    = `SELECT ` + columns + ` FROM account WHERE id = $1`                   // primary key
	selectByEmail = `SELECT ` + columns + ` FROM account WHERE email = $1`                // unique index of email
	selectHash    = `SELECT ` + columns + `, password_hash FROM account WHERE email = $1` // unique index of email
	selectLock    = `SELECT id FROM account WHERE id = $1`                                // primary key
	// A scan, but of a small table and only when an owner link is made or used.
	selectOwners = `SELECT COUNT(*) FROM account WHERE role = $1`
	updateHash   = `UPDATE account SET password_hash = $2 WHERE id = $1`
)

// Create makes an account. It returns an Invalid fault that names the fields, or ErrEmailTaken.
func (s *Store) Create(ctx context.Context, n New) (Account, error) {
	p, err := s.Prepare(ctx, n)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error { return s.Insert(ctx, tx, p) })
	if err != nil {
		return Account{}, err
	}
	return p.account, nil
}

// Prepare checks the request and hashes the password. It writes nothing.
func (s *Store) Prepare(ctx context.Context, n New) (Prepared, error) {
	email, fields := checkEmail(n.Email)
	fields = append(fields, checkPassword(n.Password, email)...)
	if len(fields) > 0 {
		return Prepared{}, fault.Bad(fields...)
	}
	hash, err := s.passwords.Hash(ctx, n.Password)
	if err != nil {
		return Prepared{}, err
	}
	now := s.clock.Now()
	return Prepared{
		account: Account{ID: id.New(), Email: email, Role: n.Role, Plan: n.Plan, PlanSince: now, CreatedAt: now},
		hash:    hash,
	}, nil
}

// Account is what Insert will have written.
func (p Prepared) Account() Account { return p.account }

// Insert writes a prepared account inside the caller's transaction. It returns ErrEmailTaken, after which the
// transaction must be rolled back.
func (s *Store) Insert(ctx context.Context, tx *db.Tx, p Prepared) error {
	a := p.account
	_, err := tx.Exec(ctx, insertAccount, a.ID, a.Email, p.hash, string(a.Role), a.Plan, db.Micros(a.PlanSince), db.Micros(a.CreatedAt))
	if db.IsUnique(err) {
		return ErrEmailTaken
	}
	if err != nil {
		return fmt.Errorf("insert account: %w", err)
	}
	return nil
}

// ByID returns the account or ErrUnknown.
func (s *Store) ByID(ctx context.Context, accountID string) (Account, error) {
	return scan(s.db.QueryRow(ctx, selectByID, accountID))
}

// ByEmail returns the account or ErrUnknown.
func (s *Store) ByEmail(ctx context.Context, email string) (Account, error) {
	return scan(s.db.QueryRow(ctx, selectByEmail, lookupEmail(email)))
}

// Emails returns the addresses of accounts. Ids that no account has are missing. Primary key.
func (s *Store) Emails(ctx context.Context, accountIDs []string) (map[string]string, error) {
	emails := map[string]string{}
	for chunk := range slices.Chunk(accountIDs, 1000) {
		args := make([]any, len(chunk))
		for i, a := range chunk {
			args[i] = a
		}
		rows, err := s.db.Query(ctx, "SELECT id, email FROM account WHERE id IN "+db.In(1, len(args)), args...)
		if err != nil {
			return nil, fmt.Errorf("read e-mail addresses: %w", err)
		}
		if err := readEmails(rows, emails); err != nil {
			return nil, err
		}
	}
	return emails, nil
}

func readEmails(rows *sql.Rows, into map[string]string) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, email string
		if err := rows.Scan(&id, &email); err != nil {
			return fmt.Errorf("read e-mail address: %w", err)
		}
		into[id] = email
	}
	return rows.Err()
}

// IDsAfter returns up to limit account ids in their order, beginning after one; "" = from the first. Primary key.
func (s *Store) IDsAfter(ctx context.Context, after string, limit int) ([]string, error) {
	rows, err := s.db.Query(ctx, "SELECT id FROM account WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list accounts: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Search returns accounts whose e-mail address has a text in it, by address, beginning after one; "" = any, from the first.
// It looks at all addresses: for people, not for the road.
func (s *Store) Search(ctx context.Context, text, after string, limit int) ([]Account, error) {
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lookupEmail(text))
	rows, err := s.db.Query(ctx, "SELECT "+columns+` FROM account WHERE email LIKE $1 ESCAPE '\' AND email > $2 ORDER BY email LIMIT $3`,
		"%"+like+"%", after, limit)
	if err != nil {
		return nil, fmt.Errorf("search accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Account
	for rows.Next() {
		a, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// HasOwner reports whether somebody runs this installation already.
func (s *Store) HasOwner(ctx context.Context, q db.Queryer) (bool, error) {
	var n int
	if err := q.QueryRow(ctx, selectOwners, string(access.RoleOwner)).Scan(&n); err != nil {
		return false, fmt.Errorf("count owners: %w", err)
	}
	return n > 0, nil
}

// Lock makes other transactions that lock the same account wait, so that a count of what it has stays true until the
// commit. It returns ErrUnknown.
func (s *Store) Lock(ctx context.Context, tx *db.Tx, accountID string) error {
	var found string
	err := tx.QueryRow(ctx, selectLock+tx.ForUpdate(), accountID).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("lock account %s: %w", accountID, err)
	}
	return nil
}

// CheckPassword returns the account that e-mail address and password belong to, or ErrWrongPassword, which does not
// say which of the two was wrong and takes as long either way.
func (s *Store) CheckPassword(ctx context.Context, email, password string) (Account, error) {
	var hash string
	a, err := scan(s.db.QueryRow(ctx, selectHash, lookupEmail(email)), &hash)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return Account{}, err
	}
	ok, outdated, err := s.passwords.Check(ctx, password, hash) // an empty hash is checked against a dummy
	if err != nil {
		return Account{}, err
	}
	if !ok {
		return Account{}, ErrWrongPassword
	}
	if outdated {
		if err := s.rehash(ctx, a.ID, password); err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

// rehash stores the password under today's parameters.
func (s *Store) rehash(ctx context.Context, accountID, password string) error {
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, updateHash, accountID, hash); err != nil {
			return fmt.Errorf("renew password hash of account %s: %w", accountID, err)
		}
		return nil
	})
}

// scan reads the columns and whatever the query has after them.
func scan(row interface{ Scan(...any) error }, more ...any) (Account, error) {
	var a Account
	var since, created int64
	err := row.Scan(append([]any{&a.ID, &a.Email, &a.Role, &a.Plan, &since, &created}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, ErrUnknown
	}
	if err != nil {
		return Account{}, fmt.Errorf("read account: %w", err)
	}
	a.PlanSince, a.CreatedAt = db.Time(since), db.Time(created)
	return a, nil
}

// selectAny reads one row.
const selectAny = `SELECT EXISTS (SELECT 1 FROM account)`

// Any reports whether there is any account.
func Any(ctx context.Context, q db.Queryer) (bool, error) {
	var found bool
	if err := q.QueryRow(ctx, selectAny).Scan(&found); err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return found, nil
}
