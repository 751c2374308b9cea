package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What waits for processes more than it computes runs beside others of its kind (t.Parallel).

// TestMain lets the test binary be the program: started with BOTTEGA_TEST_MAIN it runs main, and so do the worker
// processes that it starts, which inherit the variable.
func TestMain(m *testing.M) {
	if os.Getenv("BOTTEGA_TEST_MAIN") == "1" {
		main()
		return
	}
	status := m.Run()
	if dir := shipped.dir; dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(status)
}

// shipped is the program as it ships, built when the first test wants it.
var shipped struct {
	once sync.Once
	dir  string
	err  error
}

// asShipped returns the program built as it ships. The race detector, which makes it several times slower, looks on where
// the same parts run inside of a test: in internal/app and below.
func asShipped(t *testing.T) string {
	t.Helper()
	if file := os.Getenv(offline); file != "" {
		return file
	}
	shipped.once.Do(func() {
		if shipped.dir, shipped.err = os.MkdirTemp("", "bottega-shipped-"); shipped.err != nil {
			return
		}
		// With the flags of the Makefile, so that nothing is compiled that `make build` has compiled already.
		if out, err := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", shipped.dir, ".").CombinedOutput(); err != nil {
			shipped.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if shipped.err != nil {
		t.Fatalf("build the program: %v", shipped.err)
	}
	return filepath.Join(shipped.dir, "bottega")
}

// bottega returns this program with the arguments, in a clean environment: as the test was built, with the race detector.
func bottega(args ...string) *exec.Cmd { return program(os.Args[0], args...) }

func program(file string, args ...string) *exec.Cmd {
	cmd := exec.Command(file, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BOTTEGA_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "BOTTEGA_TEST_MAIN=1")
	return cmd
}

// output runs the program as it ships to its end: commands do one thing after the other, and there are many of them.
func output(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := program(asShipped(t), args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, errOut, err := output(t, args...)
	if err != nil {
		t.Fatalf("bottega %s: %v\n%s%s", strings.Join(args, " "), err, out, errOut)
	}
	return strings.TrimSpace(out)
}

// server is a running `bottega serve`.
type server struct {
	t    *testing.T
	file string // the program
	args []string
	base string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// freePort returns an address where nobody listens, of those that the system gives to no connection by itself: a server
// that is killed must find its port free again.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// startServer starts a server on a free port and waits until it is ready; it is stopped with the test.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	return startProgram(t, asShipped(t), args...)
}

// measures reports whether a line stands at the server's /metrics.
func (s *server) measures(line string) bool {
	s.t.Helper()
	_, text := fetch(s.t, s.base+"/metrics")
	return strings.Contains(text, line+"\n")
}

func startProgram(t *testing.T, file string, args ...string) *server {
	t.Helper()
	listen := freePort(t)
	s := &server{t: t, file: file, base: "http://" + listen, log: &bytes.Buffer{}, args: append([]string{
		"serve", "--listen", listen, "--attempts=-1", "--lease=1s",
	}, args...)}
	s.start()
	t.Cleanup(func() {
		if s.cmd != nil {
			s.kill()
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log.String())
		}
	})
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = program(s.file, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 600 {
		if resp, err := http.Get(s.base + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("the server is not ready after 30 seconds:\n%s", s.log.String())
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // "signal: killed"
	s.cmd = nil
}

// terminate asks the server to stop and returns how it ended.
func (s *server) terminate() error {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	err := s.cmd.Wait()
	s.cmd = nil
	return err
}

func TestCommands_AdminWorksWithAndWithoutAServer(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "user", "create", "--data", data, "--email", "a@example.com", "--password", "correct horse battery", "--plan", "artisan")
	s := startServer(t, "--data", data)
	key := must(t, "admin", "key", "create", "--data", data, "--email", "a@example.com")
	if strings.ContainsAny(key, " \n") || len(key) < 32 {
		t.Fatalf("key create printed %q, want the key alone", key)
	}
	must(t, "admin", "tokens", "grant", "--data", data, "--email", "a@example.com", "--amount", "1.5")
	c := &client{base: s.base, key: key}
	var me struct {
		Details []struct {
			Subscription int `json:"subscriptionTokens"`
			Paid         int `json:"paidTokens"`
		} `json:"user_details"`
	}
	if err := c.call("GET", "/api/rest/v1/me", nil, &me); err != nil {
		t.Fatal(err)
	}
	if len(me.Details) != 1 || me.Details[0].Subscription != 25000 || me.Details[0].Paid != 1 {
		t.Fatalf("/me says %+v, want the month's 25000 and 1 whole token of the gift", me)
	}
	if out := must(t, "admin", "ledger", "verify", "--data", data); !strings.Contains(out, "right") {
		t.Fatalf("verify said %q", out)
	}
}

func TestCommands_MistakesAreToldPlainly(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "user", "create", "--data", data, "--email", "a@example.com", "--password", "correct horse battery")
	s := startServer(t, "--data", data)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"port in use":      {[]string{"serve", "--data", t.TempDir(), "--listen", strings.TrimPrefix(s.base, "http://")}, "address already in use"},
		"data is a file":   {[]string{"serve", "--data", file, "--listen", "127.0.0.1:0"}, "data folder"},
		"no such database": {[]string{"serve", "--data", t.TempDir(), "--database", "mysql://me:secret@localhost/x", "--listen", "127.0.0.1:0"}, "want postgres://"},
		"no slots":         {[]string{"serve", "--data", t.TempDir(), "--slots=-1", "--listen", "127.0.0.1:0"}, "want 0 or more"},
		"no such plan":     {[]string{"admin", "user", "create", "--data", data, "--email", "b@example.com", "--password", "correct horse battery", "--plan", "gold"}, "maestro"},
		"short password":   {[]string{"admin", "user", "create", "--data", data, "--email", "b@example.com", "--password", "short"}, "password"},
		"e-mail taken":     {[]string{"admin", "user", "create", "--data", data, "--email", "A@example.com", "--password", "correct horse battery"}, "exists already"},
		"no such account":  {[]string{"admin", "key", "create", "--data", data, "--email", "b@example.com"}, "no account b@example.com"},
		"negative amount":  {[]string{"admin", "tokens", "grant", "--data", data, "--email", "a@example.com", "--amount=-5"}, "amount"},
		"amount is a word": {[]string{"admin", "tokens", "grant", "--data", data, "--email", "a@example.com", "--amount", "many"}, "amount"},
		"unknown flag":     {[]string{"serve", "--nope"}, "run `bottega serve --help`"},
		"unknown command":  {[]string{"paint"}, "run `bottega --help`"},
		"out of no kind":   {[]string{"generate", "--data", data, "--prompt", "a", "--out", "x.gif"}, ".png"},
		"bad width":        {[]string{"generate", "--data", data, "--prompt", "a", "--width", "33", "--out", filepath.Join(data, "x.png")}, "multiple of 8"},
	} {
		_, errOut, err := output(t, c.args...)
		if err == nil || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "goroutine") {
			t.Errorf("%s: %v, said %q; want a plain message with %q", name, err, errOut, c.want)
		}
	}
}

func TestCommands_LedgerVerifyFindsAChangedBalance(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "user", "create", "--data", data, "--email", "a@example.com", "--password", "correct horse battery")
	must(t, "admin", "tokens", "grant", "--data", data, "--email", "a@example.com", "--amount", "10")
	changeBalance(t, filepath.Join(data, "bottega.db"))
	out, errOut, err := output(t, "admin", "ledger", "verify", "--data", data)
	if err == nil || !strings.Contains(out, "wallet says") || !strings.Contains(errOut, "wrong") {
		t.Fatalf("after a wallet was changed by hand: %v, %q, %q", err, out, errOut)
	}
}

