package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"unicode/utf8"
)

// Keywords of the PNG text chunks we write.
const (
	KeyRecipe     = "bottega"           // the recipe as JSON
	KeyParameters = "parameters"        // the text other studios read, see Parameters
	KeyXMP        = "XML:com.adobe.xmp" // as the XMP specification part 3 names it
)

// Text is one text chunk of a PNG: a keyword of 1 to 79 printable ASCII characters, and any text.
type Text struct{ Keyword, Value string }

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngHeaderEnd = len(pngSignature) + 12 + 13 // signature and IHDR, which is always first and always this long

	// fastAbove is the size in pixels from which PNGs are written with BestSpeed: at 20 megapixels that is 1.6 s
	// instead of 7.5 s for a file a fifth larger.
	fastAbove = 4_000_000
)

// EncodePNG returns img as a PNG file with the texts in it.
func EncodePNG(img *image.NRGBA, texts []Text) ([]byte, error) {
	enc := png.Encoder{}
	if b := img.Bounds(); b.Dx()*b.Dy() > fastAbove {
		enc.CompressionLevel = png.BestSpeed
	}
	var buf bytes.Buffer
	if err := enc.Encode(&buf, img); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	plain := buf.Bytes()
	var chunks []byte
	for _, t := range texts {
		if err := checkKeyword(t.Keyword); err != nil {
			return nil, err
		}
		chunks = appendText(chunks, t)
	}
	out := make([]byte, 0, len(plain)+len(chunks))
	out = append(out, plain[:pngHeaderEnd]...)
	out = append(out, chunks...)
	return append(out, plain[pngHeaderEnd:]...), nil
}

func checkKeyword(k string) error {
	if len(k) < 1 || len(k) > 79 {
		return fmt.Errorf("PNG keyword %q: want 1 to 79 characters", k)
	}
	for i := range len(k) {
		if k[i] < 0x20 || k[i] > 0x7e {
			return fmt.Errorf("PNG keyword %q: want printable ASCII", k)
		}
	}
	return nil
}

// appendText writes tEXt where the text is Latin-1, which every reader knows, and iTXt (UTF-8) otherwise. XMP is always
// iTXt, as its specification asks. NUL ends a field in readers, so it becomes U+FFFD, as does invalid UTF-8.
func appendText(out []byte, t Text) []byte {
	value := cleanRunes(t.Value, func(r rune) bool { return r == 0 })
	if latin, ok := latin1(value); ok && t.Keyword != KeyXMP {
		return appendChunk(out, "tEXt", append([]byte(t.Keyword+"\x00"), latin...))
	}
	// keyword, NUL, not compressed (0), method 0, empty language, NUL, empty translated keyword, NUL, text
	return appendChunk(out, "iTXt", []byte(t.Keyword+"\x00\x00\x00\x00\x00"+value))
}

// appendChunk writes length, type, data and the checksum over type and data.
func appendChunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	start := len(out)
	out = append(out, kind...)
	out = append(out, data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}

// latin1 returns s in Latin-1 when every character has a place among its printable ones; newline is allowed.
func latin1(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r != '\n' && (r < 0x20 || (r >= 0x7f && r < 0xa0) || r > 0xff) {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// Bounds of the readers: what a file from outside may make us hold.
const (
	maxTextBytes = 1 << 20 // of one text, and of one WebP metadata chunk
	maxTexts     = 64
)

// ErrFormat says that a file is not what its reader reads, or is cut off or over a limit.
var ErrFormat = errors.New("not a well-formed picture file")

// ReadPNGText returns the tEXt and uncompressed iTXt chunks of a PNG, in order. It stops at the pixels: what we write
// stands before them. Chunks with a wrong checksum are an error. At most 64 texts of 1 MiB are read.
func ReadPNGText(r io.Reader) ([]Text, error) {
	head := make([]byte, len(pngSignature))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != pngSignature {
		return nil, fmt.Errorf("read PNG signature: %w", ErrFormat)
	}
	var texts []Text
	for {
		var h [8]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return nil, fmt.Errorf("read PNG chunk header: %w", ErrFormat)
		}
		size, kind := binary.BigEndian.Uint32(h[:4]), string(h[4:])
		if kind == "IDAT" || kind == "IEND" {
			return texts, nil
		}
		if size > maxTextBytes {
			return nil, fmt.Errorf("PNG chunk %q of %d bytes: %w", kind, size, ErrFormat)
		}
		data := make([]byte, size+4)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, fmt.Errorf("read PNG chunk %q: %w", kind, ErrFormat)
		}
		body, sum := data[:size], binary.BigEndian.Uint32(data[size:])
		if crc32.Update(crc32.ChecksumIEEE(h[4:]), crc32.IEEETable, body) != sum {
			return nil, fmt.Errorf("PNG chunk %q: wrong checksum: %w", kind, ErrFormat)
		}
		if t, ok := parseText(kind, body); ok && len(texts) < maxTexts {
			texts = append(texts, t)
		}
	}
}

func parseText(kind string, body []byte) (Text, bool) {
	key, rest, found := bytes.Cut(body, []byte{0})
	if !found {
		return Text{}, false
	}
	switch kind {
	case "tEXt":
		runes := make([]rune, len(rest))
		for i, b := range rest {
			runes[i] = rune(b)
		}
		return Text{string(key), string(runes)}, true
	case "iTXt":
		if len(rest) < 2 || rest[0] != 0 { // compressed: not ours
			return Text{}, false
		}
		_, rest, found = bytes.Cut(rest[2:], []byte{0}) // language
		if !found {
			return Text{}, false
		}
		_, value, found := bytes.Cut(rest, []byte{0}) // translated keyword
		if !found || !utf8.Valid(value) {
			return Text{}, false
		}
		return Text{string(key), string(value)}, true
	}
	return Text{}, false
}
