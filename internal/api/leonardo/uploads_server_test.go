package leonardo_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/plan"
)

// block is a PNG of one colour; a mask is white on its right half.
func block(t *testing.T, width, height int, c color.NRGBA, mask bool) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			switch {
			case !mask:
				img.SetNRGBA(x, y, c)
			case x >= width/2:
				img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
			default:
				img.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
			}
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// send posts a signed form with the file and returns the status.
func (in *installation) send(url, fields string, file []byte) (int, string) {
	in.t.Helper()
	var named map[string]string
	if err := json.Unmarshal([]byte(fields), &named); err != nil {
		in.t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range named {
		if err := form.WriteField(name, value); err != nil {
			in.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "x.png")
	if err != nil {
		in.t.Fatal(err)
	}
	_, _ = part.Write(file) // into memory
	if err := form.Close(); err != nil {
		in.t.Fatal(err)
	}
	res, err := http.Post(url, form.FormDataContentType(), &body)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (in *installation) upload(key string, file []byte) string {
	in.t.Helper()
	status, answer := in.call(key, "POST", "/init-image", `{"extension":"png"}`)
	if status != http.StatusOK {
		in.t.Fatalf("init-image: %d %v", status, answer)
	}
	up := answer["uploadInitImage"].(map[string]any)
	if status, text := in.send(up["url"].(string), up["fields"].(string), file); status != http.StatusNoContent {
		in.t.Fatalf("send: %d %s", status, text)
	}
	return up["id"].(string)
}

func TestServer_FromUploadToRepaintedPicture(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		in := newInstallation(t, ref)
		in.Run()
		key := in.key(in.User(plan.Operator), time.Time{})
		teal := color.NRGBA{0, 128, 128, 255}
		init, mask := in.upload(key, block(t, 80, 48, teal, false)), in.upload(key, block(t, 80, 48, teal, true))
		made, price := in.create(key, `{"prompt":"a fox","num_images":1,"canvasRequest":true,"canvasRequestType":"INPAINT","canvasInitId":"`+init+`","canvasMaskId":"`+mask+`"}`)
		g := in.finished(key, made)
		if g["status"] != "COMPLETE" || g["imageWidth"] != 80.0 || g["imageHeight"] != 48.0 || g["initStrength"] != 0.0 || price < 1 {
			t.Fatalf("generation is %v at %g", g, price)
		}
		res, err := http.Get(g["generated_images"].([]any)[0].(map[string]any)["url"].(string))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		img, err := png.Decode(res.Body)
		if err != nil || img.Bounds().Dx() != 80 || img.Bounds().Dy() != 48 {
			t.Fatalf("picture: %v, %v", err, img.Bounds())
		}
		changed := 0
		for y := range 48 {
			for x := range 80 {
				same := color.NRGBAModel.Convert(img.At(x, y)) == teal
				if x < 40 && !same {
					t.Fatalf("pixel %d, %d outside the mask is %v", x, y, img.At(x, y))
				}
				if x >= 40 && !same {
					changed++
				}
			}
		}
		if changed == 0 {
			t.Error("nothing was painted inside the mask")
		}
		in.Verify()
	})
}

func TestServer_AFormEndsWithItsKeyAndBadPicturesAreRefused(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		in := newInstallation(t, ref)
		user := in.User(plan.Operator)
		key := in.key(user, time.Time{})
		_, answer := in.call(key, "POST", "/canvas-init-image", `{"initExtension":"png","maskExtension":"png"}`)
		up := answer["uploadCanvasInitImage"].(map[string]any)
		url := up["initUrl"].(string)
		whole := block(t, 64, 64, color.NRGBA{1, 2, 3, 255}, false)
		for name, file := range map[string][]byte{"empty": {}, "text": []byte("not a picture"), "cut": whole[:len(whole)-20]} {
			if status, text := in.send(url, up["initFields"].(string), file); status != 400 || !bytes.Contains([]byte(text), []byte("file ")) {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
		if status, text := in.send(url, up["initFields"].(string), whole); status != 204 { // a refused file does not use the form up
			t.Errorf("whole: %d %s", status, text)
		}
		keys, err := in.Auth.Keys(t.Context(), user.AccountID)
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		if err := in.Auth.RevokeKey(t.Context(), user.AccountID, keys[0].ID); err != nil {
			t.Fatal(err)
		}
		if status, text := in.send(url, up["maskFields"].(string), whole); status != 401 {
			t.Errorf("after the key was revoked: %d %s", status, text)
		}
		for _, call := range []string{"GET /init-image/" + up["initImageId"].(string), "DELETE /init-image/" + up["initImageId"].(string), "POST /init-image", "POST /canvas-init-image"} {
			method, path, _ := strings.Cut(call, " ")
			if status, _ := in.call(key, method, path, `{"extension":"png"}`); status != 401 {
				t.Errorf("%s with a revoked key: %d", call, status)
			}
		}
	})
}
