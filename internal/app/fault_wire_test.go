package app_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// wire stands between the program and PostgreSQL and cuts connections where a test wants it to: it knows the client's
// messages, so that a cut can hit a commit, before it was sent or before its answer came back.
type wire struct {
	target string
	listen net.Listener

	mu    sync.Mutex
	cut   func(message byte, commit bool) cut // nil = never
	conns map[net.Conn]bool
	done  sync.WaitGroup
}

type cut int

const (
	pass      cut = iota
	cutBefore     // the message never arrives
	cutAfter      // it arrives, and its answer never comes back
)

// newWire returns a wire to the server of ref, and the ref that leads through it.
func newWire(t *testing.T, ref string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: u.Host, conns: map[net.Conn]bool{}}
	if w.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = w.listen.Addr().String()
	w.done.Go(w.accept)
	t.Cleanup(func() {
		_ = w.listen.Close()
		w.mu.Lock()
		for c := range w.conns {
			_ = c.Close()
		}
		w.mu.Unlock()
		w.done.Wait()
	})
	return w, u.String()
}

// when decides from now on which messages are cut: commit says that the message is one. Nil: none.
func (w *wire) when(f func(message byte, commit bool) cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = f
}

func (w *wire) decide(message byte, commit bool) cut {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut == nil {
		return pass
	}
	return w.cut(message, commit)
}

func (w *wire) keep(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = true
}

func (w *wire) accept() {
	for {
		client, err := w.listen.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", w.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.keep(client)
		w.keep(server)
		silent := make(chan struct{})
		w.done.Go(func() { w.up(client, server, silent) })
		w.done.Go(func() { down(client, server, silent) })
	}
}

// up passes the client's messages on: first the startup message, which has no type, then a type and a length each.
func (w *wire) up(client, server net.Conn, silent chan struct{}) {
	defer func() { _, _ = client.Close(), server.Close() }()
	commits := map[string]bool{} // names of prepared statements that commit
	for started, last := false, false; ; started = true {
		head := make([]byte, 5)
		if !started {
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, int(binary.BigEndian.Uint32(head[len(head)-4:]))-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		what := pass
		if started && !last {
			what = w.decide(head[0], isCommit(head[0], body, commits))
		}
		if what == cutBefore {
			return
		}
		if what == cutAfter {
			last = true
			close(silent)
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return
		}
		if last && (head[0] == 'S' || head[0] == 'Q') { // nothing is answered before
			_, _ = client.Read(make([]byte, 1)) // until down has closed it
			return
		}
	}
}

// isCommit recognises the message that ends a transaction: a simple query, or the binding of a statement that was
// prepared before. It learns the names of those.
func isCommit(message byte, body []byte, prepared map[string]bool) bool {
	is := func(query []byte) bool { return bytes.HasPrefix(bytes.ToLower(query), []byte("commit")) }
	first, rest, _ := bytes.Cut(body, []byte{0})
	switch message {
	case 'Q':
		return is(body)
	case 'P': // name, query
		if is(rest) {
			prepared[string(first)] = true
		}
	case 'B': // portal, name
		name, _, _ := bytes.Cut(rest, []byte{0})
		return prepared[string(name)]
	}
	return false
}

// down passes on what the server says, until it is to be silent: then the next word from the server ends both.
func down(client, server net.Conn, silent chan struct{}) {
	defer func() { _, _ = client.Close(), server.Close() }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-silent:
			return
		default:
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
