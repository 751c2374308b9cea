package leonardo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/asset"
	"bottega/internal/fault"
)

// formPath is where signed forms are sent to, without a key: the signature is the permission.
const formPath = "/uploads"

// extensions are what init-image takes.
var extensions = []string{"png", "jpg", "jpeg", "webp"}

// InitImageResponse answers POST /init-image.
type InitImageResponse struct {
	Upload InitImageUpload `json:"uploadInitImage"`
}

// InitImageUpload is a form to send the picture with.
type InitImageUpload struct {
	ID     string `json:"id" format:"uuid"`
	Key    string `json:"key" doc:"name of the file to come"`
	URL    string `json:"url" doc:"where to POST the form; good for an hour, once" format:"uri"`
	Fields string `json:"fields" doc:"the form's fields as JSON text; send them and then the field file"`
}

// CanvasResponse answers POST /canvas-init-image.
type CanvasResponse struct {
	Upload CanvasUpload `json:"uploadCanvasInitImage"`
}

// CanvasUpload is two forms: for the picture and for its mask.
type CanvasUpload struct {
	InitID     string `json:"initImageId" format:"uuid"`
	InitKey    string `json:"initKey"`
	InitURL    string `json:"initUrl" format:"uri"`
	InitFields string `json:"initFields" doc:"as fields of uploadInitImage"`
	MaskID     string `json:"maskImageId" format:"uuid"`
	MaskKey    string `json:"maskKey"`
	MaskURL    string `json:"maskUrl" format:"uri"`
	MaskFields string `json:"maskFields"`
}

// GetInitImageResponse answers GET /init-image/{id}.
type GetInitImageResponse struct {
	Image *InitImage `json:"init_images_by_pk"`
}

