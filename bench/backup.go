package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/doctor"
	"bottega/internal/id"
)

// How long it takes to back up, check, bring back and examine an installation with many rows and many small files, over
// what it takes to copy both without checking anything: cp -a and the database's own backup.
const (
	backupGenerations = 200_000
	backupMiB         = 1024
	backupAccounts    = 200
	backupPart        = 1000 // generations a transaction
)

var (
	backupOnSQLite   = backupNames{"backup_vs_copy_sqlite", "backup_verify_vs_copy_sqlite", "backup_restore_vs_copy_sqlite", "doctor_full_vs_copy_sqlite"}
	backupOnPostgres = backupNames{"backup_vs_copy_postgres", "backup_verify_vs_copy_postgres", "", "doctor_full_vs_copy_postgres"}
)

type backupNames struct{ write, verify, restore, doctor string }

func (n backupNames) all() []string {
	return slices.DeleteFunc([]string{n.write, n.verify, n.restore, n.doctor}, func(s string) bool { return s == "" })
}

func backupSQLite(ctx context.Context, o options) ([]result, error) {
	return backups(ctx, o, backupOnSQLite, "", sqliteCopy)
}

func backupPostgres(ctx context.Context, o options) ([]result, error) {
	if o.Postgres == "" {
		return nil, nil
	}
	return backups(ctx, o, backupOnPostgres, o.Postgres, postgresCopy)
}

// copying is how the database copies itself, with how that is called.
type copying func(ctx context.Context, ref, to string) (how string, err error)

func sqliteCopy(ctx context.Context, ref, to string) (string, error) {
	return "sqlite3 .backup", command(ctx, "sqlite3", ref, ".backup '"+to+"'")
}

func postgresCopy(ctx context.Context, ref, to string) (string, error) {
	return "pg_dump -Fc", command(ctx, "pg_dump", "-Fc", "-f", to, ref)
}

func command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// backups measures one after the other, each of them until what it wrote is on the disk.
func backups(ctx context.Context, o options, names backupNames, ref string, copyRows copying) (results []result, err error) {
	dir, err := os.MkdirTemp(o.Dir, "backup-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if ref == "" {
		ref = filepath.Join(dir, "bottega.db")
	}
	in, size, err := fillBackup(ctx, ref, filepath.Join(dir, "files"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Files.Close(), in.DB.Close()) }()

	how := ""
	plain, err := timed(func() error {
		if err := command(ctx, "cp", "-a", in.Files.Folder(), filepath.Join(dir, "copy")); err != nil {
			return err
		}
		if how, err = copyRows(ctx, ref, filepath.Join(dir, "rows")); err != nil {
			return err
		}
		return command(ctx, "sync", "-f", dir)
	})
	if err != nil {
		return nil, err
	}
	against := fmt.Sprintf("s of cp -a and %s; %d generations, each with a file, %d MiB in all", how, size.generations, size.mib)
	add := func(name string, f func() error) error {
		took, err := timed(f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results = append(results, result{
			Name: name, Value: took.Seconds() / plain.Seconds(), Unit: "times", Against: against, AgainstValue: plain.Seconds(),
			Note: fmt.Sprintf("%.1f s", took.Seconds()),
		})
		return nil
	}
	archive := filepath.Join(dir, "backup.tar")
	if err := add(names.write, func() error { _, err := backup.Write(ctx, in, archive, "bench", nil); return err }); err != nil {
		return nil, err
	}
	if err := add(names.verify, func() error { _, err := backup.Verify(ctx, archive, nil); return err }); err != nil {
		return nil, err
	}
	if names.restore != "" {
		if err := add(names.restore, func() error { return bringBack(ctx, archive, filepath.Join(dir, "back")) }); err != nil {
			return nil, err
		}
	}
	err = add(names.doctor, func() error {
		_, err := doctor.Examine(ctx, doctor.Setup{
			Folder: dir, Database: ref, Storage: in.Files.Folder(), Clock: in.Clock, Full: true, Listen: "127.0.0.1:0",
		})
		return err
	})
	return results, err
}

func timed(f func() error) (time.Duration, error) {
	now := clock.System{}
	begun := now.Now()
	err := f()
	return now.Now().Sub(begun), err
}

// bringBack restores into an empty SQLite database and an empty folder.
func bringBack(ctx context.Context, archive, dir string) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	to, err := openBackup(ctx, filepath.Join(dir, "bottega.db"), filepath.Join(dir, "files"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Files.Close(), to.DB.Close()) }()
	_, err = backup.Restore(ctx, archive, to, nil)
	return err
}

