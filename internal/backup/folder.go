package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bottega/internal/asset"
)

// A folder keeps many backups: the files of pictures once for all of them below files/, and each backup's rows, list and
// manifest below backups/<moment>/.
const momentsFolder = "backups"

// folder writes one of them.
type folder struct {
	root    string
	final   string // backups/<moment>
	partial string
	written map[string]bool // folders of files that were written to
}

func newFolder(root, stamp string) (*folder, error) {
	f := &folder{root: root, final: filepath.Join(root, momentsFolder, stamp), written: map[string]bool{}}
	f.partial = f.final + ".partial"
	for _, dir := range []string{filepath.Join(root, filesFolder), f.partial} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("write a backup: %w", err)
		}
	}
	return f, nil
}

func (f *folder) spool() string { return f.partial }

// has believes a file that is there: it was written whole or not at all. Verify reads it.
func (f *folder) has(key string) (fileLine, bool, error) {
	path := filepath.Join(f.root, filesFolder, filepath.FromSlash(key))
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return fileLine{}, false, nil
	}
	if err != nil {
		return fileLine{}, false, fmt.Errorf("look into the backup: %w", err)
	}
	line := fileLine{Key: key, Bytes: info.Size()}
	if sum, ok := asset.HashOf(key); ok {
		line.SHA256 = sum
		return line, true, nil
	}
	data, err := os.ReadFile(path) // a preview: small, and its name does not say its hash
	if err != nil {
		return fileLine{}, false, fmt.Errorf("look into the backup: %w", err)
	}
	line.SHA256 = hash(data)
	return line, true, nil
}

func hash(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func (f *folder) put(key string, data []byte) error {
	path := filepath.Join(f.root, filesFolder, filepath.FromSlash(key))
	if dir := filepath.Dir(path); !f.written[dir] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("write into the backup: %w", err)
		}
		f.written[dir] = true
	}
	if err := writeBytes(path, data); err != nil {
		return fmt.Errorf("write %s into the backup: %w", key, err)
	}
	return nil
}

func (f *folder) member(name string, _ int64, r io.Reader) error {
	if err := writeFile(filepath.Join(f.partial, name), r); err != nil {
		return fmt.Errorf("write %s into the backup: %w", name, err)
	}
	return nil
}

func (f *folder) finish() error {
	var errs []error
	for dir := range f.written { // the folders that name those folders
		errs = append(errs, syncFolder(filepath.Dir(dir)))
	}
	errs = append(errs, syncFolder(filepath.Join(f.root, filesFolder)), os.Rename(f.partial, f.final), syncFolder(filepath.Dir(f.final)))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write the backup %s: %w", f.final, err)
	}
	return nil
}

// abort leaves the files of pictures: the next backup wants them too.
func (f *folder) abort() { _ = os.RemoveAll(f.partial) }

// folderReader reads one backup of such a folder.
type folderReader struct{ root, moment string }

// openFolder finds the newest backup of a folder, or takes the one that the path names.
func openFolder(path string) (folderReader, error) {
	if _, err := os.Stat(filepath.Join(path, manifestName)); err == nil {
		return folderReader{filepath.Dir(filepath.Dir(filepath.Clean(path))), filepath.Clean(path)}, nil
	}
	moments, err := momentsIn(path)
	if err != nil {
		return folderReader{}, err
	}
	if len(moments) == 0 {
		return folderReader{}, fmt.Errorf("there is no whole backup in %s", path)
	}
	return folderReader{path, filepath.Join(path, momentsFolder, moments[len(moments)-1])}, nil
}

// momentsIn lists the whole backups of a folder, the oldest first.
func momentsIn(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, momentsFolder))
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("look into the backup: %w", err)
	}
	var list []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasSuffix(e.Name(), ".partial") {
			list = append(list, e.Name())
		}
	}
	slices.Sort(list)
	return list, nil
}

func (f folderReader) member(name string) (io.ReadCloser, error) {
	file, err := os.Open(filepath.Join(f.moment, name))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: it has no %s, so it is not whole", ErrDamaged, name)
	}
	return file, err
}

func (f folderReader) files(each func(key string, size int64, r io.Reader) error) error {
	list, err := f.member(listName)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	return lines(list, func(line []byte) error {
		var l fileLine
		if err := json.Unmarshal(line, &l); err != nil || !asset.ValidKey(l.Key) {
			return fmt.Errorf("%w: its list of files cannot be read", ErrDamaged)
		}
		data, err := os.ReadFile(filepath.Join(f.root, filesFolder, filepath.FromSlash(l.Key)))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return each(l.Key, int64(len(data)), bytes.NewReader(data))
	})
}

// Prune keeps the newest backups of a folder and removes the others, with the files that only they name. It returns how
// many backups went. It must not run beside a backup into the same folder.
func Prune(root string, keep int) (removed int, err error) {
	moments, err := momentsIn(root)
	if err != nil || len(moments) <= keep {
		return 0, err
	}
	old, young := moments[:len(moments)-keep], moments[len(moments)-keep:]
	needed := map[string]bool{}
	for _, m := range young {
		r := folderReader{root, filepath.Join(root, momentsFolder, m)}
		list, err := r.member(listName)
		if err != nil {
			return 0, fmt.Errorf("nothing was removed: %w", err)
		}
		err = lines(list, func(line []byte) error {
			var l fileLine
			err := json.Unmarshal(line, &l)
			needed[l.Key] = true
			return err
		})
		if err = errors.Join(err, list.Close()); err != nil {
			return 0, fmt.Errorf("nothing was removed: %w", err)
		}
	}
	for _, m := range old {
		if err := os.RemoveAll(filepath.Join(root, momentsFolder, m)); err != nil {
			return removed, fmt.Errorf("remove the backup %s: %w", m, err)
		}
		removed++
	}
	return removed, pruneFiles(filepath.Join(root, filesFolder), needed)
}

func pruneFiles(dir string, needed map[string]bool) error {
	return filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, path)
		if err != nil || needed[filepath.ToSlash(key)] {
			return err
		}
		return os.Remove(path)
	})
}
