package asset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/gcerrors"

	"bottega/internal/db"
)

// Carried are the files of a picture that go along when an installation is backed up or moved, the original first. The
// previews may be missing, then they are made again when somebody looks; what a download made, always is.
var Carried = []Variant{OriginalPNG, PreviewWebP, ThumbWebP}

// MaxFile bounds a file that is read whole, in bytes: more than any picture we keep.
const MaxFile = 512 << 20

// Key is the name of a file in the store, and in a backup.
func Key(accountID, sha256 string, v Variant) string { return key(accountID, sha256, v) }

// ValidKey reports whether a name is one that a store gives to files.
func ValidKey(k string) bool {
	_, _, _, ok := parseKey(k)
	return ok
}

// selectNamed reads both tables whole; the union leaves out what several rows share.
const selectNamed = `SELECT account_id, sha256 FROM image UNION SELECT account_id, sha256 FROM upload WHERE width > 0`

// Named calls f for each picture whose files some row needs, once.
func Named(ctx context.Context, q db.Queryer, f func(accountID, sha256 string) error) error {
	rows, err := q.Query(ctx, selectNamed)
	if err != nil {
		return fmt.Errorf("list the files that rows name: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	for rows.Next() {
		var accountID, sum string
		if err := rows.Scan(&accountID, &sum); err != nil {
			return fmt.Errorf("list the files that rows name: %w", err)
		}
		if !validKey(accountID, sum) {
			return fmt.Errorf("a row of account %q names the file %q, which is no name of a file", accountID, sum)
		}
		if err := f(accountID, sum); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Fetch reads a whole file as it lies in the store. The error is ErrNotFound when it is not there.
func (s *Store) Fetch(ctx context.Context, k string) ([]byte, error) { return s.read(ctx, k) }

// Size is how many bytes a file has; −1 when it is not there.
func (s *Store) Size(ctx context.Context, k string) (int64, error) {
	attrs, err := s.bucket.Attributes(ctx, k)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for %s: %w", k, err)
	}
	return attrs.Size, nil
}

// ErrDamaged says that a file is not what its name says.
var ErrDamaged = errors.New("the content of the file is not what its name says")

// CheckContent compares a file with its name, as far as the name says: an original is named by its own hash.
func CheckContent(k string, data []byte) error {
	_, sum, v, ok := parseKey(k)
	if !ok {
		return fmt.Errorf("%q is no name of a file", k)
	}
	if v != OriginalPNG {
		return nil
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("%s: %w", k, ErrDamaged)
	}
	return nil
}

// Place puts a file that comes from another store in its place, whole and durable. A file that is not what its name says
// is refused with ErrDamaged.
func (s *Store) Place(ctx context.Context, k string, data []byte) error {
	if err := CheckContent(k, data); err != nil {
		return err
	}
	_, _, v, _ := parseKey(k)
	return s.write(ctx, k, data, v.contentType())
}

// probeKey is where Probe writes: no picture has that name, and Sweep leaves it alone.
const probeKey = ".probe"

// Probe writes a file, reads it again and deletes it. The error says which of them cannot be done.
func (s *Store) Probe(ctx context.Context) error {
	const text = "written to see whether it can be; it may be deleted\n"
	if err := s.write(ctx, probeKey, []byte(text), "text/plain"); err != nil {
		return err
	}
	got, err := s.read(ctx, probeKey)
	if err == nil && string(got) != text {
		err = fmt.Errorf("read %s: it is not what was written", probeKey)
	}
	return errors.Join(err, s.delete(ctx, probeKey))
}

// Orphans counts the files that no row needs, and names up to most of them.
func (s *Store) Orphans(ctx context.Context, q db.Queryer, most int) (count int, names []string, err error) {
	it := s.bucket.List(nil)
	for {
		obj, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return count, names, nil
		}
		if err != nil {
			return count, names, fmt.Errorf("list files: %w", err)
		}
		accountID, sum, _, ours := parseKey(obj.Key)
		if !ours {
			continue
		}
		used, err := FileUsed(ctx, q, accountID, sum)
		if err != nil {
			return count, names, err
		}
		if !used {
			if count++; len(names) < most {
				names = append(names, obj.Key)
			}
		}
	}
}

// HashOf returns the hash that a file must have by its name; ok is false where the name does not say it.
func HashOf(k string) (sha256 string, ok bool) {
	_, sum, v, ours := parseKey(k)
	return sum, ours && v == OriginalPNG
}
