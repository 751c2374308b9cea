package asset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // scheme "s3"
	"gocloud.dev/gcerrors"

	"bottega/internal/fault"
	"bottega/internal/imaging"
)

// ErrNoSpace says that the store is full. Nothing half-written remains.
var ErrNoSpace = fault.New(fault.Unavailable, "disk_full", "disk is full")

// ErrAway says that the store does not work at the moment. The same again may work later.
var ErrAway = fault.New(fault.Unavailable, "storage_unavailable", "the store of the pictures does not answer")

// Variant names one file of a picture.
type Variant string

// The variants. Preview and thumb fit into 512 and 256 pixels.
const (
	OriginalPNG  Variant = "original.png"
	OriginalWebP Variant = "original.webp"
	PreviewWebP  Variant = "preview.webp"
	ThumbWebP    Variant = "thumb.webp"
)

var variants = [...]Variant{OriginalPNG, OriginalWebP, PreviewWebP, ThumbWebP}

// contentType returns the media type of a variant.
func (v Variant) contentType() string {
	if v == OriginalPNG {
		return "image/png"
	}
	return "image/webp"
}

func (v Variant) valid() bool {
	for _, known := range variants {
		if v == known {
			return true
		}
	}
	return false
}

// Store keeps the files of pictures, in a folder or in an S3 bucket. It is safe for concurrent use.
type Store struct {
	bucket *blob.Bucket
	root   string // of the local folder; empty for S3
	gate   *imaging.Gate
	locks  locks
}

// OpenStore opens the store at ref: the path of a folder, which is made when missing, or a URL of gocloud.dev/blob
// (file:///…, s3://bucket?region=…&endpoint=…&use_path_style=true). At most maxPixels are encoded or decoded at once.
func OpenStore(ctx context.Context, ref string, maxPixels int64) (*Store, error) {
	s := &Store{gate: imaging.NewGate(maxPixels), locks: newLocks()}
	if err := s.open(ctx, ref); err != nil {
		return nil, err
	}
	ok, err := s.bucket.IsAccessible(ctx)
	if err == nil && !ok {
		err = errors.New("it does not exist, or these credentials may not use it")
	}
	if err != nil {
		_ = s.bucket.Close()
		return nil, fmt.Errorf("open picture store: %w", err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, ref string) (err error) {
	u, parseErr := url.Parse(ref)
	if parseErr == nil && u.Scheme != "" && u.Scheme != "file" && strings.Contains(ref, "://") {
		if s.bucket, err = blob.OpenBucket(ctx, ref); err != nil {
			return fmt.Errorf("open picture store: %w", err)
		}
		return nil
	}
	path := ref
	if parseErr == nil && u.Scheme == "file" {
		path = u.Path
	}
	if s.root, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("resolve picture store %s: %w", path, err)
	}
	if err := os.MkdirAll(s.root, 0o700); err != nil {
		return fmt.Errorf("make picture store: %w", err)
	}
	// NoTempDir: a temporary folder on another mount would make the final rename fail. No metadata files: what a file
	// is stands in its row and its name.
	opts := &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o700}
	if s.bucket, err = fileblob.OpenBucket(s.root, opts); err != nil {
		return fmt.Errorf("open picture store: %w", err)
	}
	return nil
}

// Folder is where the files lie on this machine; empty when they lie elsewhere.
func (s *Store) Folder() string { return s.root }

// Close releases the store.
func (s *Store) Close() error {
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close picture store: %w", err)
	}
	return nil
}

// key is where a variant lies: <account>/<first two of the hash>/<hash>.<variant>.
func key(accountID, sha256 string, v Variant) string {
	return accountID + "/" + sha256[:2] + "/" + sha256 + "." + string(v)
}

// parseKey takes a key apart. ok is false for what this package never wrote.
func parseKey(k string) (accountID, sha256 string, v Variant, ok bool) {
	parts := strings.Split(k, "/")
	if len(parts) != 3 {
		return "", "", "", false
	}
	sum, variant, _ := strings.Cut(parts[2], ".")
	ok = validKey(parts[0], sum) && parts[1] == sum[:2] && Variant(variant).valid()
	return parts[0], sum, Variant(variant), ok
}

