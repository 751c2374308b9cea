package asset_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/asset"
)

// s3Binary is what scripts/fetch-versitygw.sh builds; the version stands in both.
const s3Binary = "../../.cache/bin/versitygw-v1.8.0"

// s3Server starts a real S3 server with an empty bucket and returns the bucket's URL. The server ends with the test.
func s3Server(t *testing.T) string {
	t.Helper()
	binary, err := filepath.Abs(s3Binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("the S3 server for the tests is missing (%v): run `make deps`", err)
	}
	// On disk and not in t.TempDir of a memory file system: the server keeps metadata in extended attributes.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cmd := exec.Command(binary, "--quiet", "--port", address, "--access", "test", "--secret", "testsecret", "posix", dir)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the S3 server said:\n%s", &log)
		}
	})
	for deadline := time.After(20 * time.Second); ; {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("the S3 server ended: %s", &log)
		case <-deadline:
			t.Fatal("the S3 server did not begin to listen")
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret")
	return "s3://pictures?region=us-east-1&use_path_style=true&endpoint=http://" + address
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestOpenStore_MissingBucketIsSaid(t *testing.T) {
	missing := strings.Replace(s3Server(t), "s3://pictures", "s3://nowhere", 1)
	if _, err := asset.OpenStore(context.Background(), missing, 1000); err == nil {
		t.Error("a bucket that does not exist was opened")
	}
}
