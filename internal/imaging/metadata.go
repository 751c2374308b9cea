package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"io"
	"iter"
	"time"

	"github.com/bep/imagemeta"
)

// metadata is what a file says about how its pixels are meant. What cannot be read is left out: a picture with a
// damaged note is still a picture.
type metadata struct {
	orientation orientation
	profile     *profile // nil = sRGB
}

func metadataOf(format string, file []byte) metadata {
	var m metadata
	var icc []byte
	switch format {
	case "PNG":
		m.orientation, icc = orientationOf(imagemeta.PNG, file), pngICC(file)
	case "JPEG":
		m.orientation, icc = orientationOf(imagemeta.JPEG, file), jpegICC(file)
	case "WebP":
		m.orientation, icc = orientationOf(imagemeta.WebP, file), webpICC(file)
	}
	m.profile = parseProfile(icc)
	return m
}

// exifPatience bounds the reading of a camera's notes, which may be made to be slow.
const exifPatience = 2 * time.Second

// orientationOf reads EXIF's Orientation of the main picture; anything unreadable is upright.
func orientationOf(format imagemeta.ImageFormat, file []byte) orientation {
	upright := orientation(1)
	found := upright
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(file), ImageFormat: format, Sources: imagemeta.EXIF, Timeout: exifPatience,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Tag == "Orientation" && t.Namespace == "IFD0" },
		HandleTag: func(t imagemeta.TagInfo) error {
			switch v := t.Value.(type) {
			case uint16:
				found = orientation(v)
			case uint32:
				found = orientation(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	if err != nil || found < 1 || found > 8 {
		return upright
	}
	return found
}

// orientation is EXIF's: which side of the stored rows is the top, 1 = as stored (Exif 2.32 §4.6.4).
type orientation int

// upright turns and mirrors the picture so that it is seen as it was taken.
func (o orientation) upright(img *image.NRGBA) *image.NRGBA {
	if o < 2 || o > 8 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	outW, outH := w, h
	if o >= 5 {
		outW, outH = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, outW, outH))
	for y := range outH {
		for x := range outW {
			sx, sy := o.source(x, y, w, h)
			from, to := img.PixOffset(sx, sy), out.PixOffset(x, y)
			copy(out.Pix[to:to+4], img.Pix[from:from+4])
		}
	}
	return out
}

// source tells where the upright pixel x, y is stored in a picture of w × h.
func (o orientation) source(x, y, w, h int) (sx, sy int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

// maxICC bounds a colour profile in bytes; those of displays have some kilobytes, the largest printers' two megabytes.
const maxICC = 4 << 20

type pngChunk struct {
	kind string
	data []byte
}

// pngChunks walks the chunks before the pixels, as far as they are whole. They share file's memory.
func pngChunks(file []byte) iter.Seq[pngChunk] {
	return func(yield func(pngChunk) bool) {
		rest := file[min(len(file), len(pngSignature)):]
		for len(rest) >= 12 {
			size, kind := uint64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
			if size+12 > uint64(len(rest)) || kind == "IDAT" || !yield(pngChunk{kind, rest[8 : 8+size]}) {
				return
			}
			rest = rest[size+12:]
		}
	}
}

func pngICC(file []byte) []byte {
	for c := range pngChunks(file) {
		if c.kind != "iCCP" {
			continue
		}
		_, rest, ok := bytes.Cut(c.data, []byte{0}) // the profile's name
		if !ok || len(rest) < 2 || rest[0] != 0 {   // method 0 is zlib, the only one
			return nil
		}
		z, err := zlib.NewReader(bytes.NewReader(rest[1:]))
		if err != nil {
			return nil
		}
		profile, err := io.ReadAll(io.LimitReader(z, maxICC))
		if err != nil {
			return nil
		}
		return profile
	}
	return nil
}

// jpegICC puts the profile together from its APP2 segments (ICC.1:2022 annex B.4).
func jpegICC(file []byte) []byte {
	const label = "ICC_PROFILE\x00"
	var profile []byte
	next := byte(1)
	rest := file[min(len(file), 2):]
	for len(rest) >= 4 && rest[0] == 0xff && rest[1] != 0xda {
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if size < 2 || size+2 > len(rest) {
			return nil
		}
		body := rest[4 : 2+size]
		if rest[1] == 0xe2 && len(body) > len(label)+2 && string(body[:len(label)]) == label {
			if body[len(label)] != next || len(profile) > maxICC {
				return nil // out of order: no encoder writes it so
			}
			profile = append(profile, body[len(label)+2:]...)
			next++
		}
		rest = rest[2+size:]
	}
	return profile
}

func webpICC(file []byte) []byte {
	chunks, err := riffChunks(file)
	if err != nil {
		return nil
	}
	for _, c := range chunks {
		if c.kind == "ICCP" && len(c.data) <= maxICC {
			return c.data
		}
	}
	return nil
}
