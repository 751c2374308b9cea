package shown

import (
	"encoding/json"
	"image"
	"image/color"
	"math"
	"os"
	"testing"

	"bottega/internal/engine/tempera/compose"
)

func TestContours_AgreeWithReference(t *testing.T) {
	data, err := os.ReadFile("../../../../tempera/vectors/contours.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name                             string
		Width, Height                    int
		Size                             [2]int
		Picture, Canvas, Edges, Contours []byte
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		w, h := row.Size[0], row.Size[1]
		m := &image.NRGBA{Pix: row.Picture, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		c := compose.NewCanvas(row.Width, row.Height)
		for i := range row.Canvas {
			c.Pix[i/4][i%4] = float64(row.Canvas[i]) / 255
		}
		same(t, row.Name+" edges", Edges(c), row.Edges)
		ink, paper := inkOf(m, m.Rect, row.Width, row.Height)
		if !lined(ink, paper, row.Width, row.Height) {
			same(t, row.Name+" contours", Edges(c), row.Contours)
			continue
		}
		same(t, row.Name+" contours", Contours(m, m.Rect, row.Width, row.Height), row.Contours)
	}
}

func same(t *testing.T, name string, got []float32, want []byte) {
	t.Helper()
	lines, wrong := 0, 0
	for i, v := range got {
		if want[i] > 0 {
			lines++
		}
		if math.Abs(float64(v)*255-float64(want[i])) > 1.01 {
			wrong++
		}
	}
	if wrong > 0 || lines == 0 {
		t.Errorf("%s: %d of %d places differ from the reference, which has %d on lines", name, wrong, len(got), lines)
	}
}

// A stroke of any width and a picture of any size give lines about one pixel wide.
func TestContours_StrokesAreThinAndWhereTheyWere(t *testing.T) {
	for _, width := range []int{2, 6, 14} {
		m := image.NewNRGBA(image.Rect(0, 0, 512, 512))
		for y := 60; y < 440; y++ {
			for x := 256 - width/2; x < 256-width/2+width; x++ {
				m.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
			}
		}
		e := Contours(m, m.Rect, 128, 128)
		for y := 20; y < 105; y++ {
			n := 0
			for x := range 128 {
				if e[y*128+x] > 0 {
					n++
					if x < 61 || x > 67 {
						t.Errorf("stroke of %d: a line at %d, %d", width, x, y)
					}
				}
			}
			if n != 1 {
				t.Fatalf("stroke of %d: row %d has %d places on a line", width, y, n)
			}
		}
	}
}
