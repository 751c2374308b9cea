package asset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A link lives 6 to 12 hours: every picture has its own turning point each 6 hours, at which its link changes. Between
// two turning points the link stays the same, so that browsers find the picture in their cache; the points differ so
// that a gallery does not fetch everything anew at once.
const linkWindow = 6 * time.Hour

// Signer makes and checks the addresses of pictures. An address is a capability: who has it sees the picture until it
// expires.
type Signer struct{ key []byte }

// NewSigner returns a signer with a secret key of at least 32 bytes.
func NewSigner(key []byte) *Signer { return &Signer{key: key} }

// URL returns the path and query at which Handler serves a variant of a picture, valid for 6 to 12 hours from now.
// With download the browser saves the file instead of showing it.
func (s *Signer) URL(imageID string, v Variant, now time.Time, download bool) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(imageID)) // a hash does not fail
	window, offset := int64(linkWindow/time.Second), int64(h.Sum32())%int64(linkWindow/time.Second)
	exp := strconv.FormatInt(((now.Unix()-offset)/window+2)*window+offset, 10)
	q := "?exp=" + exp
	if download {
		q += "&download=1"
	}
	return "/assets/" + url.PathEscape(imageID) + "/" + string(v) + q + "&sig=" + s.sign(imageID, v, exp, download)
}

// Verify checks an address. Every failure is ErrNotFound: a stranger learns nothing.
func (s *Signer) Verify(imageID string, v Variant, query url.Values, now time.Time) error {
	exp := query.Get("exp")
	want := s.sign(imageID, v, exp, query.Get("download") == "1")
	if !hmac.Equal([]byte(want), []byte(query.Get("sig"))) {
		return ErrNotFound
	}
	if !now.Before(expiry(query)) {
		return ErrNotFound
	}
	return nil
}

// expiry reads when an address ends; the zero time when it does not say.
func expiry(query url.Values) time.Time {
	unix, err := strconv.ParseInt(query.Get("exp"), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(unix, 0)
}

// sign covers everything that decides what is served. No part can hold a newline that shifts the others: the id and
// the variant come from a path of two pieces, and a signed one never had a newline.
func (s *Signer) sign(imageID string, v Variant, exp string, download bool) string {
	m := hmac.New(sha256.New, s.key)
	parts := []string{"bottega asset 1", imageID, string(v), exp, strconv.FormatBool(download)}
	_, _ = m.Write([]byte(strings.Join(parts, "\n"))) // a hash does not fail
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
