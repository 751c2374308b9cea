// Package studio is the dialect of our own web studio: JSON with a session cookie, and one event stream. It decodes,
// asks the services, encodes; no rule lives here. It promises that every route says who may call it (routes.go), that
// what belongs to somebody else is not found, and that unknown fields are refused by name.
package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/alert"
	"bottega/internal/api"
	"bottega/internal/asset"
	"bottega/internal/audit"
	"bottega/internal/auth"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/operator"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/team"
	"bottega/internal/token"
)

// Prefix is where the studio's API lives.
const Prefix = "/api/studio"

// Accounts is what the studio needs of account.Store.
type Accounts interface {
	Create(ctx context.Context, n account.New) (account.Account, error)
	ByID(ctx context.Context, accountID string) (account.Account, error)
}

// Auth is what the studio needs of auth.Service.
type Auth interface {
	api.Sessions
	SignIn(ctx context.Context, email, password, userAgent string) (string, account.Account, error)
	StartSession(ctx context.Context, accountID, userAgent string) (string, error)
	SignOut(ctx context.Context, token string) error
	ClaimOwner(ctx context.Context, token, email, password string) (account.Account, error)
	CreateKey(ctx context.Context, accountID, name string, expires time.Time, t auth.KeyTerms) (string, auth.KeyInfo, error)
	Keys(ctx context.Context, accountID string) ([]auth.KeyInfo, error)
	RevokeKey(ctx context.Context, accountID, keyID string) error
	SetKeyTerms(ctx context.Context, accountID, keyID string, t auth.KeyTerms) error
}

// Generations is what the studio needs of generation.Service.
type Generations interface {
	Lines
	Offer(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*generation.Offer, error)
	Submit(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*generation.Generation, error)
	Get(ctx context.Context, actor access.Actor, id string) (*generation.Generation, error)
	List(ctx context.Context, actor access.Actor, page generation.Page) ([]generation.Generation, string, error)
	Cancel(ctx context.Context, actor access.Actor, id string) (*generation.Generation, error)
	Delete(ctx context.Context, actor access.Actor, id string) error
	KeyUsed(ctx context.Context, keyID string) (token.Amount, error)
	OfTeam(ctx context.Context, actor access.Actor, teamID string, page generation.Page) ([]generation.Generation, string, error)
	Usage(ctx context.Context, actor access.Actor, teamID string, p generation.Period) ([]generation.Usage, error)
	MembersUsed(ctx context.Context, teamID string) (map[string]token.Amount, error)
	Makers(ctx context.Context, ids []string) (map[string]string, error)
}

// Teams is what the studio needs of team.Service.
type Teams interface {
	Create(ctx context.Context, actor access.Actor, name string) (*team.Team, error)
	Get(ctx context.Context, actor access.Actor, teamID string, a access.TeamAction) (*team.Team, error)
	List(ctx context.Context, actor access.Actor) ([]*team.Team, error)
	Emails(ctx context.Context, accountIDs []string) (map[string]string, error)
	Rename(ctx context.Context, actor access.Actor, teamID, name string) error
	Transfer(ctx context.Context, actor access.Actor, teamID, accountID string) error
	SetMember(ctx context.Context, actor access.Actor, teamID, accountID string, c team.MemberChange) error
	Remove(ctx context.Context, actor access.Actor, teamID, accountID string) error
	Leave(ctx context.Context, actor access.Actor, teamID string) error
	Dissolve(ctx context.Context, actor access.Actor, teamID string) error
	Invite(ctx context.Context, actor access.Actor, teamID string, r team.InviteRequest) (string, team.Invitation, error)
	Mail(ctx context.Context, inv team.Invitation, secret string) (sent bool, err error)
	Invitations(ctx context.Context, actor access.Actor, teamID string) ([]team.Invitation, error)
	Revoke(ctx context.Context, actor access.Actor, teamID, invitationID string) error
	Look(ctx context.Context, secret string) (team.Invitation, *team.Team, error)
	Accept(ctx context.Context, actor access.Actor, email, secret string) (*team.Team, error)
	Standing(ctx context.Context, teamID string) (plan.Standing, error)
}

