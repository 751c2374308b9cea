package clock_test

import (
	"testing"
	"time"

	"bottega/internal/clock"
)

func TestParse_AnInstantStandsStill(t *testing.T) {
	c, err := clock.Parse("2027-01-31T13:00:00.123456789+01:00")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2027, 1, 31, 12, 0, 0, 123_456_000, time.UTC)
	for range 2 {
		if got := c.Now(); !got.Equal(want) || got.Location() != time.UTC {
			t.Fatalf("it shows %s, want %s in UTC", got, want)
		}
	}
}

func TestParse_ADurationIsAhead(t *testing.T) {
	for text, by := range map[string]time.Duration{"": 0, "720h": 720 * time.Hour, "-48h": -48 * time.Hour} {
		c, err := clock.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now().Add(by).Truncate(time.Microsecond)
		got := c.Now()
		if got.Before(before) || got.After(time.Now().Add(by)) || got.Nanosecond()%1000 != 0 {
			t.Errorf("%q shows %s, want about %s in whole microseconds", text, got, before)
		}
	}
}

func TestParse_RefusesAnythingElse(t *testing.T) {
	for _, text := range []string{"tomorrow", "2027-01-31", "1d", "720"} {
		if _, err := clock.Parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
