package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"bottega/internal/app"
	"bottega/internal/asset"
	"bottega/internal/plan"
)

// keepFlags say what people may keep.
type keepFlags struct {
	StorageQuota []string `help:"Most that an account may keep, by its plan, such as free=2GB,artisan=100GB; a plan that is not named has no bound." placeholder:"PLAN=SIZE" name:"storage-quota"`
	FreeKeepDays int      `help:"Days that pictures stay which accounts on the free plan have made; 0 = until they delete them." default:"0" name:"free-keep-days"`
	MinFreeDisk  string   `help:"With less room on the disk nothing new is taken; 0 = whatever there is." default:"200MB" placeholder:"SIZE" name:"min-free-disk"`
}

// withKeeping adds what the flags say to a configuration.
func (k keepFlags) withKeeping(cfg app.Config) (app.Config, error) {
	least, err := parseSize(k.MinFreeDisk)
	if err != nil {
		return cfg, fmt.Errorf("--min-free-disk: %w", err)
	}
	if k.FreeKeepDays < 0 {
		return cfg, fmt.Errorf("--free-keep-days %d: want 0 or more", k.FreeKeepDays)
	}
	cfg.Keeping = app.Keeping{Quota: map[string]int64{}, FreeDays: k.FreeKeepDays, MinFree: least}
	for _, q := range k.StorageQuota {
		name, text, _ := strings.Cut(q, "=")
		if p, ok := plan.FindOf(plan.Tokens, name); !ok || p.MinSeats > 0 {
			return cfg, fmt.Errorf("--storage-quota %s: %q is no plan, there are %s", q, name, strings.Join(plan.Names(), ", "))
		}
		bytes, err := parseSize(text)
		if err != nil || bytes == 0 {
			return cfg, fmt.Errorf("--storage-quota %s: want PLAN=SIZE, such as free=2GB", q)
		}
		cfg.Keeping.Quota[name] = bytes
	}
	return cfg, nil
}

var errSize = errors.New("want a size, such as 500MB, 2GB or 2GiB")

// parseSize reads a number of bytes with its unit.
func parseSize(s string) (int64, error) {
	units := []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(strings.TrimSpace(s), u.name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			if err != nil || n < 0 || n > 1<<62/u.bytes {
				return 0, fmt.Errorf("%q: %w", s, errSize)
			}
			return n * u.bytes, nil
		}
	}
	return 0, errSize
}

type storageCmd struct {
	storeFlags
	Accounts int `help:"How many accounts are listed." default:"20"`
}

func (c *storageCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App) error { return c.list(ctx, a) })
}

func (c *storageCmd) list(ctx context.Context, a *app.App) error {
	most, err := asset.Most(ctx, a.DB, max(1, c.Accounts))
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "ACCOUNT\tPICTURES\tORIGINALS\t\n")
	for _, u := range most {
		acc, err := a.Accounts.ByID(ctx, u.AccountID)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\t%d\t%s\t\n", acc.Email, u.Pictures, size(u.Bytes))
	}
	return out.Flush()
}
