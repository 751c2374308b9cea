package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
)

// Installation is what a backup is taken of, or brought back to.
type Installation struct {
	DB    *db.DB
	Files *asset.Store
	Clock clock.Clock
}

// mostPasses bounds how often the rows are read again because a picture was deleted before its file was copied. Each
// pass has only the newest pictures left to copy, so the second one nearly always is the last.
const mostPasses = 10

// Write writes a backup of an installation, also while servers work on it. The rows are those of one moment; then the
// files they name are copied, which exist because files are written before rows. When a picture was deleted in between,
// the rows are read again, so that in the end every row has its file, except those whose file the installation itself
// has lost: they are named in the manifest. Memory is bounded, apart from some 40 bytes for each picture.
func Write(ctx context.Context, in Installation, path, program string, progress Progress) (Manifest, error) {
	now := in.Clock.Now()
	to, err := create(path, now.Format("20060102T150405Z"))
	if err != nil {
		return Manifest{}, err
	}
	w := &writing{in: in, to: to, progress: progress, copied: map[[16]byte]bool{}}
	w.m = Manifest{Format: Format, Program: program, Database: string(in.DB.Dialect), Members: map[string]string{}}
	err = w.run(ctx)
	if err == nil {
		err = to.finish()
	} else {
		to.abort()
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("back up: %w", err)
	}
	return w.m, nil
}

// writing is one backup on its way.
type writing struct {
	in       Installation
	to       container
	m        Manifest
	progress Progress

	copied map[[16]byte]bool // pictures whose files are in the backup
	files  *spool            // the list of files
	rows   *spool            // of the newest pass
	names  *spool            // pictures that these rows name
	named  int64
}

func (w *writing) run(ctx context.Context) (err error) {
	if w.files, err = newSpool(w.to.spool()); err != nil {
		return err
	}
	defer func() { w.files.remove(); w.rows.remove(); w.names.remove() }()
	for pass := 1; ; pass++ {
		if err := w.readRows(ctx); err != nil {
			return err
		}
		deleted, err := w.copyFiles(ctx)
		if err != nil {
			return err
		}
		if deleted == 0 {
			break
		}
		if pass == mostPasses {
			return fmt.Errorf("pictures are deleted faster than they can be copied: %d passes were not enough", pass)
		}
	}
	return w.close()
}

// readRows spools the rows of this moment, and what they name.
func (w *writing) readRows(ctx context.Context) (err error) {
	w.rows.remove()
	w.names.remove()
	if w.rows, err = newSpool(w.to.spool()); err != nil {
		return err
	}
	if w.names, err = newSpool(w.to.spool()); err != nil {
		return err
	}
	w.progress.say("reading rows", 0, 0)
	w.named, w.m.Missing, w.m.Lost = 0, nil, 0
	err = w.in.DB.Snapshot(ctx, func(q db.Queryer) error {
		current, known, err := w.in.DB.Version(ctx, q)
		if err != nil {
			return err
		}
		if current > known {
			return fmt.Errorf("database version %d, this program knows %d: %w", current, known, db.ErrNewer)
		}
		w.m.Schema = current
		out := newWriter(w.rows.file)
		if w.m.Content, err = dump(ctx, w.in.DB, q, out); err != nil {
			return err
		}
		w.m.TakenAt = w.in.Clock.Now()
		if err := out.close(); err != nil {
			return err
		}
		return asset.Named(ctx, q, func(accountID, sha256 string) error {
			w.named++
			_, err := fmt.Fprintln(w.names.buffer, accountID, sha256)
			return err
		})
	})
	return errors.Join(err, w.names.buffer.Flush())
}

// filesAtOnce are read at the same time: a store may be far away.
const filesAtOnce = 8

// copyFiles copies the files of the named pictures that are not in the backup yet, and returns how many pictures were
// deleted before it came to them.
func (w *writing) copyFiles(ctx context.Context) (deleted int, err error) {
	if _, err := w.names.file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	scan := bufio.NewScanner(w.names.file)
	var some []picture
	done := int64(0)
	for more := true; more; {
		if more = scan.Scan(); more {
			account, sum, _ := strings.Cut(scan.Text(), " ")
			if p := (picture{account: account, sum: sum}); !w.copied[p.id()] {
				some = append(some, p)
			}
		}
		if err := ctx.Err(); err != nil {
			return deleted, err
		}
		if len(some) == filesAtOnce || !more {
			n, err := w.copySome(ctx, some)
			if err != nil {
				return deleted, err
			}
			deleted, some = deleted+n, some[:0]
		}
		if more {
			done++
			w.progress.say("copying pictures", done, w.named)
		}
	}
	return deleted, scan.Err()
}

