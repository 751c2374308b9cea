package tempera

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/color"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/compose"
	"bottega/internal/engine/tempera/paint"
	weights "bottega/tempera"
)

// The trained model in this repository: what is delivered comes out of the network, and every control changes it.
func TestTrained(t *testing.T) {
	p := trained(t, trainedWeights(t))
	for name, test := range map[string]func(*testing.T, *painter){
		"delivers neither the layout nor a drawing":                    deliversNeitherTheLayoutNorADrawing,
		"comes out of the network":                                     comesOutOfTheNetwork,
		"every control changes the picture":                            everyControlChangesThePicture,
		"adherence brings the picture closer to the reference":         adherenceBringsThePictureCloserToTheReference,
		"without a reference there is a picture and a note":            withoutReferenceIsAPictureAndANote,
		"transparent keeps alpha, opaque is the same painted on white": transparentKeepsAlphaAndOpaqueIsThatOnWhite,
		"a low strength keeps the picture":                             aLowStrengthKeepsThePicture,
		"a repeating picture has no seam":                              aRepeatingPictureHasNoSeam,
		"what is outside a mask is kept":                               whatIsOutsideAMaskIsKept,
		"cells are of one colour with hard edges":                      cellsAreOfOneColour,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

// trainedWeights are those in this repository, or in the folder that BOTTEGA_TEMPERA_WEIGHTS names.
func trainedWeights(t *testing.T) fs.FS {
	t.Helper()
	if dir := os.Getenv("BOTTEGA_TEMPERA_WEIGHTS"); dir != "" {
		return os.DirFS(dir)
	}
	if _, err := openManifest(weights.Weights()); err != nil {
		t.Skipf("the weights in tempera/weights wait for the network of the present format: %v", err)
	}
	return weights.Weights()
}

func trained(t *testing.T, files fs.FS) *painter {
	t.Helper()
	p, err := openPainter(files, painterOptions{LibraryDir: sharedData(t), Threads: 2})
	must(t, err)
	t.Cleanup(p.close)
	return p
}

func ask(prompt string) engine.ImageRequest {
	return engine.ImageRequest{
		Prompt: prompt, Style: "soft-3d", Width: 128, Height: 128, Seed: 11, Steps: 4, Guidance: 1, Adherence: 0.35,
	}
}

func painted(t *testing.T, p *painter, req engine.ImageRequest) *engine.Picture {
	t.Helper()
	picture, err := p.paint(t.Context(), &req, nil)
	must(t, err)
	return picture
}

// composed is what the network looked at, as if it were delivered.
func composed(t *testing.T, p *painter, req engine.ImageRequest) *image.NRGBA {
	t.Helper()
	pl, err := p.plan(t.Context(), &req)
	must(t, err)
	if pl.canvas == nil {
		t.Fatalf("%q was not composed", req.Prompt)
	}
	return delivered(pl.canvas, req)
}

func delivered(c *compose.Canvas, req engine.ImageRequest) *image.NRGBA {
	return paint.Deliver(paint.Planes(c.Pix), c.Width, c.Height, paint.Delivery{
		Width: req.Width, Height: req.Height, Transparent: req.Transparent,
	})
}

const (
	visibly = 1.0  // mean distance of components, 0-255, that counts as another picture
	barely  = 0.25 // the same where closeness was asked for: painted anew, and meant to look alike
)

func deliversNeitherTheLayoutNorADrawing(t *testing.T, p *painter) {
	for _, prompt := range []string{"a red fox on a hill", "three blue robots in a row", "castle"} {
		for _, adherence := range []float64{0, 0.35, 1} {
			req := ask(prompt)
			req.Adherence, req.Guidance = adherence, p.manifest.Defaults.Guidance
			got := painted(t, p, req)
			least := visibly / 2 // what has its style already is kept
			if adherence > p.manifest.Defaults.Adherence {
				least = barely
			}
			if d := difference(got.Image, composed(t, p, req)); d < least {
				t.Errorf("%q at adherence %v is the composed layout (distance %.2f)", prompt, adherence, d)
			}
			if len(got.Sources) == 0 {
				t.Errorf("%q names no source", prompt)
			}
			for _, source := range got.Sources {
				if d := difference(got.Image, drawingAlone(t, p, source.ID, req)); d < 2*visibly {
					t.Errorf("%q at adherence %v is the drawing %s (distance %.2f)", prompt, adherence, source.ID, d)
				}
			}
		}
	}
}

// drawingAlone is one stored drawing as large as the picture.
func drawingAlone(t *testing.T, p *painter, id string, req engine.ImageRequest) *image.NRGBA {
	t.Helper()
	c, err := p.composer.Library.Alone(id, p.manifest.Grid)
	must(t, err)
	return delivered(c, req)
}

func comesOutOfTheNetwork(t *testing.T, p *painter) {
	files := map[string][]byte{}
	m, err := openManifest(trainedWeights(t))
	must(t, err)
	content, err := m.verified(trainedWeights(t), func(int64) {})
	must(t, err)
	maps.Copy(files, content)
	files[networkFile] = zeroed(t, content[networkFile])
	dir := t.TempDir()
	writeWeights(t, dir, m, files)
	req := ask("a red fox on a hill")
	whole, blank := painted(t, p, req), painted(t, trained(t, os.DirFS(dir)), req)
	if d := difference(whole.Image, blank.Image); d < 5*visibly {
		t.Errorf("the network's weights are zero and the picture is the same (distance %.2f)", d)
	}
	if whole.ModelVersion == blank.ModelVersion {
		t.Error("other weights have the same exact version")
	}
}

// zeroed returns an ONNX file whose large constants are all zero. It walks the protobuf message: field 7 of the model
// is the graph, field 5 of the graph its constants, field 9 of a constant its bytes.
func zeroed(t *testing.T, onnx []byte) []byte {
	t.Helper()
	out, wiped := bytes.Clone(onnx), 0
	walk(t, out, func(field int, graph []byte) {
		if field != 7 {
			return
		}
		walk(t, graph, func(field int, tensor []byte) {
			if field != 5 {
				return
			}
			walk(t, tensor, func(field int, raw []byte) {
				if field == 9 && len(raw) >= 512 {
					clear(raw)
					wiped++
				}
			})
		})
	})
	if wiped < 10 {
		t.Fatalf("only %d constants found", wiped)
	}
	return out
}

// walk calls f with the bytes of each length-delimited field.
func walk(t *testing.T, message []byte, f func(field int, value []byte)) {
	t.Helper()
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		message = message[n:]
		switch key & 7 {
		case 0:
			_, n = binary.Uvarint(message)
		case 1:
			n = 8
		case 2:
			length, k := binary.Uvarint(message)
			f(int(key>>3), message[k:k+int(length)])
			n = k + int(length)
		case 5:
			n = 4
		default:
			t.Fatalf("not a protobuf field: %d", key)
		}
		message = message[n:]
	}
}

func everyControlChangesThePicture(t *testing.T, p *painter) {
	base := ask("a red fox on a hill")
	base.Guidance, base.Steps = 2, 2 // enough to differ; whether it is good is for others to say
	shown := card(90, 90, color.NRGBA{250, 240, 210, 255}, color.NRGBA{40, 90, 220, 255})
	hole := maskOf(90, 90, image.Rect(30, 30, 60, 60))
	refer := func(q *engine.ImageRequest, kind engine.ReferenceKind, strength float64) {
		q.References = []engine.Reference{reference(kind, shown, strength)}
	}
	seen := map[[sha256.Size]byte]string{sha256.Sum256(painted(t, p, base).Image.Pix): "nothing"}
	for name, change := range map[string]func(*engine.ImageRequest){
		"seed":            func(q *engine.ImageRequest) { q.Seed++ },
		"style":           func(q *engine.ImageRequest) { q.Style = "ink" },
		"prompt":          func(q *engine.ImageRequest) { q.Prompt = "a blue fox on a hill" },
		"guidance":        func(q *engine.ImageRequest) { q.Guidance = 4 },
		"negative prompt": func(q *engine.ImageRequest) { q.NegativePrompt = "red fox hill" },
		"adherence":       func(q *engine.ImageRequest) { q.Adherence = 0.8 },
		"no reference":    func(q *engine.ImageRequest) { q.Adherence = -1 },
		"steps":           func(q *engine.ImageRequest) { q.Steps = 3 },
		"background":      func(q *engine.ImageRequest) { q.Prompt, q.Background = "a fox", scarlet },
		"tile":            func(q *engine.ImageRequest) { q.Tile = true },
		"init":            func(q *engine.ImageRequest) { q.Init, q.Strength = shown, 0.5 },
		"strength":        func(q *engine.ImageRequest) { q.Init, q.Strength = shown, 0.6 },
		"mask":            func(q *engine.ImageRequest) { q.Init, q.Strength, q.Mask = shown, 1, hole },
		"erase":           func(q *engine.ImageRequest) { q.Init, q.Strength, q.Mask, q.Erase = shown, 1, hole, true },
		"style reference": func(q *engine.ImageRequest) { refer(q, engine.StyleReference, 1) },
		"style strength":  func(q *engine.ImageRequest) { refer(q, engine.StyleReference, 0.5) },
		"content":         func(q *engine.ImageRequest) { refer(q, engine.ContentReference, 1) },
		"character":       func(q *engine.ImageRequest) { refer(q, engine.CharacterReference, 1) },
		"edges":           func(q *engine.ImageRequest) { refer(q, engine.EdgeReference, 1) },
		"weaker edges":    func(q *engine.ImageRequest) { refer(q, engine.EdgeReference, 0.4) },
		"boxes":           func(q *engine.ImageRequest) { q.Boxes = []engine.Box{{Width: 0.5, Height: 0.5, Prompt: "a fox"}} },
	} {
		req := base
		change(&req)
		sum := sha256.Sum256(painted(t, p, req).Image.Pix)
		if as := seen[sum]; as != "" {
			t.Errorf("another %s and the same picture as with another %s", name, as)
		}
		seen[sum] = name
	}
}

func adherenceBringsThePictureCloserToTheReference(t *testing.T, p *painter) {
	free, tight := ask("a red fox on a hill"), ask("a red fox on a hill")
	free.Adherence, tight.Adherence = 0, 0.9
	reference := composed(t, p, free)
	far, near := difference(painted(t, p, free).Image, reference), difference(painted(t, p, tight).Image, reference)
	if near >= far {
		t.Errorf("distance to the reference is %.2f at adherence 0.9 and %.2f at 0", near, far)
	}
}

func withoutReferenceIsAPictureAndANote(t *testing.T, p *painter) {
	for _, c := range []struct {
		prompt    string
		adherence float64
		note      string
	}{
		{"quxzzy blorp", 0.35, "“quxzzy” is unknown"},
		{"", 0.35, "Nothing in the prompt has a drawing"},
		{"a terrier and a quxzzy", -1, "“quxzzy” is unknown"},
		{"東京タワー", 0.35, "unknown"},
	} {
		req := ask(c.prompt)
		req.Adherence = c.adherence
		picture := painted(t, p, req)
		if len(picture.Sources) != 0 {
			t.Errorf("%q names sources %v and looked at none", c.prompt, picture.Sources)
		}
		if !strings.Contains(strings.Join(picture.Notes, "\n"), c.note) {
			t.Errorf("%q: notes %q lack %q", c.prompt, picture.Notes, c.note)
		}
	}
}

func aLowStrengthKeepsThePicture(t *testing.T, p *painter) {
	req := ask("a red fox on a hill")
	req.Init = composed(t, p, ask("a green frog on a beach"))
	last := 0.0
	for _, strength := range []float64{0.05, 0.5, 1} {
		req.Strength = strength
		d := difference(painted(t, p, req).Image, req.Init)
		if d < last-visibly || strength < 0.1 && d > 12 { // by chance a little nearer is no mistake
			t.Errorf("strength %v: %.2f from the picture to start from, %.2f with less", strength, d, last)
		}
		last = d
	}
}

// What is logged as "measured" goes into tempera/weights/evaluation.json (python -m tempera.evaluate).
func aRepeatingPictureHasNoSeam(t *testing.T, p *painter) {
	var worst, open float64
	for _, prompt := range []string{"five strawberries", "a rocket in space"} {
		req := ask(prompt)
		open = max(open, meanSeam(t, p, req))
		req.Tile = true
		e := meanSeam(t, p, req)
		worst = max(worst, e)
		if e > 1.3 {
			t.Errorf("%q: a step across the border is %.2f times one inside", prompt, e)
		}
	}
	t.Logf("measured seam %.3f", worst)
	t.Logf("measured seam_open %.3f", open)
}

func whatIsOutsideAMaskIsKept(t *testing.T, p *painter) {
	const side = 200
	req := ask("a red fox")
	req.Width, req.Height, req.Strength = side, side, 1
	req.Init, req.Mask = noisyPicture(side, side), maskOf(side, side, image.Rect(50, 60, 140, 150))
	got, outside, inside := painted(t, p, req).Image, 0, 0
	for i, m := range req.Mask.Pix {
		for k := 4 * i; k < 4*i+4; k++ {
			d := int(got.Pix[k]) - int(req.Init.Pix[k])
			if m == 0 {
				outside = max(outside, d, -d)
			} else {
				inside = max(inside, d, -d)
			}
		}
	}
	t.Logf("measured outside_mask %d", outside)
	if outside != 0 || inside == 0 {
		t.Errorf("the largest error outside the mask is %d, the largest change inside %d", outside, inside)
	}
}

func transparentKeepsAlphaAndOpaqueIsThatOnWhite(t *testing.T, p *painter) {
	req := ask("a fox")
	opaque := painted(t, p, req).Image
	req.Transparent = true
	alpha := painted(t, p, req).Image
	for i := 0; i < len(alpha.Pix); i += 4 {
		a := int(alpha.Pix[i+3])
		for c := range 3 {
			want := (int(alpha.Pix[i+c])*a + 255*(255-a)) / 255
			if d := int(opaque.Pix[i+c]) - want; d < -3 || d > 3 {
				t.Fatalf("pixel %d: %v on white is not %v", i/4, alpha.Pix[i:i+4], opaque.Pix[i:i+4])
			}
		}
	}
}

// Pixel art is delivered in squares: 32 of them across, whatever the size.
func cellsAreOfOneColour(t *testing.T, p *painter) {
	req := ask("a red fox")
	req.Style, req.Width, req.Height, req.Transparent = "pixel", 512, 512, true
	m := painted(t, p, req).Image
	colours := map[color.NRGBA]bool{}
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			own, first := m.NRGBAAt(x, y), m.NRGBAAt(x/16*16, y/16*16)
			if own != first {
				t.Fatalf("%d,%d is %v, its cell %v", x, y, own, first)
			}
			if own.A != 0 && own.A != 255 {
				t.Fatalf("%d,%d is %v, half clear", x, y, own)
			}
			colours[own] = true
		}
	}
	if len(colours) < 4 {
		t.Errorf("%d colours", len(colours))
	}
}
