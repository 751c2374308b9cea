package studio

import (
	"context"
	"time"

	"bottega/internal/access"
	"bottega/internal/asset"
)

// Upload is a picture of somebody's own. Its addresses expire after hours; every answer carries fresh ones.
type Upload struct {
	ID          string     `json:"id" format:"uuid"`
	Purpose     string     `json:"purpose" enum:"picture,mask" doc:"a mask is kept for a week after its last use"`
	Width       int        `json:"width" doc:"as it is kept: upright, at most 2048"`
	Height      int        `json:"height"`
	Bytes       int64      `json:"bytes" doc:"that it fills, which are not those of the file that was sent"`
	HasAlpha    bool       `json:"has_alpha"`
	Placeholder string     `json:"placeholder" doc:"tiny picture as a data: URL"`
	URL         string     `json:"url" doc:"PNG"`
	PreviewURL  string     `json:"preview_url" doc:"WebP of at most 512 pixels"`
	ThumbURL    string     `json:"thumb_url" doc:"WebP of at most 256 pixels"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at" doc:"null = stays until it is deleted"`
}

type uploadInput struct {
	Purpose string `query:"purpose" default:"picture" doc:"picture or mask"`
	RawBody []byte `contentType:"application/octet-stream" doc:"a still PNG, JPEG or WebP picture, up to 20 MiB and 24 megapixels"`
}

func (s *server) createUpload(ctx context.Context, in *uploadInput) (*body[Upload], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	up, err := s.Uploads.Add(ctx, actor, asset.Purpose(in.Purpose), "file", in.RawBody)
	if err != nil {
		return nil, err
	}
	return answer(s.wirer().upload(up)), nil
}

func (s *server) listUploads(ctx context.Context, in *pageInput) (*body[List[Upload]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Uploads.List(ctx, actor, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Upload]{Items: make([]Upload, 0, len(list)), Next: textOrNull(next)}
	w := s.wirer()
	for _, up := range list {
		out.Items = append(out.Items, w.upload(up))
	}
	return answer(out), nil
}

func (s *server) getUpload(ctx context.Context, in *idInput) (*body[Upload], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	up, err := s.Uploads.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	if !up.Here() {
		return nil, asset.ErrNoUpload
	}
	return answer(s.wirer().upload(up)), nil
}

func (s *server) deleteUpload(ctx context.Context, in *idInput) (*nothing, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Uploads.Delete(ctx, actor, in.ID)
}

func (w wirer) upload(up asset.Upload) Upload {
	url := func(v asset.Variant) string { return w.signer.URL(up.ID, v, w.now, false) }
	return Upload{
		ID: up.ID, Purpose: string(up.Purpose), Width: up.Width, Height: up.Height, Bytes: up.Bytes, HasAlpha: up.HasAlpha,
		Placeholder: up.Placeholder, URL: url(asset.OriginalPNG), PreviewURL: url(asset.PreviewWebP), ThumbURL: url(asset.ThumbWebP),
		CreatedAt: up.CreatedAt.UTC(), ExpiresAt: timeOrNull(up.ExpiresAt),
	}
}

// Shape is a picture that others can be made from.
type Shape struct {
	ID          string `json:"id" format:"uuid"`
	Origin      string `json:"origin" enum:"upload,generated"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	HasAlpha    bool   `json:"has_alpha"`
	Placeholder string `json:"placeholder"`
	URL         string `json:"url" doc:"PNG"`
	PreviewURL  string `json:"preview_url" doc:"WebP of at most 512 pixels"`
	ThumbURL    string `json:"thumb_url" doc:"WebP of at most 256 pixels"`
}

func (s *server) getPicture(ctx context.Context, in *idInput) (*body[Shape], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.Uploads.Source(ctx, actor.AccountID, in.ID)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	url := func(v asset.Variant) string { return s.Assets.URL(p.ID, v, now, false) }
	return answer(Shape{
		ID: p.ID, Origin: p.Origin, Width: p.Width, Height: p.Height, HasAlpha: p.HasAlpha, Placeholder: p.Placeholder,
		URL: url(asset.OriginalPNG), PreviewURL: url(asset.PreviewWebP), ThumbURL: url(asset.ThumbWebP),
	}), nil
}
