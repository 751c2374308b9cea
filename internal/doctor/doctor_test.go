package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/db"
	"bottega/internal/disk"
	"bottega/internal/doctor"
	"bottega/internal/generation"
	"bottega/internal/mail"
)

// patient is a sound installation and how it is looked at.
type patient struct {
	*apptest.World
	setup doctor.Setup
	img   asset.Image
}

func healthy(t *testing.T, ref string) *patient {
	t.Helper()
	data := t.TempDir()
	if err := os.Chmod(data, 0o700); err != nil {
		t.Fatal(err)
	}
	w := apptest.New(t, ref, func(c *app.Config) { c.Data = data })
	user := w.User("artisan")
	stop := w.Run()
	g := w.WaitState(user, w.Submit(user, "a fox", 1).ID, generation.Complete)
	stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return &patient{w, doctor.Setup{
		Folder: data, Database: ref, Storage: filepath.Join(data, "files"), Clock: w.Clock, Listen: l.Addr().String(),
		Paint: func(context.Context) error { return nil },
		Room:  func(string) (disk.Room, error) { return disk.Room{Free: 50e9, Total: 100e9}, nil },
	}, g.Images[0]}
}

func (p *patient) examine(t *testing.T) []doctor.Finding {
	t.Helper()
	list, err := doctor.Examine(t.Context(), p.setup)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sql changes the database by hand.
func (p *patient) sql(t *testing.T, statement string, args ...any) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also to heal, when the test ends
	err := p.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// harm changes the database by hand, and undoes it when the case is over.
func (p *patient) harm(t *testing.T, statement, undo string) {
	t.Helper()
	p.sql(t, statement)
	t.Cleanup(func() { p.sql(t, undo) })
}

func TestExamine_ASoundInstallation(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		p := healthy(t, ref)
		p.setup.Full = true
		// PostgreSQL's clock is real, and the test's stands still; "nobody works" is true.
		for _, f := range p.examine(t) {
			if f.Level != doctor.OK && f.Check != "workers" && f.Check != "clock" {
				t.Errorf("%s: %s, %s", f.Check, f.Level, f.Text)
			}
		}
		if p.DB.Dialect == db.Postgres {
			p.Clock.Advance(time.Since(p.Clock.Now()) + 3*time.Hour + time.Minute)
			if list := p.examine(t); !strings.Contains(text(list), "bad clock: this machine's clock differs from the database's by 3 hours") {
				t.Errorf("three hours were not found:\n%s", text(list))
			}
		}
	})
}

