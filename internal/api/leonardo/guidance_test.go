package leonardo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bottega/internal/asset"
	"bottega/internal/generation/kind/image"
)

// send posts a form and returns what came back.
func (w *world) send(url string, fields map[string]string, file []byte, headers ...string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			w.t.Fatal(err)
		}
	}
	if file != nil {
		part, err := form.CreateFormFile("file", "fox.png")
		if err != nil {
			w.t.Fatal(err)
		}
		_, _ = part.Write(file)
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	path := url[strings.Index(url, Prefix)+len(Prefix):]
	return w.call("", "POST", path, body.String(), append(headers, "Content-Type", form.FormDataContentType())...)
}

func fieldsOf(t *testing.T, text string) map[string]string {
	t.Helper()
	var fields map[string]string
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return fields
}

func TestInitImage_FormThenPictureThenGone(t *testing.T) {
	w := newWorld(t)
	var made InitImageResponse
	w.call(annKey, "POST", "/init-image", `{"extension":"JPG"}`).into(&made)
	up := made.Upload
	fields := fieldsOf(t, up.Fields)
	if !strings.HasPrefix(up.URL, "http://") || up.Key != "uploads/"+up.ID+".jpg" || fields["key"] != up.Key || fields["Content-Type"] != "image/jpeg" {
		t.Errorf("form is %+v", up)
	}
	var got GetInitImageResponse
	w.call(annKey, "GET", "/init-image/"+up.ID, nil).into(&got)
	if got.Image.ID != up.ID || got.Image.URL != "" || isTime(got.Image.CreatedAt) != "" {
		t.Errorf("before the picture: %+v", got.Image)
	}
	// A key that comes along is not looked at, whoever's it is.
	if a := w.send(up.URL, fields, []byte("picture"), "Authorization", "Bearer nonsense"); a.status != http.StatusNoContent || a.body != "" {
		t.Fatalf("sending the form: %d %s", a.status, a.body)
	}
	w.send(up.URL, fields, []byte("another")).refused(409, codeConflict, "has its picture already")
	w.call(annKey, "GET", "/init-image/"+up.ID, nil).into(&got)
	if !strings.Contains(got.Image.URL, up.ID) {
		t.Errorf("after the picture: %+v", got.Image)
	}
	w.call(benKey, "DELETE", "/init-image/"+up.ID, nil).refused(404, codeNotFound)
	var gone DeleteInitImageResponse
	w.call(annKey, "DELETE", "/init-image/"+up.ID, nil).into(&gone)
	if gone.Deleted.ID != up.ID {
		t.Errorf("deleted %+v", gone)
	}
	w.call(annKey, "GET", "/init-image/"+up.ID, nil).refused(404, codeNotFound)
	w.send(up.URL, fields, []byte("late")).refused(404, codeNotFound)
}

