package backup

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"bottega/internal/asset"
	"bottega/internal/db"
)

// Survey is what there is to move.
type Survey struct {
	Content
	schema int64
	source string
}

// Look surveys an installation. Nobody may work with it from now on until it has moved.
func Look(ctx context.Context, from Installation, progress Progress) (s Survey, err error) {
	current, known, err := from.DB.Version(ctx, from.DB)
	if err != nil {
		return s, err
	}
	if current > known {
		return s, fmt.Errorf("database version %d, this program knows %d: %w", current, known, db.ErrNewer)
	}
	progress.say("reading rows", 0, 0)
	if s.Content, err = look(ctx, from.DB); err != nil {
		return s, err
	}
	s.schema = current
	s.source, err = sourceOf("an installation", current, s.Content)
	return s, err
}

// Arrived reports whether all of it was moved to the database before.
func (s Survey) Arrived(ctx context.Context, d *db.DB) (bool, error) {
	before, ended, err := d.Transfer(ctx)
	return ended && before == s.source, err
}

// Moved is what a move has carried.
type Moved struct {
	Pictures int64
	Missing  []string // pictures whose file the installation had lost before; at most 100 are named
	Lost     int64
}

// Move carries an installation to another database and, when the stores differ, to another store. The source is only
// read. The target has no tables of ours. Files are copied before rows; everything is compared at the end, and nobody can
// use the target before that. When Move is cut off, at any moment, the same call goes on where it was; when the source
// has changed since, it is db.ErrUnfinished.
func Move(ctx context.Context, from, to Installation, s Survey, progress Progress) (m Moved, err error) {
	if from.Files != to.Files {
		if err := moveFiles(ctx, from, to.Files, &m, progress); err != nil {
			return m, err
		}
	}
	err = bringIn(ctx, to.DB, s.source, s.schema, s.Content, func(l *loader) error {
		return from.DB.Snapshot(ctx, func(q db.Queryer) error {
			_, err := dump(ctx, from.DB, q, l)
			return err
		})
	}, progress)
	if err != nil {
		return m, err
	}
	lost, err := countLost(ctx, to, progress)
	if err != nil {
		return m, err
	}
	if from.Files != to.Files && lost != m.Lost {
		return m, fmt.Errorf("%d pictures have no file in the new store, %d had none in the old one", lost, m.Lost)
	}
	m.Lost = lost
	return m, to.DB.EndTransfer(ctx)
}

// moveFiles copies what the rows name and the other store does not have.
func moveFiles(ctx context.Context, from Installation, to *asset.Store, m *Moved, progress Progress) error {
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	var mu sync.Mutex
	err := asset.Named(ctx, from.DB, func(accountID, sha256 string) error {
		g.Go(func() error {
			there, err := moveFile(copying, from.Files, to, accountID, sha256)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !there {
				if m.Lost++; len(m.Missing) < 100 {
					m.Missing = append(m.Missing, asset.Key(accountID, sha256, asset.OriginalPNG))
				}
			}
			return err
		})
		m.Pictures++
		progress.say("copying pictures", m.Pictures, 0)
		return copying.Err()
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	slices.Sort(m.Missing)
	return err
}

// moveFile copies the files of a picture, the original last, as the store itself does. there is false when the original
// is lost.
func moveFile(ctx context.Context, from, to *asset.Store, accountID, sha256 string) (there bool, err error) {
	for _, v := range slices.Backward(asset.Carried) {
		key := asset.Key(accountID, sha256, v)
		size, err := from.Size(ctx, key)
		if err != nil {
			return false, err
		}
		there = size >= 0
		if !there {
			continue
		}
		if has, err := to.Size(ctx, key); err != nil {
			return false, err
		} else if has == size {
			continue
		}
		data, err := from.Fetch(ctx, key)
		if err == nil {
			err = to.Place(ctx, key, data)
		}
		if err != nil {
			return false, err
		}
	}
	return there, nil
}
