package tempera

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bottega/internal/engine"
)

const (
	startPatience  = time.Minute            // a worker that is not ready by then is stuck
	memoryInterval = 100 * time.Millisecond // between two looks at a worker's memory
)

// process is one worker process. It may have several requests, each of which hears the frames of its id. When it has
// ended, died says why.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed after died is set

	writing sync.Mutex // over stdin
	stdin   io.WriteCloser

	greeted chan struct{} // closed after hello is set
	hello   *frame        // its first word: ready, or why it cannot be
	settled bool          // of the worker that uses it: it has told what it runs on

	read    atomic.Int64 // bytes of its model, until it is greeted
	held    atomic.Int64 // most memory it was seen to hold since it is ready, in bytes
	reading func()       // called when read has changed

	mu      sync.Mutex
	hearers map[uint64]*hearer
	reason  string // why it was killed by us
	died    string
	said    []string // its last words
	beside  int      // requests that it had beside another one when it died
}

// hearer receives what a worker says about one request.
type hearer struct {
	progress chan *frame // dropped when nobody keeps up
	answer   chan *frame
}

// keptProgress is more than a request has steps.
const keptProgress = 2 * MostSteps

// startProcess runs the command and tells it how to set itself up. reading is called when it has read more of its model.
func startProcess(command []string, with *setup, reading func(), log *slog.Logger) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // it outlives the request that starts it; close ends it
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = 2 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	complaints, logged := io.Pipe()
	cmd.Stderr = logged
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	p := &process{
		cmd: cmd, stdin: stdin, ended: make(chan struct{}), greeted: make(chan struct{}), hearers: map[uint64]*hearer{}, reading: reading,
	}
	log = log.With("worker", cmd.Process.Pid)
	words, heard := &engine.LastWords{}, make(chan struct{})
	go func() { defer close(heard); relay(complaints, log, words) }()
	go func() {
		p.receive(bufio.NewReaderSize(stdout, 1<<16))
		err := cmd.Wait()
		_ = logged.Close() // ends the relay; it cannot fail
		<-heard
		p.end(err, words.Lines())
		log.Info("tempera worker ended", "reason", p.died)
	}()
	go p.watchMemory(with.MemoryLimit)
	if err := p.send(&frame{Type: frameStart, Setup: with}); err != nil {
		p.kill("it does not listen")
		<-p.ended
		return nil, fmt.Errorf("start worker: %s", p.died)
	}
	return p, nil
}

// relay passes the worker's stderr to the log, line by line, and keeps the last of it.
func relay(r io.Reader, log *slog.Logger, last *engine.LastWords) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		last.Add(lines.Text())
		log.Warn("tempera worker says", "line", lines.Text())
	}
	_, _ = io.Copy(io.Discard, r) // an overlong line must not block the worker
}

// send writes one frame. It waits while the worker does not read.
func (p *process) send(f *frame) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return writeFrame(p.stdin, f)
}

// hear returns what hears about a request from now on; forget ends that.
func (p *process) hear(id uint64) *hearer {
	h := &hearer{progress: make(chan *frame, keptProgress), answer: make(chan *frame, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hearers[id] = h
	return h
}

func (p *process) forget(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.hearers, id)
}

// receive passes frames on until the pipe ends or what comes is no frame.
func (p *process) receive(r io.Reader) {
	for {
		f, err := readFrame(r)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.kill("it sent something that is not a frame")
			}
			return
		}
		if p.hello == nil && f.Type == frameReading && f.Reading != nil {
			p.read.Store(f.Reading.Done)
			p.reading()
			continue
		}
		if p.hello == nil {
			p.hello = f
			close(p.greeted)
			continue
		}
		p.mu.Lock()
		h := p.hearers[f.ID]
		p.mu.Unlock()
		if h == nil {
			continue // of a request that was given up
		}
		to := h.answer
		if f.Type == frameProgress {
			to = h.progress
		}
		select {
		case to <- f:
		default: // nobody keeps up, or a second answer
		}
	}
}

// end records how the process went, and its last words.
func (p *process) end(err error, said []string) {
	p.mu.Lock()
	p.said, p.beside = said, max(0, len(p.hearers)-1)
	var exit *exec.ExitError
	switch {
	case p.reason != "":
		p.died = "worker was killed: " + p.reason
	case errors.As(err, &exit):
		p.died = fmt.Sprintf("worker ended with status %d", exit.ExitCode())
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			p.died = fmt.Sprintf("worker was killed by signal %d", status.Signal())
		}
	case err != nil:
		p.died = "worker ended: " + err.Error()
	default:
		p.died = "worker ended"
	}
	p.mu.Unlock()
	close(p.ended)
}

// kill ends the process at once. The first reason is the one that is told; an empty one leaves it to the signal.
func (p *process) kill(reason string) {
	p.mu.Lock()
	if p.reason == "" {
		p.reason = reason
	}
	p.mu.Unlock()
	_ = p.cmd.Process.Kill() // it may have ended already
}

// ready reports whether the process has loaded its model and lives.
func (p *process) ready() bool {
	select {
	case <-p.ended:
		return false
	default:
	}
	select {
	case <-p.greeted:
		return p.hello.Type == frameReady
	default:
		return false
	}
}

// watchMemory looks at what the process holds, and kills it when that is more than limit bytes; 0 is no limit.
func (p *process) watchMemory(limit int64) {
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-tick.C:
		}
		used := residentBytes(p.cmd.Process.Pid)
		if p.ready() && used > p.held.Load() {
			p.held.Store(used)
		}
		if limit > 0 && used > limit {
			p.kill(fmt.Sprintf("memory limit: it held %d of %d MiB", used>>20, limit>>20))
			return
		}
	}
}

// close asks the process to end, and ends it when it does not.
func (p *process) close(patience time.Duration) {
	_ = p.stdin.Close() // the worker takes the closed pipe as the end
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.kill("it did not end when asked")
		<-p.ended
	}
}
