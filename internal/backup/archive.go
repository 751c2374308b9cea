package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// archive writes a backup as one tar file: the files of pictures, rows, list, and the manifest last.
type archive struct {
	path string
	file *os.File // under a name of its own until it is whole
	tar  *tar.Writer
}

func newArchive(path string) (*archive, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // readable by its user only
	if err != nil {
		return nil, fmt.Errorf("write a backup: %w", err)
	}
	return &archive{path: path, file: f, tar: tar.NewWriter(f)}, nil
}

func (a *archive) has(string) (fileLine, bool, error) { return fileLine{}, false, nil }
func (a *archive) spool() string                      { return filepath.Dir(a.path) }

func (a *archive) put(key string, data []byte) error {
	return a.member(filesFolder+key, int64(len(data)), bytes.NewReader(data))
}

func (a *archive) member(name string, size int64, r io.Reader) error {
	err := a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatPAX})
	if err == nil {
		_, err = io.Copy(a.tar, r)
	}
	if err != nil {
		return fmt.Errorf("write %s into the backup: %w", name, err)
	}
	return nil
}

func (a *archive) finish() error {
	err := a.tar.Close()
	if err == nil {
		err = a.file.Sync()
	}
	err = errors.Join(err, a.file.Close())
	if err == nil {
		err = os.Link(a.file.Name(), a.path) // fails when somebody has made that file meanwhile
	}
	if err = errors.Join(err, os.Remove(a.file.Name())); err == nil {
		err = syncFolder(filepath.Dir(a.path))
	}
	if err != nil {
		return fmt.Errorf("write the backup %s: %w", a.path, err)
	}
	return nil
}

func (a *archive) abort() {
	_ = a.file.Close()
	_ = os.Remove(a.file.Name())
}

// archiveReader reads such a file. Looking for a member skips over the pictures without reading them.
type archiveReader struct{ path string }

// each calls f for each member until it says that it has seen enough.
func (a archiveReader) each(f func(h *tar.Header, r io.Reader) (enough bool, err error)) error {
	file, err := os.Open(a.path)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer func() { _ = file.Close() }()
	for t := tar.NewReader(file); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: it is no whole tar file: %w", ErrDamaged, err)
		}
		if enough, err := f(h, t); enough || err != nil {
			return err
		}
	}
}

func (a archiveReader) member(name string) (io.ReadCloser, error) {
	file, err := os.Open(a.path)
	if err != nil {
		return nil, fmt.Errorf("open the backup: %w", err)
	}
	t := tar.NewReader(file)
	for {
		h, err := t.Next()
		if err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("%w: it has no %s (%w), so it is not whole", ErrDamaged, name, err)
		}
		if h.Name == name {
			return struct {
				io.Reader
				io.Closer
			}{t, file}, nil
		}
	}
}

func (a archiveReader) files(f func(key string, size int64, r io.Reader) error) error {
	return a.each(func(h *tar.Header, r io.Reader) (bool, error) {
		key, ok := strings.CutPrefix(h.Name, filesFolder)
		if !ok {
			return true, nil // the pictures come first
		}
		return false, f(key, h.Size, r)
	})
}
