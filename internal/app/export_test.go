package app

import "context"

// Tidy does what the chores do once an hour.
func (a *App) Tidy(ctx context.Context) error { return a.tidy(ctx) }
