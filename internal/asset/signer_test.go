package asset_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/asset"
	"bottega/internal/id"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// take splits an address the way Handler does.
func take(t interface{ Fatal(...any) }, address string) (imageID string, v asset.Variant, q url.Values) {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	imageID, variant, _ := strings.Cut(strings.TrimPrefix(u.Path, "/assets/"), "/")
	return imageID, asset.Variant(variant), u.Query()
}

func TestSigner_LinkLivesSixToTwelveHoursAndStaysTheSame(t *testing.T) {
	s := asset.NewSigner(testKey)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1e6, 4e9).Draw(t, "now"), 0)
		image := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}`).Draw(t, "id")
		address := s.URL(image, asset.ThumbWebP, now, false)
		gotID, v, q := take(t, address)
		check := func(after time.Duration) bool { return s.Verify(gotID, v, q, now.Add(after)) == nil }
		if !check(0) || !check(6*time.Hour-time.Second) || check(12*time.Hour+time.Second) {
			t.Fatalf("%s at %v: valid now %v, in 6 h %v, in 12 h %v", address, now, check(0), check(6*time.Hour-time.Second), check(12*time.Hour))
		}
		changes := 0
		for m := range 6 * 60 {
			if s.URL(image, asset.ThumbWebP, now.Add(time.Duration(m)*time.Minute), false) != s.URL(image, asset.ThumbWebP, now.Add(time.Duration(m+1)*time.Minute), false) {
				changes++
			}
		}
		if changes > 1 {
			t.Fatalf("the link changed %d times in six hours", changes)
		}
	})
}

func TestSigner_TurningPointsAreSpread(t *testing.T) {
	s, changed := asset.NewSigner(testKey), 0
	for range 500 {
		image := id.New()
		if s.URL(image, asset.ThumbWebP, noon, false) != s.URL(image, asset.ThumbWebP, noon.Add(10*time.Minute), false) {
			changed++
		}
	}
	if changed == 0 || changed > 50 { // 1 in 36 is what chance gives
		t.Errorf("%d of 500 links changed within ten minutes", changed)
	}
}

func TestSigner_RefusesEveryChange(t *testing.T) {
	s, image := asset.NewSigner(testKey), id.New()
	_, v, good := take(t, s.URL(image, asset.PreviewWebP, noon, false))
	if err := s.Verify(image, v, good, noon); err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) url.Values {
		q := url.Values{}
		for k, vs := range good {
			q[k] = vs
		}
		q.Set(name, value)
		return q
	}
	cases := map[string]error{
		"other picture":       s.Verify(id.New(), v, good, noon),
		"other variant":       s.Verify(image, asset.OriginalPNG, good, noon),
		"later expiry":        s.Verify(image, v, with("exp", "99999999999"), noon),
		"expiry not a number": s.Verify(image, v, with("exp", "x"), noon),
		"download added":      s.Verify(image, v, with("download", "1"), noon),
		"signature cut":       s.Verify(image, v, with("sig", good.Get("sig")[:20]), noon),
		"signature empty":     s.Verify(image, v, with("sig", ""), noon),
		"nothing":             s.Verify(image, v, url.Values{}, noon),
		"expired":             s.Verify(image, v, good, noon.Add(12*time.Hour+time.Second)),
		"other key":           asset.NewSigner([]byte(strings.Repeat("k", 32))).Verify(image, v, good, noon),
	}
	for name, err := range cases {
		if !errors.Is(err, asset.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}
