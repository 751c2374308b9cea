package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// onBoth runs the test on a migrated database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	apptest.Databases(t, func(t *testing.T, ref string) { test(t, apptest.OpenDB(t, ref)) })
}

func newStore(d *db.DB) (*account.Store, *clock.Fake) {
	c := clock.NewFake(start)
	return account.NewStore(d, c, account.NewPasswords(2)), c
}

func someone(email string) account.New {
	return account.New{Email: email, Password: "violet harbour nine", Role: access.RoleUser, Plan: "free"}
}

func TestCreate_IsFoundByIDAndByEmailInAnyCase(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s, _ := newStore(d)
		made, err := s.Create(t.Context(), someone("  Ada@Example.COM "))
		if err != nil {
			t.Fatal(err)
		}
		if made.Email != "ada@example.com" || made.Role != access.RoleUser || made.Plan != "free" || !made.CreatedAt.Equal(start) {
			t.Errorf("made %+v", made)
		}
		for _, find := range []func() (account.Account, error){
			func() (account.Account, error) { return s.ByID(t.Context(), made.ID) },
			func() (account.Account, error) { return s.ByEmail(t.Context(), "ADA@example.com") },
			func() (account.Account, error) {
				return s.CheckPassword(t.Context(), "Ada@example.com", "violet harbour nine")
			},
		} {
			got, err := find()
			if err != nil || got != made {
				t.Errorf("found %+v, %v; want %+v", got, err, made)
			}
		}
	})
}

func TestCreate_RefusesTheSameEmailOnceAmongMany(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s, _ := newStore(d)
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = s.Create(t.Context(), someone("ada@example.com")) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, account.ErrEmailTaken):
				t.Errorf("refused with %v, want ErrEmailTaken", err)
			}
		}
		if made != 1 {
			t.Errorf("%d of 4 made the account, want 1", made)
		}
	})
}

func TestCheckPassword_DoesNotSayWhatWasWrong(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s, _ := newStore(d)
		if _, err := s.Create(t.Context(), someone("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		for _, c := range [][2]string{
			{"ada@example.com", "violet harbour ten"},
			{"eve@example.com", "violet harbour nine"},
			{"", ""},
			{"ada@example.com", ""},
			{"ada@example.com\x00", "violet harbour nine"},
			{"ada\xff@example.com", "violet harbour nine"},
		} {
			if _, err := s.CheckPassword(t.Context(), c[0], c[1]); !errors.Is(err, account.ErrWrongPassword) {
				t.Errorf("%q: got %v, want ErrWrongPassword", c, err)
			}
		}
	})
}

func TestCheckPassword_TakesComposedAndDecomposedAccents(t *testing.T) {
	s, _ := newStore(apptest.OpenDB(t, apptest.SQLite(t)))
	n := someone("ada@example.com")
	n.Password = "caf\u00e9 in the morning"
	if _, err := s.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CheckPassword(t.Context(), n.Email, "cafe\u0301 in the morning"); err != nil {
		t.Errorf("the same letters from another keyboard: %v", err)
	}
}

func TestCheckPassword_RenewsAnOutdatedHash(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s, _ := newStore(d)
		if _, err := s.Create(t.Context(), someone("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		weak := account.WeakHash(t, "violet harbour nine")
		setHash(t, d, weak)
		if _, err := s.CheckPassword(t.Context(), "ada@example.com", "violet harbour nine"); err != nil {
			t.Fatal(err)
		}
		var now string
		if err := d.QueryRow(t.Context(), `SELECT password_hash FROM account`).Scan(&now); err != nil {
			t.Fatal(err)
		}
		if now == weak || !strings.Contains(now, "m=19456,t=2,p=1") {
			t.Errorf("hash after sign-in is %s, want one of today's parameters", now)
		}
		if _, err := s.CheckPassword(t.Context(), "ada@example.com", "violet harbour nine"); err != nil {
			t.Errorf("the renewed hash: %v", err)
		}
		setHash(t, d, "")
		if _, err := s.CheckPassword(t.Context(), "ada@example.com", ""); !errors.Is(err, account.ErrWrongPassword) {
			t.Errorf("an account without a password: %v, want ErrWrongPassword", err)
		}
	})
}

