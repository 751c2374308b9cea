package app

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"bottega/internal/api"
	"bottega/internal/api/leonardo"
	"bottega/internal/api/studio"
	"bottega/internal/api/worker"
	"bottega/internal/asset"
	"bottega/internal/engine/remote"
	"bottega/internal/payment/stripe"
	"bottega/internal/plan"
	"bottega/web"
)

// StripeWebhook is where Stripe sends its messages. It wants no session: each message is signed.
const StripeWebhook = "/api/payments/stripe"

// Handler serves everything over HTTP: health, the dialects, signed pictures, and the studio.
func (a *App) Handler() (http.Handler, error) {
	proxies, err := api.ParseProxies(a.TrustedProxies)
	if err != nil {
		return nil, err
	}
	people := subscribers{a.Accounts, a.Plans}
	studioAPI, err := studio.New(studio.Deps{
		Generations: a.Generations, Teams: a.Teams, Uploads: a.Uploads, Ledger: a.Ledger, Prices: a.Prices, Codes: a.Plans, Plans: a.Plans, Payments: a.Payments,
		Alerts: a.Alerts, Keeper: a.Keeper(), Operator: a.Operator, Hub: a.Hub, Models: a.Catalog, Accounts: people, Auth: a.Auth,
		Assets: a.Signer, Clock: a.Clock, Log: a.Log, Proxies: proxies, Origins: origins(a.PublicURL), Version: a.Version,
		SignupOpen: !a.SignupClosed, SignupPlan: plan.Free, Attempts: a.Attempts,
	})
	if err != nil {
		return nil, err
	}
	picture := func(img asset.Image) string { return a.Signer.URL(img.ID, asset.OriginalPNG, a.Clock.Now(), false) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /metrics", a.metrics)
	mux.Handle("/api/studio/", studioAPI)
	mux.Handle(leonardo.Prefix+"/", leonardo.New(leonardo.Deps{
		Keys: a.Auth, Uploads: a.Uploads, Forms: a.Signer, Clock: a.Clock, Generations: a.Generations, Models: a.Catalog, Balances: a.Ledger, Accounts: people,
		Picture: picture, PublicURL: a.PublicURL, Proxies: proxies, Tiers: api.NewTiers(a.Clock, rates{a.Plans}),
	}))
	if d, ok := a.Provider.(*stripe.Driver); ok {
		mux.Handle(StripeWebhook, d.Webhook(a.Payments, a.Log))
	}
	mux.Handle(remote.Path, worker.New(worker.Deps{Tokens: a.Auth, Pool: a.Workers, Log: a.Log}))
	mux.Handle("/api/", api.NotFound())
	mux.Handle("/assets/{image}/{variant}", asset.Handler(a.Assets, a.DB, a.Signer, a.Clock))
	mux.HandleFunc("POST /unsubscribe", func(w http.ResponseWriter, r *http.Request) { // one click in a mail program; GET is a page
		to := r.Clone(r.Context())
		to.URL.Path = studio.Prefix + "/alerts/unsubscribe"
		studioAPI.ServeHTTP(w, to)
	})
	mux.Handle("/", gzhttp.GzipHandler(spa(web.FS())))
	return api.AccessLog(a.Log, a.Clock, api.Observe(a.Traces, a.Metrics, api.SecureHeaders(api.Recover(a.Log, mux)))), nil
}

func origins(publicURL string) []string {
	if publicURL == "" {
		return nil
	}
	return []string{strings.TrimRight(publicURL, "/")}
}

// healthy reports that the process lives.
func healthy(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

// ready reports whether work should be sent here: the database answers, and the process is not on its way out. While
// it drains, requests are still answered: whoever routes by this sends the next ones elsewhere.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	if a.draining.Load() {
		http.Error(w, "the server is shutting down", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := a.DB.Ping(ctx); err != nil {
		a.Log.Error("not ready", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// spa serves the built studio. Files whose names carry a hash never change; a path that is no file is a page of the
// studio, and index.html, which is asked for every time, knows it.
func spa(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		info, err := fs.Stat(files, name)
		switch {
		case err == nil && !info.IsDir() && strings.HasPrefix(name, "assets/"):
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		case err == nil && !info.IsDir() && name != "index.html":
			w.Header().Set("Cache-Control", "public, max-age=3600")
		case path.Ext(name) != "" && name != "index.html":
			http.NotFound(w, r)
			return
		default:
			w.Header().Set("Cache-Control", "no-cache")
			serveIndex(w, r, files)
			return
		}
		server.ServeHTTP(w, r)
	})
}

func serveIndex(w http.ResponseWriter, r *http.Request, files fs.FS) {
	page, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "the studio is not in this binary: build it with `make build`", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodGet {
		_, _ = w.Write(page) // fails only when the caller is gone
	}
}
