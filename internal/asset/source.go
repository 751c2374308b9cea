package asset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"

	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/imaging"
)

// Origins of a source.
const (
	FromUpload     = "upload"
	FromGeneration = "generated"
)

// Source is a picture that other pictures can be made from: an upload, or a generated one.
type Source struct {
	ID            string
	Origin        string // FromUpload or FromGeneration
	Width, Height int
	HasAlpha      bool
	Placeholder   string
	picture       Image
}

// Source finds a picture of the account, or of a team whose work it sees, by the id of an upload or of a generated
// picture. What is not there, is somebody else's, or has not come yet is ErrNotFound.
func (u *Uploads) Source(ctx context.Context, accountID, pictureID string) (Source, error) {
	s, err := u.Accepted(ctx, pictureID)
	if err != nil {
		return Source{}, err
	}
	may := s.picture.AccountID == accountID
	if team := s.picture.TeamID; team != "" {
		if may, err = u.rules.SeesWork(ctx, team, accountID); err != nil {
			return Source{}, err
		}
	}
	if !may {
		return Source{}, ErrNotFound
	}
	return s, nil
}

// Accepted is Source for work that was accepted: whose the picture is was found out then, and who has left a team since
// still gets what was accepted.
func (u *Uploads) Accepted(ctx context.Context, pictureID string) (Source, error) {
	if !id.Valid(pictureID) {
		return Source{}, ErrNotFound
	}
	img, origin, err := anyPicture(ctx, u.db, pictureID)
	if err != nil {
		return Source{}, err
	}
	if img.Width == 0 {
		return Source{}, ErrNotFound
	}
	return Source{ID: img.ID, Origin: origin, Width: img.Width, Height: img.Height, HasAlpha: img.HasAlpha, Placeholder: img.Placeholder, picture: img}, nil
}

// Pixels reads the picture of a source. It waits until there is room for the pixels; the room is given back when it
// returns, so what is done with the picture is bounded by the caller.
func (u *Uploads) Pixels(ctx context.Context, s Source) (*image.NRGBA, error) {
	leave, err := u.store.gate.Enter(ctx, s.Width, s.Height)
	if err != nil {
		return nil, err
	}
	defer leave()
	file, err := u.store.read(ctx, key(s.picture.AccountID, s.picture.SHA256, OriginalPNG))
	if err != nil {
		return nil, err
	}
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("decode picture %s: %w", s.ID, err)
	}
	return imaging.ToNRGBA(decoded), nil
}

// anyPicture looks among the generated pictures and among the uploads.
func anyPicture(ctx context.Context, q db.Queryer, pictureID string) (Image, string, error) {
	img, err := ByID(ctx, q, pictureID)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return img, FromGeneration, err
	}
	up, err := uploadByID(ctx, q, pictureID)
	if errors.Is(err, ErrNoUpload) {
		return Image{}, "", ErrNotFound
	}
	return up.image(), FromUpload, err
}

// pictureByID is anyPicture for those who do not care which.
func pictureByID(ctx context.Context, q db.Queryer, pictureID string) (Image, error) {
	img, _, err := anyPicture(ctx, q, pictureID)
	return img, err
}