// Uploads is what the studio needs of asset.Uploads.
type Uploads interface {
	Add(ctx context.Context, actor access.Actor, purpose asset.Purpose, field string, file []byte) (asset.Upload, error)
	Get(ctx context.Context, actor access.Actor, uploadID string) (asset.Upload, error)
	List(ctx context.Context, actor access.Actor, cursor string, limit int) ([]asset.Upload, string, error)
	Delete(ctx context.Context, actor access.Actor, uploadID string) error
	Source(ctx context.Context, accountID, pictureID string) (asset.Source, error)
}

// Ledger is what the studio needs of ledger.Service.
type Ledger interface {
	Balance(ctx context.Context, accountID string) (ledger.Balance, error)
	Search(ctx context.Context, q ledger.JournalQuery, cursor string, limit int) ([]ledger.JournalItem, string, error)
	Each(ctx context.Context, q ledger.JournalQuery, f func(ledger.JournalItem) error) error
	Forecast(ctx context.Context, accountID string, expected ledger.Schedule) (*ledger.Forecast, error)
}

// Plans is what the studio needs of plan.Service.
type Plans interface {
	Now(ctx context.Context, walletID string) (plan.Standing, plan.Subscription, error)
	Expected(ctx context.Context, walletID string) (ledger.Schedule, error)
}

// Codes is what the studio needs of plan.Service.
type Codes interface {
	Redeem(ctx context.Context, accountID, code string) (token.Amount, error)
}

// Alerts is what the studio needs of alert.Service.
type Alerts interface {
	Shown(ctx context.Context, accountID string) ([]alert.Alert, error)
	Get(ctx context.Context, accountID, alertID string) (alert.Alert, error)
	Dismiss(ctx context.Context, accountID, alertID string) error
	Choice(ctx context.Context, accountID string) (alert.Choice, error)
	SetChoice(ctx context.Context, accountID string, c alert.Choice) error
	Unsubscribe(ctx context.Context, token string) error
	CanMail() bool
}

// Payments is what the studio needs of payment.Service. A buyer is an account, by its id, or a team, by its wallet.
type Payments interface {
	On() (on, test bool)
	Offered() plan.Trial
	Preview(ctx context.Context, buyer string, u plan.Unit, w plan.Wish) (plan.Preview, payment.Shown, error)
	Change(ctx context.Context, buyer string, u plan.Unit, w plan.Wish, shown payment.Shown, back string) (payment.Changed, error)
	Buy(ctx context.Context, buyer string, u plan.Unit, pack string, amount token.Amount, back string) (payment.Payment, string, error)
	Get(ctx context.Context, buyer, paymentID string) (payment.Payment, error)
	List(ctx context.Context, buyer, cursor string, limit int) ([]payment.Payment, string, error)
	Portal(ctx context.Context, buyer, back string) (string, error)
	AutoTopUp(ctx context.Context, buyer string, u plan.Unit) (payment.TopUpStanding, error)
	SetAutoTopUp(ctx context.Context, r payment.TopUpRule) error
}

// Prices is what the studio needs of pricing.Book.
type Prices interface {
	Version(ctx context.Context, version int) ([]byte, error)
}

// Operator is what the studio needs of operator.Service.
type Operator interface {
	Overview(ctx context.Context, by access.Actor) (operator.Overview, error)
	PauseLane(ctx context.Context, by access.Actor, lane string, paused bool) error
	Drain(ctx context.Context, by access.Actor, worker string, drained bool) error
	AllWork(ctx context.Context, by access.Actor, ask generation.WorkFilter) ([]generation.Work, string, error)
	Work(ctx context.Context, by access.Actor, generationID string) (generation.Work, error)
	Cancel(ctx context.Context, by access.Actor, generationID, why string) error
	Retry(ctx context.Context, by access.Actor, generationID string) (newID string, err error)
	Accounts(ctx context.Context, by access.Actor, text, after string, limit int) (list []operator.Account, next string, err error)
	Account(ctx context.Context, by access.Actor, accountID string) (operator.Account, error)
	SetRate(ctx context.Context, by access.Actor, accountID string, times float64, lasts time.Duration) error
	Stop(ctx context.Context, by access.Actor, accountID, why string) error
	Resume(ctx context.Context, by access.Actor, accountID string) error
	Grant(ctx context.Context, by access.Actor, g operator.Gift) error
	SetPlan(ctx context.Context, by access.Actor, accountID, name, why string) error
	Audit(ctx context.Context, by access.Actor, p audit.Page) ([]audit.Line, string, error)
	Emails(ctx context.Context, accountIDs []string) (map[string]string, error)
}