// picture is one whose files are carried.
type picture struct {
	account, sum string
	files        []carried
	state        string // empty = whole, or deleted, or lost
}

const (
	stateDeleted = "deleted"
	stateLost    = "lost"
)

type carried struct {
	line fileLine
	data []byte // nil = the backup has it
}

func (p picture) id() (short [16]byte) {
	full := sha256.Sum256([]byte(p.account + p.sum))
	copy(short[:], full[:])
	return short
}

func (w *writing) copySome(ctx context.Context, some []picture) (deleted int, err error) {
	g, fetching := errgroup.WithContext(ctx)
	for i := range some {
		g.Go(func() error { return w.fetch(fetching, &some[i]) })
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	for _, p := range some {
		switch p.state {
		case stateDeleted:
			deleted++
			continue
		case stateLost:
			if w.m.Lost++; len(w.m.Missing) < 100 {
				w.m.Missing = append(w.m.Missing, asset.Key(p.account, p.sum, asset.OriginalPNG))
			}
			continue
		}
		for _, f := range p.files {
			if err := w.keep(f); err != nil {
				return deleted, err
			}
		}
		w.copied[p.id()] = true
	}
	return deleted, nil
}

// fetch reads the files of a picture that the backup does not have.
func (w *writing) fetch(ctx context.Context, p *picture) error {
	for _, v := range asset.Carried {
		key := asset.Key(p.account, p.sum, v)
		line, there, err := w.to.has(key)
		if err != nil {
			return err
		}
		if there {
			p.files = append(p.files, carried{line: line})
			continue
		}
		data, err := w.in.Files.Fetch(ctx, key)
		switch {
		case err == nil:
			if err := asset.CheckContent(key, data); err != nil {
				return fmt.Errorf("the store is damaged: %w", err)
			}
			p.files = append(p.files, carried{fileLine{key, int64(len(data)), hash(data)}, data})
		case !errors.Is(err, asset.ErrNotFound):
			return err
		case v == asset.OriginalPNG:
			p.state, err = w.whyGone(ctx, p)
			return err
		}
	}
	return nil
}

// whyGone tells a picture that was deleted since the rows were read from one whose file is lost.
func (w *writing) whyGone(ctx context.Context, p *picture) (string, error) {
	used, err := asset.FileUsed(ctx, w.in.DB, p.account, p.sum)
	if err != nil || !used {
		return stateDeleted, err
	}
	size, err := w.in.Files.Size(ctx, asset.Key(p.account, p.sum, asset.OriginalPNG))
	if err != nil || size >= 0 { // it was deleted and made again: the next pass has it
		return stateDeleted, err
	}
	return stateLost, nil
}

// keep puts a file into the backup and on its list.
func (w *writing) keep(f carried) error {
	if f.data != nil {
		if err := w.to.put(f.line.Key, f.data); err != nil {
			return err
		}
	}
	w.m.Files, w.m.Bytes = w.m.Files+1, w.m.Bytes+f.line.Bytes
	line, err := json.Marshal(f.line)
	if err != nil {
		return err
	}
	return w.files.lines().line(line)
}

// close writes what is not a picture.
func (w *writing) close() error {
	if err := w.files.lines().close(); err != nil {
		return err
	}
	for name, from := range map[string]*spool{rowsName: w.rows, listName: w.files} {
		if _, err := from.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		h := sha256.New()
		size, err := from.file.Seek(0, io.SeekEnd)
		if err == nil {
			_, err = from.file.Seek(0, io.SeekStart)
		}
		if err == nil {
			err = w.to.member(name, size, io.TeeReader(from.file, h))
		}
		if err != nil {
			return err
		}
		w.m.Members[name] = hex.EncodeToString(h.Sum(nil))
	}
	text, err := json.MarshalIndent(w.m, "", "  ")
	if err != nil {
		return err
	}
	if err := w.to.member(manifestName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	line := manifestHash(text)
	return w.to.member(hashName, int64(len(line)), strings.NewReader(line))
}

// spool is a file that is gone when the backup is written.
type spool struct {
	file   *os.File
	buffer *bufio.Writer
	zipped *writer
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, ".spool-*") // readable by its user only
	if err != nil {
		return nil, err
	}
	return &spool{file: f, buffer: bufio.NewWriter(f)}, nil
}

// lines writes compressed lines into it.
func (s *spool) lines() *writer {
	if s.zipped == nil {
		s.zipped = newWriter(s.file)
	}
	return s.zipped
}

func (s *spool) remove() {
	if s == nil {
		return
	}
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}
