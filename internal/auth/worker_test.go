package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bottega/internal/auth"
)

func TestWorker_ATokenIsKnownUntilItEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		token, info, err := w.auth.CreateWorker(t.Context(), " gpu ", start.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		lasting, _, err := w.auth.CreateWorker(t.Context(), "other", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if id, err := w.auth.Worker(t.Context(), token); err != nil || id != info.ID {
			t.Errorf("the token belongs to %q, %v; want %s", id, err, info.ID)
		}
		list, err := w.auth.Workers(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("there are %v, %v", list, err)
		}
		for _, k := range list {
			if k.ID == info.ID && (k.Name != "gpu" || !k.ExpiresAt.Equal(start.Add(time.Hour)) || !k.LastUsedAt.Equal(start) || !strings.HasPrefix(token, k.Prefix)) {
				t.Errorf("it is listed as %+v", k)
			}
		}
		w.clock.Advance(time.Hour)
		for name, c := range map[string]struct {
			err  error
			want error
		}{
			"expired":   {second(w.auth.Worker(t.Context(), token)), auth.ErrWorkerExpired},
			"unknown":   {w.auth.WorkerInForce(t.Context(), "nobody"), auth.ErrWorkerUnknown},
			"malformed": {second(w.auth.Worker(t.Context(), strings.ToUpper(token))), auth.ErrWorkerMalformed},
			"a key":     {second(w.auth.Worker(t.Context(), strings.Replace(token, "bt_work_", "bt_live_", 1))), auth.ErrWorkerMalformed},
			"by its id": {w.auth.WorkerInForce(t.Context(), info.ID), auth.ErrWorkerExpired},
		} {
			if c.err == nil || c.err.Error() != c.want.Error() { // the codes of some are the same
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		id, err := w.auth.Worker(t.Context(), lasting)
		if err == nil {
			err = w.auth.RevokeWorker(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.auth.Worker(t.Context(), lasting); !errors.Is(err, auth.ErrWorkerRevoked) {
			t.Errorf("revoked: %v", err)
		}
		if err := w.auth.RevokeWorker(t.Context(), id); !errors.Is(err, auth.ErrNoSuchWorker) {
			t.Errorf("revoked again: %v", err)
		}
		var leaks int
		if err := w.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM worker_token WHERE hash = $1 OR hash = $2 OR prefix = $1 OR prefix = $2", token, lasting).Scan(&leaks); err != nil || leaks != 0 {
			t.Errorf("%d tokens can be read in the database, %v", leaks, err)
		}
		for _, name := range []string{"", "a\nb", strings.Repeat("x", 81)} {
			if _, _, err := w.auth.CreateWorker(t.Context(), name, time.Time{}); err == nil {
				t.Errorf("the name %q was taken", name)
			}
		}
	})
}

func second(_ string, err error) error { return err }
