package asset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"time"

	"golang.org/x/sync/errgroup"

	"bottega/internal/id"
	"bottega/internal/imaging"
)

// Sides that previews and thumbs fit into, and their WebP quality.
const (
	previewSide    = 512
	thumbSide      = 256
	previewQuality = 80
)

// KeepRequest is a finished picture and where it belongs.
type KeepRequest struct {
	AccountID    string
	GenerationID string
	Index        int
	Picture      *image.NRGBA
	Recipe       Recipe
	At           time.Time
}

// Keep writes the picture and its previews and returns its row-to-be; the files are durable when it returns. The same
// picture and recipe at the same time give the same file, however often and from however many callers they are kept,
// each with a row id of its own. After an error, or when the row never follows, Sweep removes what lies there.
func (s *Store) Keep(ctx context.Context, in KeepRequest) (Image, error) {
	m, files, err := s.encode(ctx, in)
	if err == nil {
		err = s.place(ctx, m, files, func() error { return nil })
	}
	if err != nil {
		return Image{}, fmt.Errorf("keep picture %d of generation %s: %w", in.Index, in.GenerationID, err)
	}
	return m, nil
}

// place writes the files of a picture and then, while nobody can remove them, its row.
func (s *Store) place(ctx context.Context, m Image, files map[Variant][]byte, row func() error) error {
	unlock, err := s.locks.lock(ctx, m.SHA256)
	if err != nil {
		return err
	}
	defer unlock()
	// Written also when the file is there already: it may be one that power loss left empty, or one that a sweep was
	// about to remove. The original is last, so that it is never there without its previews.
	g, writing := errgroup.WithContext(ctx)
	for _, v := range []Variant{PreviewWebP, ThumbWebP} {
		g.Go(func() error { return s.write(writing, key(m.AccountID, m.SHA256, v), files[v], v.contentType()) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := s.write(ctx, key(m.AccountID, m.SHA256, OriginalPNG), files[OriginalPNG], OriginalPNG.contentType()); err != nil {
		return err
	}
	return row()
}

// encode does the work on pixels, inside the gate.
func (s *Store) encode(ctx context.Context, in KeepRequest) (Image, map[Variant][]byte, error) {
	if in.Picture == nil || in.Picture.Bounds().Empty() {
		return Image{}, nil, errors.New("the picture has no pixels")
	}
	pic := imaging.ToNRGBA(in.Picture)
	w, h := pic.Bounds().Dx(), pic.Bounds().Dy()
	leave, err := s.gate.Enter(ctx, w, h)
	if err != nil {
		return Image{}, nil, err
	}
	defer leave()

	m := Image{
		ID: id.New(), GenerationID: in.GenerationID, AccountID: in.AccountID, Index: in.Index,
		Width: w, Height: h, HasAlpha: !pic.Opaque(), Recipe: in.Recipe, CreatedAt: in.At,
	}
	original, err := imaging.EncodePNG(pic, pngTexts(m.Recipe, w, h))
	if err != nil {
		return Image{}, nil, err
	}
	sum := sha256.Sum256(original)
	m.SHA256, m.Bytes = hex.EncodeToString(sum[:]), int64(len(original))
	if !validKey(m.AccountID, m.SHA256) {
		return Image{}, nil, fmt.Errorf("account id %q cannot name a folder", m.AccountID)
	}
	files := map[Variant][]byte{OriginalPNG: original}
	preview := imaging.Fit(pic, previewSide)
	thumb := imaging.Fit(preview, thumbSide) // from the preview: four times fewer pixels, no visible difference
	if files[PreviewWebP], err = encodePreview(preview, m.Recipe, w, h); err != nil {
		return Image{}, nil, err
	}
	if files[ThumbWebP], err = encodePreview(thumb, m.Recipe, w, h); err != nil {
		return Image{}, nil, err
	}
	if m.Placeholder, err = imaging.Placeholder(thumb); err != nil {
		return Image{}, nil, err
	}
	return m, files, nil
}

// encodePreview writes a small WebP of a picture that is width × height in full.
func encodePreview(img *image.NRGBA, r Recipe, width, height int) ([]byte, error) {
	o := imaging.WebP{Quality: previewQuality}
	if r.made() {
		o.XMP = provenance(r, width, height).XMP()
	}
	return imaging.EncodeWebP(img, o)
}
