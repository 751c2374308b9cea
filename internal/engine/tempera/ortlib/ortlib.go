// Package ortlib carries the ONNX Runtime shared library inside the binary, so that Bottega is one file, and unpacks
// it where the dynamic loader can open it. It promises that the returned path holds exactly the embedded bytes, also
// when several processes unpack at once. Loading the library is left to others.
package ortlib

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// The folder always holds its README, so that the package builds before the library was fetched.
//
//go:embed all:lib
var embedded embed.FS

// ErrMissing says that the binary was built without the library for this system.
var ErrMissing = errors.New("ONNX Runtime is not in this build: run scripts/fetch-onnxruntime.sh and build again")

// Size is how long the library is, in bytes; 0 when it is missing.
func Size() int64 {
	if f, err := fs.Stat(embedded, "lib/"+fileName()); err == nil {
		return f.Size()
	}
	return 0
}

// Unpack writes the library under dir, unless it is there already, and returns its path. An empty dir means the
// user's cache folder. read is told of every piece of it that was read or written, in bytes.
func Unpack(dir string, read func(n int64)) (string, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a folder for ONNX Runtime (set a data folder instead): %w", err)
		}
		dir = filepath.Join(cache, "bottega")
	}
	return unpack(embedded, "lib/"+fileName(), dir, read)
}

func fileName() string {
	ext := ".so"
	if runtime.GOOS == "darwin" {
		ext = ".dylib"
	}
	return "libonnxruntime-" + runtime.GOOS + "-" + runtime.GOARCH + ext
}

// unpack copies name from files to dir under its hash: a new version never overwrites one that a running process has
// mapped, and a file that was cut short or tampered with is replaced.
func unpack(files fs.FS, name, dir string, read func(n int64)) (string, error) {
	data, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrMissing
	} else if err != nil {
		return "", fmt.Errorf("read embedded ONNX Runtime: %w", err)
	}
	sum := sha256.Sum256(data)
	path := filepath.Join(dir, "onnxruntime-"+hex.EncodeToString(sum[:8])+filepath.Ext(name))
	if holds(path, sum, read) {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder for ONNX Runtime: %w", err)
	}
	part, err := os.CreateTemp(dir, ".onnxruntime-*")
	if err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime: %w", err)
	}
	defer os.Remove(part.Name())
	_, err = io.Copy(io.MultiWriter(part, counter(read)), onlyReader{bytes.NewReader(data)})
	if err := errors.Join(err, part.Close()); err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime: %w", err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime: %w", err)
	}
	return path, nil
}

// counter is told how much was written to it.
type counter func(n int64)

func (c counter) Write(p []byte) (int, error) {
	c(int64(len(p)))
	return len(p), nil
}

// onlyReader hides that a reader can write all it has in one go.
type onlyReader struct{ io.Reader }

func holds(path string, sum [sha256.Size]byte, read func(n int64)) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, counter(read)), f); err != nil {
		return false
	}
	return [sha256.Size]byte(h.Sum(nil)) == sum
}