func TestGenerate_WritesAPictureWithoutAServer(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "fox.png")
	must(t, "generate", "--data", data, "--prompt", "a red fox", "--width", "64", "--height", "48", "--steps", "4", "--guidance", "1", "--seed", "7", "--count", "2", "--out", file)
	for _, n := range []string{"1", "2"} {
		img := readPNG(t, strings.TrimSuffix(file, ".png")+"-"+n+".png")
		if b := img.Bounds(); b.Dx() != 64 || b.Dy() != 48 {
			t.Fatalf("picture %s is %v, want 64 × 48", n, b)
		}
	}
	must(t, "admin", "ledger", "verify", "--data", data)
}

func TestConfig_TellsWhereEachSettingCameFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bottega.json")
	if err := os.WriteFile(file, []byte(`{"listen":"127.0.0.1:1","slots":3,"log-format":"json","worker_memory":512}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := bottega("config", "--config", file, "--slots", "5")
	cmd.Env = append(cmd.Env, "BOTTEGA_DATABASE=postgres://me:secret@localhost/x")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{
		"listen 127.0.0.1:1 configuration file", "slots 5 flag",
		"database postgres://me:…@localhost/x environment BOTTEGA_DATABASE", "grace 20s default",
		"log-format json configuration file", "worker-memory 512 configuration file",
	} {
		if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), want) {
			t.Errorf("config does not say %q:\n%s", want, out)
		}
	}
}

func TestConfig_AMistakeInTheFileIsToldAndTheFileNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"listne":"127.0.0.1:1"}`:              "there is no setting listne",
		`{"config":"other.json"}`:               "there is no setting config",
		`{"log-level":"warn","log_level":"no"}`: "log-level is there twice",
		`{"slots":"many"}`:                      "--slots",
		`["listen"]`:                            "not a JSON object",
		`{"listen":`:                            "not a JSON object",
		`{} {"slots":2}`:                        "something follows",
	} {
		file := filepath.Join(t.TempDir(), "bottega.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errOut, err := output(t, "config", "--config", file)
		if err == nil || !strings.Contains(errOut, want) || want != "--slots" && !strings.Contains(errOut, file) {
			t.Errorf("%s: %v, said %q; want %q and the file's name", text, err, errOut, want)
		}
	}
}

func TestServe_SIGTERMDrains(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, "--data", data, "--grace", "20s")
	c := newClient(t, s, data)
	id, err := c.submit(fmt.Sprint(t.Name()), 1, 12)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.terminate(); err != nil {
		t.Fatalf("the server ended with %v", err)
	}
	s.start()
	if got := c.wait(t, id); got != "COMPLETE" {
		t.Fatalf("after a restart the generation is %s", got)
	}
	must(t, "admin", "ledger", "verify", "--data", data)
}

func TestServe_ASecondSignalEndsAtOnceAndLosesNothing(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, "--data", data, "--grace", "10m")
	c := newClient(t, s, data)
	if _, err := c.submit(t.Name(), 8, 50); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if s.measures(`bottega_queue_tickets{lane="api",state="running"} 1`) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	ended := make(chan error, 1)
	cmd := s.cmd
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if resp, err := http.Get(s.base + "/readyz"); err != nil {
			t.Fatalf("the first signal ended the server while something ran: %v", err)
		} else if _ = resp.Body.Close(); resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "terminated") {
			t.Fatalf("the server ended with %v, want the signal", err)
		}
		s.cmd = nil
	case <-time.After(20 * time.Second):
		t.Fatal("the server still waits for its work after the second signal")
	}
	must(t, "admin", "ledger", "verify", "--data", data)
}
