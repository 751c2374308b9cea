package leonardo

import (
	"context"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	goimage "image"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// The people of the test world. Both own a key; Strangers' generations must stay out of Ann's sight.
const (
	annKey     = "bt_live_ann"
	benKey     = "bt_live_ben"
	revokedKey = "bt_live_revoked"
	expiredKey = "bt_live_expired"
)

var (
	start = time.Date(2026, 11, 23, 9, 30, 0, 123_000_000, time.UTC)
	ann   = account.Account{ID: "0b6c5f0e-6f6e-4f3c-9d0a-1f6a1f0b7a01", Email: "ann@example.org", Plan: "apprentice"}
	ben   = account.Account{ID: "0b6c5f0e-6f6e-4f3c-9d0a-1f6a1f0b7a02", Email: "ben@example.org", Plan: "free"}
)

// houseModel resembles the model that ships with the program.
func houseModel() catalog.Model {
	styles := []catalog.Style{
		{ID: "soft-3d", Title: "Soft 3D"},
		{ID: "gradient"},
		{ID: "flat"},
		{ID: "ink"},
		{ID: "toon"},
		{ID: "clean"},
		{ID: "kawaii"},
		{ID: "pixel"},
		{ID: "none"},
	}
	return catalog.Model{
		ID: "6d3f0a52-52a5-4c5e-8f0b-0d6f7d1c9e10", Name: "tempera-image", Title: "Tempera Image", Version: "0.1.0",
		Description: "Illustrations, stickers and icons.", Preview: true, Engine: "tempera", Aliases: AliasIDs(),
		Image: catalog.Capability{
			Width: catalog.Range{Min: 32, Max: 1536, Step: 8, Default: 512}, Height: catalog.Range{Min: 32, Max: 1536, Step: 8, Default: 512},
			Count: catalog.Range{Min: 1, Max: 8, Step: 1, Default: 1}, Steps: catalog.Range{Min: 1, Max: 60, Step: 1, Default: 12},
			Guidance: catalog.Range{Min: 1, Max: 20, Step: 0.1, Default: 2}, Adherence: catalog.Range{Max: 1, Default: 0.35},
			MaxPrompt: 1500, Styles: styles, DefaultStyle: "soft-3d", NegativePrompt: true, Transparent: true,
			Strength: catalog.Range{Max: 1, Step: 0.05, Default: 0.6}, Masks: true, Erase: true, Tile: true, MaxBoxes: 8, MaxReferences: 4,
			References: looks4(),
		},
	}
}

func looks4() (list []catalog.ReferenceUse) {
	for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference} {
		list = append(list, catalog.ReferenceUse{Kind: kind, Strength: catalog.Range{Max: 1, Step: 0.05, Default: 0.5}})
	}
	return list
}

// world is a server with the real planner and the real price sheet over stores in memory.
type world struct {
	t      testing.TB
	models *catalog.Catalog
	kind   *image.Kind
	sheet  *pricing.Sheet
	shelf  *shelf

	mu        sync.Mutex
	keys      map[string]access.Actor
	accounts  map[string]account.Account
	topUp     map[string]token.Amount
	list      []*generation.Generation // oldest first
	byKey     map[string]string        // account + idempotency key → generation
	submitted []generation.SubmitRequest
	fail      error // returned by every service until it is nil again
	slow      bool  // generations stay open
	clock     *clock.Fake
	url       string
}

func newWorld(t testing.TB, models ...catalog.Model) *world {
	t.Helper()
	sheet, err := pricing.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(models) == 0 {
		models = []catalog.Model{houseModel()}
	}
	w := &world{
		t: t, models: catalog.New(models...), sheet: sheet,
		keys: map[string]access.Actor{
			annKey: {AccountID: ann.ID, Role: access.RoleUser, KeyID: id.New()},
			benKey: {AccountID: ben.ID, Role: access.RoleUser, KeyID: id.New()},
		},
		accounts: map[string]account.Account{ann.ID: ann, ben.ID: ben},
		topUp:    map[string]token.Amount{ann.ID: token.Whole(500) + 250, ben.ID: 0},
		byKey:    map[string]string{},
		clock:    clock.NewFake(start),
	}
	w.shelf = &shelf{pictures: map[string]shelved{}}
	w.kind = &image.Kind{Catalog: w.models, Pictures: w.shelf}
	mux := http.NewServeMux()
	mux.Handle(Prefix+"/", New(Deps{Keys: w, Uploads: w.shelf, Forms: asset.NewSigner(make([]byte, 32)), Clock: w.clock, Generations: w, Models: w.models, Balances: w, Accounts: w, Picture: func(img asset.Image) string {
		return "/assets/" + img.ID + "/original.png?exp=1&sig=x"
	}}))
	mux.HandleFunc("GET /assets/{id}/original.png", w.picture)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) Key(_ context.Context, presented string) (access.Actor, error) {
	switch a, ok := w.keys[presented]; {
	case ok:
		return a, nil
	case presented == revokedKey:
		return access.Actor{}, fault.New(fault.Unauthenticated, "revoked_api_key", "the API key was revoked")
	case presented == expiredKey:
		return access.Actor{}, fault.New(fault.Unauthenticated, "expired_api_key", "the API key has expired")
	}
	return access.Actor{}, fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is unknown")
}

// InForce ends Ben's key: he asked for a form and then lost it.
func (w *world) InForce(_ context.Context, keyID string) error {
	if keyID == w.keys[benKey].KeyID {
		return fault.New(fault.Unauthenticated, "revoked_api_key", "the API key was revoked")
	}
	return nil
}

func (w *world) ByID(_ context.Context, accountID string) (account.Account, error) {
	if a, ok := w.accounts[accountID]; ok {
		return a, w.fail
	}
	return account.Account{}, account.ErrUnknown
}

