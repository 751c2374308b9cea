package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"bottega/internal/asset"
)

// Verify reads a whole backup and compares everything with its hashes. The error is ErrDamaged when something differs.
func Verify(ctx context.Context, path string, progress Progress) (Manifest, error) {
	r, m, err := open(path)
	if err != nil {
		return m, err
	}
	return m, verify(ctx, r, m, progress)
}

func verify(ctx context.Context, r reader, m Manifest, progress Progress) error {
	progress.say("checking rows", 0, 0)
	if err := verifyRows(ctx, r, m); err != nil {
		return err
	}
	list, err := readMember(r, listName, m)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	expected, stop := pull(list)
	defer stop()
	var files, size int64
	err = r.files(func(key string, n int64, content io.Reader) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		want, ok := expected()
		if !ok || want.Key != key {
			return fmt.Errorf("%w: the file %s is not the next on its list", ErrDamaged, key)
		}
		data, err := readFile(key, n, content)
		if err != nil {
			return err
		}
		if hash(data) != want.SHA256 || n != want.Bytes {
			return fmt.Errorf("%w: the file %s is not what it was", ErrDamaged, key)
		}
		files, size = files+1, size+n
		progress.say("checking files", files, m.Files)
		return nil
	})
	if err != nil {
		return err
	}
	if _, more := expected(); more || files != m.Files || size != m.Bytes {
		return fmt.Errorf("%w: it has %d files of %d bytes together, its manifest says %d of %d", ErrDamaged, files, size, m.Files, m.Bytes)
	}
	return list.check()
}

// readFile reads the file of a picture whole.
func readFile(key string, size int64, content io.Reader) ([]byte, error) {
	if !asset.ValidKey(key) || size > asset.MaxFile {
		return nil, fmt.Errorf("%w: %q is no file of a picture", ErrDamaged, key)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(content, data); err != nil {
		return nil, fmt.Errorf("%w: the file %s: %w", ErrDamaged, key, err)
	}
	return data, nil
}

func verifyRows(ctx context.Context, r reader, m Manifest) error {
	rows, err := readMember(r, rowsName, m)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	seen := &counter{}
	if err := replay(ctx, rows, seen); err != nil {
		return err
	}
	if err := compare(m.Tables, seen.tables); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return rows.check()
}

// hashed is a member that is compared with its hash when all of it was read.
type hashed struct {
	io.Reader
	io.Closer
	name string
	want string
	got  func() string
}

func readMember(r reader, name string, m Manifest) (*hashed, error) {
	file, err := r.member(name)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	return &hashed{io.TeeReader(file, h), file, name, m.Members[name], func() string { return hex.EncodeToString(h.Sum(nil)) }}, nil
}

func (h *hashed) check() error {
	if _, err := io.Copy(io.Discard, h); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, h.name, err)
	}
	if h.got() != h.want {
		return fmt.Errorf("%w: %s is not what it was", ErrDamaged, h.name)
	}
	return nil
}

// pull reads the list of files line by line, beside whoever reads the files. After the last line, or a damaged one, ok is
// false. stop ends it.
func pull(list io.Reader) (next func() (l fileLine, ok bool), stop func()) {
	out, done, ended := make(chan fileLine), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		_ = lines(list, func(line []byte) error { // what is missing is noticed by whoever waits for it
			var l fileLine
			if err := json.Unmarshal(line, &l); err != nil {
				return err
			}
			select {
			case out <- l:
				return nil
			case <-done:
				return errors.New("enough")
			}
		})
	}()
	return func() (fileLine, bool) { l, ok := <-out; return l, ok }, func() { close(done); <-ended }
}
