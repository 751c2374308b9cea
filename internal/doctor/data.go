package doctor

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"bottega/internal/asset"
	"bottega/internal/db"
)

// database opens the database and compares its version.
func (e *examination) database(ctx context.Context) {
	const check = "database"
	if !strings.Contains(e.Database, "://") {
		if _, err := os.Stat(e.Database); os.IsNotExist(err) {
			e.say(check, Warn, "start the server, which makes it, or name the right folder with --data", "there is none at %s", e.Database)
			return
		}
	}
	connecting, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	d, err := db.Open(connecting, e.Database)
	if err != nil {
		e.say(check, Bad, "see that it runs, that the address and the password are right, and that the file may be written", "it cannot be opened: %v", err)
		return
	}
	e.db = d
	current, known, err := d.Version(ctx, d)
	if err != nil {
		e.say(check, Bad, "look at its own log", "it cannot be read: %v", err)
		return
	}
	from, ended, err := d.Transfer(ctx)
	switch {
	case err != nil:
		e.say(check, Bad, "look at its own log", "it cannot be read: %v", err)
	case from != "" && !ended:
		e.say(check, Bad, "give the same `bottega restore` or `bottega admin migrate` again", "%v (from %s)", db.ErrUnfinished, from)
	case current > known:
		e.say(check, Bad, "run the newer program, or restore the backup from before the upgrade", "it has the version %d, this program knows %d", current, known)
	case current == 0:
		e.say(check, Warn, "start the server, which makes them", "it has no tables yet")
	case current < known:
		e.say(check, Warn, "take a backup; the next start brings it up to date", "it has the version %d, this program wants %d", current, known)
	default:
		e.current = true
		e.sound(ctx, current)
	}
}

// sound asks the database whether its file is whole.
func (e *examination) sound(ctx context.Context, version int64) {
	const check = "database"
	problem, err := e.db.Damage(ctx, e.Full)
	switch {
	case err != nil:
		e.say(check, Bad, "look at the disk", "its file cannot be checked: %v", err)
	case problem != "":
		e.say(check, Bad, "stop the server, keep a copy of the file, and restore the newest backup", "its file is damaged: %s", problem)
	default:
		e.ok(check, "%s, version %d", e.db.Dialect, version)
	}
}

const (
	skewWarn = 2 * time.Second
	skewBad  = time.Minute
)

// clocks compares this machine's clock with the database's.
func (e *examination) clocks(ctx context.Context) {
	const check = "clock"
	if e.db == nil || e.db.Dialect != db.Postgres {
		return // it is the same clock
	}
	before := e.Clock.Now()
	there, err := e.db.Now(ctx)
	if err != nil {
		e.say(check, Warn, "", "the database does not say its time: %v", err)
		return
	}
	here := before.Add(e.Clock.Now().Sub(before) / 2)
	skew := here.Sub(there).Abs()
	const do = "let both machines keep time with NTP"
	switch {
	case skew > skewBad:
		e.say(check, Bad, do, "this machine's clock differs from the database's by %s: leases and links end at the wrong time", ago(skew))
	case skew > skewWarn:
		e.say(check, Warn, do, "this machine's clock differs from the database's by %s", ago(skew))
	default:
		e.ok(check, "this machine and the database agree")
	}
}

// store writes, reads and deletes a file.
func (e *examination) store(ctx context.Context) {
	const check = "storage"
	if dir, ok := localFolder(e.Storage); ok {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			e.say(check, Warn, "start the server, which makes it", "there is no folder for pictures at %s", dir)
			return
		}
	}
	trying, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	const do = "see that it is there, that the credentials are right, and that they may read, write, list and delete"
	files, err := asset.OpenStore(trying, e.Storage, 1<<20)
	if err != nil {
		e.say(check, Bad, do, "%v", err)
		return
	}
	e.files = files
	if err := files.Probe(trying); err != nil {
		e.say(check, Bad, do, "a file could not be written, read and deleted: %v", err)
		return
	}
	e.ok(check, "a file was written, read and deleted")
}

// someFiles are looked for without --full.
const someFiles = 200

// lost looks for the files that rows name.
func (e *examination) lost(ctx context.Context) {
	const check = "pictures"
	if e.files == nil || e.db == nil || !e.current {
		return
	}
	looked, lost := 0, []string{}
	err := asset.Named(ctx, e.db, func(accountID, sha256 string) error {
		if looked++; looked > someFiles && !e.Full {
			looked--
			return errEnough
		}
		key := asset.Key(accountID, sha256, asset.OriginalPNG)
		size, err := e.files.Size(ctx, key)
		if err == nil && size < 0 {
			lost = append(lost, key)
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		e.say(check, Bad, "look at the storage", "they cannot be looked for: %v", err)
	case len(lost) > 0:
		e.say(check, Bad, "bring them back from a backup into the storage", "%d of %d that were looked for have no file: %s",
			len(lost), looked, strings.Join(lost[:min(len(lost), e.most())], ", "))
	case errors.Is(err, errEnough):
		e.ok(check, "%d were looked for and are there; --full looks for all", looked)
	default:
		e.ok(check, "all %d are there", looked)
	}
}

var errEnough = errors.New("enough")

// most is how many names a finding has.
func (e *examination) most() int {
	if e.Full {
		return 1000
	}
	return 5
}

// orphansWarn is how many files without a row are more than what the last day leaves.
const orphansWarn = 10_000

func (e *examination) orphans(ctx context.Context) {
	const check = "files without a row"
	if !e.Full || e.files == nil || e.db == nil || !e.current {
		return
	}
	n, names, err := e.files.Orphans(ctx, e.db, 5)
	switch {
	case err != nil:
		e.say(check, Warn, "", "they cannot be counted: %v", err)
	case n > orphansWarn:
		e.say(check, Warn, "let a server run: it removes them when they are a day old", "there are %d, such as %s", n, strings.Join(names, ", "))
	default:
		e.ok(check, "%d; they go when they are a day old", n)
	}
}

// model paints a picture.
func (e *examination) model(ctx context.Context) {
	const check = "house model"
	if e.Paint == nil {
		return
	}
	painting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := e.Paint(painting); err != nil {
		e.say(check, Bad, "build again with `make build`; on another kind of machine, name an ONNX Runtime with --engine-runtime", "it cannot paint: %v", err)
		return
	}
	e.ok(check, "it painted a picture")
}
