package asset

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"

	"bottega/internal/fault"
	"bottega/internal/imaging"
)

// Up to losslessBelow pixels original.webp is lossless; above, quality 90 keeps the wait and the file in bounds.
const (
	losslessBelow = 600_000 // 768 × 768 takes some 0.7 s
	lossyQuality  = 90
)

// ErrTooLargeForWebP is the fault for a picture with a side over 16383 pixels, which WebP cannot hold.
var ErrTooLargeForWebP = fault.New(fault.Invalid, "too_large_for_webp", "the picture is too large for WebP; take the PNG")

// OpenVariant opens a file of a picture. original.webp is made when first asked for and kept; a preview that got lost
// is made again. The error is ErrNotFound when the original is not there.
func (s *Store) OpenVariant(ctx context.Context, img Image, v Variant) (Content, error) {
	if !v.valid() || !validKey(img.AccountID, img.SHA256) {
		return Content{}, ErrNotFound
	}
	k := key(img.AccountID, img.SHA256, v)
	r, err := s.bucket.NewReader(ctx, k, nil)
	if err != nil && v != OriginalPNG && fault.As(readError(k, err)) != nil {
		if err := s.derive(ctx, img, v); err != nil {
			return Content{}, err
		}
		r, err = s.bucket.NewReader(ctx, k, nil)
	}
	if err != nil {
		return Content{}, readError(k, err)
	}
	etag := `"` + img.SHA256[:32] + "-" + string(v) + `"`
	return Content{ReadSeekCloser: r, Size: r.Size(), Type: v.contentType(), ETag: etag}, nil
}

// derive makes a variant from the original, once however many ask.
func (s *Store) derive(ctx context.Context, img Image, v Variant) error {
	if v == OriginalWebP && !imaging.FitsWebP(img.Width, img.Height) {
		return ErrTooLargeForWebP
	}
	unlock, err := s.locks.lock(ctx, img.SHA256)
	if err != nil {
		return err
	}
	defer unlock()
	k := key(img.AccountID, img.SHA256, v)
	if there, err := s.exists(ctx, k); err != nil || there {
		return err
	}
	leave, err := s.gate.Enter(ctx, img.Width, img.Height)
	if err != nil {
		return err
	}
	defer leave()
	original, err := s.read(ctx, key(img.AccountID, img.SHA256, OriginalPNG))
	if err != nil {
		return err
	}
	decoded, err := png.Decode(bytes.NewReader(original))
	if err != nil {
		return fmt.Errorf("decode picture %s: %w", img.ID, err)
	}
	file, err := encodeVariant(imaging.ToNRGBA(decoded), img.Recipe, v)
	if err != nil {
		return fmt.Errorf("make %s of picture %s: %w", v, img.ID, err)
	}
	return s.write(ctx, k, file, v.contentType())
}

func encodeVariant(pic *image.NRGBA, r Recipe, v Variant) ([]byte, error) {
	w, h := pic.Bounds().Dx(), pic.Bounds().Dy()
	switch v {
	case PreviewWebP:
		return encodePreview(imaging.Fit(pic, previewSide), r, w, h)
	case ThumbWebP:
		return encodePreview(imaging.Fit(pic, thumbSide), r, w, h)
	}
	o := imaging.WebP{Quality: lossyQuality, Lossless: w*h <= losslessBelow}
	if r.made() {
		p := provenance(r, w, h)
		p.Recipe = r.JSON()
		o.XMP, o.EXIF = p.XMP(), imaging.UserComment(p.Parameters())
	}
	return imaging.EncodeWebP(pic, o)
}
