package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/event"
	"bottega/internal/fault"
	"bottega/internal/generation"
)

// maxStreams bounds the event streams of one account: each open tab has one.
const maxStreams = 24

// streams counts open event streams by account.
type streams struct {
	mu   sync.Mutex
	open map[string]int
}

func newStreams() *streams { return &streams{open: map[string]int{}} }

func (s *streams) enter(accountID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[accountID] >= maxStreams {
		return false
	}
	s.open[accountID]++
	return true
}

func (s *streams) leave(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[accountID]--; s.open[accountID] == 0 {
		delete(s.open, accountID)
	}
}

// placesEvery is how often a stream looks where the waiting work stands; placesSoon is how long after something happened.
const (
	placesEvery = 2 * time.Second
	placesSoon  = 200 * time.Millisecond
)

type messagesKey struct{}

// openStream refuses one stream too many and prepares the connection for a long answer. It subscribes before anything
// is answered: a client that reads its lists when the stream opens must not miss what happens in between.
func (s *server) openStream(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	actor, err := access.From(hc.Context())
	if err == nil && !s.streams.enter(actor.AccountID) {
		f := fault.New(fault.RateLimited, "too_many_streams", fmt.Sprintf("this account has %d event streams open already", maxStreams))
		f.RetryAfter = time.Minute
		err = f
	}
	if err != nil {
		api.WriteError(w, r, err)
		return
	}
	defer s.streams.leave(actor.AccountID)
	// The server's read limit would end the request's context when it passes, although everything was read.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		api.WriteError(w, r, fmt.Errorf("open event stream: %w", err))
		return
	}
	w.Header().Set("X-Accel-Buffering", "no")                        // for proxies that collect answers
	after, _ := strconv.ParseInt(hc.Header("Last-Event-ID"), 10, 64) // what is no number is refused before the stream begins
	ctx, cancel := context.WithCancel(hc.Context())
	defer cancel()
	messages := s.Hub.Subscribe(ctx, actor.AccountID, max(0, after))
	next(huma.WithContext(hc, context.WithValue(ctx, messagesKey{}, messages)))
}

type eventsInput struct {
	Browser
	LastEventID int64 `header:"Last-Event-ID" minimum:"0" doc:"number of the last event that was seen; the stream goes on after it"`
}

// events sends what happens to the actor's work until the client leaves, the session ends, or the server stops. A
// message that cannot be made ends the stream: the client comes back and resumes after the last number it saw.
func (s *server) events(ctx context.Context, in *eventsInput, send sse.Sender) {
	actor, err := access.From(ctx)
	if err != nil {
		return // requireSession was before us
	}
	messages, _ := ctx.Value(messagesKey{}).(<-chan event.Message)
	token := api.SessionToken(in.r, s.Proxies)
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	stopping := api.Stopping(ctx)
	var places places
	look := time.NewTicker(placesSoon)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stopping:
			return
		case <-beat.C:
			// Signing out elsewhere and running out must end what is already open.
			if _, err := s.Auth.Session(ctx, token); err != nil {
				return
			}
			if send.Comment("still here") != nil {
				return
			}
		case <-look.C:
			look.Reset(placesEvery)
			if places.tell(ctx, s, actor, send) != nil {
				return
			}
		case m, open := <-messages:
			if !open || s.tell(ctx, actor, m, send) != nil {
				return
			}
			if (m.Topic == event.TopicGeneration || m.Topic == event.TopicBalance) && !places.stir { // the operator may have stopped it
				places.stir = true
				look.Reset(placesSoon)
			}
		}
	}
}

// tell sends one message, as the facts are now.
func (s *server) tell(ctx context.Context, actor access.Actor, m event.Message, send sse.Sender) error {
	switch m.Topic {
	case event.TopicProgress:
		var p generation.Progress
		if err := json.Unmarshal(m.Progress, &p); err != nil {
			return fmt.Errorf("read progress of generation %s: %w", m.Subject, err)
		}
		return send.Data(p)
	case event.TopicDeleted:
		return send(sse.Message{ID: int(m.ID), Data: Deleted{ID: m.Subject}})
	case event.TopicAlert:
		a, err := s.Alerts.Get(ctx, actor.AccountID, m.Subject)
		if err != nil {
			return err
		}
		return send(sse.Message{ID: int(m.ID), Data: wireAlert(a)})
	case event.TopicBalance:
		return s.tellBalance(ctx, actor, m.ID, send)
	case event.TopicGeneration:
		g, err := s.Generations.Get(ctx, actor, m.Subject)
		if errors.Is(err, generation.ErrNotFound) {
			return nil // deleted meanwhile: that event follows
		}
		if err != nil {
			return err
		}
		out, err := s.wirer().generation(g)
		if err != nil {
			return err
		}
		if err := send(sse.Message{ID: int(m.ID), Data: out}); err != nil {
			return err
		}
		return s.tellBalance(ctx, actor, 0, send)
	}
	return nil // a topic of a newer version
}

func (s *server) tellBalance(ctx context.Context, actor access.Actor, number int64, send sse.Sender) error {
	a, err := s.Accounts.ByID(ctx, actor.AccountID)
	if err != nil {
		return err
	}
	b, err := s.Ledger.Balance(ctx, actor.AccountID)
	if err != nil {
		return err
	}
	return send(sse.Message{ID: int(number), Data: wireBalance(b, planOf(a))})
}