// Each thing that is broken is found, called by its name, and there is a word about what to do.
func TestExamine_FindsWhatIsBroken(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	draining := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			_, _ = w.Write([]byte("ok\n"))
			return
		}
		http.Error(w, "the server is shutting down", http.StatusServiceUnavailable)
	}))
	defer draining.Close()
	room := func(free int64) func(*testing.T, *patient) {
		return func(_ *testing.T, p *patient) {
			p.setup.Room = func(string) (disk.Room, error) { return disk.Room{Free: free, Total: 100e9}, nil }
		}
	}
	sound := healthy(t, apptest.SQLite(t))
	for name, c := range map[string]struct {
		harm        func(t *testing.T, p *patient)
		check, text string
		level       doctor.Level
	}{
		"no folder":    {func(_ *testing.T, p *patient) { p.setup.Folder += "/nowhere" }, "data folder", "does not exist", doctor.Warn},
		"a file":       {func(t *testing.T, p *patient) { p.setup.Folder = touch(t) }, "data folder", "is no folder", doctor.Bad},
		"open to all":  {func(t *testing.T, p *patient) { chmod(t, p.setup.Folder, 0o755) }, "data folder", "read by everybody", doctor.Warn},
		"full disk":    {room(50e6), "disk space", "has 50 MB left", doctor.Bad},
		"nearly full":  {room(3e9), "disk space", "of 100 GB", doctor.Warn},
		"no database":  {func(_ *testing.T, p *patient) { p.setup.Database += "x" }, "database", "there is none", doctor.Warn},
		"wrong scheme": {func(_ *testing.T, p *patient) { p.setup.Database = "mysql://a:sesame@b/c" }, "database", "want postgres://", doctor.Bad},
		"no server":    {func(_ *testing.T, p *patient) { p.setup.Database = "postgres://a:sesame@127.0.0.1:1/c" }, "database", "cannot be opened", doctor.Bad},
		"newer database": {func(t *testing.T, p *patient) {
			p.harm(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)", "DELETE FROM goose_db_version WHERE version_id = 9999")
		}, "database", "has the version 9999", doctor.Bad},
		"older database": {func(t *testing.T, p *patient) {
			p.harm(t, "UPDATE goose_db_version SET version_id = version_id - 1000 WHERE version_id > 10", "UPDATE goose_db_version SET version_id = version_id + 1000 WHERE version_id < 0")
		}, "database", "has the version 10", doctor.Warn},
		"half a restore": {func(t *testing.T, p *patient) {
			p.harm(t, "INSERT INTO transfer (part, source, done) VALUES ('', 'a backup', 0)", "DELETE FROM transfer")
		}, "database", "was cut off", doctor.Bad},
		"no pictures":    {func(_ *testing.T, p *patient) { p.setup.Storage += "/nowhere" }, "storage", "no folder for pictures", doctor.Warn},
		"no bucket":      {func(_ *testing.T, p *patient) { p.setup.Storage = "s4://bucket" }, "storage", "open picture store", doctor.Bad},
		"a lost picture": {func(t *testing.T, p *patient) { p.lose(t) }, "pictures", "have no file", doctor.Bad},
		"no model": {func(_ *testing.T, p *patient) {
			p.setup.Paint = func(context.Context) error { return errors.New("no weights") }
		}, "house model", "no weights", doctor.Bad},
		"nobody works":    {func(*testing.T, *patient) {}, "workers", "nobody works", doctor.Warn},
		"a silent worker": {func(t *testing.T, p *patient) { p.worker(t, "scripted", -5*time.Minute) }, "workers", "1 were silent for so long", doctor.Warn},
		"from the future": {func(t *testing.T, p *patient) { p.worker(t, "scripted", time.Hour) }, "workers", "in the future", doctor.Bad},
		"a paused lane": {func(t *testing.T, p *patient) {
			p.harm(t, "UPDATE queue_lane SET paused = 1 WHERE lane = 'api'", "UPDATE queue_lane SET paused = 0")
		}, "line", "api is paused", doctor.Warn},
		"no engine": {func(t *testing.T, p *patient) {
			p.Submit(p.User("artisan"), "waits", 1)
			p.worker(t, "another", 0)
		}, "line", "scripted (", doctor.Bad},
		"a lost lease": {func(t *testing.T, p *patient) {
			p.Submit(p.User("artisan"), "waits", 1)
			p.harm(t, "UPDATE ticket SET lease_owner = 'gone', lease_until = 1", "UPDATE ticket SET lease_owner = '', lease_until = 0")
		}, "line", "nobody took them up", doctor.Bad},
		"a wrong balance": {func(t *testing.T, p *patient) {
			p.harm(t, "UPDATE wallet SET available = available + 1", "UPDATE wallet SET available = available - 1")
		}, "ledger", "the wallet says", doctor.Bad},
		"mail": {func(_ *testing.T, p *patient) { p.setup.Mail = mail.Config{URL: "ftp://x", From: "a@b.example"} }, "mail", "SMTP URL is not understood", doctor.Bad},
		"no mail server": {func(_ *testing.T, p *patient) {
			p.setup.Mail = mail.Config{URL: "smtp://127.0.0.1:1", From: "a@b.example"}
		}, "mail", "cannot be reached", doctor.Bad},
		"no messages": {func(_ *testing.T, p *patient) { p.setup.Payments = doctor.Payments{On: true} }, "payments", "cannot be checked", doctor.Bad},
		"test payments": {func(_ *testing.T, p *patient) {
			p.setup.Payments, p.setup.PublicURL = doctor.Payments{On: true, Test: true, Messages: true}, "https://studio.example.com"
		}, "payments", "are a test", doctor.Warn},
		"no way back":   {func(_ *testing.T, p *patient) { p.setup.Payments = doctor.Payments{On: true, Messages: true} }, "payments", "no https address", doctor.Warn},
		"no TLS":        {func(_ *testing.T, p *patient) { p.setup.Listen = "0.0.0.0:0" }, "address", "without TLS", doctor.Warn},
		"http":          {func(_ *testing.T, p *patient) { p.setup.PublicURL = "http://studio.example.com" }, "address", "not https", doctor.Warn},
		"no proxy":      {func(_ *testing.T, p *patient) { p.setup.PublicURL = "https://studio.example.com" }, "address", "not believed", doctor.Warn},
		"no URL":        {func(_ *testing.T, p *patient) { p.setup.PublicURL = "studio.example.com" }, "address", "no address", doctor.Bad},
		"wrong proxies": {func(_ *testing.T, p *patient) { p.setup.TrustedProxies = []string{"proxy"} }, "address", "neither", doctor.Bad},
		"port taken":    {func(_ *testing.T, p *patient) { p.setup.Listen = other.Listener.Addr().String() }, "port", "another program", doctor.Bad},
		"draining":      {func(_ *testing.T, p *patient) { p.setup.Listen = draining.Listener.Addr().String() }, "port", "shutting down", doctor.Bad},
	} {
		t.Run(name, func(t *testing.T) {
			p := *sound // its settings are the case's own, what is in the database is undone
			c.harm(t, &p)
			list := p.examine(t)
			for _, f := range list {
				if strings.Contains(f.Text, "sesame") {
					t.Errorf("a password is shown: %s", f.Text)
				}
				if f.Check == c.check && f.Level == c.level && strings.Contains(f.Text, c.text) {
					if f.Do == "" {
						t.Errorf("%q does not say what to do", f.Text)
					}
					if worst := doctor.Worst(list); worst != doctor.Bad && worst != c.level {
						t.Errorf("the worst of all is %s", worst)
					}
					return
				}
			}
			t.Errorf("%s was not found (%s %q):\n%s", c.check, c.level, c.text, text(list))
		})
	}
	damaged(t, sound)
}

