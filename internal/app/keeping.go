package app

import (
	"context"
	"errors"
	"os"
	"time"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/disk"
	"bottega/internal/plan"
)

// Keeping is what the operator lets people keep.
type Keeping struct {
	Quota    map[string]int64 // bytes an account may keep, by the name of its plan; one that is not named has no bound
	FreeDays int              // days that pictures stay which the free plan has made; 0 = until somebody deletes them
	MinFree  int64            // bytes: with less room on a disk of ours nothing new is taken; 0 = whatever there is
	Room     func(dir string) (disk.Room, error)
}

// Keeper answers from these settings, and the plan an account is on now.
type Keeper struct{ app *App }

// Keeper tells what accounts keep here, and may.
func (a *App) Keeper() Keeper { return Keeper{a} }

// Use tells what an account keeps, and may.
func (k Keeper) Use(ctx context.Context, accountID string) (asset.Use, error) {
	u, err := asset.Used(ctx, k.app.DB, accountID)
	if err != nil {
		return u, err
	}
	now, _, err := k.app.Plans.Now(ctx, accountID)
	u.Allowed = k.app.Keeping.Quota[now.Plan.Name]
	if now.Plan.Name == plan.Free {
		u.Days = k.app.Keeping.FreeDays
	}
	return u, err
}

// MayKeep refuses work whose pictures could not be kept, or an upload of so many bytes.
func (k Keeper) MayKeep(ctx context.Context, accountID string, more int64) error {
	if err := k.room(); err != nil {
		return err
	}
	if len(k.app.Keeping.Quota) == 0 {
		return nil
	}
	u, err := k.Use(ctx, accountID)
	if err != nil {
		return err
	}
	return u.Check(more)
}

// room looks at the disks of the database and of the pictures, as far as they are ours.
func (k Keeper) room() error {
	if k.app.Keeping.MinFree <= 0 {
		return nil
	}
	of := k.app.Keeping.Room
	if of == nil {
		of = disk.Of
	}
	p := k.app.Places()
	for _, dir := range []string{p.Folder, k.app.Assets.Folder()} {
		if dir == "" {
			continue
		}
		room, err := of(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err == nil && room.Free < k.app.Keeping.MinFree {
			f := *asset.ErrLittleRoom
			f.RetryAfter = time.Minute
			return &f
		}
	}
	return nil
}

// expireAtOnce bounds what one account loses in one round, so that no round takes long.
const expireAtOnce = 200

// expire deletes what the free plan keeps no longer. A plan that has just ended counts from its end: nobody loses in one
// moment what a paid plan has kept.
func (a *App) expire(ctx context.Context) error {
	if a.Keeping.FreeDays <= 0 {
		return nil
	}
	limit := a.Clock.Now().AddDate(0, 0, -a.Keeping.FreeDays)
	accounts, err := a.Generations.MadeBefore(ctx, limit)
	if err != nil {
		return err
	}
	var errs []error
	for _, accountID := range accounts {
		now, _, err := a.Plans.Now(ctx, accountID)
		if err != nil || now.Plan.Name != plan.Free || now.Term.From.After(limit) {
			errs = append(errs, err)
			continue
		}
		_, err = a.Generations.Expire(ctx, access.Actor{AccountID: accountID}, limit, expireAtOnce)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
