package studio

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/asset"
	"bottega/internal/generation"
)

// who may call a route.
type who int

const (
	signedIn who = iota // the zero value, so that a forgotten route is closed
	anyone
	operators // whoever runs the installation
)

// operation is one row of the table of routes.
type operation struct {
	id, method, path, summary string
	who                       who
	limited                   bool  // counted against the attempts of the caller's address
	status                    int   // of success; 0 = 200
	body                      int64 // most bytes; 0 = api.MaxJSONBody
}

// operations is every route of the studio and who may call it.
func operations() map[string]operation {
	table := []operation{
		{id: "get-status", method: "GET", path: "/status", summary: "Whether the studio is ready", who: anyone},
		{id: "sign-up", method: "POST", path: "/signup", summary: "Make an account and sign in", who: anyone, limited: true},
		{id: "sign-in", method: "POST", path: "/signin", summary: "Sign in", who: anyone, limited: true},
		{id: "claim-owner", method: "POST", path: "/owner", summary: "Become the owner with a one-time link", who: anyone, limited: true},
		{id: "sign-out", method: "POST", path: "/signout", summary: "End the session, if there is one", who: anyone, status: 204},
		{id: "get-session", method: "GET", path: "/session", summary: "Who is signed in"},

		{id: "list-models", method: "GET", path: "/models", summary: "Models and what each can do"},
		{id: "quote", method: "POST", path: "/quote", summary: "What a request would cost; the prompt may be empty"},
		{id: "create-generation", method: "POST", path: "/generations", summary: "Ask for pictures"},
		{id: "list-generations", method: "GET", path: "/generations", summary: "One's generations, newest first"},
		{id: "get-generation", method: "GET", path: "/generations/{id}", summary: "One generation"},
		{id: "cancel-generation", method: "POST", path: "/generations/{id}/cancel", summary: "Stop a generation"},
		{id: "delete-generation", method: "DELETE", path: "/generations/{id}", summary: "Delete a finished generation and its pictures", status: 204},
		{id: "set-place", method: "PUT", path: "/generations/{id}/place", summary: "Move waiting work within one's own", status: 204},
		{id: "set-paused", method: "PUT", path: "/generations/{id}/paused", summary: "Keep waiting work back, or let it go", status: 204},
		{id: "get-line", method: "GET", path: "/queue", summary: "What one has in the line, and whether it is kept back"},
		{id: "set-line", method: "PUT", path: "/queue", summary: "Keep all of one's waiting work back, or let it go", status: 204},
		{id: "relax-generation", method: "POST", path: "/generations/{id}/relax", summary: "Move waiting work to the relaxed lane; what was held for it comes back at once"},
		{id: "list-waiting", method: "GET", path: "/queue/waiting", summary: "What one has waiting, in the order in which it would start"},
		{id: "cancel-waiting", method: "POST", path: "/queue/cancel", summary: "Cancel all that waits; what runs goes on"},
		{id: "events", method: "GET", path: "/events", summary: "What happens to one's work, as it happens"},

		{id: "create-upload", method: "POST", path: "/uploads", summary: "Keep a picture of one's own; the body is the file", body: asset.MaxUploadBytes},
		{id: "list-uploads", method: "GET", path: "/uploads", summary: "One's uploads, newest first"},
		{id: "get-upload", method: "GET", path: "/uploads/{id}", summary: "One upload"},
		{id: "delete-upload", method: "DELETE", path: "/uploads/{id}", summary: "Delete an upload", status: 204},
		{id: "get-picture", method: "GET", path: "/pictures/{id}", summary: "An upload or a generated picture, as one that others can be made from"},

		{id: "get-storage", method: "GET", path: "/storage", summary: "What one keeps, how much one may, and for how long"},
		{id: "get-wallet", method: "GET", path: "/wallet", summary: "Balance and plan"},
		{id: "list-journal", method: "GET", path: "/journal", summary: "The movements of tokens, newest first; a page may be short while there is a next one"},
		{id: "export-journal", method: "GET", path: "/journal.csv", summary: "The movements of tokens, oldest first, as CSV"},

		{id: "list-alerts", method: "GET", path: "/alerts", summary: "What one was told and has not dismissed, newest first"},
		{id: "dismiss-alert", method: "POST", path: "/alerts/{id}/dismiss", summary: "Stop showing an alert", status: 204},
		{id: "get-alert-settings", method: "GET", path: "/alerts/settings", summary: "How one is told of what"},
		{id: "set-alert-settings", method: "PUT", path: "/alerts/settings", summary: "Choose how one is told of what", status: 204},
		{id: "unsubscribe", method: "POST", path: "/alerts/unsubscribe", summary: "End the mails, by the link in one of them", who: anyone, limited: true, status: 204},

		{id: "list-plans", method: "GET", path: "/plans", summary: "Plans, with prices, and which one the account is on"},
		{id: "get-subscription", method: "GET", path: "/subscription", summary: "How the account stands with its plan"},
		{id: "preview-plan", method: "POST", path: "/subscription/preview", summary: "What a change of the plan would bring and cost; nothing is changed"},
		{id: "change-plan", method: "POST", path: "/subscription/change", summary: "Change, cancel, resume or try a plan, as the preview showed"},
		{id: "list-packs", method: "GET", path: "/packs", summary: "Packs of tokens or API credits, and the tariff behind them"},
		{id: "buy-pack", method: "POST", path: "/payments", summary: "Buy a pack: opens a page to pay on", limited: true},
		{id: "list-payments", method: "GET", path: "/payments", summary: "One's payments with their receipts, newest first"},
		{id: "get-payment", method: "GET", path: "/payments/{id}", summary: "One payment"},
		{id: "open-portal", method: "POST", path: "/billing-portal", summary: "The provider's page with one's cards and invoices", limited: true},
		{id: "get-auto-top-up", method: "GET", path: "/auto-top-up", summary: "When a wallet fills itself"},
		{id: "set-auto-top-up", method: "PUT", path: "/auto-top-up", summary: "Set when a wallet fills itself; off until it is switched on"},

		{id: "redeem-code", method: "POST", path: "/codes/redeem", summary: "Tokens for a code", limited: true},
		{id: "get-price-sheet", method: "GET", path: "/prices/{version}", summary: "A price sheet that is or was in force"},

		{id: "list-teams", method: "GET", path: "/teams", summary: "Teams one is in"},
		{id: "create-team", method: "POST", path: "/teams", summary: "Make a team that one owns"},
		{id: "get-team", method: "GET", path: "/teams/{id}", summary: "A team, its plan and pool, and who is in it"},
		{id: "rename-team", method: "PUT", path: "/teams/{id}", summary: "Change a team's name", status: 204},
		{id: "dissolve-team", method: "DELETE", path: "/teams/{id}", summary: "End a team for good; what was stays readable for its owner", status: 204},
		{id: "leave-team", method: "POST", path: "/teams/{id}/leave", summary: "Leave a team", status: 204},
		{id: "transfer-team", method: "POST", path: "/teams/{id}/transfer", summary: "Make another member the owner", status: 204},
		{id: "change-member", method: "PUT", path: "/teams/{id}/members/{member}", summary: "A member's role and limit", status: 204},
		{id: "remove-member", method: "DELETE", path: "/teams/{id}/members/{member}", summary: "Put a member out", status: 204},
		{id: "list-invitations", method: "GET", path: "/teams/{id}/invitations", summary: "Open invitations"},
		{id: "invite", method: "POST", path: "/teams/{id}/invitations", summary: "Make an invitation; its link is shown this once"},
		{id: "revoke-invitation", method: "DELETE", path: "/teams/{id}/invitations/{invitation}", summary: "End an invitation", status: 204},
		{id: "get-team-usage", method: "GET", path: "/teams/{id}/usage", summary: "Who used how much with which model in a month"},
		{id: "list-team-journal", method: "GET", path: "/teams/{id}/journal", summary: "Every movement of a team's tokens, newest first"},
		{id: "export-team-journal", method: "GET", path: "/teams/{id}/journal.csv", summary: "Every movement of a team's tokens, oldest first, as CSV"},
		{id: "list-team-generations", method: "GET", path: "/teams/{id}/generations", summary: "What was made with a team's tokens, newest first"},
		{id: "list-team-plans", method: "GET", path: "/teams/{id}/plans", summary: "Plans for teams, with the price of a seat, and which one the team is on"},
		{id: "get-team-subscription", method: "GET", path: "/teams/{id}/subscription", summary: "How a team stands with its plan"},
		{id: "preview-team-plan", method: "POST", path: "/teams/{id}/subscription/preview", summary: "What a change of the plan or the seats would bring and cost; nothing is changed"},
		{id: "change-team-plan", method: "POST", path: "/teams/{id}/subscription/change", summary: "Change, cancel or resume a team's plan, as the preview showed"},
		{id: "buy-team-pack", method: "POST", path: "/teams/{id}/payments", summary: "Buy a pack of tokens for a team: opens a page to pay on", limited: true},
		{id: "list-team-payments", method: "GET", path: "/teams/{id}/payments", summary: "A team's payments with their receipts, newest first"},
		{id: "get-team-payment", method: "GET", path: "/teams/{id}/payments/{payment}", summary: "One payment of a team"},
		{id: "open-team-portal", method: "POST", path: "/teams/{id}/billing-portal", summary: "The provider's page with a team's cards and invoices", limited: true},
		{id: "get-team-auto-top-up", method: "GET", path: "/teams/{id}/auto-top-up", summary: "When a team's pool fills itself"},
		{id: "set-team-auto-top-up", method: "PUT", path: "/teams/{id}/auto-top-up", summary: "Set when a team's pool fills itself, and how much that may cost a month"},
		{id: "look-at-invitation", method: "POST", path: "/invitations/look", summary: "What an invitation is for", limited: true},
		{id: "accept-invitation", method: "POST", path: "/invitations/accept", summary: "Join a team", limited: true},

		{id: "list-keys", method: "GET", path: "/keys", summary: "API keys in force"},
		{id: "create-key", method: "POST", path: "/keys", summary: "Make an API key; it is shown this once"},
		{id: "set-key-terms", method: "PUT", path: "/keys/{id}/terms", summary: "What an API key pays with, and how much", status: 204},
		{id: "revoke-key", method: "DELETE", path: "/keys/{id}", summary: "End an API key for good", status: 204},
	}
	byID := make(map[string]operation, len(table))
	for _, o := range append(table, adminOperations()...) {
		byID[o.id] = o
	}
	return byID
}

