package alert_test

import (
	"errors"
	"mime"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/alert"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/mail/mailtest"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// post is a world that sends its mail to a sink.
func post(t *testing.T, ref string) (*apptest.World, *mailtest.Sink) {
	t.Helper()
	sink := mailtest.New(t, false)
	return apptest.New(t, ref, func(c *app.Config) {
		c.Alarms, c.PublicURL = true, "https://studio.example.com/"
		c.Mail = mail.Config{URL: "smtp://studio%40example.com@" + sink.Addr, Password: mailtest.Password, From: "Bottega <studio@example.com>", Roots: sink.Roots}
	}), sink
}

// member is an account whose gift ends tomorrow.
func member(t *testing.T, w *apptest.World) access.Actor {
	t.Helper()
	acc, err := w.Accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: "violet harbour nine", Role: access.RoleUser, Plan: plan.Free})
	if err != nil {
		t.Fatal(err)
	}
	gift(t, w, acc.ID, "spring fair", 24*time.Hour)
	return access.Actor{AccountID: acc.ID, Role: acc.Role}
}

func gift(t *testing.T, w *apptest.World, accountID, ref string, lasts time.Duration) {
	t.Helper()
	err := w.Ledger.Grant(t.Context(), accountID, ledger.GrantRequest{Kind: ledger.Promo, Amount: token.Whole(20), Ref: ref, ExpiresAt: w.Clock.Now().Add(lasts)})
	if err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, w *apptest.World, accountID string, want bool) {
	t.Helper()
	if told, err := w.Alerts.Look(t.Context(), accountID); err != nil || told != want {
		t.Fatalf("look: told %v, %v, want %v", told, err, want)
	}
}

func deliver(t *testing.T, w *apptest.World, want int) {
	t.Helper()
	if n, err := w.Alerts.Deliver(t.Context()); err != nil || n != want {
		t.Fatalf("delivered %d, %v, want %d", n, err, want)
	}
}

