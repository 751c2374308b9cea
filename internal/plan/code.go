package plan

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// CodeRequest asks for codes that people redeem for tokens. Selling them is the operator's matter.
type CodeRequest struct {
	Count   int
	Amount  token.Amount
	Uses    int           // accounts that may redeem each
	Lasts   time.Duration // of the tokens; 0 = for good
	Expires time.Time     // of the code; zero = never
	Note    string        // shown in the journal
}

// The faults of codes. A wrong code says no more than that.
var (
	ErrNoCode       = fault.New(fault.NotFound, "code_unknown", "there is no such code, or it is not valid any more")
	ErrCodeRedeemed = fault.New(fault.Conflict, "code_redeemed", "you have redeemed this code before")
)

// codeLetters are 32 that are not mistaken for one another on paper: no I, L, O or U.
const codeLetters = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"

// newCode is 100 random bits in five groups of four letters.
func newCode() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	var out strings.Builder
	for i, x := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(codeLetters[x%32])
	}
	return out.String()
}

// normalCode forgives how people type: small letters, blanks, missing hyphens, I and L for 1, O for 0, U for V.
func normalCode(s string) string {
	if len(s) > 100 {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(s))
	return strings.NewReplacer("I", "1", "L", "1", "O", "0", "U", "V").Replace(s)
}

func codeHash(code string) string {
	sum := sha256.Sum256([]byte(normalCode(code))) // 100 random bits need no slow hash
	return hex.EncodeToString(sum[:])
}

// NewCodes makes codes and returns them, this once. also is written with them.
func (s *Service) NewCodes(ctx context.Context, r CodeRequest, also ...db.Also) ([]string, error) {
	now := s.clock.Now()
	var wrong []fault.Field
	bad := func(name string, value any, allowed string) {
		wrong = append(wrong, fault.Field{Name: name, Value: value, Message: "is out of range", Allowed: allowed})
	}
	if r.Count < 1 || r.Count > 10_000 {
		bad("count", r.Count, "1 to 10000")
	}
	if r.Amount <= 0 || r.Amount > token.Max {
		bad("amount", r.Amount.String(), "more than 0, up to "+token.Max.String())
	}
	if r.Uses < 1 || r.Uses > 1_000_000 {
		bad("uses", r.Uses, "1 to 1000000")
	}
	if r.Lasts < 0 {
		bad("lasts", r.Lasts.String(), "0 or more")
	}
	if !r.Expires.IsZero() && !r.Expires.After(now) {
		bad("expires", r.Expires.Format(time.RFC3339), "a time to come")
	}
	if len(wrong) > 0 {
		return nil, fault.Bad(wrong...)
	}
	codes, rows := make([]string, r.Count), make([][]any, r.Count)
	for i := range codes {
		codes[i] = newCode()
		rows[i] = []any{id.New(), codeHash(codes[i]), r.Amount, r.Lasts.Microseconds(), r.Uses, db.Micros(r.Expires), r.Note, db.Micros(now)}
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Insert(ctx, "INSERT INTO code (id, hash, amount, lasts_us, uses_left, expires_at, note, created_at) VALUES ", rows, ""); err != nil {
			return err
		}
		return tx.Also(ctx, also)
	})
	if err != nil {
		return nil, fmt.Errorf("write codes: %w", err)
	}
	return codes, nil
}

// Redeem gives a code's tokens to an account, once for each account.
func (s *Service) Redeem(ctx context.Context, accountID, code string) (token.Amount, error) {
	schedule, err := s.Schedule(ctx, accountID)
	if err != nil {
		return 0, err
	}
	var amount token.Amount
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		wallets, _, err := ledger.Load(ctx, tx, []string{accountID}, nil)
		if err != nil {
			return err
		}
		w := wallets[accountID]
		if err := w.Advance(s.clock.Now(), schedule); err != nil {
			return err
		}
		r, err := useCode(ctx, tx, accountID, code, w.Clock)
		if err != nil {
			return err
		}
		amount = r.Amount
		if err := w.Grant(r); err != nil {
			return err
		}
		if err := ledger.Save(ctx, tx, wallets); err != nil {
			return err
		}
		return event.Append(ctx, tx, []event.Record{{AccountID: accountID, Topic: event.TopicBalance, Subject: accountID, At: w.Clock}})
	})
	return amount, err
}

// useCode takes one use of a code for an account and says what to grant. Unique index of hash; primary keys.
func useCode(ctx context.Context, tx *db.Tx, accountID, code string, now time.Time) (ledger.GrantRequest, error) {
	r := ledger.GrantRequest{Kind: ledger.TopUp}
	var codeID string
	var lasts, uses, expires int64
	err := tx.QueryRow(ctx, "SELECT id, amount, lasts_us, uses_left, expires_at, note FROM code WHERE hash = $1"+tx.ForUpdate(), codeHash(code)).
		Scan(&codeID, &r.Amount, &lasts, &uses, &expires, &r.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoCode
	}
	if err != nil {
		return r, fmt.Errorf("read code: %w", err)
	}
	var before int
	err = tx.QueryRow(ctx, "SELECT COUNT(*) FROM redemption WHERE code_id = $1 AND account_id = $2", codeID, accountID).Scan(&before)
	switch {
	case err != nil:
		return r, fmt.Errorf("read redemptions: %w", err)
	case before > 0:
		return r, ErrCodeRedeemed
	case uses < 1 || expires != 0 && !now.Before(db.Time(expires)):
		return r, ErrNoCode
	}
	if _, err := tx.Exec(ctx, "INSERT INTO redemption (code_id, account_id, at) VALUES ($1, $2, $3)", codeID, accountID, db.Micros(now)); err != nil {
		return r, fmt.Errorf("write redemption: %w", err)
	}
	if _, err := tx.Exec(ctx, "UPDATE code SET uses_left = uses_left - 1 WHERE id = $1", codeID); err != nil {
		return r, fmt.Errorf("use code: %w", err)
	}
	r.Ref = "code:" + codeID
	if lasts > 0 {
		r.Kind, r.ExpiresAt = ledger.Promo, now.Add(time.Duration(lasts)*time.Microsecond)
	}
	return r, nil
}
