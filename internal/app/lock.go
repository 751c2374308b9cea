package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
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
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a network file system without locks
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder %s: %w", dir, err), f.Close())
	}
	return &Lock{f}, nil
}

// Share lets others in again.
func (l *Lock) Share() error {
	if l == nil {
		return nil
	}
	return syscall.Flock(int(l.file.Fd()), syscall.LOCK_SH)
}

// Close ends the lock.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
