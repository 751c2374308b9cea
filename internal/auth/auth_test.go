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
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/fault"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a database with the services on it and one account.
type world struct {
	db       *db.DB
	clock    *clock.Fake
	accounts *account.Store
	auth     *auth.Service
	ada      account.Account
}

const password = "violet harbour nine"

// onBoth runs the test on a database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, w world)) {
	apptest.Databases(t, func(t *testing.T, ref string) { test(t, newWorld(t, ref)) })
}

func newWorld(t *testing.T, ref string) world {
	t.Helper()
	w := world{db: apptest.OpenDB(t, ref), clock: clock.NewFake(start)}
	w.accounts = account.NewStore(w.db, w.clock, account.NewPasswords(2))
	var err error
	if w.auth, err = auth.New(t.Context(), w.db, w.accounts, w.clock, "operator"); err != nil {
		t.Fatal(err)
	}
	w.ada, err = w.accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: password, Role: access.RoleUser, Plan: "free"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) signIn(t *testing.T) string {
	t.Helper()
	token, _, err := w.auth.SignIn(t.Context(), "ada@example.com", password, "a browser")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// dump is every text of a table, to look for what must not be there.
func (w world) dump(t *testing.T, query string) string {
	t.Helper()
	rows, err := w.db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all strings.Builder
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all.WriteString(s + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestSession_KnowsWhoSignedIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		token, a, err := w.auth.SignIn(t.Context(), "Ada@Example.com", password, "browser\x00\n"+strings.Repeat("x", 5000))
		if err != nil || a != w.ada {
			t.Fatalf("signed in as %+v, %v", a, err)
		}
		actor, err := w.auth.Session(t.Context(), token)
		if err != nil || actor != (access.Actor{AccountID: w.ada.ID, Role: access.RoleUser}) {
			t.Errorf("actor %+v, %v", actor, err)
		}
		if all := w.dump(t, `SELECT token_hash FROM session`); strings.Contains(all, token) {
			t.Error("the session table holds the token itself")
		}
		if agent := w.dump(t, `SELECT user_agent FROM session`); len(agent) > 301 || strings.ContainsAny(agent, "\x00") {
			t.Errorf("kept user agent %q", agent)
		}
	})
}

func TestSession_RefusesWhatWasNeverIssued(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		good := w.signIn(t)
		for _, token := range []string{"", "x", good + "x", good[:42], strings.ToUpper(good), strings.Repeat("a", 100_000)} {
			if _, err := w.auth.Session(t.Context(), token); !errors.Is(err, auth.ErrSessionEnded) {
				t.Errorf("token of length %d: %v, want ErrSessionEnded", len(token), err)
			}
		}
		if _, _, err := w.auth.SignIn(t.Context(), "ada@example.com", "wrong password here", ""); !errors.Is(err, account.ErrWrongPassword) {
			t.Errorf("wrong password: %v", err)
		}
	})
}

func TestSession_EndsWhenLeftAloneForTwoWeeks(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		token := w.signIn(t)
		w.clock.Advance(14*day - time.Second)
		if _, err := w.auth.Session(t.Context(), token); err != nil {
			t.Fatalf("a second before: %v", err)
		}
		w.clock.Advance(14*day - time.Second) // the use above counted
		if _, err := w.auth.Session(t.Context(), token); err != nil {
			t.Fatalf("used two weeks ago less a second: %v", err)
		}
		w.clock.Advance(14 * day)
		if _, err := w.auth.Session(t.Context(), token); !errors.Is(err, auth.ErrSessionEnded) {
			t.Errorf("after two idle weeks: %v, want ErrSessionEnded", err)
		}
	})
}

func TestSession_EndsAfterNinetyDaysHoweverUsed(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		token := w.signIn(t)
		for range 89 {
			w.clock.Advance(day)
			if _, err := w.auth.Session(t.Context(), token); err != nil {
				t.Fatalf("on %v: %v", w.clock.Now(), err)
			}
		}
		w.clock.Advance(day)
		if _, err := w.auth.Session(t.Context(), token); !errors.Is(err, auth.ErrSessionEnded) {
			t.Errorf("on the ninetieth day: %v, want ErrSessionEnded", err)
		}
		if n, err := w.auth.Sweep(t.Context()); err != nil || n != 1 {
			t.Errorf("swept %d, %v; want 1", n, err)
		}
	})
}

