package compose

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"testing"
)

// What the network learnt from is what a composition is brought into.
func TestFilter_AgreesWithTraining(t *testing.T) {
	var rows []struct {
		Width, Height int
		Picture       []byte
		Part          [4]int // y0, x0, y1, x1
		Filtered      map[string][]byte
	}
	load(t, "filters", &rows)
	for _, row := range rows {
		if len(row.Filtered) != len(filters) {
			t.Errorf("%d rules in the vectors, %d here", len(row.Filtered), len(filters))
		}
		for style, want := range row.Filtered {
			c := NewCanvas(row.Width, row.Height)
			for i, v := range row.Picture {
				c.Pix[i/4][i%4] = float64(v) / 255
			}
			Filter(c, style, false)
			wrong, at := 0, 0
			for y := row.Part[0]; y < row.Part[2]; y++ {
				for x := row.Part[1]; x < row.Part[3]; x++ {
					for _, v := range c.Pix[y*row.Width+x] {
						if math.Abs(clip(v, 0, 1)*255-float64(want[at])) > 1.01 {
							wrong++
						}
						at++
					}
				}
			}
			// Where a value lies on the edge of a step the two may round apart.
			if at != len(want) || float64(wrong) > 0.002*float64(at) {
				t.Errorf("%s at %dx%d: %d of %d components differ", style, row.Width, row.Height, wrong, at)
			}
		}
	}
}

func TestFilter_LeavesDrawnStylesAlone(t *testing.T) {
	c := NewCanvas(16, 16)
	c.Pix[40] = [4]float64{0.2, 0.1, 0.3, 0.5}
	Filter(c, "soft-3d", false)
	if c.Pix[40] != [4]float64{0.2, 0.1, 0.3, 0.5} || Filtered("soft-3d") || !Filtered("neon") {
		t.Error("a drawn style went through a rule")
	}
}

// A canvas that repeats has no seam that the rule made: rolled, it gives the same picture rolled.
func TestFilter_KeepsRepeating(t *testing.T) {
	const n, roll = 128, 24 // pixels to the right
	picture := func(by int) *Canvas {
		c := NewCanvas(n, n)
		for i := range c.Pix {
			x, y := (i%n+by)%n, i/n
			c.Pix[i] = [4]float64{0.5 + 0.4*math.Sin(float64(x)/n*4*math.Pi), 0.3, 0.5 + 0.4*math.Cos(float64(y)/n*2*math.Pi), 1}
		}
		return c
	}
	for _, style := range []string{"neon", "gold", "papercut", "blueprint"} { // the others have patterns that stand still
		here, there := picture(0), picture(roll)
		Filter(here, style, true)
		Filter(there, style, true)
		for i := range here.Pix {
			p, q := here.Pix[i/n*n+(i%n+roll)%n], there.Pix[i]
			for k := range p {
				if math.Abs(p[k]-q[k]) > 1e-9 {
					t.Fatalf("%s at %d,%d: %v and %v", style, i%n, i/n, p, q)
				}
			}
		}
	}
}

// What becomes of the drawings is what the reference makes of them: outlined, repainted, rendered.
func TestDressed_AgreesWithReference(t *testing.T) {
	library := vectorComposer(t).Library
	for _, c := range []struct {
		file         string
		rows, within int
	}{
		{"outlines", 4 * len(outlines), 1}, {"repaints", 4 * len(library.palettes), 0}, {"renders", 4, 1},
	} {
		var rows []struct {
			Drawing, Style, Palette, Render string
			Outlined, Repainted, Rendered   []byte
		}
		load(t, c.file, &rows)
		for _, row := range rows {
			how := dress{outline: row.Style, palette: row.Palette, render: row.Render}
			d, err := library.dressed(row.Drawing, how)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Concat(row.Outlined, row.Repainted, row.Rendered) // a row has one of them
			agree(t, fmt.Sprintf("%s as %+v", row.Drawing, how), d.levels[0].pix, want, c.within)
		}
		if len(rows) != c.rows {
			t.Errorf("%s has %d rows, want %d", c.file, len(rows), c.rows)
		}
	}
}