func setHash(t *testing.T, d *db.DB, hash string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE account SET password_hash = $1`, hash)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCreate_NamesEveryWrongField(t *testing.T) {
	s, _ := newStore(apptest.OpenDB(t, apptest.SQLite(t)))
	for name, c := range map[string]struct {
		email, password string
		fields          []string
	}{
		"empty":               {"", "", []string{"email", "password"}},
		"no at sign":          {"ada.example.com", "violet harbour nine", []string{"email"}},
		"display name":        {"Ada <ada@example.com>", "violet harbour nine", []string{"email"}},
		"quoted":              {`"a b"@example.com`, "violet harbour nine", []string{"email"}},
		"two at signs":        {"a@b@example.com", "violet harbour nine", []string{"email"}},
		"control":             {"a\u0000da@example.com", "violet harbour nine", []string{"email"}},
		"zero width":          {"a\u200bda@example.com", "violet harbour nine", []string{"email"}},
		"too long":            {strings.Repeat("a", 250) + "@example.com", "violet harbour nine", []string{"email"}},
		"short":               {"ada@example.com", "ninechars", []string{"password"}},
		"long":                {"ada@example.com", strings.Repeat("ab12", 65), []string{"password"}},
		"zero byte":           {"ada@example.com", "violet\x00harbour", []string{"password"}},
		"not text":            {"ada@example.com", "violet\xffharbour", []string{"password"}},
		"common":              {"ada@example.com", "Password1234!", []string{"password"}},
		"common in disguise":  {"ada@example.com", "P4$$w0rd!2026", []string{"password"}},
		"common twice":        {"ada@example.com", "dragondragon1", []string{"password"}},
		"digits in a row":     {"ada@example.com", "1234567890", []string{"password"}},
		"keyboard backwards":  {"ada@example.com", "poiuytrewq", []string{"password"}},
		"one letter":          {"ada@example.com", "aaaaaaaaaaaa", []string{"password"}},
		"the address":         {"ada@example.com", "ada@example.com", []string{"password"}},
		"the name and digits": {"adalovelace@example.com", "AdaLovelace1815", []string{"password"}},
		"both":                {"ada", "short", []string{"email", "password"}},
	} {
		_, err := s.Create(t.Context(), account.New{Email: c.email, Password: c.password, Role: access.RoleUser, Plan: "free"})
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid {
			t.Errorf("%s: got %v, want an Invalid fault", name, err)
			continue
		}
		var got []string
		for _, x := range f.Fields {
			got = append(got, x.Name)
			if x.Name == "password" && x.Value != nil {
				t.Errorf("%s: the answer repeats the password", name)
			}
		}
		if strings.Join(got, ",") != strings.Join(c.fields, ",") {
			t.Errorf("%s: fields %v, want %v", name, got, c.fields)
		}
	}
}

func TestCreate_TakesAnyHonestPassword(t *testing.T) {
	s, _ := newStore(apptest.OpenDB(t, apptest.SQLite(t)))
	for i, password := range []string{"kitten-of-94-moons", "дождь над Невой", "correct staple 8", "vK9#pq2LxW", "月が綺麗ですね今夜はとても"} {
		n := someone(fmt.Sprintf("person%d@localhost", i))
		n.Password = password
		if _, err := s.Create(t.Context(), n); err != nil {
			t.Errorf("%q was refused: %v", password, err)
		}
	}
}

func TestPasswords_WaitersGiveUpWithTheirContext(t *testing.T) {
	p := account.NewPasswords(1)
	release := p.Occupy()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.Hash(ctx, "violet harbour nine")
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	release()
	if _, err := p.Hash(t.Context(), "violet harbour nine"); err != nil {
		t.Errorf("after the slot was free again: %v", err)
	}
}

func FuzzCheckEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "a b@c", "ada@localhost", "ä@example.com", "İ@example.com", "<a@b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		email, ok := account.CheckEmail(s)
		if !ok {
			return
		}
		if again, ok := account.CheckEmail(email); !ok || again != email {
			t.Errorf("%q is kept as %q, which reads as %q, %v", s, email, again, ok)
		}
		if strings.ContainsAny(email, "\x00\n\r\t \"") || !strings.Contains(email, "@") {
			t.Errorf("%q is kept as %q", s, email)
		}
	})
}
