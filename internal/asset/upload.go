package asset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/imaging"
)

// Purpose is what an upload is for.
type Purpose string

// The purposes. A mask is drawn for one job and goes after maskLife; a picture stays until its owner deletes it.
const (
	ForPicture Purpose = "picture"
	ForMask    Purpose = "mask"
)

// Upload is a picture of somebody's own, or a place that waits for one (Width is 0 then).
type Upload struct {
	ID          string
	AccountID   string
	KeyID       string // API key that asked for the place; empty = the studio
	Purpose     Purpose
	Width       int
	Height      int
	Bytes       int64  // of the PNG that is kept, not of the file that came
	SHA256      string // of the PNG
	HasAlpha    bool
	Placeholder string
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero = stays until it is deleted
}

// Here reports whether the picture has come.
func (u Upload) Here() bool { return u.Width > 0 }

// image is the upload as the store and the handler see a picture.
func (u Upload) image() Image {
	return Image{
		ID: u.ID, AccountID: u.AccountID, Width: u.Width, Height: u.Height, Bytes: u.Bytes, SHA256: u.SHA256,
		HasAlpha: u.HasAlpha, Placeholder: u.Placeholder, CreatedAt: u.CreatedAt,
	}
}

// What an upload may be, and how long a place for one and a mask last.
const (
	MaxUploadBytes = 20 << 20
	UploadPatience = 3 * time.Minute // for such a file to arrive: 1 Mbit/s
	maxUploadSide  = 12_000          // pixels as it comes
	maxUploadArea  = 24_000_000      // pixels as it comes: what the cameras of telephones give
	keptSide       = 2048            // pixels as it is kept: larger ones are scaled down, no model here reads more
	formLife       = time.Hour
	maskLife       = 7 * 24 * time.Hour
)

// Faults of uploads.
var (
	ErrNoUpload    = fault.New(fault.NotFound, "upload_not_found", "there is no such upload")
	ErrUploadTwice = fault.New(fault.Conflict, "upload_filled", "this upload has its picture already")
)

// UploadQuota is how much an account may keep.
type UploadQuota struct {
	Pictures int
	Bytes    int64
}

// UploadRules are what uploads need to know about accounts.
type UploadRules interface {
	// Lock makes other transactions that lock the account wait.
	Lock(ctx context.Context, tx *db.Tx, accountID string) error
	UploadQuota(ctx context.Context, accountID string) (UploadQuota, error)
	// SeesWork reports whether an account sees what was made with a team's tokens.
	SeesWork(ctx context.Context, teamID, accountID string) (bool, error)
	// MayKeep returns a fault when there is no room for so many bytes more, whatever they are.
	MayKeep(ctx context.Context, accountID string, more int64) error
}

// Uploads keeps pictures of people's own: checked, converted to upright 8-bit sRGB without metadata, private, within
// the quota of their account. It is safe for concurrent use.
type Uploads struct {
	db    *db.DB
	store *Store
	clock clock.Clock
	rules UploadRules
}

// NewUploads returns the uploads of an installation.
func NewUploads(d *db.DB, store *Store, c clock.Clock, rules UploadRules) *Uploads {
	return &Uploads{db: d, store: store, clock: c, rules: rules}
}

// Add keeps a file as an upload of the actor. The same picture for the same purpose is kept once: it comes back with
// the id it has. What cannot be taken is a fault.Invalid that names field.
func (u *Uploads) Add(ctx context.Context, actor access.Actor, purpose Purpose, field string, file []byte) (Upload, error) {
	if purpose != ForPicture && purpose != ForMask {
		return Upload{}, fault.Bad(fault.Field{Name: "purpose", Value: string(purpose), Message: "is unknown", Allowed: "picture, mask"})
	}
	pic, err := u.decode(ctx, field, file)
	if err != nil {
		return Upload{}, err
	}
	now := u.clock.Now()
	up := Upload{ID: id.New(), AccountID: actor.AccountID, KeyID: actor.KeyID, Purpose: purpose, CreatedAt: now}
	if purpose == ForMask {
		up.ExpiresAt = now.Add(maskLife)
	}
	return u.keep(ctx, up, pic, func(tx *db.Tx, up *Upload) error {
		same, found, err := sameUpload(ctx, tx, *up)
		if err != nil {
			return err
		}
		if found {
			same.ExpiresAt = up.ExpiresAt
			*up = same
			return setExpiry(ctx, tx, same.ID, same.ExpiresAt)
		}
		if err := u.room(ctx, tx, up.AccountID, 1, up.Bytes); err != nil {
			return err
		}
		return insertUploads(ctx, tx, []Upload{*up})
	})
}

// Expect makes n places for pictures that will come by form. They last an hour.
func (u *Uploads) Expect(ctx context.Context, actor access.Actor, n int) ([]Upload, error) {
	now := u.clock.Now()
	places := make([]Upload, n)
	for i := range places {
		places[i] = Upload{
			ID: id.New(), AccountID: actor.AccountID, KeyID: actor.KeyID, Purpose: ForPicture, CreatedAt: now, ExpiresAt: now.Add(formLife),
		}
	}
	err := u.db.Tx(ctx, func(tx *db.Tx) error {
		if err := u.room(ctx, tx, actor.AccountID, n, 0); err != nil {
			return err
		}
		return insertUploads(ctx, tx, places)
	})
	if err != nil {
		return nil, err
	}
	return places, nil
}

