package asset

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestWriteError_NamesAFullDiskAndNothingElse(t *testing.T) {
	for errno, want := range map[syscall.Errno]bool{syscall.ENOSPC: true, syscall.EDQUOT: true, syscall.EIO: false} {
		cause := fmt.Errorf("blob: %w", &os.PathError{Op: "write", Path: "x", Err: errno})
		err := writeError("a/b", cause)
		if errors.Is(err, ErrNoSpace) != want || !errors.Is(err, errno) {
			t.Errorf("%v became %v", errno, err)
		}
	}
}
