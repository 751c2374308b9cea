package ledger

import (
	"slices"
	"time"

	"bottega/internal/token"
)

// Pool is what came in together from a plan and ends together.
type Pool struct {
	Kind   GrantKind // Daily or Plan
	Amount token.Amount
	Unused token.Amount // available and held
	Ends   time.Time
}

// pools sums up the open grants of a plan by their end.
func (w *Wallet) pools() []Pool {
	var pools []Pool
	for _, g := range w.Grants {
		if !g.Open || g.Kind != Daily && g.Kind != Plan {
			continue
		}
		i := slices.IndexFunc(pools, func(p Pool) bool { return p.Kind == g.Kind && p.Ends.Equal(g.ExpiresAt) })
		if i < 0 {
			i, pools = len(pools), append(pools, Pool{Kind: g.Kind, Ends: g.ExpiresAt})
		}
		pools[i].Amount += g.Amount
		pools[i].Unused += g.Remaining + g.Held
	}
	return pools
}

func (w *Wallet) newestTopUp() string {
	var newest *Grant
	for _, g := range w.Grants {
		if g.Open && g.Kind == TopUp && (newest == nil || g.CreatedAt.After(newest.CreatedAt)) {
			newest = g
		}
	}
	if newest == nil {
		return ""
	}
	return newest.ID
}
