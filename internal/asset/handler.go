package asset

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

// Handler serves GET and HEAD of the addresses that signer makes. Anything wrong with an address is 404.
func Handler(store *Store, d *db.DB, signer *Signer, c clock.Clock) http.Handler {
	return &handler{store: store, db: d, signer: signer, clock: c}
}

type handler struct {
	store  *Store
	db     *db.DB
	signer *Signer
	clock  clock.Clock
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if err := h.serve(w, r); err != nil {
		h.fail(w, r, err)
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	imageID, variant, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/assets/"), "/")
	v, query, now := Variant(variant), r.URL.Query(), h.clock.Now()
	if !ok || !v.valid() {
		return ErrNotFound
	}
	if err := h.signer.Verify(imageID, v, query, now); err != nil {
		return err
	}
	img, err := pictureByID(r.Context(), h.db, imageID)
	if err != nil {
		return err
	}
	content, err := h.store.OpenVariant(r.Context(), img, v)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()

	head := w.Header()
	head.Set("Content-Type", content.Type)
	head.Set("ETag", content.ETag)
	// The content at an address never changes; the address itself ends.
	head.Set("Cache-Control", fmt.Sprintf("private, immutable, max-age=%d", int(expiry(query).Sub(now)/time.Second)))
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if query.Get("download") == "1" {
		head.Set("Content-Disposition", disposition(FileName(img, v)))
	}
	http.ServeContent(w, r, "", img.CreatedAt, content)
	return nil
}

// fail answers with the status of the fault. What is not a fault is ours to look at, and 500.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	f := fault.As(err)
	switch {
	case r.Context().Err() != nil:
		return // nobody is there to read an answer
	case f != nil && f.Kind == fault.NotFound:
		if errors.Unwrap(f) != nil { // a row without its file: must never be
			slog.ErrorContext(r.Context(), "picture file is missing", "path", r.URL.Path, "err", err)
		}
		http.Error(w, "not found", http.StatusNotFound)
	case f != nil && f.Kind == fault.Invalid:
		http.Error(w, f.Message, http.StatusBadRequest)
	default:
		slog.ErrorContext(r.Context(), "serve picture", "path", r.URL.Path, "err", err)
		if f != nil && f.Kind == fault.Unavailable {
			http.Error(w, f.Message, http.StatusServiceUnavailable)
			return
		}
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// maxSlug bounds the words of a file name, in characters.
const maxSlug = 48

// FileName returns a name to save a variant under: words of the prompt, a piece of the id, the ending. It holds
// letters, digits and hyphens only, so it is safe as a file name everywhere.
func FileName(img Image, v Variant) string {
	short := img.ID
	if len(short) > 8 {
		short = short[:8]
	}
	ending := ".webp"
	if v == OriginalPNG {
		ending = ".png"
	}
	if words := slug(img.Recipe.Prompt); words != "" {
		return words + "-" + short + ending
	}
	return "bottega-" + short + ending
}

// slug keeps the letters and digits of any script, in lower case, with single hyphens between.
func slug(s string) string {
	var out []rune
	for _, r := range strings.ToValidUTF8(s, " ") {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || (unicode.IsMark(r) && len(out) > 0) {
			out = append(out, unicode.ToLower(r))
		} else if len(out) > 0 && out[len(out)-1] != '-' {
			out = append(out, '-')
		}
		if len(out) >= maxSlug {
			break
		}
	}
	return strings.Trim(string(out), "-")
}

// disposition is the header for saving: an ASCII name for old readers, the real one by RFC 5987.
func disposition(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
