package imaging

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"github.com/gen2brain/webp"
)

// maxWebPSide is the longest side the format can hold.
const maxWebPSide = 16383

// WebP says how a picture is written as WebP and what goes into the file with it.
type WebP struct {
	Quality  int    // 1 … 100, for lossy
	Lossless bool   // pixel for pixel, also under transparent areas
	XMP      []byte // packet, see XMP; nil = none
	EXIF     []byte // TIFF block, see UserComment; nil = none
}

// FitsWebP reports whether a picture of this size can be a WebP at all.
func FitsWebP(width, height int) bool { return width <= maxWebPSide && height <= maxWebPSide }

// EncodeWebP returns img as a WebP file. The system's libwebp does the work where it is installed, the same library
// compiled to WebAssembly otherwise.
func EncodeWebP(img *image.NRGBA, o WebP) ([]byte, error) {
	b := img.Bounds()
	if b.Empty() || !FitsWebP(b.Dx(), b.Dy()) {
		return nil, fmt.Errorf("encode WebP: %d × %d is outside 1 … %d", b.Dx(), b.Dy(), maxWebPSide)
	}
	var buf bytes.Buffer
	// Method 2 takes half the time of the default 4; files are 1 to 8 % larger, lossless ones the same.
	opts := webp.Options{Quality: o.Quality, Lossless: o.Lossless, Exact: o.Lossless, Method: 2}
	if err := webp.Encode(&buf, ToNRGBA(img), opts); err != nil {
		return nil, fmt.Errorf("encode WebP: %w", err)
	}
	if len(o.XMP) == 0 && len(o.EXIF) == 0 {
		return buf.Bytes(), nil
	}
	return addWebPMetadata(buf.Bytes(), b.Dx(), b.Dy(), o.XMP, o.EXIF)
}

// Flags of the VP8X chunk.
const (
	vp8xXMP   = 0x04
	vp8xEXIF  = 0x08
	vp8xAlpha = 0x10
)

// addWebPMetadata rewrites a WebP file with the extended header first and the metadata last, the order the container
// specification asks for.
func addWebPMetadata(file []byte, width, height int, xmp, exif []byte) ([]byte, error) {
	chunks, err := riffChunks(file)
	if err != nil {
		return nil, fmt.Errorf("add metadata: %w", err)
	}
	var flags byte
	var pixels []byte
	for _, c := range chunks {
		switch c.kind {
		case "VP8X":
			flags |= c.data[0] & vp8xAlpha
			continue
		case "ALPH":
			flags |= vp8xAlpha
		case "VP8L":
			if len(c.data) > 4 && c.data[4]&0x10 != 0 { // alpha_is_used, after signature and two 14-bit sizes
				flags |= vp8xAlpha
			}
		case "EXIF", "XMP ":
			continue
		}
		pixels = appendRIFF(pixels, c.kind, c.data)
	}
	if len(exif) > 0 {
		flags |= vp8xEXIF
	}
	if len(xmp) > 0 {
		flags |= vp8xXMP
	}
	w, h := uint32(width-1), uint32(height-1)
	head := []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
	body := appendRIFF([]byte("WEBP"), "VP8X", head)
	body = append(body, pixels...)
	if len(exif) > 0 {
		body = appendRIFF(body, "EXIF", exif)
	}
	if len(xmp) > 0 {
		body = appendRIFF(body, "XMP ", xmp)
	}
	return appendRIFF(nil, "RIFF", body), nil
}

// appendRIFF writes type, length, data and the padding to an even length.
func appendRIFF(out []byte, kind string, data []byte) []byte {
	out = append(out, kind...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	if len(data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

type riffChunk struct {
	kind string
	data []byte
}

// riffChunks splits a WebP file. The chunks share file's memory.
func riffChunks(file []byte) ([]riffChunk, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WEBP" {
		return nil, fmt.Errorf("read WebP header: %w", ErrFormat)
	}
	rest := file[12:]
	var chunks []riffChunk
	for len(rest) >= 8 {
		kind, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:8]))
		if size > uint64(len(rest)-8) || (kind == "VP8X" && size < 10) {
			return nil, fmt.Errorf("WebP chunk %q of %d bytes: %w", kind, size, ErrFormat)
		}
		chunks = append(chunks, riffChunk{kind, rest[8 : 8+size]})
		rest = rest[min(uint64(len(rest)), 8+size+size%2):]
	}
	return chunks, nil
}

// ReadWebPXMP returns the XMP packet of a WebP file, or nil when there is none.
func ReadWebPXMP(r io.Reader) ([]byte, error) { return readWebPChunk(r, "XMP ") }

// ReadWebPEXIF returns the EXIF block of a WebP file, or nil when there is none.
func ReadWebPEXIF(r io.Reader) ([]byte, error) { return readWebPChunk(r, "EXIF") }

// readWebPChunk walks the chunks without holding any but the one it looks for.
func readWebPChunk(r io.Reader, want string) ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return nil, fmt.Errorf("read WebP header: %w", ErrFormat)
	}
	for {
		var h [8]byte
		if _, err := io.ReadFull(r, h[:]); err == io.EOF {
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("read WebP chunk header: %w", ErrFormat)
		}
		kind, size := string(h[:4]), int64(binary.LittleEndian.Uint32(h[4:]))
		if kind == want {
			if size > maxTextBytes {
				return nil, fmt.Errorf("WebP chunk %q of %d bytes: %w", kind, size, ErrFormat)
			}
			data := make([]byte, size)
			if _, err := io.ReadFull(r, data); err != nil {
				return nil, fmt.Errorf("read WebP chunk %q: %w", kind, ErrFormat)
			}
			return data, nil
		}
		if n, err := io.CopyN(io.Discard, r, size+size%2); err != nil && n < size {
			return nil, fmt.Errorf("skip WebP chunk %q: %w", kind, ErrFormat)
		}
	}
}

// maxPlaceholder bounds a placeholder in bytes: lists carry one for every picture.
const maxPlaceholder = 600

// Placeholder returns a blurred 16-pixel WebP of img as a data: URL of at most 600 bytes, shown until the preview has
// come. It is empty when the picture is too narrow to have one.
func Placeholder(img *image.NRGBA) (string, error) {
	for _, side := range []int{16, 12, 8} {
		url, err := DataURL(Fit(img, side), 30)
		if err != nil || len(url) <= maxPlaceholder {
			return url, err
		}
	}
	return "", nil
}

// DataURL returns img as a lossy WebP in a data: URL, without metadata: for progress previews.
func DataURL(img *image.NRGBA, quality int) (string, error) {
	file, err := EncodeWebP(img, WebP{Quality: quality})
	if err != nil {
		return "", err
	}
	return "data:image/webp;base64," + base64.StdEncoding.EncodeToString(file), nil
}
