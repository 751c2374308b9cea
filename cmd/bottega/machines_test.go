package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/db"
)

// machine is a `bottega worker` in a process of its own.
type machine struct {
	t     *testing.T
	file  string
	args  []string
	ready string
	cmd   *exec.Cmd
	log   bytes.Buffer
}

func startMachine(t *testing.T, file string, args ...string) *machine {
	t.Helper()
	listen := freePort(t)
	m := &machine{t: t, file: file, ready: "http://" + listen + "/readyz", args: append([]string{"worker", "--listen", listen, "--threads", "1"}, args...)}
	m.start()
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", strings.Join(m.args, " "), m.log.String())
		}
	})
	return m
}

func (m *machine) start() {
	m.t.Helper()
	m.cmd = program(m.file, m.args...)
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
}

// working waits until the worker says that it can work.
func (m *machine) working() {
	m.t.Helper()
	for range 600 {
		if resp, err := http.Get(m.ready); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatalf("a worker does not work after 30 seconds:\n%s", m.log.String())
}

func (m *machine) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait() // "signal: killed"
}

// terminate asks the worker to stop and returns how it ended.
func (m *machine) terminate() error {
	m.t.Helper()
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		m.t.Fatal(err)
	}
	return m.cmd.Wait()
}

// ends follows an account's event stream and returns the ids of the generations that it says are complete.
func (c *client) ends(ctx context.Context, t *testing.T) <-chan string {
	t.Helper()
	studio, err := c.signIn()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/studio/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(studio.cookie)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("open the event stream: %v", err)
	}
	complete := make(chan string, 1000)
	go func() {
		defer close(complete)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, found := strings.CutPrefix(lines.Text(), "data: ")
			var g struct{ ID, State string }
			if found && json.Unmarshal([]byte(data), &g) == nil && g.State == "complete" {
				complete <- g.ID
			}
		}
	}()
	return complete
}

// balance is a load balancer as they come: each request goes to the next server that takes a connection, a WebSocket stays
// where it began. It returns its address.
func balance(t *testing.T, servers ...*server) string {
	t.Helper()
	var next atomic.Int64
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var err error
		for range servers {
			var conn net.Conn
			s := servers[int(next.Add(1))%len(servers)]
			if conn, err = (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(s.base, "http://")); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "any"
			r.Out.Host = r.In.Host
		},
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // servers die here all the time
	})
	t.Cleanup(front.Close)
	return front.URL
}

// aLongLook is long enough for kills that are seconds apart, a flood that fills its line, and numbers that mean something.
const aLongLook = 10 * time.Minute

// howLong is how long machines are killed: BOTTEGA_TEST_MACHINES_FOR=30m for a long look.
func howLong(t *testing.T) time.Duration {
	d := 8 * time.Second
	if long() {
		d = time.Minute
	}
	if text := os.Getenv("BOTTEGA_TEST_MACHINES_FOR"); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil {
			t.Fatalf("BOTTEGA_TEST_MACHINES_FOR: %v", err)
		}
	}
	return d
}

// TestMachines_KilledAtRandomLoseNothing runs two servers that only serve behind a load balancer and three workers (one on
// the database, one through a server, one through the balancer) on one PostgreSQL and one S3 store, and kills workers and a
// server at random while clients submit and cancel, one account floods the line and ten ask for one thing at a time. In the
// middle of it a backup is taken. Every accepted generation ends once, every picture decodes, the ledger is exact, no file
// is left over, the backup comes back, and the user of one server sees the ends of work that ran elsewhere.
func TestMachines_KilledAtRandomLoseNothing(t *testing.T) {
	t.Parallel()
	look := howLong(t)
	f := startFleet(t, look)
	c := newClient(t, f.one, t.TempDir(), f.store[:4]...)
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	ends := c.ends(watching, t)
	c.base = f.front
	load, line := startLoad(c), lineUp(t, f.front, look, f.store)
	line.start()
	saved := make(chan saved, 1)
	kills := f.killAll(look, func() { saved <- line.save(f.store) })
	accepted := load.finish(t)
	line.finish(look + time.Minute)
	checkAll(t, c, accepted, f.store)
	checkFailures(t, f.ref)
	late := time.After(30 * time.Second)
	for seen := false; !seen; {
		select {
		case id := <-ends:
			seen = accepted[id]
		case <-late:
			t.Fatal("the event stream of the first server told no end of anything")
		}
	}
	stop()
	f.stop()
	t.Logf("killed in %s: %v", look, kills)
	line.tell(f.ref, look)
	sweep(t, app.Config{Database: f.ref, Storage: f.storage})
	line.bringBack(f.file, <-saved)
}

// fleet is two servers that only serve, a balancer before them, and three workers.
type fleet struct {
	t                  *testing.T
	file, ref, storage string
	store              []string // the flags of all of them
	one, two           *server
	front              string
	workers            []*machine
}

