package studio_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"bottega/internal/api/studio"
)

var update = flag.Bool("update", false, "write docs/openapi-studio.json anew")

const documentFile = "../../../docs/openapi-studio.json"

func TestDocument_IsCurrent(t *testing.T) {
	got, err := studio.Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(documentFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/openapi-studio.json is not what the routes say: run this test with -update and look at the difference")
	}
}
