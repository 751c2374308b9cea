package disk_test

import (
	"testing"

	"bottega/internal/disk"
)

func TestOf_SaysWhatTheFileSystemHas(t *testing.T) {
	room, err := disk.Of(t.TempDir())
	if err != nil || room.Free <= 0 || room.Total < room.Free {
		t.Errorf("room is %+v, %v", room, err)
	}
	if _, err := disk.Of(t.TempDir() + "/nowhere"); err == nil {
		t.Error("a folder that is not there has room")
	}
}
