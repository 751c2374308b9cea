package asset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Remove deletes all files of a picture; files that are not there are fine. Call it after the rows are gone and
// committed and FileUsed says that no other row needs them.
func (s *Store) Remove(ctx context.Context, accountID, sha256 string) error {
	return s.removeUnless(ctx, accountID, sha256, func() (bool, error) { return false, nil })
}

// removeUnless deletes all files of a picture that is not used; nobody can place the same picture meanwhile.
func (s *Store) removeUnless(ctx context.Context, accountID, sha256 string, used func() (bool, error)) error {
	if !validKey(accountID, sha256) {
		return ErrNotFound
	}
	unlock, err := s.locks.lock(ctx, sha256)
	if err != nil {
		return err
	}
	defer unlock()
	if needed, err := used(); err != nil || needed {
		return err
	}
	var errs []error
	for _, v := range variants {
		errs = append(errs, s.delete(ctx, key(accountID, sha256, v)))
	}
	return errors.Join(errs...)
}

func (s *Store) delete(ctx context.Context, k string) error {
	if err := s.bucket.Delete(ctx, k); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete %s: %w", k, err)
	}
	return nil
}

// Sweep removes files that no row needs and that were written more than olderThan before now: the rests of attempts
// that died between file and row, and of writes that died half-way. Files that this package did not name are left
// alone. olderThan must be longer than a picture can wait for its row; hours are a good measure. It returns how many
// files it removed, also with an error.
func (s *Store) Sweep(ctx context.Context, known func(accountID, sha256 string) (bool, error), olderThan time.Duration, now time.Time) (removed int, err error) {
	limit := now.Add(-olderThan)
	it := s.bucket.List(nil)
	for {
		obj, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("sweep: list files: %w", err)
		}
		gone, err := s.sweepOne(ctx, obj, known, limit)
		if err != nil {
			return removed, fmt.Errorf("sweep: %w", err)
		}
		if gone {
			removed++
		}
	}
}

func (s *Store) sweepOne(ctx context.Context, obj *blob.ListObject, known func(accountID, sha256 string) (bool, error), limit time.Time) (bool, error) {
	if !obj.ModTime.Before(limit) {
		return false, nil
	}
	name, half := trimTemp(obj.Key)
	accountID, sum, _, ours := parseKey(name)
	if !ours {
		return false, nil
	}
	unlock, err := s.locks.lock(ctx, sum)
	if err != nil {
		return false, err
	}
	defer unlock()
	if !half {
		if used, err := known(accountID, sum); err != nil || used {
			return false, err
		}
		// A second attempt may have written the file anew since it was listed, and its row may be on its way.
		attrs, err := s.bucket.Attributes(ctx, obj.Key)
		if gcerrors.Code(err) == gcerrors.NotFound {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look at %s: %w", obj.Key, err)
		}
		if !attrs.ModTime.Before(limit) {
			return false, nil
		}
	}
	return true, s.delete(ctx, obj.Key)
}

// trimTemp recognises the file a local write begins in: the final name, a number and ".tmp".
func trimTemp(k string) (name string, half bool) {
	name, half = strings.CutSuffix(k, ".tmp")
	if !half {
		return k, false
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot], true
	}
	return k, false
}
