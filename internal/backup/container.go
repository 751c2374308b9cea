package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// container is where a backup is written: one file (archive.go), or a folder that keeps many (folder.go). Nothing of it
// counts before finish has returned.
type container interface {
	// has reports whether the file of a picture lies there from an earlier backup.
	has(key string) (fileLine, bool, error)
	put(key string, data []byte) error                 // the file of a picture
	member(name string, size int64, r io.Reader) error // rows, list, manifest
	finish() error
	abort()        // after an error; nothing remains
	spool() string // folder for what is not ready yet: on the same disk, and no more readable than the backup
}

// fileLine is one line of the list of files.
type fileLine struct {
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// create opens a container for writing. A path that is a folder, or ends with a slash, keeps many backups.
func create(path, stamp string) (container, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir(), os.IsNotExist(err) && strings.HasSuffix(path, string(filepath.Separator)):
		return newFolder(path, stamp)
	case err == nil:
		return nil, fmt.Errorf("%s is there already: name another file", path)
	case !os.IsNotExist(err):
		return nil, fmt.Errorf("write a backup: %w", err)
	}
	return newArchive(path)
}

// reader is a backup that can be read, as often as one likes.
type reader interface {
	// member opens rows, list or manifest.
	member(name string) (io.ReadCloser, error)
	// files calls f for every file of a picture, in the order of the list.
	files(f func(key string, size int64, r io.Reader) error) error
}

// open opens a backup: a file, a folder that keeps many (the newest), or one of these.
func open(path string) (reader, Manifest, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Manifest{}, fmt.Errorf("open the backup: %w", err)
	}
	var r reader = archiveReader{path}
	if info.IsDir() {
		if r, err = openFolder(path); err != nil {
			return nil, Manifest{}, err
		}
	}
	m, err := readManifest(r)
	if err != nil {
		return nil, m, fmt.Errorf("open the backup %s: %w", path, err)
	}
	return r, m, nil
}

func readManifest(r reader) (m Manifest, err error) {
	text, err := readSmall(r, manifestName)
	if err != nil {
		return m, err
	}
	sum, err := readSmall(r, hashName)
	if err != nil {
		return m, err
	}
	if string(sum) != manifestHash(text) {
		return m, fmt.Errorf("%w: its manifest is not what it was", ErrDamaged)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: its manifest cannot be read: %w", ErrDamaged, err)
	}
	if m.Format != Format {
		return m, fmt.Errorf("it has the form %d, this program reads %d", m.Format, Format)
	}
	return m, nil
}

func manifestHash(manifest []byte) string { return hash(manifest) + "  " + manifestName + "\n" }

// readSmall reads a member whole.
func readSmall(r reader, name string) ([]byte, error) {
	file, err := r.member(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, 16<<20))
	return text, errors.Join(err, file.Close())
}

// syncFolder returns when the names in a folder are on the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeFile writes a file whole or not at all, and returns when it is on the disk.
func writeFile(path string, r io.Reader) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".partial-*") // readable by its user only
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeBytes(path string, data []byte) error { return writeFile(path, bytes.NewReader(data)) }
