package studio

import (
	"context"

	"bottega/internal/access"
	"bottega/internal/asset"
)

// Keeper is what the studio needs to know about what accounts keep.
type Keeper interface {
	Use(ctx context.Context, accountID string) (asset.Use, error)
}

// Storage is what an account keeps, and may.
type Storage struct {
	Pictures int64  `json:"pictures" doc:"made and uploaded"`
	Bytes    int64  `json:"bytes" doc:"of the originals"`
	Allowed  *int64 `json:"allowed_bytes" doc:"null = no bound"`
	Days     *int   `json:"keep_days" doc:"how long what one makes is kept; null = until one deletes it"`
}

func (s *server) getStorage(ctx context.Context, _ *nothing) (*body[Storage], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.Keeper.Use(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	out := Storage{Pictures: u.Pictures, Bytes: u.Bytes}
	if u.Allowed > 0 {
		out.Allowed = &u.Allowed
	}
	if u.Days > 0 {
		out.Days = &u.Days
	}
	return answer(out), nil
}
