package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Checked is what Verify has looked at.
type Checked struct {
	Wallets, Entries int64
	Next             string // cursor of VerifySome; empty = the last wallet was looked at
}

// Verify computes every balance again from the journal alone and compares it with what is stored: each entry's place
// and hash, each grant's boxes, each hold, each wallet's sums. It calls problem for every difference. It reads one
// wallet at a time, in one snapshot, also while a server runs; its memory is bounded by the grants and open holds of
// one wallet (about 200 bytes each), however long the journal is.
func (s *Service) Verify(ctx context.Context, problem func(string)) (Checked, error) {
	var sum Checked
	for cursor := ""; ; {
		c, err := s.VerifySome(ctx, cursor, walletPage, problem)
		sum.Wallets, sum.Entries = sum.Wallets+c.Wallets, sum.Entries+c.Entries
		if err != nil || c.Next == "" {
			return sum, err
		}
		cursor = c.Next
	}
}

const walletPage = 500

// VerifySome is Verify for the wallets after a cursor, at most so many.
func (s *Service) VerifySome(ctx context.Context, after string, most int, problem func(string)) (Checked, error) {
	var c Checked
	ids, err := s.walletIDs(ctx, after, most)
	if err != nil {
		return c, err
	}
	for _, walletID := range ids {
		err := s.db.Snapshot(ctx, func(q db.Queryer) error {
			v := &verifier{
				ctx: ctx, q: q, id: walletID, grants: map[string]*Grant{}, open: map[string]*replayedHold{},
				problem: func(format string, args ...any) { problem("wallet " + walletID + ": " + fmt.Sprintf(format, args...)) },
			}
			err := v.wallet()
			c.Entries += v.sum.Seq
			return err
		})
		if err != nil {
			return c, fmt.Errorf("verify wallet %s: %w", walletID, err)
		}
		c.Wallets++
	}
	if len(ids) == most {
		c.Next = ids[most-1]
	}
	return c, nil
}

