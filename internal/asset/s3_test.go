package asset_test

import (
	"context"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/asset"
)

// s3Server starts a real S3 server with an empty bucket and returns the bucket's URL. The server ends with the test.
func s3Server(t *testing.T) string {
	t.Helper()
	return apptest.S3(t, "../..")
}

func TestOpenStore_MissingBucketIsSaid(t *testing.T) {
	missing := strings.Replace(s3Server(t), "s3://pictures", "s3://nowhere", 1)
	if _, err := asset.OpenStore(context.Background(), missing, 1000); err == nil {
		t.Error("a bucket that does not exist was opened")
	}
}