func startFleet(t *testing.T, look time.Duration) *fleet {
	lease := "1s"
	if look >= aLongLook {
		lease = "5s" // a machine that is busy for half an hour is silent for a second now and then
	}
	f := &fleet{t: t, file: asShipped(t), ref: apptest.Postgres(t), storage: apptest.S3(t)}
	f.store = []string{"--database", f.ref, "--storage", f.storage, "--data", t.TempDir()}
	with := func(more ...string) []string { return slices.Concat(f.store, more) }
	f.one = startProgram(t, f.file, with("--slots", "0", "--lease", lease)...)
	f.two = startProgram(t, f.file, with("--slots", "0", "--lease", lease)...)
	f.front = balance(t, f.one, f.two)
	token := must(t, append([]string{"admin", "worker", "create", "--name", "test"}, f.store...)...)
	f.workers = []*machine{
		startMachine(t, f.file, with("--name", "on-the-database", "--lease", lease)...),
		startMachine(t, f.file, "--name", "through-one", "--server", f.one.base, "--token", token),
		startMachine(t, f.file, "--name", "through-any", "--server", f.front, "--token", token),
	}
	for _, m := range f.workers {
		m.working()
	}
	shown := must(t, append([]string{"admin", "queue"}, f.store...)...)
	for _, want := range []string{"on-the-database", "through-one", "through-any", "tempera-image@"} {
		if !strings.Contains(shown, want) {
			t.Errorf("`bottega admin queue` does not say %q:\n%s", want, shown)
		}
	}
	return f
}

// killAll kills a worker or the second server at random until the time is over, and starts it again at once; halfway it
// lets something go on beside. It returns how often it killed what.
func (f *fleet) killAll(look time.Duration, halfway func()) map[string]int {
	f.t.Helper()
	least, more := 500, 2000 // milliseconds between two
	if look >= aLongLook {
		least, more = 2000, 6000
	}
	kills := map[string]int{}
	half, enough := time.After(look/2), time.After(look)
	for {
		select {
		case <-enough:
			return kills
		case <-half:
			go halfway()
		case <-time.After(time.Duration(least+rand.IntN(more)) * time.Millisecond):
			if victim := rand.IntN(len(f.workers) + 1); victim == len(f.workers) {
				f.two.kill()
				f.two.start()
				kills["server"]++
			} else {
				f.workers[victim].kill()
				f.workers[victim].start()
				kills["worker"]++
			}
		}
	}
}

// stop tells everything to stop; all of it ends well.
func (f *fleet) stop() {
	f.t.Helper()
	for _, m := range f.workers {
		if err := m.terminate(); err != nil {
			f.t.Errorf("a worker that was told to stop ended with %v", err)
		}
	}
	if err := errors.Join(f.one.terminate(), f.two.terminate()); err != nil {
		f.t.Errorf("the servers ended with %v", err)
	}
}

// checkFailures reads why generations failed: only because each of their attempts was lost.
func checkFailures(t *testing.T, ref string) {
	t.Helper()
	d, err := db.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	rows, err := d.Query(t.Context(), "SELECT failure_code, COUNT(*) FROM generation WHERE state = 'failed' GROUP BY failure_code")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var code string
		var n int
		if err := rows.Scan(&code, &n); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d generations failed: %s", n, code)
		if code != "worker_lost" && code != "engine_unavailable" && code != "quarantined" {
			t.Errorf("%d generations failed with %s", n, code)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestWorker_MistakesAreToldPlainly(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "want --server"},
		"SQLite":             {[]string{"--database", "/tmp/bottega.db"}, "--database postgres://"},
		"no storage":         {[]string{"--database", "postgres://localhost/x"}, "--storage is missing"},
		"no token":           {[]string{"--server", "https://studio.example.com"}, "--token is missing"},
		"both":               {[]string{"--server", "https://studio.example.com", "--token", "x", "--database", "postgres://localhost/x"}, "want one of them"},
		"no slots":           {[]string{"--server", "https://studio.example.com", "--token", "x", "--slots", "0"}, "1 or more"},
		"too many slots":     {[]string{"--server", "https://studio.example.com", "--token", "x", "--slots", "65"}, "at most 64"},
		"in the clear":       {[]string{"--server", "http://studio.example.com", "--token", "x"}, "in the clear"},
		"a server elsewhere": {[]string{"--server", "gopher://studio.example.com", "--token", "x"}, "want https://"},
	} {
		_, errOut, err := output(t, append([]string{"worker"}, c.args...)...)
		if err == nil || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "goroutine") {
			t.Errorf("%s: %v, said %q; want a plain message with %q", name, err, errOut, c.want)
		}
	}
}

func TestAdminWorker_TokensAreMadeListedAndRevoked(t *testing.T) {
	data := t.TempDir()
	token := must(t, "admin", "worker", "create", "--data", data, "--name", "gpu in the cellar", "--for", "24h")
	if !strings.HasPrefix(token, "bt_work_") || strings.ContainsAny(token, " \n") {
		t.Fatalf("create printed %q, want the token alone", token)
	}
	list := must(t, "admin", "worker", "list", "--data", data)
	if !strings.Contains(list, "gpu in the cellar") || !strings.Contains(list, "until ") || strings.Contains(list, token) {
		t.Errorf("the list: %s", list)
	}
	id, _, _ := strings.Cut(strings.Split(list, "\n")[1], " ")
	must(t, "admin", "worker", "revoke", "--data", data, id)
	if list := must(t, "admin", "worker", "list", "--data", data); !strings.Contains(list, "revoked ") {
		t.Errorf("after it was revoked: %s", list)
	}
	if _, errOut, err := output(t, "admin", "worker", "revoke", "--data", data, id); err == nil || !strings.Contains(errOut, "no such worker token") {
		t.Errorf("revoked twice: %v %s", err, errOut)
	}
	s := startServer(t, "--data", data)
	if _, errOut, err := output(t, "worker", "--server", s.base, "--token", token); err == nil || !strings.Contains(errOut, "revoked") {
		t.Errorf("a worker with a revoked token: %v %s", err, fmt.Sprint(errOut))
	}
}
