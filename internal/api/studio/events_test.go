package studio_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"bottega/internal/api/studio"
	"bottega/internal/apptest"
)

// told is one message of an event stream; a comment has only that.
type told struct {
	id      int64
	event   string
	data    map[string]any
	comment string
}

// stream is an open event stream.
type stream struct {
	t        *testing.T
	messages chan told // closes with the stream
	close    func()
	header   http.Header
}

// listen opens the event stream, after the given event when it is not 0.
func (v *visitor) listen(after int64) *stream {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", v.site.url+studio.Prefix+"/events", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if after > 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(after, 10))
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		v.t.Fatalf("event stream answered %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	s := &stream{t: v.t, messages: make(chan told, 256), close: cancel, header: res.Header}
	go func() {
		defer close(s.messages)
		defer func() { _ = res.Body.Close() }()
		read(bufio.NewScanner(res.Body), s.messages)
	}()
	v.t.Cleanup(cancel)
	return s
}

func read(lines *bufio.Scanner, out chan<- told) {
	lines.Buffer(nil, 1<<20)
	var m told
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			m.id, _ = strconv.ParseInt(value, 10, 64)
		case "event":
			m.event = value
		case "data":
			_ = json.Unmarshal([]byte(value), &m.data) // a broken one has no fields, which the test notices
		case "":
			if value != "" {
				m.comment = value
				continue
			}
			out <- m
			m = told{}
		}
	}
}

// next waits for the next message that keep wants.
func (s *stream) next(what string, keep func(told) bool) told {
	s.t.Helper()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for {
		select {
		case m, open := <-s.messages:
			if !open {
				s.t.Fatalf("the stream ended before %s", what)
			}
			if keep(m) {
				return m
			}
		case <-patience.C:
			s.t.Fatalf("waited 20 seconds for %s", what)
		}
	}
}

// ends waits until the server closes the stream.
func (s *stream) ends(why string) {
	s.t.Helper()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for {
		select {
		case _, open := <-s.messages:
			if !open {
				return
			}
		case <-patience.C:
			s.t.Fatalf("the stream is still open 20 seconds after %s", why)
		}
	}
}

func state(id, want string) func(told) bool {
	return func(m told) bool { return m.event == "generation" && m.data["id"] == id && m.data["state"] == want }
}

func event(name string) func(told) bool { return func(m told) bool { return m.event == name } }

func TestEvents_TellALifeInOrderAndResumeWhereOneLeft(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		s.Run()
		v := s.member("ada@example.com")
		live := v.listen(0)
		live.listening(s, v)
		id := v.must(200, "POST", "/generations", map[string]any{"prompt": "a fox"}).text("id")
		last := live.next("the end of the generation", state(id, "complete"))
		if last.id == 0 || last.data["prompt"] != "a fox" {
			t.Errorf("told %+v", last)
		}
		b := live.next("the balance after it", event("balance"))
		if b.data["held_mt"] != float64(0) || b.data["available_mt"] == float64(150_000) {
			t.Errorf("balance after the generation is %v", b.data)
		}
		live.close()

		second := v.must(200, "POST", "/generations", map[string]any{"prompt": "a hare"}).text("id")
		v.waitState(second, "complete")
		v.must(204, "DELETE", "/generations/"+id, nil)
		resumed := v.listen(last.id)
		m := resumed.next("what was missed", event("generation"))
		if m.id <= last.id || m.data["id"] != second {
			t.Errorf("resumed with %+v after %d", m, last.id)
		}
		gone := resumed.next("the deletion", event("deleted"))
		if gone.data["id"] != id || gone.id <= m.id {
			t.Errorf("told %+v", gone)
		}
	})
}

// listening waits until the stream hears what is new: an event sent before it was subscribed would not be told.
func (s *stream) listening(site *site, v *visitor) {
	s.t.Helper()
	id := v.must(200, "POST", "/generations", map[string]any{"prompt": "a first fox"}).text("id")
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for m := range s.messages {
			if state(id, "complete")(m) {
				return
			}
		}
	}()
	<-heard
}

func TestEvents_TellProgressAndNothingOfOthers(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	s.Run()
	ada, eve := s.member("ada@example.com"), s.member("eve@example.com")
	mine, theirs := ada.listen(0), eve.listen(0)
	mine.listening(s, ada)
	theirs.listening(s, eve)
	id := ada.must(200, "POST", "/generations", map[string]any{"prompt": "a private fox", "steps": 50, "count": 4}).text("id")
	p := mine.next("progress", func(m told) bool { return m.event == "progress" && m.data["id"] == id })
	if p.id != 0 || p.data["images"] != float64(4) {
		t.Errorf("progress %+v", p)
	}
	mine.next("the end", state(id, "complete"))
	other := eve.must(200, "POST", "/generations", map[string]any{"prompt": "a hare"}).text("id")
	theirs.next("one's own generation", func(m told) bool {
		if m.data["id"] == id || strings.Contains(fmt.Sprint(m.data), "private") {
			t.Errorf("a stranger hears %+v", m)
		}
		return state(other, "complete")(m)
	})
}

func TestEvents_BeatOutlastsTheReadLimitAndEndsWithTheSession(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, srv *http.Server) {
		d.Heartbeat = 20 * time.Millisecond
		srv.ReadTimeout = 100 * time.Millisecond
	})
	v := s.member("ada@example.com")
	live := v.listen(0)
	for range 20 { // four times the limit
		live.next("a sign of life", func(m told) bool { return m.comment != "" })
	}
	if live.header.Get("X-Accel-Buffering") != "no" || live.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header of the stream: %v", live.header)
	}
	v.must(204, "POST", "/signout", nil)
	live.ends("signing out")
}

func TestEvents_EndWhenTheServerStops(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	live := s.member("ada@example.com").listen(0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		t.Errorf("the server could not stop beside an open stream: %v", err)
	}
	live.ends("the server stopped")
}

func TestEvents_OneAccountHasSoManyStreams(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	var open []*stream
	for range 24 {
		open = append(open, v.listen(0))
	}
	v.refused(v.call("GET", "/events", nil), 429, "too_many_streams")
	open[0].close()
	s.Wait(func() error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", s.url+studio.Prefix+"/events", nil)
		if err != nil {
			return err
		}
		res, err := v.client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != 200 {
			return fmt.Errorf("a freed place is still answered with %s", res.Status)
		}
		return nil
	})
	v.refused(s.stranger().call("GET", "/events", nil), 401, "unauthenticated")
	eve := s.member("eve@example.com")
	eve.refused(eve.call("GET", "/events", nil, "Last-Event-ID", "yesterday"), 422, "invalid_request")
}
