package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	kind "bottega/internal/generation/kind/image"
)

func TestParseReference(t *testing.T) {
	strength := 0.4
	for flag, want := range map[string]struct {
		ref  kind.Reference
		file string
	}{
		"style:fox.png": {kind.Reference{Kind: "style"}, "fox.png"}, "edge:a:b.png:0.4": {kind.Reference{Kind: "edge", Strength: &strength}, "a:b.png"},
		`content:C:\fox.png`: {kind.Reference{Kind: "content"}, `C:\fox.png`},
	} {
		ref, file, err := parseReference(flag)
		if err != nil || ref.Kind != want.ref.Kind || file != want.file || (ref.Strength == nil) != (want.ref.Strength == nil) ||
			(ref.Strength != nil && *ref.Strength != *want.ref.Strength) {
			t.Errorf("%s is %+v of %q, %v; want %+v of %q", flag, ref, file, err, want.ref, want.file)
		}
	}
	for _, flag := range []string{"fox.png", ":fox.png", "style:", ""} {
		if _, _, err := parseReference(flag); err == nil || !strings.Contains(err.Error(), "KIND:FILE") {
			t.Errorf("%q: %v, want a hint", flag, err)
		}
	}
}

// write makes a PNG.
func write(t *testing.T, name string, width, height int, at func(x, y int) color.NRGBA) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, at(x, y))
		}
	}
	file := filepath.Join(t.TempDir(), name)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGenerate_RepaintsAPartAndKeepsTheRest(t *testing.T) {
	ramp := func(x, y int) color.NRGBA { return color.NRGBA{uint8(3 * x), uint8(3 * y), 99, 255} }
	init := write(t, "init.png", 64, 48, ramp)
	mask := write(t, "mask.png", 64, 48, func(x, _ int) color.NRGBA {
		if x >= 32 {
			return color.NRGBA{255, 255, 255, 255}
		}
		return color.NRGBA{0, 0, 0, 255}
	})
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "out.png")
	must(t, "generate", "--data", data, "--prompt", "a red fox", "--init", init, "--mask", mask, "--reference", "style:"+init+":0.5", "--quality", "draft", "--guidance", "1", "--out", out)
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != 64 || img.Bounds().Dy() != 48 {
		t.Fatalf("%v, %v", img, err)
	}
	for y := range 48 {
		for x := range 32 {
			if got := color.NRGBAModel.Convert(img.At(x, y)); got != ramp(x, y) {
				t.Fatalf("pixel %d, %d outside the mask is %v, want %v", x, y, got, ramp(x, y))
			}
		}
	}
	for _, c := range []struct {
		flag, value, says string
	}{{"--init", mask + ".missing", "no such file"}, {"--init", "main.go", "not a picture"}, {"--reference", "mood:" + init, "references[0].kind"}, {"--quality", "superb", "quality"}, {"--background", "red", "#rrggbb"}} {
		if _, errOut, err := output(t, "generate", "--data", data, "--prompt", "x", "--out", out, c.flag, c.value); err == nil || !strings.Contains(errOut, c.says) {
			t.Errorf("%s %s: %v, %q, want %q", c.flag, c.value, err, errOut, c.says)
		}
	}
}

// Weights with a flipped byte are refused, and the command says so and ends.
func TestGenerate_EndsWhenTheWeightsAreDamaged(t *testing.T) {
	program, err := os.ReadFile(asShipped(t))
	if err != nil {
		t.Fatal(err)
	}
	network, err := os.ReadFile("../../tempera/weights/network.onnx")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(program, network[len(network)/2:][:256])
	if at < 0 {
		t.Fatal("the program does not carry the weights")
	}
	program[at] ^= 1
	damaged := filepath.Join(t.TempDir(), "bottega")
	if err := os.WriteFile(damaged, program, 0o700); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "fox.png")
	cmd := exec.CommandContext(t.Context(), damaged, "generate", "--data", t.TempDir(), "--prompt", "a red fox", "--out", out)
	said, err := cmd.CombinedOutput()
	if want := "bottega: its model cannot be used: load tempera-image: weights: network.onnx is not the file the manifest describes"; err == nil || !bytes.Contains(said, []byte(want)) {
		t.Errorf("%v: %s, want an error that says %q", err, said, want)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a picture was written all the same")
	}
}