func TestSession_UseIsNotWrittenDownEveryTime(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		token := w.signIn(t)
		seen := func() string { return w.dump(t, `SELECT CAST(last_seen_at AS TEXT) FROM session`) }
		first := seen()
		w.clock.Advance(4 * time.Minute)
		if _, err := w.auth.Session(t.Context(), token); err != nil || seen() != first {
			t.Errorf("written after four minutes (%v)", err)
		}
		w.clock.Advance(2 * time.Minute)
		if _, err := w.auth.Session(t.Context(), token); err != nil || seen() == first {
			t.Errorf("not written after six minutes (%v)", err)
		}
	})
}

func TestSignOut_EndsOneSessionOrAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		a, b, c := w.signIn(t), w.signIn(t), w.signIn(t)
		if err := w.auth.SignOut(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if _, err := w.auth.Session(t.Context(), a); !errors.Is(err, auth.ErrSessionEnded) {
			t.Errorf("signed out: %v", err)
		}
		if _, err := w.auth.Session(t.Context(), b); err != nil {
			t.Errorf("another browser was signed out too: %v", err)
		}
		if err := w.auth.SignOutAll(t.Context(), w.ada.ID); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{b, c} {
			if _, err := w.auth.Session(t.Context(), token); !errors.Is(err, auth.ErrSessionEnded) {
				t.Errorf("signed out everywhere: %v", err)
			}
		}
		if err := w.auth.SignOut(t.Context(), "unknown"); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
	})
}

func TestSecret_IsMadeOnceAndIsTheSameEverywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		var wg sync.WaitGroup
		got := make([]string, 8)
		for i := range got {
			wg.Go(func() {
				b, err := w.auth.Secret(t.Context(), "signer")
				if err != nil || len(b) != 32 {
					t.Errorf("secret of %d bytes, %v", len(b), err)
				}
				got[i] = string(b)
			})
		}
		wg.Wait()
		other, err := w.auth.Secret(t.Context(), "other")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got {
			if s != got[0] || s == string(other) {
				t.Fatal("callers got different secrets, or two names the same")
			}
		}
	})
}

func TestOwner_LinkWorksOnceWithinADay(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		claim := func(token, email string) error {
			_, err := w.auth.ClaimOwner(t.Context(), token, email, password)
			return err
		}
		older, err := w.auth.OwnerLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		link, err := w.auth.OwnerLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, token := range map[string]string{"empty": "", "unknown": "x", "replaced": older} {
			if err := claim(token, "owner@example.com"); !errors.Is(err, auth.ErrOwnerLink) {
				t.Errorf("%s link: %v, want ErrOwnerLink", name, err)
			}
		}
		if err := claim(link, "not an address"); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
			t.Errorf("bad address: %v, want an Invalid fault", err)
		}
		if err := claim(link, "ada@example.com"); !errors.Is(err, account.ErrEmailTaken) {
			t.Errorf("taken address: %v, want ErrEmailTaken", err)
		}
		owner, err := w.auth.ClaimOwner(t.Context(), link, "Owner@example.com", password)
		if err != nil || owner.Role != access.RoleOwner || owner.Plan != "operator" || owner.Email != "owner@example.com" {
			t.Fatalf("owner %+v, %v; want the link to have survived the refusals", owner, err)
		}
		if err := claim(link, "second@example.com"); !errors.Is(err, auth.ErrOwnerLink) {
			t.Errorf("used link: %v, want ErrOwnerLink", err)
		}
		if _, err := w.auth.OwnerLink(t.Context()); !errors.Is(err, auth.ErrOwned) {
			t.Errorf("new link with an owner there: %v, want ErrOwned", err)
		}
		token, _, err := w.auth.SignIn(t.Context(), "owner@example.com", password, "")
		if err != nil {
			t.Fatal(err)
		}
		if actor, err := w.auth.Session(t.Context(), token); err != nil || actor.Role != access.RoleOwner {
			t.Errorf("actor %+v, %v", actor, err)
		}
	})
}

func TestOwner_LinkEndsAfterADay(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		link, err := w.auth.OwnerLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(day)
		if _, err := w.auth.ClaimOwner(t.Context(), link, "owner@example.com", password); !errors.Is(err, auth.ErrOwnerLink) {
			t.Errorf("after a day: %v, want ErrOwnerLink", err)
		}
	})
}

func TestOwner_TwoClaimsAtOnceMakeOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, w world) {
		link, err := w.auth.OwnerLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 3)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.auth.ClaimOwner(t.Context(), link, "owner"+string(rune('a'+i))+"@example.com", password)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, auth.ErrOwnerLink) && !errors.Is(err, auth.ErrOwned):
				t.Errorf("refused with %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of 3 became the owner, want 1", won)
		}
	})
}
