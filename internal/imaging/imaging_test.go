package imaging_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
	"time"

	xwebp "golang.org/x/image/webp"

	"bottega/internal/imaging"
)

// sticker draws what the house model draws: flat colours with soft edges on a transparent ground.
func sticker(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			dx, dy := float64(x)/float64(w)-0.5, float64(y)/float64(h)-0.5
			if d := dx*dx + dy*dy; d < 0.2 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(200 - 300*d), uint8(x * 255 / w), uint8(40 + r.IntN(8)), 255})
			} else if d < 0.22 {
				img.SetNRGBA(x, y, color.NRGBA{20, 20, 30, uint8(255 * (0.22 - d) / 0.02)})
			}
		}
	}
	return img
}

func TestFit_KeepsShapeAndLeavesSmallPicturesAlone(t *testing.T) {
	for _, c := range []struct{ w, h, side, wantW, wantH int }{
		{1024, 1024, 512, 512, 512}, {1536, 640, 512, 512, 213}, {100, 4000, 256, 6, 256}, {5000, 1, 256, 256, 1},
	} {
		got := imaging.Fit(image.NewNRGBA(image.Rect(0, 0, c.w, c.h)), c.side).Bounds()
		if got.Dx() != c.wantW || got.Dy() != c.wantH {
			t.Errorf("Fit(%d×%d, %d) is %v, want %d×%d", c.w, c.h, c.side, got, c.wantW, c.wantH)
		}
	}
	small := sticker(64, 32)
	if imaging.Fit(small, 64) != small {
		t.Error("a picture that fits was copied")
	}
}

// A red disc on transparent blue: scaled without premultiplication its edge turns purple.
func TestResize_TransparentColourDoesNotBleed(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			src.SetNRGBA(x, y, color.NRGBA{0, 0, 255, 0})
			if (x-32)*(x-32)+(y-32)*(y-32) < 400 {
				src.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			}
		}
	}
	out := imaging.Resize(src, 23, 23)
	for i := 0; i < len(out.Pix); i += 4 {
		if out.Pix[i+3] > 8 && out.Pix[i+2] > 8 {
			t.Fatalf("pixel %v has blue from a transparent neighbour", out.Pix[i:i+4])
		}
	}
}

func TestToNRGBA_MakesSubpicturesWhole(t *testing.T) {
	whole := sticker(40, 40)
	part := whole.SubImage(image.Rect(10, 12, 30, 22)).(*image.NRGBA)
	got := imaging.ToNRGBA(part)
	if got.Rect != image.Rect(0, 0, 20, 10) || got.Stride != 80 || len(got.Pix) != 800 {
		t.Fatalf("got rect %v stride %d and %d bytes", got.Rect, got.Stride, len(got.Pix))
	}
	if got.NRGBAAt(3, 4) != whole.NRGBAAt(13, 16) {
		t.Error("pixels moved")
	}
}

