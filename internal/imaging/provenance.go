package imaging

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Provenance is what a file says about how it was made. All texts may come from outside.
type Provenance struct {
	Tool         string // program and version
	Model        string
	ModelVersion string
	Prompt       string
	Negative     string
	Sampler      string
	Seed         int64
	Steps        int
	Guidance     float64
	Width        int
	Height       int
	Credits      []string // one line for each source that was looked at
	Recipe       []byte   // JSON, for XMP; nil = leave out
}

// trainedAlgorithmicMedia is the IPTC term for pictures made by a trained model.
const trainedAlgorithmicMedia = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

// Parameters returns the three-line text (prompt, negative prompt, settings) that most studios and galleries read from
// a PNG's "parameters" or from EXIF. A line break inside a prompt would begin a new field there, so control characters
// become spaces; the exact prompt stands in the recipe.
func (p Provenance) Parameters() string {
	var b strings.Builder
	b.WriteString(oneLine(p.Prompt))
	if neg := oneLine(p.Negative); neg != "" {
		b.WriteString("\nNegative prompt: " + neg)
	}
	fmt.Fprintf(&b, "\nSteps: %d", p.Steps)
	if p.Sampler != "" {
		b.WriteString(", Sampler: " + quoted(p.Sampler))
	}
	fmt.Fprintf(&b, ", CFG scale: %s, Seed: %d, Size: %dx%d, Model: %s, Version: %s",
		strconv.FormatFloat(p.Guidance, 'g', -1, 64), p.Seed, p.Width, p.Height, quoted(p.Model), quoted(p.Tool))
	return b.String()
}

// quoted writes a value of the settings line; one with a separator inside becomes a JSON string, as readers expect.
func quoted(s string) string {
	s = oneLine(s)
	if !strings.ContainsAny(s, ",:\"") {
		return s
	}
	b, _ := json.Marshal(s) // a string always marshals
	return string(b)
}

// oneLine returns s in valid UTF-8 with control characters and line separators as single spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

// cleanRunes returns s in valid UTF-8 with the bad characters replaced by U+FFFD.
func cleanRunes(s string, bad func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// XMP returns the provenance as an XMP packet with the IPTC fields for pictures made by a model (IPTC Photo Metadata
// 2025.1). Characters XML cannot hold become U+FFFD; line breaks survive as references.
func (p Provenance) XMP() []byte {
	var b bytes.Buffer
	b.WriteString(`<?xpacket begin="` + "\uFEFF" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>` +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about=""` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"` +
		` xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"` +
		` xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:bottega="https://bottega.invalid/ns/1.0/">`)
	element := func(name, value string) {
		if value != "" {
			b.WriteString("<" + name + ">" + escapeXML(value) + "</" + name + ">")
		}
	}
	element("Iptc4xmpExt:DigitalSourceType", trainedAlgorithmicMedia)
	element("xmp:CreatorTool", p.Tool)
	element("Iptc4xmpExt:AISystemUsed", p.Model)
	element("Iptc4xmpExt:AISystemVersionUsed", p.ModelVersion)
	if p.Prompt != "" {
		b.WriteString(`<dc:description><rdf:Alt><rdf:li xml:lang="x-default">` + escapeXML(p.Prompt) +
			`</rdf:li></rdf:Alt></dc:description>`)
		element("Iptc4xmpExt:AIPromptInformation", p.Prompt)
	}
	element("photoshop:Credit", strings.Join(p.Credits, "; "))
	element("bottega:Recipe", string(p.Recipe))
	b.WriteString(`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`)
	return b.Bytes()
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// UserComment returns an EXIF block (a TIFF file, big-endian) whose only field is UserComment with the text in UTF-16,
// where studios look for the parameters of a WebP. Layout: Exif 2.32 §4.6.5.
func UserComment(text string) []byte {
	value := []byte("UNICODE\x00")
	for _, u := range utf16.Encode([]rune(strings.ToValidUTF8(text, "\uFFFD"))) {
		value = binary.BigEndian.AppendUint16(value, u)
	}
	const ifd0, exifIFD, data = 8, 26, 44 // offsets; a directory of one entry is 18 bytes
	out := []byte("MM\x00*")
	out = binary.BigEndian.AppendUint32(out, ifd0)
	entry := func(tag, kind uint16, count, value uint32) {
		out = binary.BigEndian.AppendUint16(out, 1) // entries in this directory
		out = binary.BigEndian.AppendUint16(out, tag)
		out = binary.BigEndian.AppendUint16(out, kind)
		out = binary.BigEndian.AppendUint32(out, count)
		out = binary.BigEndian.AppendUint32(out, value)
		out = binary.BigEndian.AppendUint32(out, 0) // no next directory
	}
	entry(0x8769, 4, 1, exifIFD)               // ExifIFD, LONG
	entry(0x9286, 7, uint32(len(value)), data) // UserComment, UNDEFINED
	return append(out, value...)
}
