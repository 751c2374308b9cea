// Package remote lets machines that reach nothing but a server's address make its pictures. The server's side is the
// Pool: each connection that is let in is a Session, whose engines are engine.Imager and engine.Loader like any other. The worker's side is
// the Worker, which hands what comes to engines of its own. It promises that the same request gives the same picture as on
// the server (whoever has other weights is not let in), that a worker which is lost, lies or says too much fails its own
// requests and nothing else, and that an answer counts once, for the connection that was asked. Who may join, and what
// runs where, is left to others.
package remote

import (
	"fmt"
	"time"

	"bottega/internal/engine/wire"
)

// Protocol is the version of what is said here. It changes when an older side would misunderstand.
const Protocol = 2

// Bounds of what is believed.
const (
	MostSlots    = 64   // of one worker
	mostEngines  = 16   // that one worker names
	mostVersions = 64   // of the models of one engine
	mostName     = 100  // characters
	mostSide     = 2048 // pixels, of a picture that comes back
	mostAnswer   = 4 * mostSide * mostSide
	mostPreview  = 128  // pixels, of a preview's side
	mostShown    = 8192 // pixels, of a side of a picture that a request brings
	mostRequest  = 256 << 20
	mostFault    = 500     // bytes, of the reason of a failure
	mostOrders   = 64      // loads and evictions under way at one worker
	mostMemory   = 1 << 44 // bytes, of a model, of a file of it, or of a machine
	mostIdle     = 365 * 24 * time.Hour
	helloWithin  = 10 * time.Second
	writeWithin  = time.Minute      // one frame
	stopWithin   = 30 * time.Second // a picture that is not wanted any more
	rememberDone = 128              // answers by which a second one is recognised
)

// Hello is what a worker says of itself.
type Hello struct {
	Protocol int      `json:"protocol"`
	Version  string   `json:"version"` // of Bottega
	Name     string   `json:"name"`    // of the machine, for people
	Slots    int      `json:"slots"`   // pictures at once
	Engines  []Engine `json:"engines"`

	ModelMemory int64 `json:"model_memory,omitempty"`  // bytes for models; 0 = no bound
	ModelIdleMS int64 `json:"model_idle_ms,omitempty"` // after which a model that nobody asks for is evicted; 0 = never
}

// Engine is one that a worker has; see engine.Versioned.
type Engine struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions"`
	Models   []Model  `json:"models,omitempty"` // of an engine.Loader
}

// Model is an engine.Model.
type Model struct {
	Name     string `json:"name"`
	Memory   int64  `json:"memory"` // bytes
	Resident bool   `json:"resident"`
}

// loaded is how far a load is, in bytes.
type loaded struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"` // 0 = not known
}

// welcome is the answer to a Hello.
type welcome struct {
	Session string `json:"session"`
	BeatMS  int64  `json:"beat_ms"`  // how often both sides say that they live
	LeaseMS int64  `json:"lease_ms"` // silence after which the other side is given up
}

// Refusal is why a worker is not let in, or an answer not taken. Codes are in the metrics, texts are for people.
type Refusal struct {
	Code  string `json:"code"`
	Text  string `json:"text"`
	Final bool   `json:"final"` // asking again changes nothing
}

func (r *Refusal) Error() string { return "the server refused this worker: " + r.Text }

// The codes of refusals.
const (
	RefusedToken    = "token"     // forged, expired or revoked
	RefusedHello    = "hello"     // a first word that is none, or with absurd numbers
	RefusedProtocol = "protocol"  // another version of what is said
	RefusedVersion  = "version"   // another version of Bottega
	RefusedModel    = "model"     // other weights, at the start or in a picture
	RefusedFull     = "full"      // more workers than a server takes
	RefusedDraining = "draining"  // the server is on its way out
	RefusedUnknown  = "unknown"   // an answer to what nobody asked
	RefusedForeign  = "foreign"   // an answer to what another worker was asked
	RefusedLate     = "late"      // a second answer, or one nobody waits for
	RefusedTooLarge = "too_large" // a frame above its bound
	RefusedRubbish  = "rubbish"   // an answer that is no picture of the size that was asked, or numbers that cannot be
)

// codes lists them for the metrics.
var codes = []string{
	RefusedToken, RefusedHello, RefusedProtocol, RefusedVersion, RefusedModel, RefusedFull, RefusedDraining,
	RefusedUnknown, RefusedForeign, RefusedLate, RefusedTooLarge, RefusedRubbish,
}

func refuse(code, format string, args ...any) *Refusal {
	final := code == RefusedHello || code == RefusedProtocol || code == RefusedVersion || code == RefusedModel
	return &Refusal{Code: code, Text: fmt.Sprintf(format, args...), Final: final}
}

// frame is what is said, one at a time in each direction.
type frame struct {
	Type     string         `json:"type"`
	ID       uint64         `json:"id,omitempty"` // of the picture, load or eviction it is about
	Hello    *Hello         `json:"hello,omitempty"`
	Welcome  *welcome       `json:"welcome,omitempty"`
	Refusal  *Refusal       `json:"refusal,omitempty"`
	Engine   string         `json:"engine,omitempty"`
	Trace    string         `json:"trace,omitempty"`    // with paint: the span that asks, as telemetry.Carry tells it
	Request  *wire.Request  `json:"request,omitempty"`  // its pictures are the payload
	Progress *wire.Progress `json:"progress,omitempty"` // its preview is the payload
	Picture  *wire.Picture  `json:"picture,omitempty"`  // its pixels are the payload
	Fault    *wire.Fault    `json:"fault,omitempty"`
	Model    string         `json:"model,omitempty"`  // with load and evict
	Load     *loaded        `json:"load,omitempty"`   // with loading and loaded
	Models   []Model        `json:"models,omitempty"` // with models: all of the engine's

	payload []byte   // as received
	pieces  [][]byte // sent as the payload
}

// Types of frames. The worker says hello, beat, progress, picture, failed, loading, loaded, evicted, models and leaving;
// the server welcome, refused, beat, paint, load, evict and cancel.
const (
	sayHello    = "hello"
	sayWelcome  = "welcome"
	sayRefused  = "refused"
	sayBeat     = "beat"
	sayPaint    = "paint"
	sayCancel   = "cancel"
	sayProgress = "progress"
	sayPicture  = "picture"
	sayFailed   = "failed"
	sayLeaving  = "leaving"
	sayLoad     = "load"
	sayLoading  = "loading"
	sayLoaded   = "loaded"
	sayEvict    = "evict"
	sayEvicted  = "evicted"
	sayModels   = "models"
)
