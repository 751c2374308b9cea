package imaging_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"bottega/internal/imaging"
)

// hostile are prompts that try to break out of where they are written.
var hostile = []string{
	"a red fox, sticker",
	"ein süßer Fuchs über Käse",
	"狐 🦊 in the snow",
	"</rdf:li></rdf:Alt><evil attr=\"'&\">]]><!-- <?xpacket end=\"w\"?>",
	"fox\r\nNegative prompt: nothing\nSteps: 1, Seed: 1, Model: other",
	"nul\x00bell\x07escape\x1b[31m\u0085\u2028\u2029del\x7f",
	"broken \xff\xfe utf-8 \xc3",
	"\uFFFE\uFFFF noncharacters",
	strings.Repeat("long ", 2000),
	"",
}

func provenance(prompt string) imaging.Provenance {
	return imaging.Provenance{
		Tool: "Bottega 0.1.0", Model: "tempera-image", ModelVersion: "0.1.0+abc", Prompt: prompt, Negative: prompt,
		Seed: 42, Steps: 12, Guidance: 3.5, Width: 512, Height: 256,
		Credits: []string{"“Fox” by A <b> & C (CC BY 4.0)"}, Recipe: []byte(`{"prompt":"x<y"}`),
	}
}

func TestParameters_ReadLikeOtherStudiosWriteThem(t *testing.T) {
	p := provenance("a red fox")
	p.Negative = "blur"
	p.Sampler = "ddim: fast, exact"
	want := "a red fox\nNegative prompt: blur\n" +
		`Steps: 12, Sampler: "ddim: fast, exact", CFG scale: 3.5, Seed: 42, Size: 512x256, Model: tempera-image, Version: Bottega 0.1.0`
	if got := p.Parameters(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParameters_HostilePromptsStayOnTheirLine(t *testing.T) {
	for _, prompt := range hostile {
		lines := strings.Split(provenance(prompt).Parameters(), "\n")
		want := 3
		if strings.TrimSpace(prompt) == "" {
			want = 2
		}
		if len(lines) != want || !strings.HasPrefix(lines[len(lines)-1], "Steps: 12, CFG scale: 3.5, Seed: 42, ") {
			t.Errorf("prompt %.40q: %d lines, the last %q", prompt, len(lines), lines[len(lines)-1])
		}
	}
}

// xmlSafe is what XML keeps of a text.
func xmlSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func TestXMP_HostilePromptsComeBackAsText(t *testing.T) {
	for _, prompt := range hostile {
		fields := readXMP(t, provenance(prompt).XMP())
		want := xmlSafe(prompt)
		// each invalid byte becomes one U+FFFD in XML, a run of them one in ours: compare with runs squeezed
		if got := fields["li"]; squeeze(got) != squeeze(want) {
			t.Errorf("prompt %.40q came back as %.60q", prompt, got)
		}
		if fields["DigitalSourceType"] != "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" {
			t.Errorf("prompt %.40q: source type %q", prompt, fields["DigitalSourceType"])
		}
		if fields["CreatorTool"] != "Bottega 0.1.0" || fields["Credit"] != "“Fox” by A <b> & C (CC BY 4.0)" || fields["Recipe"] != `{"prompt":"x<y"}` {
			t.Errorf("prompt %.40q: fields %v", prompt, fields)
		}
		if _, evil := fields["evil"]; evil {
			t.Errorf("prompt %.40q became an element", prompt)
		}
	}
}

func squeeze(s string) string {
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

// readXMP returns the text of every element by local name; it fails on anything not well-formed.
func readXMP(t *testing.T, packet []byte) map[string]string {
	t.Helper()
	fields := map[string]string{}
	dec := xml.NewDecoder(bytes.NewReader(packet))
	var open []string
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return fields
		}
		if err != nil {
			t.Fatalf("XMP is not well-formed: %v\n%s", err, packet)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			open = append(open, tok.Name.Local)
			fields[tok.Name.Local] = ""
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				fields[open[len(open)-1]] += string(tok)
			}
		}
	}
}