// declare binds every row of the table to its handler.
func (s *server) declare(r *registrar) {
	route(r, "get-status", s.getStatus)
	route(r, "sign-up", s.signUp)
	route(r, "sign-in", s.signIn)
	route(r, "claim-owner", s.claimOwner)
	route(r, "sign-out", s.signOut)
	route(r, "get-session", s.getSession)
	route(r, "list-models", s.listModels)
	route(r, "quote", s.quote)
	route(r, "create-generation", s.createGeneration)
	route(r, "list-generations", s.listGenerations)
	route(r, "get-generation", s.getGeneration)
	route(r, "cancel-generation", s.cancelGeneration)
	route(r, "delete-generation", s.deleteGeneration)
	route(r, "set-place", s.setPlace)
	route(r, "set-paused", s.setPaused)
	route(r, "get-line", s.getLine)
	route(r, "set-line", s.setLine)
	route(r, "cancel-waiting", s.cancelWaiting)
	route(r, "relax-generation", s.relax)
	route(r, "list-waiting", s.listWaiting)
	events := r.take("events")
	events.Middlewares = append(events.Middlewares, s.openStream)
	sse.Register(r.api, events, map[string]any{
		"alert": Alert{}, "generation": Generation{}, "deleted": Deleted{}, "progress": generation.Progress{}, "balance": Balance{},
		"place": Place{}, "queue": OwnQueue{},
	}, s.events)
	route(r, "create-upload", s.createUpload)
	route(r, "list-uploads", s.listUploads)
	route(r, "get-upload", s.getUpload)
	route(r, "delete-upload", s.deleteUpload)
	route(r, "get-picture", s.getPicture)
	route(r, "get-storage", s.getStorage)
	route(r, "get-wallet", s.getWallet)
	route(r, "list-journal", s.listJournal)
	route(r, "export-journal", s.exportJournal)
	route(r, "list-alerts", s.listAlerts)
	route(r, "dismiss-alert", s.dismissAlert)
	route(r, "get-alert-settings", s.getAlertSettings)
	route(r, "set-alert-settings", s.setAlertSettings)
	route(r, "unsubscribe", s.unsubscribe)
	route(r, "list-plans", s.listPlans)
	route(r, "get-subscription", s.getSubscription)
	route(r, "preview-plan", s.previewPlan)
	route(r, "change-plan", s.changePlan)
	route(r, "list-packs", s.listPacks)
	route(r, "buy-pack", s.buyPack)
	route(r, "list-payments", s.listPayments)
	route(r, "get-payment", s.getPayment)
	route(r, "open-portal", s.openPortal)
	route(r, "get-auto-top-up", s.getAutoTopUp)
	route(r, "set-auto-top-up", s.setAutoTopUp)
	route(r, "redeem-code", s.redeemCode)
	route(r, "get-price-sheet", s.getPriceSheet)
	s.declareTeams(r)
	s.declareAdmin(r)
	s.declareTeamPurse(r)
	route(r, "list-keys", s.listKeys)
	route(r, "create-key", s.createKey)
	route(r, "set-key-terms", s.setKeyTerms)
	route(r, "revoke-key", s.revokeKey)
}

