package asset_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/asset"
)

// s3Binary is what scripts/fetch-versitygw.sh builds; the version stands in both.
const s3Binary = "../../.cache/bin/versitygw-v1.8.0"

// s3Server starts a real S3 server with an empty bucket and returns the bucket's URL. The server ends with the test.
func s3Server(t *testing.T) string {
	t.Helper()
	// On disk and not in t.TempDir of a memory file system: the server keeps metadata in extended attributes.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := apptest.Program(t, s3Binary, func(address string) []string {
		return []string{"--quiet", "--port", address, "--access", "test", "--secret", "testsecret", "posix", dir}
	})
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret")
	return "s3://pictures?region=us-east-1&use_path_style=true&endpoint=http://" + address
}

func TestOpenStore_MissingBucketIsSaid(t *testing.T) {
	missing := strings.Replace(s3Server(t), "s3://pictures", "s3://nowhere", 1)
	if _, err := asset.OpenStore(context.Background(), missing, 1000); err == nil {
		t.Error("a bucket that does not exist was opened")
	}
}
