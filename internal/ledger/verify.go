package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Verify computes every balance again from the journal alone and compares it with what is stored: each entry's place
// and hash, each grant's boxes, each wallet's sums, each open hold's legs. It calls problem for every difference and
// returns the number of wallets looked at. It reads one wallet at a time, in one snapshot, also while a server runs.
func (s *Service) Verify(ctx context.Context, problem func(string)) (wallets int, err error) {
	ids, err := s.walletIDs(ctx)
	if err != nil {
		return 0, err
	}
	for _, walletID := range ids {
		err := s.db.Snapshot(ctx, func(q db.Queryer) error {
			v := &verifier{ctx: ctx, q: q, problem: func(format string, args ...any) {
				problem("wallet " + walletID + ": " + fmt.Sprintf(format, args...))
			}}
			return v.wallet(walletID)
		})
		if err != nil {
			return wallets, fmt.Errorf("verify wallet %s: %w", walletID, err)
		}
		wallets++
	}
	return wallets, nil
}

func (s *Service) walletIDs(ctx context.Context) ([]string, error) {
	rows, err := s.db.Query(ctx, "SELECT id FROM wallet ORDER BY id")
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

type verifier struct {
	ctx     context.Context
	q       db.Queryer
	problem func(format string, args ...any)
}

func (v *verifier) wallet(id string) error {
	wallets, err := readWallets(v.ctx, v.q, []string{id}, "")
	if err != nil {
		return err
	}
	stored := wallets[id]
	replayed, err := v.replay(id)
	if err != nil {
		return err
	}
	if replayed.Seq != stored.Seq || replayed.HeadHash != stored.HeadHash {
		v.problem("the journal ends at entry %d, the wallet says %d, or the last hash differs", replayed.Seq, stored.Seq)
	}
	if replayed.Available != stored.Available || replayed.Held != stored.Held {
		v.problem("the journal gives %s available and %s held, the wallet says %s and %s",
			replayed.Available, replayed.Held, stored.Available, stored.Held)
	}
	if err := v.grants(id, replayed); err != nil {
		return err
	}
	return v.holds(id, replayed)
}

// replay applies every entry to an empty wallet. Grants come out with their boxes only.
func (v *verifier) replay(id string) (*Wallet, error) {
	w := &Wallet{ID: id}
	boxes := map[string]*Grant{}
	rows, err := v.q.Query(v.ctx, `SELECT seq, grant_id, hold_id, op, from_box, to_box, amount, note, at, hash, sheet_version
		FROM entry WHERE wallet_id = $1 ORDER BY seq`, id)
	if err != nil {
		return nil, err
	}
	err = scanAll(rows, func() error {
		e := Entry{WalletID: id}
		var at int64
		if err := rows.Scan(&e.Seq, &e.GrantID, &e.HoldID, &e.Op, &e.From, &e.To, &e.Amount, &e.Note, &at, &e.Hash, &e.Sheet); err != nil {
			return err
		}
		e.At = db.Time(at)
		if e.Seq != w.Seq+1 {
			v.problem("entry %d follows entry %d", e.Seq, w.Seq)
		}
		if e.hash(w.HeadHash) != e.Hash {
			v.problem("entry %d does not match its hash: it or one before it was changed", e.Seq)
		}
		w.Seq, w.HeadHash = e.Seq, e.Hash
		g := boxes[e.GrantID]
		if g == nil {
			g = &Grant{ID: e.GrantID}
			boxes[e.GrantID] = g
			w.Grants = append(w.Grants, g)
		}
		if e.From == boxIssue {
			g.Amount += e.Amount
		}
		g.add(e.From, -e.Amount)
		g.add(e.To, e.Amount)
		w.add(e.From, -e.Amount)
		w.add(e.To, e.Amount)
		if g.Remaining < 0 || g.Held < 0 {
			v.problem("entry %d takes more from grant %s than was there", e.Seq, e.GrantID)
		}
		return nil
	})
	return w, err
}

func (v *verifier) grants(id string, replayed *Wallet) error {
	rows, err := v.q.Query(v.ctx, "SELECT "+grantColumns+" FROM ledger_grant WHERE wallet_id = $1", id)
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
		r := replayed.grant(g.ID)
		if r == nil {
			v.problem("grant %s has no entry in the journal", g.ID)
			return nil
		}
		got := [6]token.Amount{g.Amount, g.Remaining, g.Held, g.Spent, g.Expired, g.Moved}
		want := [6]token.Amount{r.Amount, r.Remaining, r.Held, r.Spent, r.Expired, r.Moved}
		if got != want {
			v.problem("grant %s (%s): stored %v, the journal gives %v", g.ID, g.Ref, got, want)
		}
		if g.Amount != g.Remaining+g.Held+g.Spent+g.Expired+g.Moved {
			v.problem("grant %s (%s): its parts do not add up to %s", g.ID, g.Ref, g.Amount)
		}
		if !g.Open && g.Remaining != 0 {
			v.problem("grant %s (%s) is closed and still has %s", g.ID, g.Ref, g.Remaining)
		}
		return nil
	})
	if err == nil && seen != len(replayed.Grants) {
		v.problem("the journal names %d grants, %d are stored", len(replayed.Grants), seen)
	}
	return err
}

// holds checks that the open holds' legs are exactly what the grants hold.
func (v *verifier) holds(id string, replayed *Wallet) error {
	rows, err := v.q.Query(v.ctx, "SELECT id, amount, legs FROM hold WHERE wallet_id = $1 AND state = 'held'", id)
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
		return nil
	})
	for _, g := range replayed.Grants {
		if held[g.ID] != g.Held {
			v.problem("grant %s holds %s, the open holds say %s", g.ID, g.Held, held[g.ID])
		}
	}
	return err
}