func TestInitImage_WhoMayNotAndWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	anns := w.shelf.put(ann.ID, asset.FromUpload, 64, 64)
	for _, path := range []string{"GET /init-image/" + anns, "DELETE /init-image/" + anns} {
		method, path, _ := strings.Cut(path, " ")
		w.call(benKey, method, path, nil).refused(404, codeNotFound)
		w.call(annKey, method, "/init-image/nonsense", nil).refused(404, codeNotFound)
	}
	for _, key := range []string{"", revokedKey, expiredKey, "nonsense"} {
		w.call(key, "POST", "/init-image", `{"extension":"png"}`).refused(401, codeAccessDenied)
		w.call(key, "POST", "/canvas-init-image", `{"initExtension":"png","maskExtension":"png"}`).refused(401, codeAccessDenied)
		w.call(key, "GET", "/init-image/"+anns, nil).refused(401, codeAccessDenied)
		w.call(key, "DELETE", "/init-image/"+anns, nil).refused(401, codeAccessDenied)
	}
	w.call(annKey, "POST", "/init-image", `{}`).refused(400, codeValidationFailed, `non-nullable variable: "extension"`)
	w.call(annKey, "POST", "/init-image", `{"extension":"gif"}`).refused(400, codeBadRequest, "invalid file extension", "gif", "png, jpg, jpeg, webp")
	w.call(annKey, "POST", "/init-image", `{"ext":"png"}`).refused(400, codeBadRequest, "Unexpected variable ext")
	w.call(annKey, "POST", "/canvas-init-image", `{"initExtension":"png"}`).refused(400, codeValidationFailed, "maskExtension")

	url := w.url + Prefix + formPath
	w.send(url, nil, []byte("x")).refused(401, codeAccessDenied, "form")
	w.send(url, map[string]string{"policy": "e30=", "signature": "x"}, []byte("x")).refused(401, codeAccessDenied)
	w.call("", "POST", formPath, `{}`).refused(400, codeBadRequest, "multipart")
	w.call("", "GET", formPath, nil).refused(405, codeBadRequest)

	var bens, good InitImageResponse
	w.call(benKey, "POST", "/init-image", `{"extension":"png"}`).into(&bens) // whose key ends before the form is sent
	w.send(url, fieldsOf(t, bens.Upload.Fields), []byte("x")).refused(401, codeAccessDenied, "revoked")
	w.call(annKey, "POST", "/init-image", `{"extension":"png"}`).into(&good)
	fields := fieldsOf(t, good.Upload.Fields)
	w.send(url, fields, nil).refused(400, codeBadRequest, `"file"`)
	w.call("", "POST", formPath, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"+strings.Repeat("x", 1<<22),
		"Content-Type", "multipart/form-data; boundary=b").refused(401, codeAccessDenied, "form") // before the file is read
	w.send(url, fields, []byte{}).refused(400, codeBadRequest, "file", "is empty")
	w.send(url, fields, make([]byte, asset.MaxUploadBytes+(1<<20))).refused(413, codeTooLarge)
	w.clock.Advance(2 * 365 * 24 * 3600e9)
	w.send(url, fields, []byte("x")).refused(401, codeAccessDenied, "form")
}