func TestPNGText_HostileTextsRoundTrip(t *testing.T) {
	for _, prompt := range hostile {
		texts := []imaging.Text{
			{Keyword: imaging.KeyParameters, Value: prompt},
			{Keyword: imaging.KeyXMP, Value: string(provenance(prompt).XMP())},
		}
		file, err := imaging.EncodePNG(sticker(8, 8), texts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := imaging.ReadPNGText(bytes.NewReader(file))
		if err != nil || len(got) != 2 {
			t.Fatalf("prompt %.40q: read %d texts, %v", prompt, len(got), err)
		}
		want := strings.ReplaceAll(strings.ToValidUTF8(prompt, "\uFFFD"), "\x00", "\uFFFD")
		if got[0].Keyword != imaging.KeyParameters || got[0].Value != want {
			t.Errorf("prompt %.40q came back as %.60q", prompt, got[0].Value)
		}
		if got[1] != texts[1] {
			t.Errorf("prompt %.40q: XMP changed on the way", prompt)
		}
	}
}

func TestPNGText_Latin1StaysOldStyle(t *testing.T) {
	for value, kind := range map[string]string{"süß\nx": "tEXt", "狐": "iTXt", "tab\t": "iTXt"} {
		file, err := imaging.EncodePNG(sticker(4, 4), []imaging.Text{{Keyword: imaging.KeyParameters, Value: value}})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(file[37:41]); got != kind {
			t.Errorf("%q was written as %s, want %s", value, got, kind)
		}
	}
	if _, err := imaging.EncodePNG(sticker(4, 4), []imaging.Text{{Keyword: "a\x00b", Value: ""}}); err == nil {
		t.Error("a keyword with NUL was accepted")
	}
}

// The block is read the way an EXIF reader does: by following the offsets.
func TestUserComment_FollowsTheOffsets(t *testing.T) {
	block := imaging.UserComment("süß 🦊")
	be := binary.BigEndian
	if string(block[:4]) != "MM\x00*" {
		t.Fatalf("header %q", block[:4])
	}
	ifd := be.Uint32(block[4:])
	if be.Uint16(block[ifd:]) != 1 || be.Uint16(block[ifd+2:]) != 0x8769 {
		t.Fatal("IFD0 does not hold exactly the pointer to the Exif directory")
	}
	exif := be.Uint32(block[ifd+10:])
	if be.Uint16(block[exif:]) != 1 || be.Uint16(block[exif+2:]) != 0x9286 || be.Uint16(block[exif+4:]) != 7 {
		t.Fatal("the Exif directory does not hold exactly UserComment")
	}
	count, at := be.Uint32(block[exif+6:]), be.Uint32(block[exif+10:])
	value := block[at : at+count]
	if int(at+count) != len(block) || string(value[:8]) != "UNICODE\x00" {
		t.Fatalf("comment begins %q and ends at %d of %d", value[:8], at+count, len(block))
	}
	var units []uint16
	for i := 8; i < len(value); i += 2 {
		units = append(units, be.Uint16(value[i:]))
	}
	if got := string(utf16.Decode(units)); got != "süß 🦊" {
		t.Errorf("comment is %q", got)
	}
}

func TestReaders_RefuseCutAndDamagedFiles(t *testing.T) {
	file, err := imaging.EncodePNG(sticker(8, 8), []imaging.Text{{Keyword: "parameters", Value: "hello"}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 60 { // the first 60 bytes hold the header and the text
		if _, err := imaging.ReadPNGText(bytes.NewReader(file[:n])); !errors.Is(err, imaging.ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	file[55] ^= 1
	if _, err := imaging.ReadPNGText(bytes.NewReader(file)); !errors.Is(err, imaging.ErrFormat) {
		t.Errorf("a damaged text was read: %v", err)
	}
	huge := "\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt"
	if _, err := imaging.ReadPNGText(strings.NewReader(huge)); !errors.Is(err, imaging.ErrFormat) {
		t.Errorf("a chunk of 4 GB: %v", err)
	}
	if _, err := imaging.ReadWebPXMP(strings.NewReader("RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff")); !errors.Is(err, imaging.ErrFormat) {
		t.Errorf("an XMP chunk of 4 GB: %v", err)
	}
}

func FuzzReadPNGText(f *testing.F) {
	for _, prompt := range hostile {
		file, _ := imaging.EncodePNG(sticker(2, 2), []imaging.Text{{Keyword: "parameters", Value: prompt}})
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		texts, err := imaging.ReadPNGText(bytes.NewReader(file))
		if err != nil && !errors.Is(err, imaging.ErrFormat) {
			t.Fatalf("unexpected error %v", err)
		}
		for _, x := range texts {
			if !utf8.ValidString(x.Value) {
				t.Fatalf("text %q is not UTF-8", x.Value)
			}
		}
	})
}

func FuzzReadWebP(f *testing.F) {
	file, _ := imaging.EncodeWebP(sticker(4, 4), imaging.WebP{Quality: 50, XMP: []byte("<x/>"), EXIF: []byte("MM")})
	f.Add(file)
	f.Add([]byte("RIFF\x04\x00\x00\x00WEBP"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, read := range []func(io.Reader) ([]byte, error){imaging.ReadWebPXMP, imaging.ReadWebPEXIF} {
			if data, err := read(bytes.NewReader(file)); err != nil && !errors.Is(err, imaging.ErrFormat) || len(data) > 1<<20 {
				t.Fatalf("read %d bytes, error %v", len(data), err)
			}
		}
	})
}

func FuzzProvenance(f *testing.F) {
	for _, prompt := range hostile {
		f.Add(prompt)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		p := provenance(prompt)
		readXMP(t, p.XMP())
		if n := strings.Count(p.Parameters(), "\n"); n > 2 || n < 1 {
			t.Fatalf("parameters have %d line breaks", n)
		}
	})
}
