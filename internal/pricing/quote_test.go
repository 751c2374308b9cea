package pricing

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/token"
)

func newest(t testing.TB) *Sheet {
	t.Helper()
	s, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestQuote_Examples(t *testing.T) {
	s := newest(t)
	for _, c := range []struct {
		f    Facts
		want int64
	}{
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 1}, 2},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 4}, 5},
		{Facts{Model: "tempera-image", Kind: "image", Width: 1024, Height: 1024, Steps: 20, Count: 1}, 3},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 4, References: 4}, 6},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 8, Tile: true}, 9},
		{Facts{Model: "tempera-image", Kind: "image", Width: 256, Height: 256, Steps: 12, Count: 8}, 9},
		{Facts{Model: "tempera-image", Kind: "image", Width: 128, Height: 128, Steps: 8, Count: 1}, 0},
		{Facts{Model: "tempera-image", Kind: "image", Width: 128, Height: 128, Steps: 8, Count: 1, References: 1}, 1},
		{Facts{Model: "tempera-image", Kind: "image", Width: 128, Height: 136, Steps: 8, Count: 1}, 1},
		{Facts{Model: "somebody's", Kind: "image", Width: 1024, Height: 1024, Steps: 20, Count: 1}, 7},
	} {
		q, err := s.Quote(c.f)
		if err != nil || q.Total != token.Whole(c.want) {
			t.Errorf("%+v: %v, %v; want %d", c.f, q, err, c.want)
		}
	}
}

func TestQuote_LinesAddUpAndMoreNeverCostsLess(t *testing.T) {
	s := newest(t)
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
		free := f.Model == "tempera-image" && f.Width <= 128 && f.Height <= 128 && f.Steps <= 8 && f.Count == 1 && f.References == 0 && !f.Tile
		if sum != q.Total || q.Total%token.One != 0 || (q.Total < token.One) != free {
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
		`{`:                                   "line 1",
		`{"version":1,"rows":{}}`:             "at least one row",
		`{"version":1,"rows":{"a/image":{}}}`: "would be free",
		`{"version":1,"rows":{"a/image":{"tile_mt":5}}}`:                                               "would be free",
		"{\"version\":1,\n\"rows\":{\n\"a/image\":{\"base_mt\":-1,\"step_mt\":5}}}":                    "line 3: row \"a/image\": weight -1 is outside",
		`{"version":1,"rows":{"a/image":{"megapixel_mt":99999999999}}}`:                                "outside",
		"{\"version\":1,\n\n\"rows\":{\"a/image\":{\"base_mt\":1.5}}}":                                 "line 3",
		"{\"version\":1,\n\"rows\":{\"a/image\":{\"bace_mt\":1}}}":                                     "line 2",
		`{"version":1,"rows":{"a/image":{"base_mt":1,"step_megapixel_mt":1000001}}}`:                   "step_megapixel_mt",
		`{"version":1,"rows":{"a/image":{"base_mt":1,"tier":"gold"}}}`:                                 `no tier "gold"`,
		`{"version":1,"tiers":{"gold":0},"rows":{"a/image":{"base_mt":1}}}`:                            "outside 1 to",
		`{"version":1,"rows":{"a/image":{"base_mt":1,"discounts":[{"beyond":1,"permille":1001}]}}}`:    "discounts",
		`{"version":1,"rows":{"a/image":{"base_mt":1,"discounts":[{"beyond":0,"permille":900}]}}}`:     "discounts",
		`{"version":1,"rows":{"a/image":{"base_mt":1,"preview":{"width":4096,"height":1,"count":1}}}}`: "no preview",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestQuote_OfAnySheetIsExactAndNeverBelowZero draws sheets up to their bounds.
func TestQuote_OfAnySheetIsExactAndNeverBelowZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := func(name string, most int64) token.Amount {
			return token.Amount(rapid.Int64Range(0, most).Draw(t, name))
		}
		row := Row{
			Tier: "x", Base: 1 + weight("base", 999_999_999), Step: weight("step", 1e9), Megapixel: weight("megapixel", 1e9),
			StepMegapixel: weight("both", 1e6), Second: weight("second", 1e9), Reference: weight("reference", 1e9),
			Tile: weight("tile", 1e9), Floor: weight("floor", 1e6), Round: weight("round", 5000),
			Discounts: []Discount{{rapid.IntRange(1, 5).Draw(t, "beyond"), rapid.IntRange(500, 1000).Draw(t, "permille")}, {9, 400}},
		}
		s := &Sheet{Version: 1, Tiers: map[string]int{"x": rapid.IntRange(1, 100_000).Draw(t, "tier")}, Rows: map[string]Row{"*/image": row}}
		if err := row.check(s.Tiers); err != nil {
			t.Fatal(err)
		}
		f := Facts{
			Kind: "image", Width: rapid.IntRange(1, 1<<15).Draw(t, "w"), Height: rapid.IntRange(1, 1<<15).Draw(t, "h"),
			Steps: rapid.IntRange(0, 999).Draw(t, "steps"), Count: rapid.IntRange(1, 999).Draw(t, "count"),
			References: rapid.IntRange(0, 100).Draw(t, "references"), Milliseconds: rapid.IntRange(0, 3_600_000).Draw(t, "ms"),
		}
		q, err := s.Quote(f)
		if err != nil {
			return // above the largest price there is
		}
		if q.Total != total(q.Lines) || q.Total < max(row.Floor, 1) || q.Total > token.Max || q.Total%or(row.Round, token.One) != 0 {
			t.Fatalf("%+v costs %s by %+v", f, q.Total, q.Lines)
		}
		f.Count++
		if more, err := s.Quote(f); err == nil && more.Total < q.Total {
			t.Fatalf("one picture more costs %s instead of %s", more.Total, q.Total)
		}
	})
}

