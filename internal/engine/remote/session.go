package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
)

// Session is one connected worker. Its engines are used like any other; when the connection is lost, whatever they are
// asked ends with engine.ErrUnavailable.
type Session struct {
	ID    string
	Hello Hello

	pool  *Pool
	line  *line
	slots chan struct{} // one for each picture under way there
	over  chan struct{} // closed with the session
	stop  func()        // ends the context in which the session is given work
	left  chan struct{} // closed when the worker wants no more work
	drain chan struct{} // closed when the server has no more

	mu      sync.Mutex
	reason  string // why it is over
	leaving bool
	works   map[uint64]*work
	orders  map[uint64]*order
	done    []uint64                  // the last answers, the newest last
	models  map[string][]engine.Model // by engine, as the worker said last
}

// work is one picture that a worker was asked for.
type work struct {
	engine    string
	width     int
	height    int
	abandoned bool // nobody waits for it; its slot is free once the worker says so
	progress  chan engine.Progress
	answer    chan answer
}

type answer struct {
	picture *engine.Picture
	err     error
}

// Engines are what the worker has, as far as the server knows it, ready to be used.
func (s *Session) Engines() engine.Set {
	set := engine.Set{}
	for _, e := range s.Hello.Engines {
		ours := s.pool.opt.Engines[e.Name]
		if ours == nil {
			continue
		}
		imager := &Imager{session: s, name: e.Name, versions: e.Versions}
		if _, ok := ours.(engine.Loader); ok && len(e.Models) > 0 {
			set[e.Name] = &Loader{imager}
		} else {
			set[e.Name] = imager
		}
	}
	return set
}

// rest passes on the progress that came before the answer.
func (s *Session) rest(ctx context.Context, w *work, report func(engine.Progress)) {
	for ctx.Err() == nil {
		select {
		case p := <-w.progress:
			report(p)
		default:
			return
		}
	}
}

// progressKept is how much progress waits for whoever does not keep up; more is dropped.
const progressKept = 128

func (s *Session) begin(name string, req *engine.ImageRequest) (uint64, *work) {
	w := &work{
		engine: name, width: req.Width, height: req.Height,
		progress: make(chan engine.Progress, progressKept), answer: make(chan answer, 1),
	}
	id := s.pool.lastID.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works[id] = w
	return id, w
}

// unsent ends a picture whose request has no form in which it travels: too large, or with numbers that are none.
func (s *Session) unsent(id uint64, err error) {
	s.mu.Lock()
	w := s.works[id]
	delete(s.works, id)
	s.mu.Unlock()
	if w != nil {
		<-s.slots
		w.answer <- answer{err: fmt.Errorf("send the request to a worker: %w: %w", err, engine.ErrRejected)}
	}
}

// abandon tells the worker to stop. One that does not is broken, and its connection ends.
func (s *Session) abandon(id uint64) {
	s.mu.Lock()
	if w := s.works[id]; w != nil {
		w.abandoned = true
	}
	s.mu.Unlock()
	go func() {
		_ = s.line.send(&frame{Type: sayCancel, ID: id}) // a line that is gone has ended the session
		timer := time.NewTimer(stopWithin)
		defer timer.Stop()
		select {
		case <-s.over:
		case <-timer.C:
			s.mu.Lock()
			w := s.works[id]
			s.mu.Unlock()
			if w != nil {
				s.close("it did not stop a picture in time")
			}
		}
	}()
}

// lost is what becomes of a request whose worker is gone.
func (s *Session) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Errorf("the worker %s is lost (%s): %w", s.Hello.Name, s.reason, engine.ErrUnavailable)
}

// close ends the session, once. Only the first reason counts.
func (s *Session) close(reason string) {
	s.mu.Lock()
	first := s.reason == ""
	if first {
		s.reason = reason
	}
	s.mu.Unlock()
	if first {
		s.stop() // before any picture ends: nothing more must be started here
		close(s.over)
		s.line.close()
	}
}

// listen takes what the worker says until the line ends.
func (s *Session) listen() {
	for {
		f, err := s.line.read(mostAnswer)
		if errors.Is(err, wire.ErrTooLarge) {
			s.pool.note(s, RefusedTooLarge, err.Error())
			_ = s.line.send(&frame{Type: sayRefused, Refusal: refuse(RefusedTooLarge, "%v", err)}) // its last word, if it listens
			s.close("it sent a frame above its bound")
			return
		}
		if err != nil {
			s.close("the connection ended")
			return
		}
		if !s.take(f) {
			return
		}
	}
}

