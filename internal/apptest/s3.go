package apptest

import (
	"os"
	"path/filepath"
	"testing"
)

// s3Binary is what scripts/fetch-versitygw.sh builds, from a package two folders deep; the version stands in both.
const s3Binary = "../../.cache/bin/versitygw-v1.8.0"

// S3 starts a real S3 server with an empty bucket and returns the bucket's URL. The server ends with the test.
func S3(t *testing.T) string {
	t.Helper()
	// On disk and not in t.TempDir of a memory file system: the server keeps metadata in extended attributes.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := Program(t, s3Binary, func(address string) []string {
		return []string{"--quiet", "--port", address, "--access", "test", "--secret", "testsecret", "posix", dir}
	})
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret")
	return "s3://pictures?region=us-east-1&use_path_style=true&endpoint=http://" + address
}
