package auth_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/fault"
	"bottega/internal/token"
)

func (w world) newKey(t *testing.T, expires time.Time) (string, auth.KeyInfo) {
	t.Helper()
	key, info, err := w.auth.CreateKey(t.Context(), w.ada.ID, "my script", expires, auth.KeyTerms{})
	if err != nil {
		t.Fatal(err)
	}
	return key, info
}

func TestKey_KnowsItsAccountAndIsNotKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		key, info := w.newKey(t, time.Time{})
		if !strings.HasPrefix(key, info.Prefix) || !strings.HasPrefix(info.Prefix, "bt_live_") || len(info.Prefix) != 16 || len(key) != 67 {
			t.Errorf("key of %d characters with prefix %q", len(key), info.Prefix)
		}
		actor, err := w.auth.Key(t.Context(), key)
		if err != nil || actor != (access.Actor{AccountID: w.ada.ID, Role: access.RoleUser, KeyID: info.ID}) {
			t.Errorf("actor %+v, %v", actor, err)
		}
		for _, column := range []string{"id", "name", "prefix", "hash"} {
			if strings.Contains(w.dump(t, "SELECT "+column+" FROM api_key"), key[16:40]) {
				t.Errorf("column %s holds the key itself", column)
			}
		}
	})
}

func TestKey_SaysWhyItIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		revoked, info := w.newKey(t, time.Time{})
		expired, _ := w.newKey(t, start.Add(time.Hour))
		if err := w.auth.RevokeKey(t.Context(), w.ada.ID, info.ID); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		typo := []byte(revoked)
		typo[20] ^= 1
		for name, c := range map[string]struct {
			key  string
			text string
		}{
			"empty":         {"", "the API key is not well formed"},
			"mistyped":      {string(typo), "the API key is not well formed"},
			"upper case":    {strings.ToUpper(revoked), "the API key is not well formed"},
			"bare UUID":     {info.ID, "the API key is not well formed"},
			"a line longer": {revoked + "\n", "the API key is not well formed"},
			"unknown":       {elsewhere(t), "the API key is unknown"},
			"revoked":       {revoked, "the API key was revoked"},
			"expired":       {expired, "the API key has expired"},
		} {
			_, err := w.auth.Key(t.Context(), c.key)
			f := fault.As(err)
			if f == nil || f.Kind != fault.Unauthenticated || f.Message != c.text {
				t.Errorf("%s: %v, want Unauthenticated %q", name, err, c.text)
			}
		}
	})
}

// elsewhere is a well-formed key of another installation.
func elsewhere(t *testing.T) string {
	t.Helper()
	key, _ := newWorld(t, apptest.SQLite(t)).newKey(t, time.Time{})
	return key
}

func TestKey_LastUseIsKeptToTheMinute(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		key, _ := w.newKey(t, time.Time{})
		used := func() time.Time {
			list, err := w.auth.Keys(t.Context(), w.ada.ID)
			if err != nil || len(list) != 1 {
				t.Fatalf("keys %v, %v", list, err)
			}
			return list[0].LastUsedAt
		}
		if !used().IsZero() {
			t.Error("a new key was used")
		}
		for _, step := range []struct{ wait, want time.Duration }{{time.Second, time.Second}, {59 * time.Second, time.Second}, {time.Second, 61 * time.Second}} {
			w.clock.Advance(step.wait)
			if _, err := w.auth.Key(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if got := used(); !got.Equal(start.Add(step.want)) {
				t.Errorf("at %v last use is %v, want %v", w.clock.Now(), got, start.Add(step.want))
			}
		}
	})
}

func TestCreateKey_StopsAtTheLimitAlsoAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		_, first := w.newKey(t, start.Add(time.Hour))
		errs := make([]error, auth.MaxKeys+3)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, _, errs[i] = w.auth.CreateKey(t.Context(), w.ada.ID, "script", time.Time{}, auth.KeyTerms{})
			})
		}
		wg.Wait()
		refused := 0
		for _, err := range errs {
			if errors.Is(err, auth.ErrTooManyKeys) && strings.Contains(err.Error(), "10 API keys") {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if refused != 4 {
			t.Errorf("%d of %d refused beside one earlier key, want 4", refused, len(errs))
		}
		if err := w.auth.RevokeKey(t.Context(), w.ada.ID, first.ID); err != nil {
			t.Fatal(err)
		}
		w.newKey(t, time.Time{}) // a revoked key makes room
		list, err := w.auth.Keys(t.Context(), w.ada.ID)
		if err != nil || len(list) != auth.MaxKeys {
			t.Errorf("%d keys listed, %v", len(list), err)
		}
	})
}

func TestRevokeKey_IsForItsOwnAccountOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		eve, err := w.accounts.Create(t.Context(), account.New{Email: "eve@example.com", Password: password, Role: access.RoleUser, Plan: "free"})
		if err != nil {
			t.Fatal(err)
		}
		key, info := w.newKey(t, time.Time{})
		if err := w.auth.RevokeKey(t.Context(), eve.ID, info.ID); !errors.Is(err, auth.ErrNoSuchKey) {
			t.Errorf("by a stranger: %v, want ErrNoSuchKey", err)
		}
		if list, err := w.auth.Keys(t.Context(), eve.ID); err != nil || len(list) != 0 {
			t.Errorf("a stranger sees %v, %v", list, err)
		}
		if _, err := w.auth.Key(t.Context(), key); err != nil {
			t.Errorf("the key stopped working: %v", err)
		}
		if err := w.auth.RevokeKey(t.Context(), w.ada.ID, info.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.auth.RevokeKey(t.Context(), w.ada.ID, info.ID); !errors.Is(err, auth.ErrNoSuchKey) {
			t.Errorf("a second time: %v, want ErrNoSuchKey", err)
		}
	})
}

func TestCreateKey_NamesTheWrongField(t *testing.T) {
	w := newWorld(t, apptest.SQLite(t))
	for _, c := range []struct {
		name    string
		expires time.Time
		terms   auth.KeyTerms
		field   string
	}{
		{"  ", time.Time{}, auth.KeyTerms{}, "name"},
		{strings.Repeat("n", 81), time.Time{}, auth.KeyTerms{}, "name"},
		{"a\nb", time.Time{}, auth.KeyTerms{}, "name"},
		{"a\xff", time.Time{}, auth.KeyTerms{}, "name"},
		{"script", start, auth.KeyTerms{}, "expires_at"},
		{"script", time.Time{}, auth.KeyTerms{Budget: -1}, "budget_mt"},
		{"script", time.Time{}, auth.KeyTerms{Budget: token.Max + 1}, "budget_mt"},
		{"script", time.Time{}, auth.KeyTerms{Team: "t", Credits: true}, "pays_with"},
	} {
		_, _, err := w.auth.CreateKey(t.Context(), w.ada.ID, c.name, c.expires, c.terms)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != c.field {
			t.Errorf("%q until %v: %v, want an Invalid fault of %s", c.name, c.expires, err, c.field)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("bt_live_" + strings.Repeat("a", 59))
	f.Add("")
	f.Fuzz(func(t *testing.T, presented string) {
		if auth.WellFormed(presented) && len(presented) != 67 {
			t.Errorf("%q passes as a key", presented)
		}
	})
}