// The running server tells by itself, over TLS and with its password, and once.
func TestServer_MailsAnAlertOnce(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w, sink := post(t, ref)
		user := member(t, w)
		w.Run()
		w.Wait(func() error {
			if len(sink.Messages()) == 0 {
				return errors.New("no mail yet")
			}
			return nil
		})
		got := sink.Messages()[0]
		if !got.TLS || got.User != mailtest.User || got.To != "ada@example.com" || got.From != "studio@example.com" {
			t.Errorf("the envelope is %+v", got)
		}
		m := got.Parsed(t)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || subject != "Bottega: 20 tokens expire soon" {
			t.Errorf("subject %q, %v", subject, err)
		}
		link := strings.Trim(m.Header.Get("List-Unsubscribe"), "<>")
		if !strings.HasPrefix(link, "https://studio.example.com/unsubscribe?token="+user.AccountID+".") || m.Header.Get("List-Unsubscribe-Post") == "" {
			t.Errorf("List-Unsubscribe is %q", link)
		}
		raw := string(got.Raw)
		for _, want := range []string{"multipart/alternative", "text/plain", "text/html", "20 tokens that were a gift", "https://studio.example.com/wallet"} {
			if !strings.Contains(strings.ReplaceAll(raw, "=\r\n", ""), want) {
				t.Errorf("the mail has no %q:\n%s", want, raw)
			}
		}
		look(t, w, user.AccountID, false)
		deliver(t, w, 0)
		shown, err := w.Alerts.Shown(t.Context(), user.AccountID)
		if err != nil || len(shown) != 1 || shown[0].Kind != alert.Expiring {
			t.Fatalf("shown: %+v, %v", shown, err)
		}
		_, unsubscribe, _ := strings.Cut(link, "token=")
		for _, wrong := range []string{"", "x", user.AccountID, user.AccountID + "." + strings.Repeat("0", 32), unsubscribe + "0", "\x00"} {
			if err := w.Alerts.Unsubscribe(t.Context(), wrong); !errors.Is(err, alert.ErrNoToken) {
				t.Errorf("unsubscribe with %q: %v", wrong, err)
			}
		}
		if err := w.Alerts.Unsubscribe(t.Context(), unsubscribe); err != nil {
			t.Fatal(err)
		}
		if c, err := w.Alerts.Choice(t.Context(), user.AccountID); err != nil || c.Ways[alert.Expiring] != alert.OnPage || c.Ways[alert.Pool] != alert.OnPage {
			t.Errorf("after it the choice is %+v, %v", c, err)
		}
		gift(t, w, user.AccountID, "another", 48*time.Hour)
		look(t, w, user.AccountID, true)
		deliver(t, w, 0)
		if n := len(sink.Messages()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// Many processes that look and deliver at once send one mail.
func TestDeliver_OnceFromManySides(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w, sink := post(t, ref)
		user := member(t, w)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := w.Alerts.Look(t.Context(), user.AccountID); err != nil {
					t.Error(err)
				}
				if _, err := w.Alerts.Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(sink.Messages()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

func TestDeliver_TriesAgainWhileNothingWasTaken(t *testing.T) {
	w, sink := post(t, apptest.SQLite(t))
	user := member(t, w)
	look(t, w, user.AccountID, true)
	sink.Refuse(mailtest.Busy)
	deliver(t, w, 0)
	deliver(t, w, 0) // not before its time
	if n := sink.Tries(); n != 1 {
		t.Errorf("%d tries at once", n)
	}
	w.Clock.Advance(time.Minute)
	deliver(t, w, 0)
	sink.Refuse(nil)
	w.Clock.Advance(5 * time.Minute)
	deliver(t, w, 1)
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestDeliver_GivesUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal error
		tries   int
	}{{"what is not wanted", mailtest.Unwanted, 1}, {"what is never taken", mailtest.Busy, 8}} {
		w, sink := post(t, apptest.SQLite(t))
		user := member(t, w)
		look(t, w, user.AccountID, true)
		sink.Refuse(c.refusal)
		for range 20 {
			deliver(t, w, 0)
			w.Clock.Advance(4 * time.Hour)
		}
		if n := sink.Tries(); n != c.tries {
			t.Errorf("%s: %d tries, want %d", c.name, n, c.tries)
		}
		sink.Refuse(nil)
		deliver(t, w, 0)
	}
}

// Nobody knows whether a mail went out when the connection, the database or the program ends while it is handed over:
// it is not sent again.
func TestDeliver_NeverTwiceWhenTheEndIsUnclear(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w, sink := post(t, ref)
		user := member(t, w)
		look(t, w, user.AccountID, true)
		sink.Vanish(true)
		deliver2 := func() {
			t.Helper()
			for range 3 {
				if _, err := w.Alerts.Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.Clock.Advance(time.Hour)
			}
		}
		deliver2()
		sink.Vanish(false)
		deliver2()
		if n := len(sink.Messages()); n != 1 {
			t.Errorf("the connection broke: %d mails", n)
		}
		gift(t, w, user.AccountID, "another", 48*time.Hour)
		look(t, w, user.AccountID, true)
		commits := 0
		w.DB.Disturb(func(statement string) error { // the program ends after the mail was taken: nothing more is written
			if statement == "COMMIT" {
				commits++
			}
			if commits > 3 { // what is unclear, the lease, sending; then sent
				return errors.New("the machine is off")
			}
			return nil
		})
		if _, err := w.Alerts.Deliver(t.Context()); err == nil {
			t.Error("the mail could be marked as sent")
		}
		w.DB.Disturb(nil)
		deliver2()
		if n := len(sink.Messages()); n != 2 {
			t.Errorf("the program ended: %d mails, want one of each", n)
		}
	})
}

func TestChoice_IsKeptAndChecked(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w, sink := post(t, ref)
		user := member(t, w)
		bad := alert.Choice{Ways: map[alert.Kind]alert.Way{"weather": alert.OnPage}}
		if err := w.Alerts.SetChoice(t.Context(), user.AccountID, bad); err == nil {
			t.Error("an unknown kind was taken")
		}
		for _, below := range []token.Amount{-1, token.Max + 1} {
			if err := w.Alerts.SetChoice(t.Context(), user.AccountID, alert.Choice{CreditsBelow: below}); err == nil {
				t.Errorf("a mark of %d was taken", below)
			}
		}
		want := alert.Choice{Ways: map[alert.Kind]alert.Way{alert.Expiring: alert.Off}, CreditsBelow: token.Whole(50)}
		if err := w.Alerts.SetChoice(t.Context(), user.AccountID, want); err != nil {
			t.Fatal(err)
		}
		look(t, w, user.AccountID, false)
		deliver(t, w, 0)
		if n := sink.Tries(); n != 0 {
			t.Errorf("%d mails", n)
		}
		// Turned off between the alert and its mail.
		if err := w.Alerts.SetChoice(t.Context(), user.AccountID, alert.Choice{}); err != nil {
			t.Fatal(err)
		}
		look(t, w, user.AccountID, true)
		if err := w.Alerts.SetChoice(t.Context(), user.AccountID, want); err != nil {
			t.Fatal(err)
		}
		deliver(t, w, 0)
		if n := sink.Tries(); n != 0 {
			t.Errorf("%d mails", n)
		}
		shown, err := w.Alerts.Shown(t.Context(), user.AccountID)
		if err != nil || len(shown) != 1 {
			t.Fatalf("%+v, %v", shown, err)
		}
		stranger := w.User(plan.Free)
		if err := w.Alerts.Dismiss(t.Context(), stranger.AccountID, shown[0].ID); !errors.Is(err, alert.ErrNoAlert) {
			t.Errorf("a stranger dismisses it: %v", err)
		}
		for range 2 {
			if err := w.Alerts.Dismiss(t.Context(), user.AccountID, shown[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		look(t, w, user.AccountID, false)
		if shown, err := w.Alerts.Shown(t.Context(), user.AccountID); err != nil || len(shown) != 0 {
			t.Errorf("dismissed: %+v, %v", shown, err)
		}
	})
}
