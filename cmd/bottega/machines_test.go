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
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

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
// server at random while clients submit and cancel. Every accepted generation ends once, every picture decodes, the ledger
// is exact, and the user of one server sees the ends of work that ran elsewhere.
func TestMachines_KilledAtRandomLoseNothing(t *testing.T) {
	ref := apptest.Postgres(t)
	store := []string{"--database", ref, "--storage", apptest.S3(t), "--data", t.TempDir()}
	with := func(more ...string) []string { return append(append([]string{}, store...), more...) }
	file := asShipped(t)
	one := startProgram(t, file, with("--slots", "0")...)
	two := startProgram(t, file, with("--slots", "0")...)
	front := balance(t, one, two)
	token := must(t, append([]string{"admin", "worker", "create", "--name", "test"}, store...)...)
	workers := []*machine{
		startMachine(t, file, with("--name", "on-the-database", "--lease", "1s")...),
		startMachine(t, file, "--name", "through-one", "--server", one.base, "--token", token),
		startMachine(t, file, "--name", "through-any", "--server", front, "--token", token),
	}
	for _, m := range workers {
		m.working()
	}
	shown := must(t, append([]string{"admin", "queue"}, store...)...)
	for _, want := range []string{"on-the-database", "through-one", "through-any", "tempera-image@"} {
		if !strings.Contains(shown, want) {
			t.Errorf("`bottega admin queue` does not say %q:\n%s", want, shown)
		}
	}
	c := newClient(t, one, t.TempDir(), store[:4]...)
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	ends := c.ends(watching, t)
	c.base = front
	load := startLoad(c)
	kills := 0
	for enough := time.After(howLong(t)); ; kills++ {
		select {
		case <-enough:
		case <-time.After(time.Duration(500+rand.IntN(2000)) * time.Millisecond):
			if victim := rand.IntN(len(workers) + 1); victim == len(workers) {
				two.kill()
				two.start()
			} else {
				workers[victim].kill()
				workers[victim].start()
			}
			continue
		}
		break
	}
	accepted := load.finish(t)
	checkAll(t, c, accepted, store)
	checkFailures(t, ref)
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
	for _, m := range workers {
		if err := m.terminate(); err != nil {
			t.Errorf("a worker that was told to stop ended with %v", err)
		}
	}
	if err := errors.Join(one.terminate(), two.terminate()); err != nil {
		t.Errorf("the servers ended with %v", err)
	}
	t.Logf("%d kills, %d generations", kills, len(accepted))
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
