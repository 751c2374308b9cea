package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/token"
)

// JournalItem is one line of the journal for people.
type JournalItem struct {
	Seq    int64
	At     time.Time
	Op     string
	Amount token.Amount // effect on what is available: negative when it went away
	Moved  token.Amount // the amount itself
	Layer  GrantKind
	HoldID string // the generation's id, or empty
	Model  string // of the generation, or empty
	Sheet  int    // version of the price sheet behind the amount; 0 = no price
	Note   string
}

// JournalQuery says which lines of a wallet's journal are wanted. What is empty does not matter.
type JournalQuery struct {
	Wallet   string
	Op       string
	Layer    GrantKind
	Model    string
	HoldID   string
	From, To time.Time // the first moment, and the first one after
}

// A page looks at no more than searchSpan × searchSpans lines, so that a search that finds nothing in millions of lines
// does not hold up anybody: it then comes back short, and its cursor says where to go on.
const (
	searchSpan  = 2000
	searchSpans = 10
)

// Journal lists a wallet's whole journal, newest first. cursor is what the page before returned as next.
func (s *Service) Journal(ctx context.Context, walletID, cursor string, limit int) (items []JournalItem, next string, err error) {
	return s.Search(ctx, JournalQuery{Wallet: walletID}, cursor, limit)
}

// Search lists the wanted lines, newest first. A page may be short, and even empty, while there is a next one.
func (s *Service) Search(ctx context.Context, q JournalQuery, cursor string, limit int) (items []JournalItem, next string, err error) {
	first, end, err := s.span(ctx, q)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		before, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || before < 1 {
			return nil, "", fault.Bad(fault.Field{Name: "cursor", Value: cursor, Message: "is not from this list"})
		}
		end = min(end, before)
	}
	for range searchSpans {
		low := max(first, end-searchSpan)
		if low >= end {
			return items, "", nil
		}
		found, err := s.lines(ctx, q, "DESC", low, end, limit-len(items)+1)
		if err != nil {
			return nil, "", err
		}
		items, end = append(items, found...), low
		if len(items) > limit {
			items = items[:limit]
			return items, strconv.FormatInt(items[limit-1].Seq, 10), nil
		}
	}
	if end <= first {
		return items, "", nil
	}
	return items, strconv.FormatInt(end, 10), nil
}

// Each calls f with the wanted lines, oldest first, as far as the journal reaches now. It holds a few hundred lines in
// memory and no transaction open, however long the journal is and however slow f.
func (s *Service) Each(ctx context.Context, q JournalQuery, f func(JournalItem) error) error {
	first, end, err := s.span(ctx, q)
	if err != nil {
		return err
	}
	for low := first; low < end; low += searchSpan / 4 {
		items, err := s.lines(ctx, q, "ASC", low, min(end, low+searchSpan/4), searchSpan)
		if err != nil {
			return err
		}
		for _, it := range items {
			if err := f(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// lines reads the wanted ones among those from low up to and without high. Primary key (wallet_id, seq) for the range,
// the primary keys of ledger_grant and hold for what belongs to a line.
func (s *Service) lines(ctx context.Context, q JournalQuery, order string, low, high int64, limit int) ([]JournalItem, error) {
	rows, err := s.db.Query(ctx, `SELECT e.seq, e.at, e.op, e.from_box, e.to_box, e.amount, g.kind, e.hold_id, COALESCE(h.model, ''),
		e.note, e.sheet_version
		FROM entry e JOIN ledger_grant g ON g.id = e.grant_id LEFT JOIN hold h ON h.id = e.hold_id
		WHERE e.wallet_id = $1 AND e.seq >= $2 AND e.seq < $3
		AND ($4 = '' OR e.op = $4) AND ($5 = '' OR g.kind = $5) AND ($6 = '' OR h.model = $6) AND ($7 = '' OR e.hold_id = $7)
		ORDER BY e.seq `+order+` LIMIT $8`, q.Wallet, low, high, q.Op, string(q.Layer), q.Model, q.HoldID, limit)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	var items []JournalItem
	err = scanAll(rows, func() error {
		var it JournalItem
		var at int64
		var from, to box
		if err := rows.Scan(&it.Seq, &at, &it.Op, &from, &to, &it.Moved, &it.Layer, &it.HoldID, &it.Model, &it.Note, &it.Sheet); err != nil {
			return err
		}
		it.At = db.Time(at)
		switch {
		case to == boxAvailable:
			it.Amount = it.Moved
		case from == boxAvailable:
			it.Amount = -it.Moved
		}
		items = append(items, it)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return items, nil
}

// span is the range of line numbers that can hold what is wanted: the first, and the first after. The lines of a hold
// lie between its beginning and its end. Primary keys.
func (s *Service) span(ctx context.Context, q JournalQuery) (first, end int64, err error) {
	var head int64
	if err := s.db.QueryRow(ctx, "SELECT COALESCE(MAX(seq), 0) FROM wallet WHERE id = $1", q.Wallet).Scan(&head); err != nil {
		return 0, 0, fmt.Errorf("read journal: %w", err)
	}
	from, to := q.From, q.To
	if q.HoldID != "" {
		var wallet string
		var created, ended int64
		err := s.db.QueryRow(ctx, "SELECT wallet_id, created_at, ended_at FROM hold WHERE id = $1", q.HoldID).Scan(&wallet, &created, &ended)
		if errors.Is(err, sql.ErrNoRows) || err == nil && wallet != q.Wallet {
			return 1, 1, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read journal: %w", err)
		}
		if begun := db.Time(created); from.Before(begun) {
			from = begun
		}
		if after := db.Time(ended + 1); ended != 0 && (to.IsZero() || to.After(after)) {
			to = after
		}
	}
	first, end = 1, head+1
	if !from.IsZero() {
		if first, err = s.lineAt(ctx, q.Wallet, head, from); err != nil {
			return 0, 0, err
		}
	}
	if !to.IsZero() {
		end, err = s.lineAt(ctx, q.Wallet, head, to)
	}
	return first, end, err
}

// lineAt finds the first line not before a moment; head+1 when there is none. A wallet's clock never goes back and its
// lines are numbered without gaps, so that two dozen looks by the primary key find it among millions: no index by time
// has to be written with every line.
func (s *Service) lineAt(ctx context.Context, walletID string, head int64, at time.Time) (int64, error) {
	var failed error
	n := sort.Search(int(head), func(i int) bool {
		if failed != nil {
			return true
		}
		var when int64
		err := s.db.QueryRow(ctx, "SELECT at FROM entry WHERE wallet_id = $1 AND seq = $2", walletID, int64(i)+1).Scan(&when)
		if err != nil {
			failed = fmt.Errorf("look for line %d of the journal of %s: %w", i+1, walletID, err)
			return true
		}
		return when >= at.UnixMicro()
	})
	return int64(n) + 1, failed
}
