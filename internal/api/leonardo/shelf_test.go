package leonardo

import (
	"context"
	"sync"

	goimage "image"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/fault"
	"bottega/internal/id"
)

// shelf is uploads in memory, and pictures that were generated.
type shelf struct {
	mu       sync.Mutex
	pictures map[string]shelved
}

type shelved struct {
	asset.Upload
	origin string
}

// put places a picture of so many pixels and returns its id.
func (s *shelf) put(accountID, origin string, width, height int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	up := asset.Upload{ID: id.New(), AccountID: accountID, Width: width, Height: height, CreatedAt: start}
	s.pictures[up.ID] = shelved{up, origin}
	return up.ID
}

func (s *shelf) Expect(_ context.Context, actor access.Actor, n int) ([]asset.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []asset.Upload
	for range n {
		up := asset.Upload{ID: id.New(), AccountID: actor.AccountID, KeyID: actor.KeyID, CreatedAt: start, ExpiresAt: start.AddDate(1, 0, 0)}
		s.pictures[up.ID] = shelved{up, asset.FromUpload}
		list = append(list, up)
	}
	return list, nil
}

func (s *shelf) Place(_ context.Context, uploadID string) (asset.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, ok := s.pictures[uploadID]
	switch {
	case !ok:
		return asset.Upload{}, asset.ErrNoUpload
	case up.Here():
		return asset.Upload{}, asset.ErrUploadTwice
	}
	return up.Upload, nil
}

func (s *shelf) Fill(_ context.Context, place asset.Upload, field string, file []byte) (asset.Upload, error) {
	if len(file) == 0 {
		return asset.Upload{}, fault.Bad(fault.Field{Name: field, Message: "is empty", Allowed: "a picture"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	place.Width, place.Height = 64, 64
	s.pictures[place.ID] = shelved{place, asset.FromUpload}
	return place, nil
}

func (s *shelf) Get(_ context.Context, actor access.Actor, uploadID string) (asset.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, ok := s.pictures[uploadID]
	if !ok || !actor.MaySee(up.AccountID) {
		return asset.Upload{}, asset.ErrNoUpload
	}
	return up.Upload, nil
}

func (s *shelf) Delete(ctx context.Context, actor access.Actor, uploadID string) error {
	_, err := s.Get(ctx, actor, uploadID)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.pictures, uploadID)
	}
	return err
}

func (s *shelf) Source(ctx context.Context, accountID, pictureID string) (asset.Source, error) {
	s.mu.Lock()
	up := s.pictures[pictureID]
	s.mu.Unlock()
	if up.AccountID != accountID {
		return asset.Source{}, asset.ErrNotFound
	}
	return s.Accepted(ctx, pictureID)
}

func (s *shelf) Accepted(_ context.Context, pictureID string) (asset.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, ok := s.pictures[pictureID]
	if !ok || !up.Here() {
		return asset.Source{}, asset.ErrNotFound
	}
	return asset.Source{ID: up.ID, Origin: up.origin, Width: up.Width, Height: up.Height}, nil
}

func (s *shelf) Pixels(_ context.Context, from asset.Source) (*goimage.NRGBA, error) {
	return goimage.NewNRGBA(goimage.Rect(0, 0, from.Width, from.Height)), nil
}
