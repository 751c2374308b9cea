package apptest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bottega/internal/id"
)

// Cluster is a PostgreSQL server of a test's own, which the test may kill. It is as durable as a real one.
type Cluster struct {
	t      testing.TB
	bin    string
	dir    string
	port   string
	secret string
	as     *syscall.SysProcAttr
	cmd    *exec.Cmd
	log    bytes.Buffer
	ended  chan struct{}
}

// NewCluster makes a server and starts it; it ends with the test.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t, bin: postgresBin(t), secret: id.New()}
	dir, err := os.MkdirTemp("/var/tmp", "bottega-pg.") // short, for the socket's path, and on a disk
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c.dir = dir
	c.chooseOwner()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(c.secret+"\n"), 0o644); err != nil { //nolint:gosec // of a server that lives for a test
		t.Fatal(err)
	}
	out, err := c.command(c.t.Context(), "initdb", "--pgdata="+dir+"/data", "--username=bottega", "--pwfile="+secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	_, c.port, _ = strings.Cut(freeAddress(t), ":")
	c.Start()
	t.Cleanup(func() {
		c.Kill()
		if t.Failed() {
			t.Logf("PostgreSQL said:\n%s", c.log.String())
		}
	})
	return c
}

// postgresBin finds the folder of PostgreSQL's server programs, as scripts/lib.sh does.
func postgresBin(t testing.TB) string {
	t.Helper()
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(t.Context(), "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern) // the pattern is right
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	t.Fatal("PostgreSQL's server programs (initdb, postgres) are missing; make test-deps installs them")
	return ""
}

// chooseOwner gives the folder to somebody else where we are root: PostgreSQL refuses to run as root.
func (c *Cluster) chooseOwner() {
	if os.Getuid() != 0 {
		return
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		if owner, err = user.Lookup("nobody"); err != nil {
			c.t.Fatal(err)
		}
	}
	uid, err1 := strconv.ParseUint(owner.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(owner.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		c.t.Fatalf("the user %s has the ids %s and %s", owner.Username, owner.Uid, owner.Gid)
	}
	if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
		c.t.Fatal(err)
	}
	c.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = c.dir, c.as
	return cmd
}

// URL names an empty database of the server, made for this call.
func (c *Cluster) URL() string {
	c.t.Helper()
	name := "bottega_" + strings.ReplaceAll(id.New(), "-", "")
	admin, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if _, err := admin.ExecContext(c.t.Context(), "CREATE DATABASE "+name); err != nil {
		c.t.Fatal(err)
	}
	return c.url(name)
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://bottega:%s@127.0.0.1:%s/%s?sslmode=disable", c.secret, c.port, database)
}

// Start starts the server and waits until it takes connections. After a Kill it recovers first.
func (c *Cluster) Start() {
	c.t.Helper()
	// What the test cleans up still needs the server; Kill ends it.
	ctx := context.WithoutCancel(c.t.Context())
	for range 20 { // processes of the server before may still be on their way out
		c.cmd = c.command(ctx, "postgres", "-D", c.dir+"/data", "-p", c.port, "-k", c.dir, "-c", "listen_addresses=127.0.0.1",
			"-c", "max_connections=100", "-c", "shared_buffers=32MB", "-c", "logging_collector=off")
		c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
		if err := c.cmd.Start(); err != nil {
			c.t.Fatal(err)
		}
		cmd, ended := c.cmd, make(chan struct{})
		c.ended = ended
		go func() { _ = cmd.Wait(); close(ended) }() // how a killed server ends says nothing
		if c.answers(ended) {
			return
		}
		c.Kill()
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Fatalf("PostgreSQL does not start:\n%s", c.log.String())
}

func (c *Cluster) answers(ended <-chan struct{}) bool {
	admin, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	for range 300 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := admin.PingContext(ctx)
		cancel()
		if err == nil {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

// Restart ends the server in order, which cuts all connections, and starts it again.
func (c *Cluster) Restart() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil { // "fast shutdown"
		c.t.Fatal(err)
	}
	<-c.ended
	c.Start()
}

// Kill ends all processes of the server at once, as a power cut would.
func (c *Cluster) Kill() {
	ps := exec.CommandContext(context.Background(), "ps", "-o", "pid=", "--ppid", strconv.Itoa(c.cmd.Process.Pid))
	out, _ := ps.Output()    // exits 1 when there is none
	_ = c.cmd.Process.Kill() // it may have ended
	for _, f := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(f); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	<-c.ended
}
