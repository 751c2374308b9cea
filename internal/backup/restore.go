package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"bottega/internal/asset"
	"bottega/internal/db"
)

// Restore brings a backup into a database that has no tables of ours, and its files into a store. Everything is checked
// with its hashes first, and the rows once more in the database; it may not be used before that. When Restore is cut
// off, the same call goes on where it was. The database ends at the version of the backup: Migrate brings it up to date.
func Restore(ctx context.Context, path string, to Installation, progress Progress) (Manifest, error) {
	r, m, err := open(path)
	if err != nil {
		return m, err
	}
	if err := restore(ctx, r, m, to, progress); err != nil {
		return m, fmt.Errorf("restore %s: %w", path, err)
	}
	return m, nil
}

func restore(ctx context.Context, r reader, m Manifest, to Installation, progress Progress) error {
	_, known, err := to.DB.Version(ctx, to.DB)
	if err != nil {
		return err
	}
	if m.Schema > known {
		return fmt.Errorf("it has database version %d, this program knows %d: %w", m.Schema, known, db.ErrNewer)
	}
	if err := verify(ctx, r, m, progress); err != nil {
		return err
	}
	if err := restoreFiles(ctx, r, m, to.Files, progress); err != nil {
		return err
	}
	source, err := sourceOf("a backup", m.Schema, m.Content)
	if err != nil {
		return err
	}
	err = bringIn(ctx, to.DB, source, m.Schema, m.Content, func(l *loader) error {
		rows, err := r.member(rowsName)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		return replay(ctx, rows, l)
	}, progress)
	if err != nil {
		return err
	}
	lost, err := countLost(ctx, to, progress)
	if err != nil {
		return err
	}
	if lost > m.Lost {
		return fmt.Errorf("%w: %d pictures have no file, its manifest says %d", ErrDamaged, lost, m.Lost)
	}
	return to.DB.EndTransfer(ctx)
}

// sourceOf names where rows come from, so that one and the same goes on and nothing else does.
func sourceOf(what string, schema int64, c Content) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("read a manifest: %w", err)
	}
	return fmt.Sprintf("%s of %d rows, %s", what, c.Rows(), hash(fmt.Appendf(text, "%d", schema))[:16]), nil
}

// bringIn makes the schema, loads rows and compares what is there in the end. Nobody can use the database yet.
func bringIn(ctx context.Context, d *db.DB, source string, schema int64, want Content, rows func(*loader) error, progress Progress) error {
	if err := d.BeginTransfer(ctx, source); err != nil {
		return err
	}
	if err := d.MigrateTo(ctx, schema); err != nil {
		return err
	}
	l, err := newLoader(ctx, d, func(n int64) { progress.say("writing rows", n, want.Rows()) })
	if err != nil {
		return err
	}
	if err := rows(l); err != nil {
		return err
	}
	if err := settle(ctx, d, want.Sequences); err != nil {
		return err
	}
	progress.say("comparing rows", 0, 0)
	got, err := look(ctx, d)
	if err != nil {
		return err
	}
	if err := compare(want.Tables, got.Tables); err != nil {
		return fmt.Errorf("what was written is not what was read: %w", err)
	}
	return nil
}

// restoreFiles puts the files into the store, before any row names them. What is there already stays.
func restoreFiles(ctx context.Context, r reader, m Manifest, to *asset.Store, progress Progress) error {
	g, placing := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce) // and so much is in memory
	var files int64
	err := r.files(func(key string, size int64, content io.Reader) error {
		if placing.Err() != nil {
			return placing.Err()
		}
		data, err := readFile(key, size, content)
		if err != nil {
			return err
		}
		g.Go(func() error {
			if there, err := to.Size(placing, key); err != nil || there == size {
				return err
			}
			return to.Place(placing, key, data)
		})
		files++
		progress.say("writing files", files, m.Files)
		return nil
	})
	if failed := g.Wait(); failed != nil { // it came first
		return failed
	}
	return err
}

// countLost counts the pictures whose file is not in the store.
func countLost(ctx context.Context, in Installation, progress Progress) (int64, error) {
	g, looking := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	var lost atomic.Int64
	done := int64(0)
	err := asset.Named(ctx, in.DB, func(accountID, sha256 string) error {
		g.Go(func() error {
			size, err := in.Files.Size(looking, asset.Key(accountID, sha256, asset.OriginalPNG))
			if size < 0 {
				lost.Add(1)
			}
			return err
		})
		done++
		progress.say("looking for files", done, 0)
		return looking.Err()
	})
	if failed := g.Wait(); failed != nil {
		return 0, failed
	}
	return lost.Load(), err
}
