package asset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"bottega/internal/fault"
)

// ErrForm is the fault for an upload form that was not made here, was changed, or is too old.
var ErrForm = fault.New(fault.Unauthenticated, "upload_form", "this upload form is not valid (any more): ask for a new one")

// Names of the fields of an upload form, as browsers and SDKs know them from S3.
const (
	formKey       = "key"
	formPolicy    = "policy"
	formSignature = "signature"
)

// policy is what a form permits.
type policy struct {
	Upload     string    `json:"upload"`
	Expiration time.Time `json:"expiration"`
}

// Form returns the fields with which somebody may send the picture for a place, without any other credential.
// extension is that of the file's name; the content decides what it is.
func (s *Signer) Form(place Upload, extension string) map[string]string {
	raw, err := json.Marshal(policy{place.ID, place.ExpiresAt.UTC()})
	if err != nil { // only plain values inside: cannot happen
		panic(err)
	}
	text := base64.StdEncoding.EncodeToString(raw)
	return map[string]string{
		formKey: FormKey(place, extension), formPolicy: text, formSignature: s.signForm(text),
		"Content-Type": "image/" + strings.Replace(extension, "jpg", "jpeg", 1),
	}
}

// FormKey is the name under which the form promises to keep the file, for clients that show it.
func FormKey(place Upload, extension string) string { return "uploads/" + place.ID + "." + extension }

// VerifyForm returns the id of the place that a form is for.
func (s *Signer) VerifyForm(fields map[string]string, now time.Time) (string, error) {
	if !hmac.Equal([]byte(s.signForm(fields[formPolicy])), []byte(fields[formSignature])) {
		return "", ErrForm
	}
	var p policy
	raw, err := base64.StdEncoding.DecodeString(fields[formPolicy])
	if err != nil || json.Unmarshal(raw, &p) != nil || !now.Before(p.Expiration) {
		return "", ErrForm
	}
	return p.Upload, nil
}

// signForm has a label of its own, so that no address of a picture is a form and no form an address.
func (s *Signer) signForm(text string) string {
	m := hmac.New(sha256.New, s.key)
	_, _ = m.Write([]byte("bottega upload form 1\n" + text)) // a hash does not fail
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