func FuzzParse(f *testing.F) {
	for v := 1; v <= builtInVersions; v++ {
		data, err := builtInSheet(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		for name := range s.Rows {
			model, kind, _ := strings.Cut(name, "/")
			if q, err := s.Quote(Facts{Model: model, Kind: kind, Width: 1 << 15, Height: 1 << 15, Steps: 1000, Count: 1000}); err == nil && q.Total < 0 {
				t.Fatalf("row %s prices below zero", name)
			}
		}
	})
}

func TestCalibrate_FindsTheWeightsThatAreOff(t *testing.T) {
	s := &Sheet{Version: 1, Rows: map[string]Row{"m/image": {Base: 400, Step: 100, Megapixel: 1000}}}
	var ms []Measurement
	for _, steps := range []int{4, 12, 24} {
		for _, side := range []int{128, 512, 1024} {
			f := Facts{Model: "m", Kind: "image", Width: side, Height: side, Steps: steps, Count: 2}
			mp := float64(side*side) / (1 << 20)
			ms = append(ms, Measurement{f, 2 * (0.4 + 0.05*float64(steps) + 1*mp)}) // a step takes half of what it costs
		}
	}
	found, err := s.Calibrate("m", "image", ms)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		ratio := float64(f.Suggested) / float64(f.Sheet)
		if f.Part == "step_mt" && (ratio > 0.9 || !f.Off) {
			t.Errorf("step_mt: %+v, want a smaller one", f)
		}
		if f.Part != "step_mt" && ratio < 1.1 {
			t.Errorf("%s: %+v, want a larger one", f.Part, f)
		}
	}
	if _, err := s.Calibrate("m", "image", ms[:1]); err == nil {
		t.Error("one measurement told three weights apart")
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct{ price, delivered, asked, want int64 }{{100, 0, 4, 0}, {100, 1, 3, 33}, {100, 4, 4, 100}} {
		if got := Share(token.Amount(c.price), int(c.delivered), int(c.asked)); got != token.Amount(c.want) {
			t.Errorf("%d of %d for %d: %d, want %d", c.delivered, c.asked, c.price, got, c.want)
		}
	}
}