// Hub is what the studio needs of event.Hub.
type Hub interface {
	Subscribe(ctx context.Context, accountID string, after int64) <-chan event.Message
}

// Models is what the studio needs of catalog.Catalog.
type Models interface {
	Models() []catalog.Model
	Find(ref string) (catalog.Model, bool)
}

// Signer makes the addresses of pictures: asset.Signer.
type Signer interface {
	URL(imageID string, v asset.Variant, now time.Time, download bool) string
}

// Deps are what the studio is made of. All interfaces are required.
type Deps struct {
	Accounts    Accounts
	Auth        Auth
	Generations Generations
	Teams       Teams
	Uploads     Uploads
	Ledger      Ledger
	Prices      Prices
	Codes       Codes
	Plans       Plans
	Alerts      Alerts
	Keeper      Keeper
	Payments    Payments
	Operator    Operator
	Hub         Hub
	Models      Models
	Assets      Signer
	Clock       clock.Clock
	Log         *slog.Logger

	Version     string
	SignupOpen  bool
	SignupPlan  string      // plan of a new account; empty = free
	ModelsReady func() bool // nil = ready when there is a model

	Origins []string    // further origins whose pages may use the cookie, such as the public address behind a proxy
	Proxies api.Proxies // whose X-Forwarded-… headers are believed
	// Attempts is how many sign-ins and sign-ups a minute are taken, for each address they come from and each e-mail
	// address they are for; 0 = 10, below = no bound.
	Attempts  int
	Heartbeat time.Duration // between signs of life on an event stream; 0 = 15 s
}

const (
	defaultAttempts  = 10
	defaultHeartbeat = 15 * time.Second
)

// server holds the handlers.
type server struct {
	Deps
	attempts *api.Limiter
	streams  *streams
}

// New returns the handler of everything below Prefix, guarded against other sites, large bodies and caches. It fails
// when an origin cannot be read.
func New(d Deps) (http.Handler, error) {
	mux, doc := routes(d)
	api.Fallbacks(mux, Prefix, doc.OpenAPI())
	bounded := http.NewServeMux()
	bounded.Handle("POST "+Prefix+"/uploads", api.Patient(asset.UploadPatience, api.LimitBody(asset.MaxUploadBytes, api.AtOnce(uploadsAtOnce, mux))))
	bounded.Handle("/", api.LimitBody(api.MaxJSONBody, mux))
	return api.SameOrigin(d.Origins, api.NoStore(bounded))
}

// uploadsAtOnce bounds the files that arrive at the same time: each is held in memory.
const uploadsAtOnce = 8

// Document returns the API's OpenAPI 3.1 document as indented JSON.
func Document() ([]byte, error) {
	_, doc := routes(Deps{Clock: clock.System{}})
	raw, err := doc.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write the studio's OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the studio's OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// apiVersion counts changes of the contract, not releases of the program.
const apiVersion = "0.1.0"

// routes declares every route on a new mux.
func routes(d Deps) (*http.ServeMux, huma.API) {
	api.Install()
	if d.Attempts == 0 {
		d.Attempts = defaultAttempts
	}
	if d.SignupPlan == "" {
		d.SignupPlan = plan.Free
	}
	if d.Heartbeat <= 0 {
		d.Heartbeat = defaultHeartbeat
	}
	s := &server{Deps: d, attempts: api.NewLimiter(d.Clock, d.Attempts, time.Minute), streams: newStreams()}

	cfg := huma.DefaultConfig("Bottega studio", apiVersion)
	cfg.Info.Description = "The API behind the web studio. Amounts are milli-tokens in fields that end in _mt, times are RFC 3339 in UTC."
	cfg.DocsPath = "" // the built-in page loads scripts from elsewhere
	cfg.SchemasPath = ""
	cfg.CreateHooks = nil // no $schema in every body
	cfg.RejectUnknownQueryParameters = true
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "sid", Description: "Over TLS the cookie is called __Host-sid."},
	}
	mux := http.NewServeMux()
	h := humago.NewWithPrefix(mux, Prefix, cfg)
	r := &registrar{api: h, server: s, left: operations()}
	s.declare(r)
	r.complete()
	return mux, h
}
