package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/mail"
)

// The states of an alert's mail. It is waiting until an SMTP server is ready to take it, sending from then on, and sent
// when that is known. What stays sending, because the program or the connection ended at that moment, may have gone out:
// it fails, and is not sent again. The page shows the alert all the same.
const (
	mailNone    = "none"
	mailWaiting = "waiting"
	mailSending = "sending"
	mailSent    = "sent"
	mailFailed  = "failed"
)

const (
	mailsAtOnce  = 20              // tried in one round
	mailLease    = 5 * time.Minute // how long a process may take to get a mail to the point of sending
	mailUnclear  = 15 * time.Minute
	mailMaxTries = 8
)

// backoff is how long a mail waits after its tries.
func backoff(tries int) time.Duration {
	waits := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}
	return waits[min(max(tries, 1), len(waits))-1]
}

type letter struct {
	Alert
	tries int
	at    int64 // mail_at, as read: who changes it first has the letter
}

// Deliver sends the mails that are due, one after the other, and says how many were sent. Several processes may call it
// at once.
func (s *Service) Deliver(ctx context.Context) (sent int, err error) {
	if s.Sender == nil {
		return 0, nil
	}
	if err := s.giveUpUnclear(ctx); err != nil {
		return 0, err
	}
	letters, err := dueLetters(ctx, s.DB, s.Clock.Now())
	if err != nil {
		return 0, err
	}
	for _, l := range letters {
		ok, err := s.deliver(ctx, l)
		if err != nil {
			return sent, err
		}
		if ok {
			sent++
		}
	}
	return sent, nil
}

// dueLetters uses the partial index on mail_at.
func dueLetters(ctx context.Context, q db.Queryer, now time.Time) ([]letter, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+`, mail_tries, mail_at FROM alert WHERE mail = 'waiting' AND mail_at <= $1
		ORDER BY mail_at LIMIT $2`, db.Micros(now), mailsAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read the mail that is due: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var list []letter
	for rows.Next() {
		var l letter
		if l.Alert, err = scanAlert(rows, &l.tries, &l.at); err != nil {
			return nil, fmt.Errorf("read the mail that is due: %w", err)
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// deliver takes one letter and tries to send it.
func (s *Service) deliver(ctx context.Context, l letter) (sent bool, err error) {
	now := s.Clock.Now()
	lease := db.Micros(now.Add(mailLease))
	mine, err := s.move(ctx, l.ID, mailWaiting, l.at, mailWaiting, lease, l.tries+1)
	if err != nil || !mine {
		return false, err
	}
	choice, err := readChoice(ctx, s.DB, l.AccountID)
	if err != nil {
		return false, err
	}
	acc, err := s.Accounts.ByID(ctx, l.AccountID)
	if err != nil {
		return false, err
	}
	if choice.Way(l.Kind) != ByMail { // changed meanwhile
		_, err := s.move(ctx, l.ID, mailWaiting, lease, mailNone, 0, l.tries)
		return false, err
	}
	m := s.letter(l.Alert)
	m.To, m.At = acc.Email, now
	sending := int64(0)
	failed := s.Sender.Send(ctx, m, func(ctx context.Context) error {
		at := db.Micros(s.Clock.Now())
		mine, err := s.move(ctx, l.ID, mailWaiting, lease, mailSending, at, l.tries+1)
		if err == nil && !mine {
			err = errors.New("another process has this mail")
		}
		if err == nil {
			sending = at
		}
		return err
	})
	return failed == nil, s.settle(context.WithoutCancel(ctx), l, failed, lease, sending)
}

// settle writes down what became of a letter. sending is when it was handed over; 0 = it never came to that.
func (s *Service) settle(ctx context.Context, l letter, failed error, lease, sending int64) error {
	state, at, next := mailWaiting, lease, mailFailed
	if sending != 0 {
		state, at = mailSending, sending
	}
	when := s.Clock.Now()
	switch {
	case failed == nil:
		next = mailSent
		s.Log.Info("alert mailed", "alert", l.ID, "kind", l.Kind)
	case errors.Is(failed, mail.ErrLater) && l.tries+1 < mailMaxTries:
		next, when = mailWaiting, when.Add(backoff(l.tries+1))
		s.Log.Warn("an alert's mail was not taken; trying again", "alert", l.ID, "try", l.tries+1, "error", failed)
	case errors.Is(failed, mail.ErrLater), errors.Is(failed, mail.ErrNever):
		s.Log.Error("an alert's mail cannot be sent", "alert", l.ID, "tries", l.tries+1, "error", failed)
	default:
		s.Log.Error("an alert's mail may or may not have gone out: it is not sent again", "alert", l.ID, "error", failed)
	}
	_, err := s.move(ctx, l.ID, state, at, next, db.Micros(when), l.tries+1)
	return err
}

// move takes a mail from one state to another, if it still is where it was. Primary key.
func (s *Service) move(ctx context.Context, alertID, from string, fromAt int64, to string, toAt int64, tries int) (moved bool, err error) {
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE alert SET mail = $1, mail_at = $2, mail_tries = $3 WHERE id = $4 AND mail = $5 AND mail_at = $6",
			to, toAt, tries, alertID, from, fromAt)
		moved = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("move the mail of alert %s from %s to %s: %w", alertID, from, to, err)
	}
	return moved, nil
}

// giveUpUnclear ends what was being sent when its process ended. Partial index on mail_at.
func (s *Service) giveUpUnclear(ctx context.Context) error {
	var n int64
	err := s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, "UPDATE alert SET mail = 'failed' WHERE mail = 'sending' AND mail_at < $1", db.Micros(s.Clock.Now().Add(-mailUnclear)))
		return err
	})
	if err != nil {
		return fmt.Errorf("give up unclear mail: %w", err)
	}
	if n > 0 {
		s.Log.Warn("mails that were being sent when a process ended may have gone out: they are not sent again", "count", n)
	}
	return nil
}