// A library of the operator's own may have drawings of other sizes.
func TestRendered_RefusesSizesTheNetworkCannotHalve(t *testing.T) {
	if _, err := (level{12, make([]uint8, 4*12*12)}).rendered("flat>ink", turned{}); err == nil {
		t.Error("a drawing of 12 pixels was rendered")
	}
}

// agree fails unless every component is within so much of the reference's.
func agree(t *testing.T, name string, got, want []uint8, within int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, reference %d", name, len(got), len(want))
	}
	for i, v := range got {
		if off := int(v) - int(want[i]); off < -within || off > within {
			t.Fatalf("%s: component %d is %d, reference %d", name, i, v, want[i])
		}
	}
}

// What becomes of a drawing goes by its hand and the asked style; tempera/tests/test_palettes.py asks Python the same.
func TestDress_GoesByHandAndStyle(t *testing.T) {
	library := vectorComposer(t).Library
	for _, c := range []struct {
		hand, asked              string
		paints                   []string
		outline, palette, render string
	}{
		{"ink", "ink", nil, "ink", "", ""}, // stored black, which ink is not quite
		{"game-icon", "ink", []string{"x"}, "ink", "", ""},
		{"game-icon", "game-icon", []string{"x"}, "ink", "", ""},
		{"game-icon", "soft-3d", []string{"x"}, "", "", ""},
		{"flat", "game-icon", nil, "", "", "flat>ink"},
		{"flat", "ink", nil, "", "", "flat>ink"},
		{"toon", "ink", nil, "", "toon>flat", "flat>ink"},
		{"soft-3d", "kawaii", nil, "kawaii", "soft-3d>kawaii", ""},
		{"kawaii", "kawaii", nil, "", "", ""},
		{"toon", "flat", nil, "", "toon>flat", ""},
		{"blob", "flat", nil, "", "toon>flat", ""},
		{"kawaii", "clean", nil, "", "flat>clean", ""},
		{"flat", "flat", nil, "", "", ""},
		{"clean", "clean", nil, "", "", ""},
		{"ink", "clean", nil, "", "", ""},
		{"ink", "soft-3d", nil, "", "", ""},
		{"flat", "soft-3d", nil, "", "", "flat>soft-3d"},
		{"soft-3d", "gradient", nil, "", "", "soft-3d>gradient"},
		{"gradient", "gradient", nil, "", "", ""},
		{"blob", "gradient", nil, "", "toon>flat", "flat>gradient"},
		{"clean", "soft-3d", nil, "", "", "flat>soft-3d"},
	} {
		e := &Entry{Style: c.hand, Paints: c.paints}
		got := dress{render: library.rendering(e, c.asked)}
		got.outline, got.palette = e.outlined(c.asked, got.render), library.tableOf(e, c.asked, got.render)
		if want := (dress{outline: c.outline, palette: c.palette, render: c.render}); got != want {
			t.Errorf("%s asked in %s: %+v, want %+v", c.hand, c.asked, got, want)
		}
	}
}

func TestParsePalettes_RefusesBadTables(t *testing.T) {
	place := func(n int, k byte) string {
		return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{k}, n))
	}
	for name, body := range map[string]string{
		"not JSON":         `[`,
		"too few places":   `[{"shown":"flat","asked":"toon","colours":[[1,2,3]],"place":"` + place(4095, 0) + `"}]`,
		"no such colour":   `[{"shown":"flat","asked":"toon","colours":[[1,2,3]],"place":"` + place(4096, 1) + `"}]`,
		"colour above 255": `[{"shown":"flat","asked":"toon","colours":[[1,2,300]],"place":"` + place(4096, 0) + `"}]`,
	} {
		if found, err := parsePalettes([]byte(body)); err == nil {
			t.Errorf("%s: read as %v", name, found)
		}
	}
}
