package apptest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// s3Binary is what scripts/fetch-versitygw.sh builds; the version stands in both.
const s3Binary = ".cache/bin/versitygw-v1.8.0"

// S3 starts a real S3 server with an empty bucket, for app.Config.Storage and --storage. See S3Server.
func S3(t testing.TB) string { t.Helper(); return S3URL(S3Server(t)) }

// S3Server starts a real S3 server with an empty bucket and returns its address and the bucket's name. The server ends with
// the test; its credentials, the same for all, stay in the environment.
func S3Server(t testing.TB) (address, bucket string) {
	t.Helper()
	// On disk and not in t.TempDir of a memory file system: the server keeps metadata in extended attributes.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	address = Program(t, filepath.Join(root(t), s3Binary), func(address string) []string {
		return []string{"--quiet", "--port", address, "--access", "test", "--secret", "testsecret", "posix", dir}
	})
	if err := credentials(); err != nil {
		t.Fatal(err)
	}
	return address, "pictures"
}

var credentials = sync.OnceValue(func() error {
	return errors.Join(os.Setenv("AWS_ACCESS_KEY_ID", "test"), os.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret"))
})

// S3URL is where a bucket lies.
func S3URL(address, bucket string) string {
	return "s3://" + bucket + "?region=us-east-1&use_path_style=true&endpoint=http://" + address
}

// root is the folder of this repository.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above this test")
		}
	}
}