func TestCanvasInitImage_TwoForms(t *testing.T) {
	w := newWorld(t)
	var made CanvasResponse
	w.call(annKey, "POST", "/canvas-init-image", `{"init_extension":"png","maskExtension":"webp"}`).into(&made)
	up := made.Upload
	if up.InitID == up.MaskID || !strings.HasSuffix(up.InitKey, ".png") || !strings.HasSuffix(up.MaskKey, ".webp") {
		t.Fatalf("forms are %+v", up)
	}
	for id, form := range map[string][2]string{up.InitID: {up.InitURL, up.InitFields}, up.MaskID: {up.MaskURL, up.MaskFields}} {
		if a := w.send(form[0], fieldsOf(t, form[1]), []byte("x")); a.status != 204 {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
		var got GetInitImageResponse
		w.call(annKey, "GET", "/init-image/"+id, nil).into(&got)
		if got.Image.URL == "" {
			t.Errorf("%s: no picture came", id)
		}
	}
}

func number(v float64) *float64 { return &v }

func TestPictures_ReachTheRoad(t *testing.T) {
	w := newWorld(t)
	up, mask := w.shelf.put(ann.ID, asset.FromUpload, 512, 512), w.shelf.put(ann.ID, asset.FromUpload, 512, 512)
	made := w.shelf.put(ann.ID, asset.FromGeneration, 512, 512)
	net := func(id, kind, rest string) string {
		return fmt.Sprintf(`{"initImageId":%q,"initImageType":%q,%s}`, id, kind, rest)
	}
	for name, c := range map[string]struct {
		body string
		want image.Request // of the fields about pictures
	}{
		"tiling":                   {`"tiling":true`, image.Request{Tile: true}},
		"start":                    {`"init_image_id":"` + up + `","init_strength":0.7`, image.Request{InitImage: up, Strength: number(0.3)}},
		"start without a strength": {`"initImageId":"` + up + `"`, image.Request{InitImage: up}},
		"generated start":          {`"initGenerationImageId":"` + made + `","initStrength":0.1`, image.Request{InitImage: made, Strength: number(0.9)}},
		"guidance": {`"controlnets":[` + net(up, "UPLOADED", `"preprocessorId":67,"strengthType":"Ultra"`) + `,` + net(made, "GENERATED", `"preprocessorId":19,"weight":1.5`) + `,` +
			net(up, "UPLOADED", `"preprocessorId":397,"strengthType":"Low"`) + `,` + net(up, "UPLOADED", `"preprocessorId":233`) + `]`, image.Request{References: []image.Reference{
			{Image: up, Kind: "style", Strength: number(0.8)},
			{Image: made, Kind: "edge", Strength: number(0.75)},
			{Image: up, Kind: "character", Strength: number(0.33)},
			{Image: up, Kind: "content", Strength: number(0.5)},
		}}},
		"two styles": {
			`"controlnets":[` + net(up, "UPLOADED", `"preprocessorId":166,"weight":2,"influence":1`) + `,` + net(made, "GENERATED", `"preprocessorId":298,"weight":2,"influence":4`) + `]`,
			image.Request{References: []image.Reference{{Image: up, Kind: "style", Strength: number(0.25)}, {Image: made, Kind: "style", Strength: number(1)}}},
		},
		"image prompts": {`"imagePrompts":["` + up + `"],"imagePromptWeight":0.4`, image.Request{References: []image.Reference{{Image: up, Kind: "content", Strength: number(0.4)}}}},
		"inpaint":       {`"canvasRequest":true,"canvasRequestType":"INPAINT","canvasInitId":"` + up + `","canvasMaskId":"` + mask + `","init_strength":0.15`, image.Request{InitImage: up, Mask: mask, Strength: number(0.85)}},
		"outpaint":      {`"canvasRequest":true,"canvasRequestType":"OUTPAINT","canvasInitId":"` + up + `","canvasMaskId":"` + mask + `"`, image.Request{InitImage: up, Mask: mask}},
		"all of it":     {`"canvasRequest":true,"canvasRequestType":"INPAINT","canvasInitId":"` + up + `","canvasMaskId":"` + mask + `","init_strength":0`, image.Request{InitImage: up, Mask: mask, Strength: number(1)}},
		"sketch":        {`"canvasRequest":true,"canvasRequestType":"SKETCH2IMG","canvasInitId":"` + up + `"`, image.Request{InitImage: up, Strength: number(0.8)}},
		"whole canvas":  {`"canvasRequest":true,"canvasRequestType":"IMG2IMG","canvasInitId":"` + up + `","init_strength":0.5`, image.Request{InitImage: up, Strength: number(0.5)}},
	} {
		t.Run(name, func(t *testing.T) {
			w.create(`{"prompt":"a fox","width":1024,"height":768,` + c.body + `}`)
			got := w.lastRequest()
			if (got.Mask != "") != (got.Width == nil) {
				t.Errorf("width is %v with the mask %q", got.Width, got.Mask)
			}
			pictures := image.Request{Tile: got.Tile, InitImage: got.InitImage, Strength: got.Strength, Mask: got.Mask, References: got.References}
			if diff := cmp.Diff(c.want, pictures); diff != "" {
				t.Errorf("on the road (-want +got):\n%s", diff)
			}
		})
	}
	if g := w.complete(w.create(`{"prompt":"x","init_image_id":"` + up + `","init_strength":0.7}`).GenerationID); g.InitStrength == nil || *g.InitStrength != 0.7 {
		t.Errorf("initStrength is %v, want 0.7", g.InitStrength)
	}
}

func TestPictures_RefusedByTheNameOfTheField(t *testing.T) {
	w := newWorld(t)
	up, small := w.shelf.put(ann.ID, asset.FromUpload, 512, 512), w.shelf.put(ann.ID, asset.FromUpload, 256, 512)
	made, bens := w.shelf.put(ann.ID, asset.FromGeneration, 512, 512), w.shelf.put(ben.ID, asset.FromUpload, 512, 512)
	canvas := `"canvasRequest":true,"canvasRequestType":"INPAINT",`
	net := func(rest string) string { return `"controlnets":[{"initImageId":"` + up + `",` + rest + `}]` }
	before := w.topUp[ann.ID]
	for body, parts := range map[string][]string{
		`"init_image_id":"` + bens + `"`:                                                      {"init_image_id", "invalid init image id"},
		`"init_image_id":"` + made + `"`:                                                      {"init_image_id", "an uploaded picture"},
		`"initGenerationImageId":"` + up + `"`:                                                {"initGenerationImageId", "a generated picture"},
		`"init_image_id":"nonsense","width":33`:                                               {"init_image_id"},
		`"init_image_id":"` + up + `","init_generation_image_id":"` + made + `"`:              {"init_generation_image_id", "cannot be combined with init_image_id"},
		`"init_image_id":"` + up + `","init_strength":0.95`:                                   {"init_strength", "0.1 to 0.9", "closer"},
		`"init_strength":0.5`:                                                                 {"init_strength"},
		`"tiling":true,"canvasMaskId":"` + up + `"`:                                           {"canvasMaskId", "canvasRequest true"},
		`"canvasRequest":true`:                                                                {"canvasRequestType", "INPAINT, OUTPAINT, SKETCH2IMG, IMG2IMG"},
		canvas + `"canvasInitId":"` + up + `"`:                                                {"canvasMaskId", "missing"},
		canvas + `"canvasMaskId":"` + up + `"`:                                                {"canvasInitId", "missing"},
		canvas + `"canvasInitId":"` + up + `","canvasMaskId":"` + small + `"`:                 {"canvasMaskId", "256 × 512", "512 × 512"},
		canvas + `"canvasInitId":"` + up + `","canvasMaskId":"` + up + `","width":512`:        {"height", "768", "512"},
		net(`"initImageType":"UPLOADED","preprocessorId":20`):                                 {"controlnets[0].preprocessorId", "depth", "67"},
		net(`"initImageType":"UPLOADED","preprocessorId":4711`):                               {"controlnets[0].preprocessorId", "unknown"},
		net(`"initImageType":"VARIATION","preprocessorId":67`):                                {"controlnets[0].initImageType", "GENERATED, UPLOADED"},
		net(`"initImageType":"GENERATED","preprocessorId":67`):                                {"controlnets[0].initImageId"},
		net(`"initImageType":"UPLOADED","preprocessorId":67,"weight":2.5`):                    {"controlnets[0].weight", "above 0 to 2"},
		net(`"initImageType":"UPLOADED","preprocessorId":67,"weight":1,"strengthType":"Low"`): {"controlnets[0].strengthType", "weight"},
		net(`"initImageType":"UPLOADED","preprocessorId":100,"strengthType":"Ultra"`):         {"controlnets[0].strengthType", "Low, Mid, High"},
		net(`"initImageType":"UPLOADED","preprocessorId":100,"influence":1`):                  {"controlnets[0].influence"},
		net(`"initImageType":"UPLOADED","preprocessorId":67,"mood":1`):                        {"controlnets[0].mood"},
		net(`"initImageType":"UPLOADED","preprocessorId":"67"`):                               {"controlnets[0]", "expected"},
		`"controlnets":["x"]`:                                                                 {"controlnets[0]", "object"},
		`"imagePrompts":["` + made + `"]`:                                                     {"imagePrompts[0]"},
		`"imagePrompts":[7]`:                                                                  {"imagePrompts[0]"},
		`"imagePromptWeight":0.5`:                                                             {"imagePromptWeight"},
		`"imagePrompts":["` + strings.Repeat(up+`","`, 4) + up + `"]`:                         {"imagePrompts", "up to 4"},
		`"controlNet":true`:                                                                   {"controlNet"},
	} {
		w.call(annKey, "POST", "/generations", `{"prompt":"x",`+body+`}`).refused(400, codeBadRequest, parts...)
	}
	if w.topUp[ann.ID] != before || len(w.list) != 0 {
		t.Error("a refused request was accepted")
	}
}

func TestPrice_OfGuidanceIsThatOfTheRequest(t *testing.T) {
	w := newWorld(t)
	up := w.shelf.put(ann.ID, asset.FromUpload, 512, 512)
	job := w.create(`{"prompt":"x","num_images":8,"tiling":true,"controlnets":[{"initImageId":"` + up + `","initImageType":"UPLOADED","preprocessorId":67}],"imagePrompts":["` + up + `"]}`)
	var price, plain PriceResponse
	w.call(annKey, "POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":{"numImages":8,"tiling":true,"controlnetCount":2}}}`).into(&price)
	w.call(annKey, "POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":{"numImages":8}}}`).into(&plain)
	if price.Cost.Cost != job.APICreditCost || price.Cost.Cost <= plain.Cost.Cost {
		t.Errorf("the calculator says %d, without guidance %d, and %d are held", price.Cost.Cost, plain.Cost.Cost, job.APICreditCost)
	}
	w.call(annKey, "POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":{"controlnetCount":9}}}`).refused(400, codeBadRequest, "controlnetCount", "0 to 4")
}