// InitImage is an upload.
type InitImage struct {
	ID        string `json:"id" format:"uuid"`
	URL       string `json:"url" doc:"signed, good for hours; empty until the picture has come"`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

// DeleteInitImageResponse answers DELETE /init-image/{id}.
type DeleteInitImageResponse struct {
	Deleted Deleted `json:"delete_init_images_by_pk"`
}

// The tables of the two requests.
var (
	initImageFields = newSchema("$.selectionSet.uploadInitImage.args.arg1", []field{
		{"extension", typeString, honoured, nil, "Required: png, jpg, jpeg or webp. The content decides what the file is."},
	})
	canvasFields = newSchema("$.selectionSet.uploadCanvasInitImage.args.arg1", []field{
		{"initExtension", typeString, honoured, nil, "Required: png, jpg, jpeg or webp."},
		{"maskExtension", typeString, honoured, nil, "Required: png, jpg, jpeg or webp."},
	})
)

func (d *dialect) initImage(w http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	exts, err := readExtensions(w, r, initImageFields)
	if err != nil {
		return nil, err
	}
	places, err := d.Uploads.Expect(r.Context(), actor, 1)
	if err != nil {
		return nil, err
	}
	p := places[0]
	return InitImageResponse{InitImageUpload{
		ID: p.ID, Key: asset.FormKey(p, exts[0]), URL: d.absolute(r, Prefix+formPath), Fields: d.formFields(p, exts[0]),
	}}, nil
}

func (d *dialect) canvasInitImage(w http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	exts, err := readExtensions(w, r, canvasFields)
	if err != nil {
		return nil, err
	}
	places, err := d.Uploads.Expect(r.Context(), actor, 2)
	if err != nil {
		return nil, err
	}
	init, mask, url := places[0], places[1], d.absolute(r, Prefix+formPath)
	return CanvasResponse{CanvasUpload{
		InitID: init.ID, InitKey: asset.FormKey(init, exts[0]), InitURL: url, InitFields: d.formFields(init, exts[0]),
		MaskID: mask.ID, MaskKey: asset.FormKey(mask, exts[1]), MaskURL: url, MaskFields: d.formFields(mask, exts[1]),
	}}, nil
}

// readExtensions returns the values of a table whose fields are all required extensions.
func readExtensions(w http.ResponseWriter, r *http.Request, s *schema) ([]string, error) {
	members, err := readObject(w, r)
	if err != nil {
		return nil, err
	}
	v, err := s.decode(members)
	if err != nil {
		return nil, err
	}
	exts := make([]string, len(s.fields))
	for i, f := range s.fields {
		ext, ok := v.text(f.name)
		if !ok {
			return nil, validationFailed("$", fmt.Sprintf("expecting a value for non-nullable variable: %q", f.name))
		}
		exts[i] = strings.ToLower(ext)
		if !slices.Contains(extensions, exts[i]) {
			return nil, badRequest(fmt.Sprintf("invalid file extension: %s is %s; allowed: %s",
				v[f.name].spelling, shorten(ext), strings.Join(extensions, ", ")))
		}
	}
	return exts, nil
}

func (d *dialect) formFields(place asset.Upload, extension string) string {
	raw, err := json.Marshal(d.Forms.Form(place, extension))
	if err != nil { // only texts inside: cannot happen
		panic(err)
	}
	return string(raw)
}

func (d *dialect) getInitImage(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	up, err := d.Uploads.Get(r.Context(), actor, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	out := &InitImage{ID: up.ID, CreatedAt: timestamp(up.CreatedAt)}
	if up.Here() {
		out.URL = d.absolute(r, d.Picture(asset.Image{ID: up.ID}))
	}
	return GetInitImageResponse{out}, nil
}

func (d *dialect) deleteInitImage(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	name := r.PathValue("id")
	if err := d.Uploads.Delete(r.Context(), actor, name); err != nil {
		return nil, err
	}
	return DeleteInitImageResponse{Deleted{name}}, nil
}

// takeForm takes a signed form with a picture: 204 as from S3. Whatever credentials come along are not looked at; the
// key that asked for the form must still be in force.
func (d *dialect) takeForm(w http.ResponseWriter, r *http.Request) {
	if err := d.fill(w, r); err != nil {
		api.WriteError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *dialect) fill(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, asset.MaxUploadBytes+maxFormFields)
	form, err := r.MultipartReader()
	if err != nil {
		return badRequest("the body must be a multipart form (multipart/form-data)")
	}
	var place asset.Upload
	file, err := readForm(form, func(fields map[string]string) (err error) {
		place, err = d.placeOf(r.Context(), fields)
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.Uploads.Fill(r.Context(), place, "file", file)
	return err
}

// placeOf returns the place that a form may fill.
func (d *dialect) placeOf(ctx context.Context, fields map[string]string) (asset.Upload, error) {
	name, err := d.Forms.VerifyForm(fields, d.Clock.Now())
	if err != nil {
		return asset.Upload{}, err
	}
	place, err := d.Uploads.Place(ctx, name)
	if err != nil || place.KeyID == "" {
		return place, err
	}
	return place, d.Keys.InForce(ctx, place.KeyID)
}

// Bounds of a form beside its file.
const (
	maxFormFields = 64 << 10 // bytes, all together with the envelope
	maxFormParts  = 40
)

// readForm reads the fields up to the file, asks whether they permit one, and then reads the file: a stranger's is not
// even held. Like S3 it wants the file last and does not look at what follows.
func readForm(form *multipart.Reader, permit func(fields map[string]string) error) (file []byte, err error) {
	fields := map[string]string{}
	for range maxFormParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badRequest(`the form has no field "file"`)
		}
		if err != nil {
			return nil, formError(err)
		}
		if part.FormName() == "file" {
			if err := permit(fields); err != nil {
				return nil, err
			}
			if file, err = io.ReadAll(part); err != nil {
				return nil, formError(err)
			}
			return file, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormFields))
		if err != nil {
			return nil, formError(err)
		}
		fields[part.FormName()] = string(value)
	}
	return nil, badRequest(fmt.Sprintf("the form has more than %d fields", maxFormParts))
}

func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, codeTooLarge, fmt.Sprintf("the file is larger than %d bytes", asset.MaxUploadBytes))
	}
	return fault.Wrap(fault.Invalid, codeBadRequest, "the form could not be read to its end", err)
}