// problemSchema is the schema of every error body.
func problemSchema(h huma.API) *huma.Schema {
	return h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.Problem](), true, "Problem")
}

// registrar takes operations off the table, so that none is declared twice, forgotten, or missing from it.
type registrar struct {
	api    huma.API
	server *server
	left   map[string]operation
}

func route[I, O any](r *registrar, id string, handler func(context.Context, *I) (*O, error)) {
	huma.Register(r.api, r.take(id), handler)
}

func (r *registrar) take(id string) huma.Operation {
	o, ok := r.left[id]
	if !ok {
		panic(fmt.Sprintf("studio: route %q is not in the table, or was declared before", id)) // a programming mistake
	}
	delete(r.left, id)
	s := r.server
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, DefaultStatus: o.status,
		MaxBodyBytes: api.MaxJSONBody,
		Security:     []map[string][]string{},
		Responses: map[string]*huma.Response{"default": {
			Description: "What went wrong",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problemSchema(r.api)}},
		}},
		Middlewares: huma.Middlewares{named(o)},
	}
	if o.body > 0 {
		op.MaxBodyBytes = o.body
	}
	if o.limited {
		op.Middlewares = append(op.Middlewares, s.limitAddress)
	}
	if o.who != anyone {
		op.Security = []map[string][]string{{"session": {}}}
		op.Middlewares = append(op.Middlewares, s.requireSession)
	}
	if o.who == operators {
		op.Middlewares = append(op.Middlewares, requireOperator)
	}
	return op
}