func (w *world) Balance(_ context.Context, accountID string) (ledger.Balance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	top := w.topUp[accountID]
	return ledger.Balance{
		Available: token.Whole(150) + top, RenewsAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Layers: []ledger.Layer{
			{Kind: ledger.Promo, Available: 400},
			{Kind: ledger.Plan, Available: token.Whole(100) + 300},
			{Kind: ledger.Bank, Available: token.Whole(50) + 300},
			{Kind: ledger.TopUp, Available: top},
		},
	}, w.fail
}

func (w *world) Quote(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*pricing.Quote, error) {
	planned, err := w.kind.Plan(ctx, actor, req.Input)
	if err != nil {
		return nil, err
	}
	if w.fail != nil {
		return nil, w.fail
	}
	return w.sheet.Quote(planned.Facts)
}

func (w *world) Submit(ctx context.Context, actor access.Actor, req generation.SubmitRequest) (*generation.Generation, error) {
	q, err := w.Quote(ctx, actor, req)
	if err != nil {
		return nil, err
	}
	planned, err := w.kind.Plan(ctx, actor, req.Input)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.submitted = append(w.submitted, req)
	key := actor.AccountID + " " + req.IdempotencyKey
	if earlier, ok := w.byKey[key]; ok && req.IdempotencyKey != "" {
		g := w.find(actor, earlier)
		if p, _ := image.ParseParams(g.Params); p.Prompt != req.Input.(*image.Request).Prompt {
			return nil, fault.New(fault.Conflict, "idempotency_key_used", "the idempotency key was used for another request")
		}
		return g, nil
	}
	g := &generation.Generation{
		ID: id.New(), AccountID: actor.AccountID, Kind: req.Kind, Params: planned.Params,
		State: generation.Waiting, Price: q.Total, CreatedAt: w.clock.Now(),
	}
	w.clock.Advance(time.Second)
	w.topUp[actor.AccountID] -= q.Total
	w.list = append(w.list, g)
	w.byKey[key] = g.ID
	return g, nil
}

// find returns a generation of the actor's that was not deleted. The caller holds the lock.
// Allowance is for keys that a team pays for, which this world has none of.
func (w *world) Concurrency(_ context.Context, accountID string) int {
	p, _ := plan.Find(w.accounts[accountID].Plan)
	return p.Concurrency
}

func (w *world) Allowance(context.Context, access.Actor) (generation.Allowance, error) {
	return generation.Allowance{}, access.ErrNoTeam
}

func (w *world) find(actor access.Actor, generationID string) *generation.Generation {
	i := slices.IndexFunc(w.list, func(g *generation.Generation) bool { return g.ID == generationID && actor.MaySee(g.AccountID) })
	if i < 0 {
		return nil
	}
	return w.list[i]
}

// Get moves a generation one state further at each look, so that a poller sees all of them.
func (w *world) Get(_ context.Context, actor access.Actor, generationID string) (*generation.Generation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.find(actor, generationID)
	switch {
	case w.fail != nil:
		return nil, w.fail
	case g == nil:
		return nil, fault.New(fault.NotFound, "not_found", "no such generation")
	case w.slow:
	case g.State == generation.Waiting:
		g.State = generation.Running
	case g.State == generation.Running:
		w.finish(g)
	}
	out := *g
	return &out, nil
}

// finish completes a generation with all its pictures. The caller holds the lock.
func (w *world) finish(g *generation.Generation) {
	p, err := image.ParseParams(g.Params)
	if err != nil {
		w.t.Error(err)
	}
	g.State, g.Charged, g.FinishedAt = generation.Complete, g.Price, w.clock.Now()
	for k := range p.Count {
		g.Images = append(g.Images, asset.Image{
			ID: id.New(), GenerationID: g.ID, AccountID: g.AccountID, Index: k,
			Width: p.Width, Height: p.Height, HasAlpha: p.Transparent, Recipe: asset.Recipe{Seed: p.SeedOf(k)},
		})
	}
}

func (w *world) List(_ context.Context, actor access.Actor, page generation.Page) ([]generation.Generation, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var own []generation.Generation
	for _, g := range slices.Backward(w.list) {
		if actor.MaySee(g.AccountID) {
			own = append(own, *g)
		}
	}
	own = own[min(page.Offset, len(own)):]
	return own[:min(page.Limit, len(own))], "", w.fail
}

func (w *world) Delete(_ context.Context, actor access.Actor, generationID string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.find(actor, generationID)
	switch {
	case w.fail != nil:
		return w.fail
	case g == nil:
		return fault.New(fault.NotFound, "not_found", "no such generation")
	case !g.State.Final():
		return fault.New(fault.Conflict, "generation_open", "the generation is not finished; cancel it first")
	}
	w.list = slices.DeleteFunc(w.list, func(x *generation.Generation) bool { return x == g })
	return nil
}

// picture paints noise from the picture's seed.
func (w *world) picture(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.list {
		for _, img := range g.Images {
			if img.ID != r.PathValue("id") {
				continue
			}
			noise := rand.New(rand.NewPCG(uint64(img.Recipe.Seed), 1))
			out := goimage.NewNRGBA(goimage.Rect(0, 0, img.Width, img.Height))
			for i := range out.Pix {
				out.Pix[i] = uint8(noise.Uint32())
			}
			if !img.HasAlpha {
				for i := 3; i < len(out.Pix); i += 4 {
					out.Pix[i] = 255
				}
			}
			out.Set(0, 0, color.White)
			rw.Header().Set("Content-Type", "image/png")
			_ = png.Encode(rw, out)
			return
		}
	}
	http.NotFound(rw, r)
}
