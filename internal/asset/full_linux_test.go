package asset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"bottega/internal/asset"
	"bottega/internal/fault"
	"bottega/internal/id"
)

// A disk of 200 KB: pictures fit until one does not. Mounting needs root; elsewhere TestWriteError remains.
func TestKeep_FullDiskIsSaidAndLeavesNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=200k"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	root := filepath.Join(dir, "assets")
	s := openStore(t, root)
	account := id.New()
	var kept []asset.Image
	var full error
	for n := 0; n < 200 && full == nil; n++ {
		m, err := s.Keep(context.Background(), keepRequest(account, id.New(), n))
		if full = err; err == nil {
			kept = append(kept, m)
		}
	}
	if !errors.Is(full, asset.ErrNoSpace) || fault.As(full).Kind != fault.Unavailable || !errors.Is(full, syscall.ENOSPC) {
		t.Fatalf("a full disk gave %v", full)
	}
	if len(kept) == 0 {
		t.Fatal("nothing fitted")
	}
	for _, f := range files(t, root) {
		if info, err := os.Stat(filepath.Join(root, f)); err != nil || info.Size() == 0 || filepath.Ext(f) == ".tmp" {
			t.Errorf("%s is left half-written: %v", f, err)
		}
	}
	for _, m := range kept {
		content(t, s, m, asset.OriginalPNG)
	}
	if err := s.Remove(context.Background(), account, kept[0].SHA256); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keep(context.Background(), keepRequest(account, id.New(), 999)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