// complete panics when a row of the table has no handler: a programming mistake, found by the first test.
func (r *registrar) complete() {
	if len(r.left) > 0 {
		panic(fmt.Sprintf("studio: routes without a handler: %v", slices.Sorted(maps.Keys(r.left))))
	}
}

// named tells the log which route it is.
func named(o operation) func(huma.Context, func(huma.Context)) {
	route := o.method + " " + Prefix + o.path
	return func(hc huma.Context, next func(huma.Context)) {
		api.NoteRoute(hc.Context(), route)
		next(hc)
	}
}

// requireSession lets requests through that carry a session in force, and puts its actor into their context.
func (s *server) requireSession(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	ctx, err := api.Session(r.Context(), s.Auth, api.SessionToken(r, s.Proxies))
	if err != nil {
		api.WriteError(w, r, err)
		return
	}
	next(huma.WithContext(hc, ctx))
}

// requireOperator lets requests through whose actor runs the installation; requireSession was before it.
func requireOperator(hc huma.Context, next func(huma.Context)) {
	actor, err := access.From(hc.Context())
	if err == nil {
		err = actor.Operate()
	}
	if err != nil {
		r, w := humago.Unwrap(hc)
		api.WriteError(w, r, err)
		return
	}
	next(hc)
}

// limitAddress counts an attempt of the caller's address.
func (s *server) limitAddress(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	if err := s.attempts.AllowClient(s.Proxies, r); err != nil {
		api.WriteError(w, r, err)
		return
	}
	next(hc)
}

// Browser gives a handler the request and the answer, for cookies. It is embedded in inputs.
type Browser struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve implements huma.Resolver.
func (b *Browser) Resolve(hc huma.Context) []error {
	b.r, b.w = humago.Unwrap(hc)
	return nil
}
