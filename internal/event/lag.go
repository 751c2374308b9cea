package event

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bottega/internal/db"
)

// Lag is the age of the oldest fact that this process has not passed on; 0 when none waits, and where Run does not run.
// Primary key.
func (h *Hub) Lag(ctx context.Context, now time.Time) (time.Duration, error) {
	if h.passed.Load() < 0 {
		return 0, nil
	}
	var oldest sql.NullInt64
	err := h.db.QueryRow(ctx, "SELECT MIN(created_at) FROM outbox WHERE id > $1", h.passed.Load()).Scan(&oldest)
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	if !oldest.Valid {
		return 0, nil
	}
	return max(0, now.Sub(db.Time(oldest.Int64))), nil
}

// Listening is how many subscribers there are.
func (h *Hub) Listening() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}
