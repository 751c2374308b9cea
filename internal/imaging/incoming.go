package imaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/webp"
)

// Limits bounds a picture from outside.
type Limits struct {
	Bytes  int // of the file
	Side   int // pixels of the longer side
	Pixels int // width × height
	Fit    int // what comes out is scaled down to fit this side; 0 = as it came
}

// UnusableError says why a file from outside is not taken, in words for the person who sent it.
type UnusableError struct {
	Why     string // "is cut off"
	Allowed string // "a whole PNG, JPEG or WebP picture"
	cause   error
}

func (e *UnusableError) Error() string {
	if e.cause != nil {
		return e.Why + ": " + e.cause.Error()
	}
	return e.Why
}

func (e *UnusableError) Unwrap() error { return e.cause }

// allowedFormats is what Incoming reads.
const allowedFormats = "a still PNG, JPEG or WebP picture"

func unusable(why string) error { return &UnusableError{Why: why, Allowed: allowedFormats} }

// incoming is one picture format: how its header is read, and its pixels.
type incoming struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	check  func(file []byte) error // what the decoder would not notice, or only after much work
}

var incomingFormats = []incoming{
	{"PNG", png.DecodeConfig, png.Decode, checkPNG},
	{"JPEG", jpeg.DecodeConfig, jpeg.Decode, checkJPEG},
	{"WebP", webp.DecodeConfig, webp.Decode, checkWebP},
}

// sniff tells the format by the first bytes; names and declared types are not believed.
func sniff(file []byte) (incoming, error) {
	has := func(at int, magic string) bool {
		return len(file) >= at+len(magic) && string(file[at:at+len(magic)]) == magic
	}
	switch {
	case len(file) == 0:
		return incoming{}, unusable("is empty")
	case has(0, pngSignature):
		return incomingFormats[0], nil
	case has(0, "\xff\xd8\xff"):
		return incomingFormats[1], nil
	case has(0, "RIFF") && has(8, "WEBP"):
		return incomingFormats[2], nil
	case has(0, "GIF8"):
		return incoming{}, unusable("is a GIF")
	}
	return incoming{}, unusable("is not a picture that can be read here")
}

// Incoming decodes a picture from outside into upright 8-bit sRGB. Nothing of the file but its pixels survives. Palette,
// grey, 16-bit and CMYK pictures are converted, colour profiles of the usual kind and the orientation of cameras are
// applied. What it does not take is an UnusableError: too large (decided by the header, before any pixel is decoded),
// animated, cut off, or no picture. It waits until the gate has room for the pixels.
func (g *Gate) Incoming(ctx context.Context, file []byte, l Limits) (*image.NRGBA, error) {
	if len(file) > l.Bytes {
		return nil, &UnusableError{Why: fmt.Sprintf("has %d bytes", len(file)), Allowed: fmt.Sprintf("up to %d bytes", l.Bytes)}
	}
	format, err := sniff(file)
	if err != nil {
		return nil, err
	}
	c, err := format.config(bytes.NewReader(file))
	if err != nil {
		return nil, broken(format, err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > l.Side || c.Height > l.Side || c.Width*c.Height > l.Pixels {
		return nil, &UnusableError{
			Why:     fmt.Sprintf("is %d × %d pixels", c.Width, c.Height),
			Allowed: fmt.Sprintf("up to %d pixels a side and %d megapixels", l.Side, l.Pixels/1_000_000),
		}
	}
	if err := format.check(file); err != nil {
		return nil, err
	}
	leave, err := g.Enter(ctx, c.Width, c.Height)
	if err != nil {
		return nil, err
	}
	defer leave()
	decoded, err := format.decode(bytes.NewReader(file))
	if err != nil {
		return nil, broken(format, err)
	}
	if b := decoded.Bounds(); b.Dx() != c.Width || b.Dy() != c.Height {
		return nil, broken(format, errors.New("the pixels are not those of the header"))
	}
	pic := straight(decoded)
	m := metadataOf(format.name, file)
	if _, cmyk := decoded.(*image.CMYK); !cmyk {
		m.profile.apply(pic) // a CMYK picture was converted without its profile: close, if not exact
	}
	if l.Fit > 0 {
		pic = Fit(pic, l.Fit) // before it is turned: that copies
	}
	return m.orientation.upright(pic), nil
}

func broken(f incoming, err error) error {
	why := "is not a readable " + f.name
	text := err.Error() // the decoders have no error values for the two
	short := strings.Contains(text, "not enough pixel data") || strings.Contains(text, "short Huffman data")
	if short || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		why = "is a " + f.name + " that is cut off"
	}
	return &UnusableError{Why: why, Allowed: "a whole " + f.name, cause: err}
}

// straight converts to 8-bit NRGBA without going through premultiplied colour where the source is not, so that the
// colour of nearly transparent pixels survives.
func straight(img image.Image) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	var at func(x, y int) color.NRGBA
	switch src := img.(type) {
	case *image.NRGBA64:
		at = func(x, y int) color.NRGBA {
			c := src.NRGBA64At(x, y)
			return color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), uint8(c.A >> 8)}
		}
	case *image.NYCbCrA:
		at = func(x, y int) color.NRGBA {
			c := src.NYCbCrAAt(x, y)
			r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
			return color.NRGBA{r, g, b, c.A}
		}
	case *image.Paletted:
		at = func(x, y int) color.NRGBA {
			i := int(src.ColorIndexAt(x, y))
			if i >= len(src.Palette) { // the decoder checks; a picture without a palette must still not end the process
				return color.NRGBA{A: 255}
			}
			return color.NRGBAModel.Convert(src.Palette[i]).(color.NRGBA)
		}
	default:
		return ToNRGBA(img)
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.SetNRGBA(x, y, at(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// checkPNG refuses animation: APNG announces it before the pixels.
func checkPNG(file []byte) error {
	for c := range pngChunks(file) {
		if c.kind == "acTL" {
			return unusable("is animated")
		}
	}
	return nil
}

// maxScans of a progressive JPEG: each is a pass over the whole picture, and a small file can ask for thousands. Real
// encoders write about ten.
const maxScans = 100

func checkJPEG(file []byte) error {
	if bytes.Count(file, []byte{0xff, 0xda}) > maxScans {
		return unusable("is a JPEG of more passes than any camera writes")
	}
	return nil
}

func checkWebP(file []byte) error {
	chunks, err := riffChunks(file)
	if err != nil {
		return broken(incoming{name: "WebP"}, io.ErrUnexpectedEOF)
	}
	for _, c := range chunks {
		if c.kind == "ANIM" || c.kind == "ANMF" || (c.kind == "VP8X" && c.data[0]&0x02 != 0) {
			return unusable("is animated")
		}
	}
	return nil
}