// walletIDs uses the primary key.
func (s *Service) walletIDs(ctx context.Context, after string, most int) ([]string, error) {
	rows, err := s.db.Query(ctx, "SELECT id FROM wallet WHERE id > $1 ORDER BY id LIMIT $2", after, most)
	if err != nil {
		return nil, fmt.Errorf("list wallets: %w", err)
	}
	var ids []string
	err = scanAll(rows, func() error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// replayedHold is what the journal says of a hold.
type replayedHold struct {
	amount, captured, released token.Amount
}

func (h replayedHold) held() token.Amount { return h.amount - h.captured - h.released }

// verifier replays one wallet.
type verifier struct {
	ctx     context.Context
	q       db.Queryer
	id      string
	problem func(format string, args ...any)

	sum    Wallet // what the journal comes to, without grants
	grants map[string]*Grant
	open   map[string]*replayedHold // holds that are not over
	ended  []endedHold              // waiting to be compared, at most holdPage
}

type endedHold struct {
	id string
	replayedHold
}

const holdPage = 500

func (v *verifier) wallet() error {
	wallets, err := readWallets(v.ctx, v.q, []string{v.id}, "")
	if err != nil {
		return err
	}
	if err := v.replay(); err != nil {
		return err
	}
	stored := wallets[v.id]
	if v.sum.Seq != stored.Seq || v.sum.HeadHash != stored.HeadHash {
		v.problem("the journal ends at entry %d, the wallet says %d, or the last hash differs", v.sum.Seq, stored.Seq)
	}
	if v.sum.Available != stored.Available || v.sum.Held != stored.Held {
		v.problem("the journal gives %s available and %s held, the wallet says %s and %s",
			v.sum.Available, v.sum.Held, stored.Available, stored.Held)
	}
	if err := v.compareGrants(); err != nil {
		return err
	}
	return v.compareOpen()
}

// replay applies every entry to an empty wallet. The rows are streamed by primary key; comparing ended holds reads
// beside them, page by page.
func (v *verifier) replay() error {
	for after := int64(0); ; {
		n, err := v.replayPage(after)
		if err != nil {
			return err
		}
		if err := v.compareEnded(); err != nil {
			return err
		}
		if n < entryPage {
			return nil
		}
		after = v.sum.Seq
	}
}

const entryPage = 10_000

func (v *verifier) replayPage(after int64) (n int, err error) {
	rows, err := v.q.Query(v.ctx, `SELECT seq, grant_id, hold_id, op, from_box, to_box, amount, note, at, hash, sheet_version
		FROM entry WHERE wallet_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, v.id, after, entryPage)
	if err != nil {
		return 0, err
	}
	err = scanAll(rows, func() error {
		n++
		e := Entry{WalletID: v.id}
		var at int64
		err := rows.Scan(&e.Seq, &e.GrantID, &e.HoldID, &e.Op, &e.From, &e.To, &e.Amount, &e.Note, &at, &e.Hash, &e.Sheet)
		if err == nil {
			e.At = db.Time(at)
			v.entry(&e)
		}
		return err
	})
	return n, err
}

func (v *verifier) entry(e *Entry) {
	if e.Seq != v.sum.Seq+1 {
		v.problem("entry %d follows entry %d", e.Seq, v.sum.Seq)
	}
	if e.hash(v.sum.HeadHash) != e.Hash {
		v.problem("entry %d does not match its hash: it or one before it was changed", e.Seq)
	}
	if e.Amount <= 0 || e.From == e.To {
		v.problem("entry %d moves %s from %s to %s", e.Seq, e.Amount, e.From, e.To)
	}
	v.sum.Seq, v.sum.HeadHash = e.Seq, e.Hash
	g := v.grants[e.GrantID]
	if g == nil {
		g = &Grant{}
		v.grants[e.GrantID] = g
	}
	if e.From == boxIssue {
		g.Amount += e.Amount
	}
	g.add(e.From, -e.Amount)
	g.add(e.To, e.Amount)
	v.sum.add(e.From, -e.Amount)
	v.sum.add(e.To, e.Amount)
	if g.Remaining < 0 || g.Held < 0 || g.Owed < 0 {
		v.problem("entry %d takes more from grant %s than was there", e.Seq, e.GrantID)
	}
	v.hold(e)
}

// hold follows one hold through its lines; where nothing of it is held any more, it is over.
func (v *verifier) hold(e *Entry) {
	if e.HoldID == "" {
		return
	}
	h := v.open[e.HoldID]
	if h == nil {
		h = &replayedHold{}
	}
	switch {
	case e.To == boxHeld:
		h.amount += e.Amount
		v.open[e.HoldID] = h
	case e.From == boxHeld && e.To == boxSpent:
		h.captured += e.Amount
	case e.From == boxHeld:
		h.released += e.Amount
	default: // what came back and expired at once
		return
	}
	if h.held() < 0 {
		v.problem("entry %d takes more from hold %s than it holds", e.Seq, e.HoldID)
	}
	if e.From == boxHeld && h.held() <= 0 {
		delete(v.open, e.HoldID)
		v.ended = append(v.ended, endedHold{e.HoldID, *h})
	}
}

// compareEnded compares the holds that are over with their rows. Primary key.
func (v *verifier) compareEnded() error {
	for len(v.ended) > 0 {
		page := v.ended[:min(len(v.ended), holdPage)]
		v.ended = v.ended[len(page):]
		ids := make([]string, len(page))
		for i, h := range page {
			ids[i] = h.id
		}
		stored, err := loadHolds(v.ctx, v.q, ids)
		if err != nil {
			return err
		}
		for _, h := range page {
			row := stored[h.id]
			switch {
			case row == nil:
				v.problem("hold %s has no row", h.id)
			case row.State == HoldOpen || row.WalletID != v.id || row.Amount != h.amount || row.Captured != h.captured:
				v.problem("hold %s: stored %s, %s of %s captured; the journal gives %s of %s", h.id, row.State, row.Captured, row.Amount,
					h.captured, h.amount)
			}
		}
	}
	return nil
}

func (v *verifier) compareGrants() error {
	rows, err := v.q.Query(v.ctx, "SELECT "+grantColumns+" FROM ledger_grant WHERE wallet_id = $1", v.id)
	if err != nil {
		return err
	}
	seen := 0
	err = scanAll(rows, func() error {
		g, _, err := scanGrant(rows)
		if err != nil {
			return err
		}
		seen++
		r := v.grants[g.ID]
		if r == nil {
			v.problem("grant %s has no entry in the journal", g.ID)
			return nil
		}
		got := [7]token.Amount{g.Amount, g.Remaining, g.Held, g.Spent, g.Expired, g.Moved, g.Owed}
		want := [7]token.Amount{r.Amount, r.Remaining, r.Held, r.Spent, r.Expired, r.Moved, r.Owed}
		if got != want {
			v.problem("grant %s (%s): stored %v, the journal gives %v", g.ID, g.Ref, got, want)
		}
		if g.Amount != g.Remaining+g.Held+g.Spent+g.Expired+g.Moved+g.Owed {
			v.problem("grant %s (%s): its parts do not add up to %s", g.ID, g.Ref, g.Amount)
		}
		if g.Due > g.Held {
			v.problem("grant %s (%s): %s of %s held are to go", g.ID, g.Ref, g.Due, g.Held)
		}
		if !g.Open && g.Remaining+g.Owed != 0 {
			v.problem("grant %s (%s) is closed and still has %s", g.ID, g.Ref, g.Remaining)
		}
		return nil
	})
	if err == nil && seen != len(v.grants) {
		v.problem("the journal names %d grants, %d are stored", len(v.grants), seen)
	}
	return err
}

// compareOpen checks that the open holds are those of the journal, and that their legs are exactly what the grants hold.
func (v *verifier) compareOpen() error {
	rows, err := v.q.Query(v.ctx, "SELECT id, amount, legs FROM hold WHERE wallet_id = $1 AND state = 'held'", v.id) // partial index
	if err != nil {
		return err
	}
	held := map[string]token.Amount{}
	err = scanAll(rows, func() error {
		var holdID, raw string
		var amount, sum token.Amount
		var legs []Leg
		if err := rows.Scan(&holdID, &amount, &raw); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(raw), &legs); err != nil {
			return err
		}
		for _, l := range legs {
			held[l.Grant] += l.Amount
			sum += l.Amount
		}
		if sum != amount {
			v.problem("hold %s is over %s, its parts add up to %s", holdID, amount, sum)
		}
		if r := v.open[holdID]; amount > 0 && (r == nil || r.held() != amount) {
			v.problem("hold %s is open over %s, the journal does not say so", holdID, amount)
		}
		delete(v.open, holdID)
		return nil
	})
	for holdID, h := range v.open {
		v.problem("hold %s is open over %s in the journal alone", holdID, h.held())
	}
	for id, g := range v.grants {
		if held[id] != g.Held {
			v.problem("grant %s holds %s, the open holds say %s", id, g.Held, held[id])
		}
	}
	return err
}