func openBackup(ctx context.Context, ref, files string) (in backup.Installation, err error) {
	in.Clock = clock.System{}
	if in.DB, err = db.Open(ctx, ref); err != nil {
		return in, err
	}
	if in.Files, err = asset.OpenStore(ctx, files, 64<<20); err != nil {
		err = errors.Join(err, in.DB.Close())
	}
	return in, err
}

type backupSize struct{ generations, mib int }

// fillBackup makes the installation: as many generations as are asked for, each with a picture's row and a file of its own.
func fillBackup(ctx context.Context, ref, files string) (in backup.Installation, size backupSize, err error) {
	if size.generations, err = fromEnvironment("BOTTEGA_BENCH_GENERATIONS", backupGenerations); err != nil {
		return in, size, err
	}
	if size.mib, err = fromEnvironment("BOTTEGA_BENCH_MIB", backupMiB); err != nil {
		return in, size, err
	}
	if in, err = openBackup(ctx, ref, files); err != nil {
		return in, size, err
	}
	if err = in.DB.Migrate(ctx); err != nil {
		return in, size, errors.Join(err, in.Files.Close(), in.DB.Close())
	}
	accounts, err := makeAccounts(ctx, in.DB, backupAccounts)
	each := max(64, size.mib<<20/size.generations)
	for from := 0; from < size.generations && err == nil; from += backupPart {
		err = fillPart(ctx, in, accounts[from/backupPart%len(accounts)], from, min(backupPart, size.generations-from), each)
	}
	if err != nil {
		return in, size, errors.Join(err, in.Files.Close(), in.DB.Close())
	}
	return in, size, nil
}

const insertGenerations = `INSERT INTO generation (id, account_id, kind, model, params, pictures, timeout_ms, state, price, charged, sheet_version,
	failure_code, failure_message, idem_hash, created_at, started_at, finished_at, deleted_at, lane, key_id, team_id, attempts) VALUES `

// fillPart writes n generations of an account from the given number on. The files are of random bytes, which no archive
// makes smaller, as pictures are; they are written without waiting for the disk, because this is not what is measured.
func fillPart(ctx context.Context, in backup.Installation, account string, from, n, each int) error {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(from))
	random := rand.NewChaCha8(seed)
	at := in.Clock.Now()
	var rows [][]any
	var images []asset.Image
	for range n {
		data := make([]byte, each)
		_, _ = random.Read(data) // never fails
		sum := sha256.Sum256(data)
		name := hex.EncodeToString(sum[:])
		file := filepath.Join(in.Files.Folder(), filepath.FromSlash(asset.Key(account, name, asset.OriginalPNG)))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
		g := id.New()
		rows = append(rows, []any{
			g, account, "image", "tempera-image", `{"prompt":"` + strings.Repeat("a red fox on a hill, ", 8) + `"}`, 1, 120_000, "complete", 1000, 1000, 1,
			"", "", "", db.Micros(at), db.Micros(at), db.Micros(at), 0, "fast", "", "", 1,
		})
		images = append(images, asset.Image{
			ID: id.New(), GenerationID: g, AccountID: account, Width: 64, Height: 64, Bytes: int64(each), SHA256: name, CreatedAt: at,
		})
	}
	return in.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Insert(ctx, insertGenerations, rows, ""); err != nil {
			return fmt.Errorf("write generations: %w", err)
		}
		return asset.InsertImages(ctx, tx, images)
	})
}

// fromEnvironment reads a size that somebody wants other than usual.
func fromEnvironment(name string, usual int) (int, error) {
	text := os.Getenv(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 100_000_000 {
		return 0, fmt.Errorf("%s is %q: want a number, 1 to 100000000", name, text)
	}
	return n, nil
}
