package apptest

import (
	"bytes"
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
	cmd := exec.Command(path, arguments(address)...)
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
	for deadline := time.After(30 * time.Second); ; {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
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

// s3Binary is what scripts/fetch-versitygw.sh builds; the version stands in both.
const s3Binary = ".cache/bin/versitygw-v1.8.0"

// S3 starts a real S3 server with an empty bucket and returns the bucket's URL; what opens it finds the credentials in the
// environment. root is the way to the repository.
func S3(t *testing.T, root string) string {
	t.Helper()
	// On disk and not in t.TempDir of a memory file system: the server keeps metadata in extended attributes.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := Program(t, filepath.Join(root, s3Binary), func(address string) []string {
		return []string{"--quiet", "--port", address, "--access", "test", "--secret", "testsecret", "posix", dir}
	})
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret")
	return "s3://pictures?region=us-east-1&use_path_style=true&endpoint=http://" + address
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
