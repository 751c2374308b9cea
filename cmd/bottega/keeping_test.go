package main

import (
	"strings"
	"testing"

	"bottega/internal/app"
)

func TestParseSize_ReadsUnits(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "7": 7, "500MB": 500e6, "2 GB": 2e9, "2GiB": 2 << 30, "1TB": 1e12, "3kB": 3000, "9B": 9} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1GB", "1.5GB", "many", "99999999999TB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestKeepFlags_NameWhatIsWrong(t *testing.T) {
	cfg, err := keepFlags{StorageQuota: []string{"free=2GB", "artisan=1TB"}, MinFreeDisk: "1GB"}.withKeeping(app.Config{})
	if err != nil || cfg.Keeping.Quota["free"] != 2e9 || cfg.Keeping.Quota["artisan"] != 1e12 || cfg.Keeping.MinFree != 1e9 {
		t.Errorf("%+v, %v", cfg.Keeping, err)
	}
	for want, f := range map[string]keepFlags{
		`"gold" is no plan`:   {StorageQuota: []string{"gold=2GB"}, MinFreeDisk: "0"},
		"want PLAN=SIZE":      {StorageQuota: []string{"free"}, MinFreeDisk: "0"},
		"--min-free-disk":     {MinFreeDisk: "little"},
		"--free-keep-days":    {MinFreeDisk: "0", FreeKeepDays: -1},
		`"team-starter" is n`: {StorageQuota: []string{"team-starter=2GB"}, MinFreeDisk: "0"},
	} {
		if _, err := f.withKeeping(app.Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", f, err, want)
		}
	}
}