// validKey refuses account ids and hashes that could lead outside their folder.
func validKey(accountID, sha256 string) bool {
	return accountID != "" && !strings.ContainsAny(accountID, "/\\.") && len(sha256) == 64 &&
		strings.Trim(sha256, "0123456789abcdef") == ""
}

// write puts a file in place: whole or not at all, over what was there. On a local folder it returns after the file
// and the folders that name it are on the disk, so that power loss does not take back what was reported done.
func (s *Store) write(ctx context.Context, k string, data []byte, contentType string) error {
	// Closing a writer whose context has ended throws its file away; that is how a failed write leaves nothing.
	writing, abort := context.WithCancel(ctx)
	defer abort()
	var file *os.File
	opts := &blob.WriterOptions{ContentType: contentType, DisableContentTypeDetection: true}
	opts.BeforeWrite = func(as func(any) bool) error {
		as(&file) // stays nil for S3, which answers when the object is durable
		return nil
	}
	w, err := s.bucket.NewWriter(writing, k, opts)
	if err != nil {
		return writeError(k, err)
	}
	_, err = w.Write(data)
	if err == nil && file != nil {
		err = file.Sync()
	}
	if err != nil {
		abort()
		_ = w.Close() // the first error says what happened
		return writeError(k, err)
	}
	if err := w.Close(); err != nil {
		return writeError(k, err)
	}
	if s.root != "" {
		if err := s.syncFolders(k); err != nil {
			return writeError(k, err)
		}
	}
	return nil
}

// syncFolders syncs the folders of a key up to the root. All of them, every time: another write may have made the
// upper ones a moment ago and not synced them yet. A folder without changes costs microseconds.
func (s *Store) syncFolders(k string) error {
	for dir := filepath.Dir(filepath.Join(s.root, filepath.FromSlash(k))); ; dir = filepath.Dir(dir) {
		if err := syncFolder(dir); err != nil {
			return err
		}
		if dir == s.root || len(dir) <= len(s.root) {
			return nil
		}
	}
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}

func writeError(k string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.Wrap(ErrNoSpace.Kind, ErrNoSpace.Code, ErrNoSpace.Message, fmt.Errorf("write %s: %w", k, err))
	}
	return away(fmt.Errorf("write %s: %w", k, err))
}

// away makes what the store said a fault, unless it was the caller who gave up.
func away(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Wrap(ErrAway.Kind, ErrAway.Code, ErrAway.Message, err)
}

func (s *Store) exists(ctx context.Context, k string) (bool, error) {
	ok, err := s.bucket.Exists(ctx, k)
	if err != nil {
		return false, away(fmt.Errorf("look for %s: %w", k, err))
	}
	return ok, nil
}

// read returns a whole file, or ErrNotFound.
func (s *Store) read(ctx context.Context, k string) ([]byte, error) {
	data, err := s.bucket.ReadAll(ctx, k)
	if err != nil {
		return nil, readError(k, err)
	}
	return data, nil
}

func readError(k string, err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fault.Wrap(ErrNotFound.Kind, ErrNotFound.Code, ErrNotFound.Message, fmt.Errorf("read %s: %w", k, err))
	}
	return away(fmt.Errorf("read %s: %w", k, err))
}

// Content is an open file of a picture. Close it.
type Content struct {
	io.ReadSeekCloser
	Size int64
	Type string // media type
	ETag string // strong, with its quotes
}

// locks serialises work on one file: a fixed number of locks, picked by the hash, so that nothing grows. Waiting ends
// with the context.
type locks [64]chan struct{}

func newLocks() (l locks) {
	for i := range l {
		l[i] = make(chan struct{}, 1)
	}
	return l
}

// lock takes the lock of a file; sha256 is hexadecimal.
func (l *locks) lock(ctx context.Context, sha256 string) (unlock func(), err error) {
	var n int
	if _, err := fmt.Sscanf(sha256[:2], "%x", &n); err != nil {
		return nil, fmt.Errorf("lock %s: %w", sha256, err)
	}
	c := l[n%len(l)]
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