// Place returns a place that waits for its picture, whoever asks: a signed form is the permission.
func (u *Uploads) Place(ctx context.Context, uploadID string) (Upload, error) {
	up, err := uploadByID(ctx, u.db, uploadID)
	switch {
	case err != nil:
		return Upload{}, err
	case up.Here():
		return Upload{}, ErrUploadTwice
	case !u.clock.Now().Before(up.ExpiresAt):
		return Upload{}, ErrNoUpload
	}
	return up, nil
}

// Fill puts the picture into its place, once.
func (u *Uploads) Fill(ctx context.Context, place Upload, field string, file []byte) (Upload, error) {
	pic, err := u.decode(ctx, field, file)
	if err != nil {
		return Upload{}, err
	}
	place.ExpiresAt = time.Time{}
	return u.keep(ctx, place, pic, func(tx *db.Tx, up *Upload) error {
		if err := u.room(ctx, tx, up.AccountID, 0, up.Bytes); err != nil {
			return err
		}
		return fillUpload(ctx, tx, *up)
	})
}

// decode checks and converts what came.
func (u *Uploads) decode(ctx context.Context, field string, file []byte) (*image.NRGBA, error) {
	pic, err := u.store.gate.Incoming(ctx, file, imaging.Limits{Bytes: MaxUploadBytes, Side: maxUploadSide, Pixels: maxUploadArea, Fit: keptSide})
	var bad *imaging.UnusableError
	if errors.As(err, &bad) {
		return nil, fault.Bad(fault.Field{Name: field, Message: bad.Why, Allowed: bad.Allowed})
	}
	if err != nil {
		return nil, fmt.Errorf("read an upload: %w", err)
	}
	return pic, nil
}

// keep writes the files and then the row, so that no row is without its files.
func (u *Uploads) keep(ctx context.Context, up Upload, pic *image.NRGBA, row func(*db.Tx, *Upload) error) (Upload, error) {
	m, files, err := u.store.encode(ctx, KeepRequest{AccountID: up.AccountID, Picture: pic, At: up.CreatedAt})
	if err != nil {
		return Upload{}, fmt.Errorf("keep upload %s: %w", up.ID, err)
	}
	up.Width, up.Height, up.Bytes, up.SHA256, up.HasAlpha, up.Placeholder = m.Width, m.Height, m.Bytes, m.SHA256, m.HasAlpha, m.Placeholder
	kept := up
	err = u.store.place(ctx, m, files, func() error {
		return u.db.Tx(ctx, func(tx *db.Tx) error {
			kept = up // the transaction may run again
			return row(tx, &kept)
		})
	})
	if err != nil {
		return Upload{}, fmt.Errorf("keep upload %s: %w", up.ID, err)
	}
	return kept, nil
}

// room locks the account and refuses what would go beyond its quota.
func (u *Uploads) room(ctx context.Context, tx *db.Tx, accountID string, pictures int, bytes int64) error {
	if err := u.rules.MayKeep(ctx, accountID, bytes); err != nil {
		return err
	}
	quota, err := u.rules.UploadQuota(ctx, accountID)
	if err != nil {
		return err
	}
	if err := u.rules.Lock(ctx, tx, accountID); err != nil {
		return err
	}
	have, size, err := uploadTotals(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if have+pictures > quota.Pictures || size+bytes > quota.Bytes {
		f := fault.New(fault.Conflict, "upload_quota", fmt.Sprintf(
			"your plan keeps %d uploads of together %d MB: delete some first", quota.Pictures, quota.Bytes/1_000_000))
		f.Details = map[string]any{"pictures": have, "bytes": size}
		return f
	}
	return nil
}

// Get returns an upload of the actor; a place whose picture has not come is there too.
func (u *Uploads) Get(ctx context.Context, actor access.Actor, uploadID string) (Upload, error) {
	if !id.Valid(uploadID) {
		return Upload{}, ErrNoUpload
	}
	up, err := uploadByID(ctx, u.db, uploadID)
	if err != nil {
		return Upload{}, err
	}
	if !actor.MaySee(up.AccountID) || (!up.ExpiresAt.IsZero() && !u.clock.Now().Before(up.ExpiresAt)) {
		return Upload{}, ErrNoUpload
	}
	return up, nil
}

// List returns the actor's pictures, newest first, without masks and empty places; next is empty at the end.
func (u *Uploads) List(ctx context.Context, actor access.Actor, cursor string, limit int) (list []Upload, next string, err error) {
	return listUploads(ctx, u.db, actor.AccountID, cursor, limit)
}

// Delete removes an upload of the actor and its files. Work that was accepted and still needs it will fail and say so.
func (u *Uploads) Delete(ctx context.Context, actor access.Actor, uploadID string) error {
	up, err := u.Get(ctx, actor, uploadID)
	if err != nil {
		return err
	}
	return u.remove(ctx, up)
}

func (u *Uploads) remove(ctx context.Context, up Upload) error {
	if err := u.db.Tx(ctx, func(tx *db.Tx) error { return deleteUpload(ctx, tx, up.ID) }); err != nil {
		return err
	}
	if !up.Here() {
		return nil
	}
	return u.store.removeUnless(ctx, up.AccountID, up.SHA256, func() (bool, error) {
		return FileUsed(ctx, u.db, up.AccountID, up.SHA256)
	})
}

// Sweep removes places that nobody filled and masks whose time is over.
func (u *Uploads) Sweep(ctx context.Context) error {
	over, err := expiredUploads(ctx, u.db, u.clock.Now())
	if err != nil {
		return err
	}
	var errs []error
	for _, up := range over {
		errs = append(errs, u.remove(ctx, up))
	}
	return errors.Join(errs...)
}
