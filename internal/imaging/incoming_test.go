package imaging_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"

	"bottega/internal/imaging"
)

var limits = imaging.Limits{Bytes: 1 << 20, Side: 4096, Pixels: 4_000_000}

func incoming(t testing.TB, file []byte) (*image.NRGBA, error) {
	t.Helper()
	return imaging.NewGate(8_000_000).Incoming(t.Context(), file, limits)
}

func mustIncoming(t testing.TB, file []byte) *image.NRGBA {
	t.Helper()
	img, err := incoming(t, file)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withChunk puts a chunk after a PNG's header.
func withChunk(file []byte, kind string, data []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(kind), data...)
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	return append(append(bytes.Clone(file[:33]), chunk...), file[33:]...)
}

// withSegment puts a segment after a JPEG's start.
func withSegment(file []byte, marker byte, data []byte) []byte {
	seg := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2))
	return append(append(bytes.Clone(file[:2]), append(seg, data...)...), file[2:]...)
}

// exif is a TIFF block that says only the orientation.
func exif(orientation uint16) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01")
	b = binary.BigEndian.AppendUint16(b, 0x0112)
	b = binary.BigEndian.AppendUint16(b, 3)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}

// corners is 24 × 16 with a colour in each quarter: red, green / blue, white as it should be seen.
func corners() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for y := range 16 {
		for x := range 24 {
			c := [2][2]color.NRGBA{{{255, 0, 0, 255}, {0, 255, 0, 255}}, {{0, 0, 255, 255}, {255, 255, 255, 255}}}[y/8][x/12]
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// stored turns an upright picture into the rows a camera would have written for the orientation.
func stored(img *image.NRGBA, orientation int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	at := map[int]func(x, y int) (int, int){ // upright x, y → stored column, row
		1: func(x, y int) (int, int) { return x, y }, 2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }, 4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x }, 6: func(x, y int) (int, int) { return y, w - 1 - x },
		7: func(x, y int) (int, int) { return h - 1 - y, w - 1 - x }, 8: func(x, y int) (int, int) { return h - 1 - y, x },
	}[orientation]
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			sx, sy := at(x, y)
			out.SetNRGBA(sx, sy, img.NRGBAAt(x, y))
		}
	}
	return out
}

// near compares with room for JPEG's losses.
func near(t *testing.T, got, want *image.NRGBA, room int) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("picture is %v, want %v", got.Bounds(), want.Bounds())
	}
	for i := range want.Pix {
		if d := int(got.Pix[i]) - int(want.Pix[i]); d > room || d < -room {
			t.Fatalf("byte %d (pixel %d, %d) is %d, want %d", i, i/4%want.Rect.Dx(), i/4/want.Rect.Dx(), got.Pix[i], want.Pix[i])
		}
	}
}

func TestIncoming_TurnsCameraPicturesUpright(t *testing.T) {
	want := corners()
	for o := 1; o <= 8; o++ {
		near(t, mustIncoming(t, withChunk(pngOf(t, stored(want, o)), "eXIf", exif(uint16(o)))), want, 0)
		file := withSegment(jpegOf(t, stored(want, o)), 0xe1, append([]byte("Exif\x00\x00"), exif(uint16(o))...))
		got := mustIncoming(t, file)
		for _, p := range []image.Point{{3, 3}, {20, 3}, {3, 12}, {20, 12}} {
			a, b := got.NRGBAAt(p.X, p.Y), want.NRGBAAt(p.X, p.Y)
			if int(a.R)-int(b.R) > 40 || int(b.R)-int(a.R) > 40 || int(a.B)-int(b.B) > 40 || int(b.B)-int(a.B) > 40 {
				t.Errorf("JPEG of orientation %d at %v is %v, want %v", o, p, a, b)
			}
		}
	}
	nonsense := withChunk(pngOf(t, want), "eXIf", []byte("MM\x00*\xff\xff\xff\xff"))
	near(t, mustIncoming(t, nonsense), want, 0)
}

func TestIncoming_ConvertsWhatIsNotEightBitColour(t *testing.T) {
	grey, grey16 := image.NewGray(image.Rect(0, 0, 2, 1)), image.NewGray16(image.Rect(0, 0, 2, 1))
	grey.SetGray(1, 0, color.Gray{200})
	grey16.SetGray16(1, 0, color.Gray16{200<<8 | 7})
	deep := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
	deep.SetNRGBA64(1, 0, color.NRGBA64{0xfff0, 0x8000, 0x0100, 0x0300}) // nearly transparent: the colour must survive
	pal := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.NRGBA{1, 2, 3, 0}, color.NRGBA{9, 8, 7, 255}})
	pal.SetColorIndex(1, 0, 1)
	for name, c := range map[string]struct {
		img  image.Image
		want color.NRGBA
	}{
		"grey": {grey, color.NRGBA{200, 200, 200, 255}}, "16-bit grey": {grey16, color.NRGBA{200, 200, 200, 255}},
		"16-bit": {deep, color.NRGBA{255, 128, 1, 3}}, "palette": {pal, color.NRGBA{9, 8, 7, 255}},
	} {
		if got := mustIncoming(t, pngOf(t, c.img)).NRGBAAt(1, 0); got != c.want {
			t.Errorf("%s: pixel is %v, want %v", name, got, c.want)
		}
	}
	file, err := os.ReadFile("testdata/red-cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if c := mustIncoming(t, file).NRGBAAt(8, 8); c.R < 250 || c.G > 5 || c.B > 5 || c.A != 255 {
		t.Errorf("red in CMYK came in as %v", c)
	}
}

