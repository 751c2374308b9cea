package leonardo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/api"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
)

// Prefix is where the dialect lives. An SDK's server URL is the public URL plus this.
const Prefix = "/api/rest/v1"

// Generations is the road that requests are put on.
type Generations interface {
	Submit(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*generation.Generation, error)
	Quote(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*pricing.Quote, error)
	Get(ctx context.Context, actor access.Actor, id string) (*generation.Generation, error)
	List(ctx context.Context, actor access.Actor, page generation.Page) (items []generation.Generation, next string, err error)
	Delete(ctx context.Context, actor access.Actor, id string) error
	Allowance(ctx context.Context, actor access.Actor) (generation.Allowance, error)
	Concurrency(ctx context.Context, accountID string) int
}

// Models is the catalogue.
type Models interface {
	Find(ref string) (catalog.Model, bool)
	Models() []catalog.Model
}

// Balances reads wallets.
type Balances interface {
	Balance(ctx context.Context, accountID string) (ledger.Balance, error)
}

// Accounts reads accounts.
type Accounts interface {
	ByID(ctx context.Context, id string) (account.Account, error)
}

// Keys is who knows API keys: auth.Service.
type Keys interface {
	api.Keys
	InForce(ctx context.Context, keyID string) error
}

// Uploads keeps pictures of people's own: asset.Uploads.
type Uploads interface {
	Expect(ctx context.Context, actor access.Actor, n int) ([]asset.Upload, error)
	Place(ctx context.Context, uploadID string) (asset.Upload, error)
	Fill(ctx context.Context, place asset.Upload, field string, file []byte) (asset.Upload, error)
	Get(ctx context.Context, actor access.Actor, uploadID string) (asset.Upload, error)
	Delete(ctx context.Context, actor access.Actor, uploadID string) error
	Source(ctx context.Context, accountID, pictureID string) (asset.Source, error)
}

// Deps is what the dialect works with.
type Deps struct {
	Keys        Keys
	Uploads     Uploads
	Forms       *asset.Signer // signs the forms that pictures are sent with
	Clock       clock.Clock
	Generations Generations
	Models      Models
	Balances    Balances
	Accounts    Accounts
	// Picture returns the address of a picture's PNG, good for hours: a path on this server, or an absolute URL.
	Picture func(asset.Image) string
	// PublicURL is where people reach this server ("https://studio.example.org"). Empty: the host that the request
	// came to, with the scheme that Proxies tell, which is wrong behind a proxy that rewrites Host.
	PublicURL string
	Proxies   api.Proxies
	Tiers     *api.Tiers // bounds requests by plan; nil = no bounds
}

type dialect struct{ Deps }

// formsAtOnce bounds the pictures that arrive at the same time: each is held in memory, at most asset.MaxUploadBytes.
const formsAtOnce = 8

// New returns the handler of everything below Prefix; paths are complete, so it is mounted without stripping. It asks
// for an API key itself, everywhere but at Prefix+"/openapi.json" and for signed upload forms, and registers the dialect's error form with the api
// package. A session's cookie is no credential here.
func New(deps Deps) http.Handler {
	api.Register(ErrorForm())
	deps.PublicURL = strings.TrimRight(deps.PublicURL, "/")
	d := &dialect{deps}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, op := range operations {
		mux.Handle(op.method+" "+Prefix+op.path, api.RequireKey(deps.Keys, d.serve(op)))
		methods[op.path] = append(methods[op.path], op.method)
	}
	for path, allowed := range methods {
		mux.Handle(Prefix+path, api.NotFound(allowed...))
	}
	mux.Handle("POST "+Prefix+formPath, api.Patient(asset.UploadPatience, api.AtOnce(formsAtOnce, http.HandlerFunc(d.takeForm))))
	mux.Handle(Prefix+formPath, api.NotFound(http.MethodPost))
	mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		document, err := Document()
		if err != nil {
			api.WriteError(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // fails only when the caller is gone
	})
	mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		what := shorten(r.Method + " " + strings.TrimPrefix(r.URL.Path, Prefix))
		api.WriteError(w, r, fault.New(fault.NotFound, codeNotFound, "this server has no "+what))
	})
	return mux
}

// operation is one row of the dialect's routes.
type operation struct {
	method, path, id, summary string
	// handle returns the body of the 200.
	handle func(d *dialect, w http.ResponseWriter, r *http.Request, actor access.Actor) (any, error)
}

// starts says that the operation begins work.
func (o operation) starts() bool { return o.id == "createGeneration" }

var operations = []operation{
	{"GET", "/me", "getUserSelf", "Who the key belongs to, and what can be spent", (*dialect).me},
	{"POST", "/generations", "createGeneration", "Make pictures", (*dialect).create},
	{"GET", "/generations/{id}", "getGenerationById", "One generation", (*dialect).get},
	{"DELETE", "/generations/{id}", "deleteGenerationById", "Delete a finished generation and its pictures", (*dialect).delete},
	{"GET", "/generations/user/{userId}", "getGenerationsByUserId", "Your generations, newest first", (*dialect).list},
	{"POST", "/init-image", "uploadInitImage", "A form to send a picture of one's own with", (*dialect).initImage},
	{"GET", "/init-image/{id}", "getInitImageById", "One uploaded picture", (*dialect).getInitImage},
	{"DELETE", "/init-image/{id}", "deleteInitImageById", "Delete an uploaded picture", (*dialect).deleteInitImage},
	{"POST", "/canvas-init-image", "uploadCanvasInitImage", "Forms to send a picture and its mask with", (*dialect).canvasInitImage},
	{"GET", "/platformModels", "listPlatformModels", "The models of this server", (*dialect).models},
	{"POST", "/pricing-calculator", "pricingCalculator", "What a request will cost", (*dialect).price},
}

// serve runs an operation and answers 200 with JSON or the dialect's error, and nothing else: the official SDKs take
// any other success for a failure.
func (d *dialect) serve(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := access.From(r.Context())
		if err != nil {
			api.WriteError(w, r, err)
			return
		}
		if err := d.Tiers.Allow(r.Context(), actor, op.starts()); err != nil {
			api.WriteError(w, r, err)
			return
		}
		body, err := op.handle(d, w, r, actor)
		if err != nil {
			api.WriteError(w, r, err)
			return
		}
		out, err := json.Marshal(body)
		if err != nil {
			api.WriteError(w, r, fmt.Errorf("encode the answer of %s: %w", op.id, err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(append(out, '\n')) // fails only when the caller is gone
	})
}

// absolute makes a path of this server a URL that works outside of it.
func (d *dialect) absolute(r *http.Request, path string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	if d.PublicURL != "" {
		return d.PublicURL + path
	}
	scheme := "http"
	if d.Proxies.HTTPS(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host + path
}
