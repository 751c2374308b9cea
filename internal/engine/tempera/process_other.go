//go:build !linux

package tempera

import "syscall"

// Elsewhere the closed stdin alone ends the worker.
func dieWithParent() *syscall.SysProcAttr { return nil }

// Elsewhere memory is not watched.
func residentBytes(int) int64 { return 0 }