// displayP3 is a small profile with the primaries of wide-gamut screens and sRGB's curve.
func displayP3() []byte {
	s15 := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) }
	curve := []byte("para\x00\x00\x00\x00\x00\x03\x00\x00")
	for _, v := range []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045} {
		curve = append(curve, s15(v)...)
	}
	var body, table []byte
	tags := map[string][]float64{"rXYZ": {.51512, .24120, -.00105}, "gXYZ": {.29198, .69225, .04189}, "bXYZ": {.15710, .06657, .78407}}
	add := func(name string, data []byte) {
		table = append(table, name...)
		table = binary.BigEndian.AppendUint32(table, uint32(128+4+6*12+len(body)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(data)))
		body = append(body, data...)
	}
	for _, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		data := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range tags[name] {
			data = append(data, s15(v)...)
		}
		add(name, data)
	}
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		add(name, curve)
	}
	head := make([]byte, 128)
	copy(head[16:], "RGB XYZ ")
	return append(append(binary.BigEndian.AppendUint32(head, 6), table...), body...)
}

func TestIncoming_BringsWideColoursIntoSRGB(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.SetNRGBA(0, 0, color.NRGBA{180, 120, 60, 255})
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(displayP3()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	// The same light in sRGB needs more red and less blue (computed from the primaries of both).
	want := color.NRGBA{190, 118, 47, 255}
	for name, file := range map[string][]byte{
		"PNG":  withChunk(pngOf(t, img), "iCCP", append([]byte("P3\x00\x00"), z.Bytes()...)),
		"JPEG": withSegment(jpegOf(t, img), 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), displayP3()...)),
	} {
		got := mustIncoming(t, file).NRGBAAt(0, 0)
		for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
			if d > 3 || d < -3 {
				t.Errorf("%s: %v, want about %v", name, got, want)
				break
			}
		}
	}
}

// bomb is a PNG whose header promises so many pixels and whose file is tiny.
func bomb(t testing.TB, w, h uint32) []byte {
	file := pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(file[16:], w)
	binary.BigEndian.PutUint32(file[20:], h)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestIncoming_RefusesWhatItCannotTakeAndSaysWhy(t *testing.T) {
	animated, err := os.ReadFile("testdata/animated.webp")
	if err != nil {
		t.Fatal(err)
	}
	var still bytes.Buffer
	if err := gif.Encode(&still, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	whole, photo := pngOf(t, sticker(64, 64)), jpegOf(t, sticker(64, 64))
	lossless, err := imaging.EncodeWebP(sticker(64, 64), imaging.WebP{Lossless: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		why  string
	}{
		"nothing":           {nil, "is empty"},
		"text":              {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "not a picture"},
		"too many bytes":    {make([]byte, limits.Bytes+1), "bytes"},
		"too wide":          {bomb(t, 60_000, 1), "60000 × 1"},
		"too many pixels":   {bomb(t, 4000, 4000), "4000 × 4000"},
		"more than memory":  {bomb(t, 1<<31-1, 1<<31-1), "not a readable PNG"},
		"promised too much": {bomb(t, 2000, 2000), "cut off"},
		"animated PNG":      {withChunk(whole, "acTL", make([]byte, 8)), "animated"},
		"animated WebP":     {animated, "animated"},
		"GIF":               {still.Bytes(), "GIF"},
		"cut PNG":           {whole[:len(whole)/2], "cut off"},
		"cut JPEG":          {photo[:len(photo)/2], "cut off"},
		"cut WebP":          {lossless[:len(lossless)/2], "cut off"},
		"only a signature":  {[]byte("\x89PNG\r\n\x1a\n"), "cut off"},
		"endless passes":    {append(bytes.Clone(photo), bytes.Repeat([]byte{0xff, 0xda}, 101)...), "passes"},
	} {
		_, err := incoming(t, c.file)
		var u *imaging.UnusableError
		if !errors.As(err, &u) || !strings.Contains(u.Why, c.why) || u.Allowed == "" {
			t.Errorf("%s: %v, want an UnusableError with %q", name, err, c.why)
		}
	}
}

// FuzzIncoming: whatever comes in, the answer is a picture within the limits or a reason, never a panic.
func FuzzIncoming(f *testing.F) {
	small := imaging.Limits{Bytes: 1 << 16, Side: 256, Pixels: 1 << 14}
	f.Add(pngOf(f, sticker(16, 16)))
	f.Add(jpegOf(f, sticker(16, 16)))
	f.Add(withChunk(pngOf(f, corners()), "eXIf", exif(6)))
	f.Add(withSegment(jpegOf(f, corners()), 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), displayP3()...)))
	f.Add(bomb(f, 1<<20, 1<<20))
	for _, name := range []string{"testdata/animated.webp", "testdata/red-cmyk.jpg"} {
		if file, err := os.ReadFile(name); err == nil {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		img, err := imaging.NewGate(1<<16).Incoming(t.Context(), file, small)
		var u *imaging.UnusableError
		switch {
		case err != nil && !errors.As(err, &u):
			t.Fatalf("%v is no reason for a person", err)
		case err == nil && (img.Rect.Dx() > small.Side || img.Rect.Dy() > small.Side || img.Rect.Dx()*img.Rect.Dy() > small.Pixels):
			t.Fatalf("came in at %v", img.Rect)
		}
	})
}