func TestGate_BoundsPixelsAndEndsWithTheContext(t *testing.T) {
	g := imaging.NewGate(1000)
	leave, err := g.Enter(context.Background(), 5000, 5000) // more than the gate: alone
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := g.Enter(ctx, 1, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a full gate let somebody in: %v", err)
	}
	leave()
	for range 4 {
		if _, err := g.Enter(context.Background(), 25, 10); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEncodePNG_GivesTheSamePixelsAndBytes(t *testing.T) {
	img := sticker(200, 100)
	a, err := imaging.EncodePNG(img, []imaging.Text{{Keyword: "k", Value: "v"}})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := imaging.EncodePNG(img, []imaging.Text{{Keyword: "k", Value: "v"}})
	if !bytes.Equal(a, b) {
		t.Error("the same picture gave two files: its content address would change")
	}
	got, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(imaging.ToNRGBA(got).Pix, img.Pix) {
		t.Error("pixels changed")
	}
}

func TestEncodeWebP_LosslessKeepsEveryPixelWithMetadata(t *testing.T) {
	img := sticker(130, 77)
	file, err := imaging.EncodeWebP(img, imaging.WebP{Lossless: true, XMP: []byte("<x>odd</x>"), EXIF: []byte("MM\x00*")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := xwebp.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("another decoder refuses the file: %v", err)
	}
	if !bytes.Equal(imaging.ToNRGBA(got).Pix, img.Pix) {
		t.Error("pixels changed")
	}
	checkWebPMetadata(t, file, "<x>odd</x>", "MM\x00*")
}

func TestEncodeWebP_LossyKeepsSizeAlphaAndMetadata(t *testing.T) {
	opaque := sticker(64, 64)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	for name, img := range map[string]*image.NRGBA{"transparent": sticker(301, 200), "opaque": opaque} {
		file, err := imaging.EncodeWebP(img, imaging.WebP{Quality: 80, XMP: []byte("<x/>")})
		if err != nil {
			t.Fatal(err)
		}
		got, err := xwebp.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%s: another decoder refuses the file: %v", name, err)
		}
		if got.Bounds() != img.Bounds() {
			t.Errorf("%s: size %v, want %v", name, got.Bounds(), img.Bounds())
		}
		if _, _, _, a := got.At(0, 0).RGBA(); (a == 0) != (img.Pix[3] == 0) {
			t.Errorf("%s: alpha in the corner is %d, was %d", name, a, img.Pix[3])
		}
		checkWebPMetadata(t, file, "<x/>", "")
	}
}

func checkWebPMetadata(t *testing.T, file []byte, wantXMP, wantEXIF string) {
	t.Helper()
	xmp, err := imaging.ReadWebPXMP(bytes.NewReader(file))
	if err != nil || string(xmp) != wantXMP {
		t.Errorf("XMP is %q (%v), want %q", xmp, err, wantXMP)
	}
	exif, err := imaging.ReadWebPEXIF(bytes.NewReader(file))
	if err != nil || string(exif) != wantEXIF {
		t.Errorf("EXIF is %q (%v), want %q", exif, err, wantEXIF)
	}
}

func TestEncodeWebP_RefusesWhatTheFormatCannotHold(t *testing.T) {
	if _, err := imaging.EncodeWebP(image.NewNRGBA(image.Rect(0, 0, 16384, 1)), imaging.WebP{Quality: 80}); err == nil {
		t.Error("16384 pixels wide was accepted")
	}
	if _, err := imaging.EncodeWebP(image.NewNRGBA(image.Rectangle{}), imaging.WebP{Quality: 80}); err == nil {
		t.Error("an empty picture was accepted")
	}
}

func TestPlaceholder_IsTiny(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	r := rand.New(rand.NewPCG(3, 4))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(r.IntN(256))
	}
	for name, img := range map[string]*image.NRGBA{"sticker": sticker(512, 512), "noise": noise, "line": sticker(2000, 3)} {
		url, err := imaging.Placeholder(img)
		if err != nil {
			t.Fatal(err)
		}
		if len(url) > 600 || len(url) < 30 || url[:23] != "data:image/webp;base64," {
			t.Errorf("%s: placeholder of %d bytes: %s", name, len(url), url)
		}
	}
}

func BenchmarkEncodePNG1MP(b *testing.B) {
	img := sticker(1024, 1024)
	for b.Loop() {
		_, _ = imaging.EncodePNG(img, nil)
	}
}

func BenchmarkFit1MPTo512(b *testing.B) {
	img := sticker(1024, 1024)
	for b.Loop() {
		imaging.Fit(img, 512)
	}
}

func BenchmarkEncodeWebP512(b *testing.B) {
	img := sticker(512, 512)
	for b.Loop() {
		_, _ = imaging.EncodeWebP(img, imaging.WebP{Quality: 80})
	}
}

func BenchmarkEncodeWebPLossless1MP(b *testing.B) {
	img := sticker(1024, 1024)
	for b.Loop() {
		_, _ = imaging.EncodeWebP(img, imaging.WebP{Lossless: true})
	}
}

func BenchmarkPlaceholder(b *testing.B) {
	img := sticker(256, 256)
	for b.Loop() {
		_, _ = imaging.Placeholder(img)
	}
}
