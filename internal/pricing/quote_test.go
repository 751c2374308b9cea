package pricing

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/token"
)

func builtInSheet(t testing.TB) *Sheet {
	t.Helper()
	s, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestQuote_Examples(t *testing.T) {
	s := builtInSheet(t)
	for _, c := range []struct {
		f    Facts
		want int64
	}{
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 1}, 2},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 4}, 5},
		{Facts{Model: "tempera-image", Kind: "image", Width: 1024, Height: 1024, Steps: 20, Count: 1}, 3},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 4, References: 4}, 6},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 8, Tile: true}, 10},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 8}, 9},
		{Facts{Model: "somebody's", Kind: "image", Width: 1024, Height: 1024, Steps: 20, Count: 1}, 7},
	} {
		q, err := s.Quote(c.f)
		if err != nil || q.Total != token.Whole(c.want) {
			t.Errorf("%+v: %v, %v; want %d", c.f, q, err, c.want)
		}
	}
}

func TestQuote_LinesAddUpAndMoreNeverCostsLess(t *testing.T) {
	s := builtInSheet(t)
	rapid.Check(t, func(t *rapid.T) {
		f := Facts{
			Model: rapid.SampledFrom([]string{"tempera-image", "x"}).Draw(t, "model"), Kind: "image",
			Width: rapid.IntRange(1, 4096).Draw(t, "w"), Height: rapid.IntRange(1, 4096).Draw(t, "h"),
			Steps: rapid.IntRange(0, 100).Draw(t, "steps"), Count: rapid.IntRange(1, 8).Draw(t, "count"),
			References: rapid.IntRange(0, 4).Draw(t, "references"), Tile: rapid.Bool().Draw(t, "tile"),
		}
		q, err := s.Quote(f)
		if err != nil {
			t.Fatal(err)
		}
		var sum token.Amount
		for _, l := range q.Lines {
			sum += l.Amount
		}
		if sum != q.Total || q.Total%token.One != 0 || q.Total < token.One {
			t.Fatalf("lines add up to %s, the total is %s", sum, q.Total)
		}
		more := f
		more.Steps, more.Count, more.References, more.Tile = f.Steps+1, f.Count+1, f.References+1, true
		if m, err := s.Quote(more); err != nil || m.Total < q.Total {
			t.Fatalf("more work costs %s instead of %s (%v)", m.Total, q.Total, err)
		}
	})
}

func TestParse_RefusesSheetsThatGiveWorkAwayOrOverflow(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                   "read price sheet",
		`{"version":1,"rows":{}}`:             "at least one row",
		`{"version":1,"rows":{"a/image":{}}}`: "would be free",
		`{"version":1,"rows":{"a/image":{"tile_mt":5}}}`:                "would be free",
		`{"version":1,"rows":{"a/image":{"base_mt":-1,"step_mt":5}}}`:   "outside",
		`{"version":1,"rows":{"a/image":{"megapixel_mt":99999999999}}}`: "outside",
		`{"version":1,"rows":{"a/image":{"base_mt":1.5}}}`:              "read price sheet",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct{ price, delivered, asked, want int64 }{{100, 0, 4, 0}, {100, 1, 3, 33}, {100, 4, 4, 100}} {
		if got := Share(token.Amount(c.price), int(c.delivered), int(c.asked)); got != token.Amount(c.want) {
			t.Errorf("%d of %d for %d: %d, want %d", c.delivered, c.asked, c.price, got, c.want)
		}
	}
}
