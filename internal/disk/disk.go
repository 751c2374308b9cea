// Package disk tells how much room a file system has. What is too little is for its callers to say.
package disk

import (
	"fmt"
	"syscall"
)

// Room is the space of a file system, in bytes.
type Room struct {
	Free  int64 // for this user
	Total int64
}

// Of returns the room where a folder lies.
func Of(dir string) (Room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Room{}, fmt.Errorf("ask how much room %s has: %w", dir, err)
	}
	block := int64(s.Bsize) //nolint:unconvert // an int64 only on some systems
	return Room{Free: int64(s.Bavail) * block, Total: int64(s.Blocks) * block}, nil
}
