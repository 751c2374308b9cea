package leonardo_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bottega/internal/api/leonardo"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/plan"
)

// TestOfficialSDKs runs the official SDKs, unchanged, against a whole installation with a scripted engine. It needs
// node, python and their package registries, so it runs where BOTTEGA_SDK_E2E says so; the same scripts run against
// the house model in the end-to-end tests.
func TestOfficialSDKs(t *testing.T) {
	if os.Getenv("BOTTEGA_SDK_E2E") == "" {
		t.Skip("BOTTEGA_SDK_E2E is not set")
	}
	world := apptest.New(t, apptest.SQLite(t), func(c *app.Config) {
		c.Clock = clock.System{}
		c.Models[0].Aliases = leonardo.AliasIDs()
		c.Models[0].Description = "Patterns for tests."
	})
	world.Run()
	handler, err := world.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	script, err := filepath.Abs("../../../e2e/sdk/run.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, sdk := range []string{"python", "node"} {
		t.Run(sdk, func(t *testing.T) {
			key, _, err := world.Auth.CreateKey(t.Context(), world.User(plan.Operator).AccountID, "sdk", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), script, sdk)
			cmd.Env = append(os.Environ(), "BASE_URL="+server.URL, "API_KEY="+key, "PATIENCE_SECONDS=60")
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
	world.Verify()
}
