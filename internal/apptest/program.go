package apptest

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Program starts a server that `make deps` has built and returns its address once it listens. It is told the address by
// its arguments; what it said is shown when the test fails, and it ends with the test.
func Program(t testing.TB, binary string, arguments func(address string) []string) (address string) {
	t.Helper()
	path, err := filepath.Abs(binary)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(path)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing (%v): run `make deps`", name, err)
	}
	address = freeAddress(t)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, arguments(address)...) // the cleanup below ends it
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // the exit status of a killed program says nothing
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", name, &log)
		}
	})
	dialer := net.Dialer{Timeout: time.Second}
	for deadline := time.After(30 * time.Second); ; {
		if c, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
			_ = c.Close()
			return address
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", name, &log)
		case <-deadline:
			t.Fatalf("%s did not begin to listen", name)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