// take handles one frame. False: the session is over.
func (s *Session) take(f *frame) bool {
	switch {
	case f.Type == sayBeat:
	case f.Type == sayLeaving:
		s.mu.Lock()
		first := !s.leaving
		s.leaving = true
		s.mu.Unlock()
		if first {
			close(s.left)
		}
	case f.Type == sayProgress && f.Progress != nil:
		s.progress(f)
	case f.Type == sayLoading && f.Load != nil:
		s.loading(f)
	case f.Type == sayModels:
		s.announced(f)
	case f.Type == sayPicture && f.Picture != nil, f.Type == sayFailed && f.Fault != nil,
		f.Type == sayLoaded && f.Load != nil, f.Type == sayEvicted:
		s.answered(f)
	default:
		s.pool.note(s, RefusedRubbish, "a frame of the type "+fmt.Sprintf("%.20q", f.Type))
		s.close("it says what nobody understands")
		return false
	}
	return true
}

// progress hands on how far a picture is. What comes too late, or is more than anybody takes, is dropped.
func (s *Session) progress(f *frame) {
	s.mu.Lock()
	w := s.works[f.ID]
	wanted := w != nil && !w.abandoned
	s.mu.Unlock()
	if !wanted {
		return
	}
	p := engine.Progress{Step: f.Progress.Step, Steps: f.Progress.Steps}
	if f.Progress.Width <= mostPreview && f.Progress.Height <= mostPreview {
		p.Preview = wire.Pixels(f.payload, f.Progress.Width, f.Progress.Height)
	}
	select {
	case w.progress <- p:
	default:
	}
}

// answered ends a picture, a load or an eviction. An answer counts once, for the connection that was asked; any other is
// refused.
func (s *Session) answered(f *frame) {
	s.mu.Lock()
	w, o := s.works[f.ID], s.orders[f.ID]
	delete(s.works, f.ID)
	delete(s.orders, f.ID)
	double := slices.Contains(s.done, f.ID)
	wanted := w != nil && !w.abandoned
	if w != nil || o != nil {
		if s.done = append(s.done, f.ID); len(s.done) > rememberDone {
			s.done = s.done[1:]
		}
	}
	s.mu.Unlock()
	if o != nil {
		s.obeyed(o, f)
		return
	}
	if w == nil {
		code, text := RefusedUnknown, "nobody asked for this"
		switch {
		case double:
			code, text = RefusedLate, "this has its answer already"
		case f.ID <= s.pool.lastID.Load() && f.ID != 0:
			code, text = RefusedForeign, "another worker was asked for this"
		}
		s.refused(refuse(code, "%s", text), f.ID)
		return
	}
	<-s.slots
	if !wanted {
		return
	}
	picture, err := s.judge(w, f)
	w.answer <- answer{picture, err}
}

// judge looks at an answer: a worker's word for success is not enough.
func (s *Session) judge(w *work, f *frame) (*engine.Picture, error) {
	if f.Type == sayFailed {
		return nil, bounded(f.Fault).Err()
	}
	wrong := func(code, format string, args ...any) error {
		r := refuse(code, format, args...)
		s.refused(r, f.ID)
		return fmt.Errorf("%s: %w", r.Text, engine.ErrUnavailable)
	}
	if f.Type != sayPicture {
		return nil, wrong(RefusedRubbish, "%.20q instead of a picture", f.Type)
	}
	p := f.Picture.With(f.payload)
	switch {
	case p == nil || p.Image.Rect.Dx() != w.width || p.Image.Rect.Dy() != w.height:
		return nil, wrong(RefusedRubbish, "%d bytes as %d × %d instead of a picture of %d × %d",
			len(f.payload), f.Picture.Width, f.Picture.Height, w.width, w.height)
	case p.GeneratedWidth < 1 || p.GeneratedHeight < 1:
		return nil, wrong(RefusedRubbish, "a picture that was generated at %d × %d", p.GeneratedWidth, p.GeneratedHeight)
	case !slices.Contains(s.pool.opt.Engines.Versions(w.engine), p.ModelVersion):
		return nil, wrong(RefusedModel, "a picture by %.80q, the server has %v", p.ModelVersion, s.pool.opt.Engines.Versions(w.engine))
	}
	return p, nil
}

// bounded cuts what a worker says of a failure to what is worth keeping.
func bounded(f *wire.Fault) *wire.Fault {
	f.Text = cut(f.Text)
	if d := f.Death; d != nil {
		var words engine.LastWords
		for _, line := range d.Said {
			words.Add(line)
		}
		f.Death = &engine.Death{How: cut(d.How), Said: words.Lines(), Beside: max(0, min(d.Beside, MostSlots))}
	}
	return f
}

func cut(text string) string {
	if len(text) > mostFault {
		return strings.ToValidUTF8(text[:mostFault], "") + "…"
	}
	return text
}

// tell says to the worker that something of it was not taken.
func (s *Session) tell(r *Refusal, id uint64) {
	go func() { _ = s.line.send(&frame{Type: sayRefused, ID: id, Refusal: r}) }()
}