// damaged finds pages of the database's file that are not what they were; nobody can use it afterwards.
func damaged(t *testing.T, p *patient) {
	t.Helper()
	ref := p.setup.Database
	if err := p.DB.Close(); err != nil { // so that all of it is in the file
		t.Fatal(err)
	}
	data, err := os.ReadFile(ref)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 2; i < len(data)/2+8192 && i < len(data); i++ {
		data[i] ^= 0xff
	}
	if err := os.WriteFile(ref, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p.setup.Full = true
	if list := p.examine(t); doctor.Worst(list) != doctor.Bad {
		t.Errorf("the damage was not found:\n%s", text(list))
	}
}

func (p *patient) lose(t *testing.T) {
	t.Helper()
	key := asset.Key(p.img.AccountID, p.img.SHA256, asset.OriginalPNG)
	file, err := p.Assets.Fetch(t.Context(), key)
	if err == nil {
		err = p.Assets.Remove(t.Context(), p.img.AccountID, p.img.SHA256)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Assets.Place(context.Background(), key, file); err != nil {
			t.Error(err)
		}
	})
}

func (p *patient) worker(t *testing.T, engine string, ahead time.Duration) {
	t.Helper()
	p.sql(t, "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('w', 1, $1, $2)", engine, db.Micros(p.Clock.Now().Add(ahead)))
	t.Cleanup(func() { p.sql(t, "DELETE FROM worker") })
}

func touch(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
}

func text(list []doctor.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Level, f.Check, f.Text)
	}
	return b.String()
}
