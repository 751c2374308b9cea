package ortlib

import (
	"errors"
	"os"
	"sync"
	"testing"
	"testing/fstest"
)

func TestUnpack_MissingLibraryNamesTheScript(t *testing.T) {
	if _, err := unpack(fstest.MapFS{}, "lib/x.so", t.TempDir(), func(int64) {}); !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want ErrMissing", err)
	}
}

func TestUnpack_ReplacesDamagedFileAndKeepsSoundOne(t *testing.T) {
	dir, files := t.TempDir(), fstest.MapFS{"lib/x.so": {Data: []byte("library")}}
	path, err := unpack(files, "lib/x.so", dir, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.Stat(path)
	if _, err := unpack(files, "lib/x.so", dir, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.Stat(path); !os.SameFile(first, again) {
		t.Error("a sound file was written again")
	}
	if err := os.WriteFile(path, []byte("libr"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(files, "lib/x.so", dir, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "library" {
		t.Errorf("file holds %q after repair", got)
	}
}

func TestUnpack_ManyAtOnce(t *testing.T) {
	dir, files := t.TempDir(), fstest.MapFS{"lib/x.so": {Data: make([]byte, 1<<20)}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := unpack(files, "lib/x.so", dir, func(int64) {}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files left, want the library alone", len(left))
	}
}

func TestUnpack_ThisBuildHasTheLibraryAndTellsHowMuchItRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"written", "looked at"} {
		all, pieces := int64(0), 0
		if _, err := Unpack(dir, func(n int64) { all, pieces = all+n, pieces+1 }); err != nil {
			t.Fatal(err)
		}
		if all != Size() || all == 0 || pieces < 100 {
			t.Errorf("%s: %d bytes in %d pieces, the library has %d", name, all, pieces, Size())
		}
	}
}
