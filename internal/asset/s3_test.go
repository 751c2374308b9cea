package asset_test

import (
	"context"
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/asset"
)

func TestOpenStore_MissingBucketIsSaid(t *testing.T) {
	missing := strings.Replace(apptest.S3(t), "s3://pictures", "s3://nowhere", 1)
	if _, err := asset.OpenStore(context.Background(), missing, 1000); err == nil {
		t.Error("a bucket that does not exist was opened")
	}
}
