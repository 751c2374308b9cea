// Package generation is the one road every kind of work travels: quote, submit, run, finish. It promises that an
// accepted generation is finished, failed with a reason, or cancelled, exactly once, and that its tokens are captured
// or released in the same transaction. What a kind of work is (a picture, a clip) it leaves to the Kind.
package generation

import (
	"context"
	"encoding/json"
	"time"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/pricing"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// State is where a generation is in its life; state.go holds the rules.
type State string

// The states. Waiting and running are open; the other three are final.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Complete  State = "complete"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Final reports whether nothing can happen any more.
func (s State) Final() bool { return s == Complete || s == Failed || s == Cancelled }

// Failure says why a generation failed, safe to show.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Generation is one accepted request and what became of it.
type Generation struct {
	ID         string
	AccountID  string
	TeamID     string          // whose tokens pay; empty = one's own
	Kind       string          // "image"
	Params     json.RawMessage // normalised request of the kind, with the seed fixed
	State      State
	Lane       Lane
	Price      token.Amount // held at submission; 0 in the relaxed lane
	Charged    token.Amount // captured at the end; 0 until then
	Failure    *Failure
	CreatedAt  time.Time
	StartedAt  time.Time      // zero while waiting
	FinishedAt time.Time      // zero while open
	Position   int            // place in line while waiting, from 1; 0 otherwise, and while it is kept back
	Starts     queue.Wait     // when it is expected to start; zero when it is not waiting, or not known
	Paused     bool           // it waits, and its owner keeps it back
	Stopped    string         // it waits, and the operator lets nothing start of its account or its lane: queue.StoppedAccount, queue.StoppedLane
	Loading    *queue.Loading // it waits, and its model has to be brought into memory first; nil = that is not so
	Images     []asset.Image
}

// SubmitRequest is what a dialect hands in.
type SubmitRequest struct {
	Kind           string
	Input          any    // the kind's request, for example *image.Request
	IdempotencyKey string // optional: the same key and input give the same generation
	Lane           Lane   // empty = with tokens, and without where they do not suffice and the plan allows it
	// MaxPrice is the price the caller has seen; a higher one is refused as ErrPriceChanged. Nil = any.
	MaxPrice *token.Amount
	// RequestID of the HTTP request, for the operator; may be empty.
	RequestID string
}

// Lane is how work is paid.
type Lane string

// The lanes. Fast work is paid with tokens; relaxed work is not, and waits for room.
const (
	Fast    Lane = queue.LaneFast
	Relaxed Lane = queue.LaneRelaxed
)

// Page asks for part of a list, newest first.
type Page struct {
	Limit  int    // 1 … 100
	Cursor string // opaque, from the page before; empty = from the newest
	Offset int    // for the Leonardo dialect, which pages by offset
}

// Planned is a request after a kind has checked it.
type Planned struct {
	Params json.RawMessage // everything fixed, nothing left to chance
	Facts  pricing.Facts
	Count  int // pictures
	Model  string
	Engine string // that must be there to run it
	// Timeout bounds one attempt.
	Timeout time.Duration
}

// Kind is a kind of work on the road.
type Kind interface {
	Name() string
	// Plan checks the input for the actor and fixes everything open (model version, seed, defaults). It returns a
	// fault.Invalid that names each wrong field. It must not write anything.
	Plan(ctx context.Context, actor access.Actor, input any) (Planned, error)
	// Run does the work. Pictures are kept as files before Run returns; rows follow in finish.
	Run(ctx context.Context, job Job) (Result, error)
}

// Repeated is a Kind whose work can be done once more as it was.
type Repeated interface {
	// Again is the plan of parameters that were accepted before. It returns a fault when that is not possible any more.
	Again(params json.RawMessage) (Planned, error)
}

// Variation is a smaller request that would do nearly the same.
type Variation struct {
	Name   string         // draft | smaller | single
	Text   string         // "the same picture as a draft"
	Change map[string]any // the fields to send instead
	Input  any
}

// Varied is a Kind that can say what would be cheaper.
type Varied interface {
	// Variations lists smaller requests, the nearest first. Whether each is valid, and cheaper, is found out by asking.
	Variations(input any) []Variation
}

// Job is what a worker gets to run.
type Job struct {
	GenerationID string
	AccountID    string
	Params       json.RawMessage
	CreatedAt    time.Time
	Attempt      int
	Suspect      bool // a process that worked on this has died: nothing else should run beside it
	// Report drops rather than blocks.
	Report func(Progress)
}

// Progress of a running generation. It is not stored.
type Progress struct {
	GenerationID string  `json:"id"`
	Image        int     `json:"image" doc:"which picture, from 0"`
	Images       int     `json:"images"`
	Step         int     `json:"step"`
	Steps        int     `json:"steps"`
	Fraction     float64 `json:"fraction" doc:"of the whole generation, 0 to 1"`
	Preview      string  `json:"preview,omitempty" doc:"small picture as a data: URL"`
}

// Small is the progress without its picture, for ways that have little room.
func (p Progress) Small() any {
	p.Preview = ""
	return p
}

// Result of a run. Delivered counts the pictures that came out; the price is captured in that share.
type Result struct {
	Images []asset.Image
}
