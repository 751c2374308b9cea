package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"bottega/internal/db"
	"bottega/internal/queue"
)

// Lock is held on a data folder: shared by all who work on it, or alone by whoever restores or moves it. It ends with
// the process, however that ends.
type Lock struct{ file *os.File }

// ErrInUse says that somebody else works on the data folder, or has it alone.
var ErrInUse = errors.New("the data folder is in use")

// LockAlone locks a data folder, which is made when missing, so that no server and no other command can open it.
func LockAlone(dir string) (*Lock, error) {
	l, err := lock(dir, syscall.LOCK_EX)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: a server or another command works on %s: stop it first", ErrInUse, dir)
	}
	return l, err
}

// LockShared locks a data folder beside others who work on it.
func LockShared(dir string) (*Lock, error) {
	l, err := lock(dir, syscall.LOCK_SH)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s is being restored or moved by another command: wait until that has ended", ErrInUse, dir)
	}
	return l, err
}

func lock(dir string, how int) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	l, err := openLock(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil, err
	}
	if err := l.flock(how | syscall.LOCK_NB); err != nil && !noLocks(err) {
		return nil, errors.Join(fmt.Errorf("lock the data folder %s: %w", dir, err), l.Close())
	}
	return l, nil
}

func openLock(file string) (*Lock, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be written: %w", filepath.Dir(file), err)
	}
	return &Lock{f}, nil
}

func (l *Lock) flock(how int) error {
	for {
		if err := syscall.Flock(int(l.file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// noLocks reports that the file system, one of a network, has no locks.
func noLocks(err error) bool {
	return errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOTSUP)
}

// TakeOver says that this process works on the database, until it is closed; call it before Run. When no other process does,
// and the database is SQLite, whose processes are all on this machine, whatever the line says of others was left by a process
// that is dead: it moves on now, and not when its leases end.
func (a *App) TakeOver(ctx context.Context) error {
	if a.DB.Dialect != db.SQLite {
		return nil
	}
	l, err := openLock(a.Places().Database + ".working")
	if err != nil {
		return err
	}
	a.working = l
	switch err := l.flock(syscall.LOCK_EX | syscall.LOCK_NB); {
	case noLocks(err):
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK): // somebody works, or takes over just now
	case err != nil:
		return fmt.Errorf("lock the database: %w", err)
	default:
		if err := queue.EndLeases(ctx, a.DB, a.Clock.Now()); err != nil {
			return err
		}
	}
	if err := l.flock(syscall.LOCK_SH); err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	return nil
}

// Share lets others in again.
func (l *Lock) Share() error {
	if l == nil {
		return nil
	}
	return l.flock(syscall.LOCK_SH)
}

// Close ends the lock.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
