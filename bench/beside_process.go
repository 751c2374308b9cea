package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

var errEnded = errors.New("it ended before it answered")

// process is a server that is started, asked over HTTP and killed. Nothing of it outlives its kill or the context it was
// started with.
type process struct {
	dir    string // its folder, where its log is too
	base   string // http://127.0.0.1:port
	client *http.Client
	cmd    *exec.Cmd
	gone   chan struct{} // closed when it has ended
}

func newProcess(dir string) *process {
	return &process{dir: dir, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: besideClients}}}
}

// run starts the program with more environment. It leads a process group, so that what it starts itself ends with it.
func (p *process) run(ctx context.Context, env []string, program string, args ...string) error {
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // "signal: killed"
		close(gone)
	}()
	p.cmd, p.gone = cmd, gone
	return nil
}

func (p *process) log() string { return filepath.Join(p.dir, "log") }

// kill ends the process, if there is one, as a power cut would.
func (p *process) kill() error {
	if p.cmd == nil {
		return nil
	}
	err := p.cmd.Cancel()
	if errors.Is(err, syscall.ESRCH) { // it ended by itself, and its parts too
		err = nil
	}
	<-p.gone
	p.cmd = nil
	p.client.CloseIdleConnections()
	return err
}

// answers waits until the path is answered.
func (p *process) answers(ctx context.Context, path string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.call(ctx, http.MethodGet, path, "", nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-p.gone:
			log, _ := os.ReadFile(p.log())
			return fmt.Errorf("%w; its last words:\n%s", errEnded, log[max(0, len(log)-4000):])
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

// call asks for JSON with JSON, either of which may be nil.
func (p *process) call(ctx context.Context, method, path, session string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "sid", Value: session})
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.500s", method, path, resp.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// freePort is a port of the loopback interface that nobody listens on now.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
