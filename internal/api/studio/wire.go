package studio

import (
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/account"
	"bottega/internal/asset"
	"bottega/internal/engine"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// The wire's types. Every field is always there: a client never has to tell missing from empty, except where null
// says "not yet" or "none".

// Balance is what an account has.
type Balance struct {
	Available token.Amount `json:"available_mt" doc:"milli-tokens that can be spent now"`
	Held      token.Amount `json:"held_mt" doc:"milli-tokens set aside for open generations"`
	Layers    []Layer      `json:"layers" nullable:"false" doc:"in spending order"`
	Frozen    token.Amount `json:"frozen_mt" doc:"in the bank, which waits for a plan that has one"`
	FrozenTo  *time.Time   `json:"frozen_until" doc:"when a frozen bank is given up"`
	RenewsAt  *time.Time   `json:"renews_at" doc:"when the plan's next tokens arrive"`
	Owed      token.Amount `json:"owed_mt" doc:"debt after a payment was taken back: what arrives pays it off first"`
	Daily     token.Amount `json:"daily_mt" doc:"what the plan brings a day"`
	Monthly   token.Amount `json:"monthly_mt" doc:"what the plan brings a month"`
}

// Layer is what is available in one layer of a wallet with one expiry.
type Layer struct {
	Kind      string       `json:"kind" enum:"promo,daily,team,plan,bank,topup"`
	Available token.Amount `json:"available_mt"`
	ExpiresAt *time.Time   `json:"expires_at" doc:"null = never"`
}

// Generation is one accepted request and what became of it.
type Generation struct {
	ID             string       `json:"id" format:"uuid"`
	Kind           string       `json:"kind" enum:"image"`
	State          string       `json:"state" enum:"waiting,running,complete,failed,cancelled"`
	Position       int          `json:"position" doc:"place in line while waiting, from 1; otherwise 0, also while it is kept back"`
	Starts         *Expected    `json:"starts" doc:"when it is expected to start; null when it is not waiting, or not known"`
	Paused         bool         `json:"paused" doc:"it waits and is kept back by its owner"`
	Stopped        string       `json:"stopped" enum:",account,lane" doc:"it waits and the operator lets nothing start: of the account, or of its lane"`
	Loading        *Loading     `json:"loading" doc:"it waits, and its model has to be loaded first; null = that is not so"`
	CreatedAt      time.Time    `json:"created_at"`
	StartedAt      *time.Time   `json:"started_at"`
	FinishedAt     *time.Time   `json:"finished_at"`
	Prompt         string       `json:"prompt"`
	NegativePrompt string       `json:"negative_prompt"`
	Model          string       `json:"model" doc:"name"`
	ModelTitle     string       `json:"model_title"`
	Style          string       `json:"style"`
	Width          int          `json:"width"`
	Height         int          `json:"height"`
	Count          int          `json:"count"`
	Seed           int64        `json:"seed" doc:"of the first picture; picture k has (seed + k) mod 2^32"`
	Steps          int          `json:"steps"`
	Guidance       float64      `json:"guidance_scale"`
	Adherence      float64      `json:"adherence"`
	Transparent    bool         `json:"transparent"`
	Shown          Shown        `json:"shown" doc:"pictures, places and colours the request named"`
	Lane           string       `json:"lane" enum:"fast,relaxed" doc:"fast is paid with tokens; relaxed is not, and waits for room"`
	Price          token.Amount `json:"price_mt" doc:"held when it was accepted; 0 in the relaxed lane"`
	Charged        token.Amount `json:"charged_mt" doc:"kept in the end; never more than the price"`
	TeamID         *string      `json:"team_id" doc:"of the team whose tokens pay, and whose members see it; null = one's own"`
	MadeBy         string       `json:"made_by" format:"uuid" doc:"account"`
	Failure        *Failure     `json:"failure"`
	Images         []Image      `json:"images" nullable:"false"`
}

// Shown is what a request showed beside its words; it can be sent again as it is.
type Shown struct {
	Quality    string            `json:"quality" doc:"empty = the steps were named"`
	Background string            `json:"background" doc:"#rrggbb; empty = white, or none"`
	Tile       bool              `json:"tile"`
	InitImage  string            `json:"init_image" doc:"id; empty = none"`
	Strength   float64           `json:"strength" doc:"of init_image"`
	Mask       string            `json:"mask" doc:"id; empty = none"`
	Expand     asset.Expansion   `json:"expand" doc:"all 0 = not extended"`
	Erase      bool              `json:"erase"`
	References []image.Reference `json:"references" nullable:"false"`
	Boxes      []asset.Box       `json:"boxes" nullable:"false"`
}

func wireShown(p image.Params) Shown {
	out := Shown{
		Quality: p.Quality, Background: p.Background, Tile: p.Tile, Strength: p.Strength, Erase: p.Erase,
		References: make([]image.Reference, 0, len(p.References)), Boxes: append([]asset.Box{}, p.Boxes...),
	}
	if p.Init != nil {
		out.InitImage = p.Init.ID
	}
	if p.Mask != nil {
		out.Mask = p.Mask.ID
	}
	if p.Expand != nil {
		out.Expand = *p.Expand
	}
	for _, r := range p.References {
		out.References = append(out.References, image.Reference{Image: r.ID, Kind: r.Kind, Strength: &r.Strength})
	}
	return out
}

// TransformSchema says what may be null.
func (Generation) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "starts", "loading", "failure")
}

// orNull says that properties may be null, which huma does not say of a pointer to an object.
func orNull(s *huma.Schema, names ...string) *huma.Schema {
	for _, name := range names {
		s.Properties[name] = &huma.Schema{OneOf: []*huma.Schema{s.Properties[name], {Type: "null"}}}
	}
	return s
}

// Failure says why a generation failed.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Image is a finished picture. Its addresses expire after hours; every answer carries fresh ones.
type Image struct {
	ID          string `json:"id" format:"uuid"`
	Index       int    `json:"index"`
	Seed        int64  `json:"seed"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Bytes       int64  `json:"bytes"`
	HasAlpha    bool   `json:"has_alpha"`
	Placeholder string `json:"placeholder" doc:"tiny picture as a data: URL"`
	URL         string `json:"url" doc:"PNG"`
	DownloadURL string `json:"download_url" doc:"PNG to save"`
	WebPURL     string `json:"webp_url" doc:"WebP of full size to save"`
	PreviewURL  string `json:"preview_url" doc:"WebP of at most 512 pixels"`
	ThumbURL    string `json:"thumb_url" doc:"WebP of at most 256 pixels"`
	Recipe      Recipe `json:"recipe"`
}

// Recipe is what a picture was made from.
type Recipe struct {
	Generator       string    `json:"generator"`
	Kind            string    `json:"kind"`
	Model           string    `json:"model"`
	ModelVersion    string    `json:"model_version"`
	Prompt          string    `json:"prompt"`
	NegativePrompt  string    `json:"negative_prompt"`
	Style           string    `json:"style"`
	Seed            int64     `json:"seed"`
	Steps           int       `json:"steps"`
	Guidance        float64   `json:"guidance_scale"`
	Adherence       float64   `json:"adherence"`
	Transparent     bool      `json:"transparent"`
	Width           int       `json:"width"`
	Height          int       `json:"height"`
	GeneratedWidth  int       `json:"generated_width" doc:"of the network's own picture, before it was scaled"`
	GeneratedHeight int       `json:"generated_height"`
	Inputs          []Input   `json:"inputs" nullable:"false" doc:"pictures it was made from"`
	Sources         []Source  `json:"sources" nullable:"false" doc:"licensed drawings that were looked at"`
	Notes           []string  `json:"notes" nullable:"false"`
	CreatedAt       time.Time `json:"created_at"`
}

// Input names a picture that another one was made from.
type Input struct {
	ID       string  `json:"id" format:"uuid"`
	Role     string  `json:"role" enum:"init,mask,style,content,character,edge"`
	Origin   string  `json:"origin" enum:"upload,generated"`
	Strength float64 `json:"strength"`
}

// Source names a licensed drawing.
type Source struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Author  string `json:"author"`
	Licence string `json:"licence"`
	Origin  string `json:"origin"`
	URL     string `json:"url"`
}

// timeOrNull is null for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func numberOrNull(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// planOf finds an account's plan; one that does not exist any more brings nothing and goes by its name.
func planOf(a account.Account) plan.Plan {
	if p, ok := plan.Find(a.Plan); ok {
		return p
	}
	return plan.Plan{Name: a.Plan, Title: a.Plan}
}

func wireBalance(b ledger.Balance, p plan.Plan) Balance {
	out := Balance{
		Available: b.Available, Held: b.Held, RenewsAt: timeOrNull(b.RenewsAt), Frozen: b.Frozen, FrozenTo: timeOrNull(b.FrozenUntil), Owed: b.Owed,
		Daily: p.Daily, Monthly: p.Monthly, Layers: make([]Layer, 0, len(b.Layers)),
	}
	for _, l := range b.Layers {
		out.Layers = append(out.Layers, Layer{Kind: string(l.Kind), Available: l.Available, ExpiresAt: timeOrNull(l.ExpiresAt)})
	}
	return out
}

// wirer turns generations into their wire form at one moment.
type wirer struct {
	models Models
	signer Signer
	now    time.Time
}

func (s *server) wirer() wirer { return wirer{models: s.Models, signer: s.Assets, now: s.Clock.Now()} }

func (w wirer) generation(g *generation.Generation) (Generation, error) {
	p, err := image.ParseParams(g.Params)
	if err != nil {
		return Generation{}, fmt.Errorf("generation %s: %w", g.ID, err)
	}
	out := Generation{
		ID: g.ID, Kind: g.Kind, State: string(g.State), Position: g.Position, Starts: expected(g.Starts), Paused: g.Paused, Stopped: g.Stopped,
		Loading: loading(g.Loading), CreatedAt: g.CreatedAt.UTC(), StartedAt: timeOrNull(g.StartedAt), FinishedAt: timeOrNull(g.FinishedAt),
		Prompt: p.Prompt, NegativePrompt: p.NegativePrompt, Model: p.Model, ModelTitle: w.title(p), Style: p.Style,
		Width: p.Width, Height: p.Height, Count: p.Count, Seed: p.Seed, Steps: p.Steps,
		Guidance: p.Guidance, Adherence: p.Adherence, Transparent: p.Transparent,
		Shown: wireShown(p), Lane: string(g.Lane), Price: g.Price, Charged: g.Charged, Images: make([]Image, 0, len(g.Images)),
		TeamID: textOrNull(g.TeamID), MadeBy: g.AccountID,
	}
	if g.Failure != nil {
		out.Failure = &Failure{Code: g.Failure.Code, Message: g.Failure.Message}
	}
	for _, img := range g.Images {
		out.Images = append(out.Images, w.image(img))
	}
	return out, nil
}

// title is the model's title, or its name when it has left the catalogue.
func (w wirer) title(p image.Params) string {
	if p.ModelID != "" {
		if m, ok := w.models.Find(p.ModelID); ok {
			return m.Title
		}
	}
	return p.Model
}

func (w wirer) image(img asset.Image) Image {
	url := func(v asset.Variant, download bool) string { return w.signer.URL(img.ID, v, w.now, download) }
	return Image{
		ID: img.ID, Index: img.Index, Seed: img.Recipe.Seed, Width: img.Width, Height: img.Height,
		Bytes: img.Bytes, HasAlpha: img.HasAlpha, Placeholder: img.Placeholder,
		URL: url(asset.OriginalPNG, false), DownloadURL: url(asset.OriginalPNG, true), WebPURL: url(asset.OriginalWebP, true),
		PreviewURL: url(asset.PreviewWebP, false), ThumbURL: url(asset.ThumbWebP, false),
		Recipe: wireRecipe(img.Recipe),
	}
}

func wireRecipe(r asset.Recipe) Recipe {
	out := Recipe{
		Generator: r.Generator, Kind: r.Kind, Model: r.Model, ModelVersion: r.ModelVersion,
		Prompt: r.Prompt, NegativePrompt: r.NegativePrompt, Style: r.Style, Seed: r.Seed, Steps: r.Steps,
		Guidance: r.Guidance, Adherence: r.Adherence, Transparent: r.Transparent,
		Width: r.Width, Height: r.Height, GeneratedWidth: r.GeneratedWidth, GeneratedHeight: r.GeneratedHeight,
		Inputs: make([]Input, 0, len(r.Inputs)), Sources: make([]Source, 0, len(r.Sources)), Notes: append([]string{}, r.Notes...), CreatedAt: r.CreatedAt.UTC(),
	}
	for _, in := range r.Inputs {
		out.Inputs = append(out.Inputs, Input(in))
	}
	for _, s := range r.Sources {
		out.Sources = append(out.Sources, wireSource(s))
	}
	return out
}

func wireSource(s engine.Source) Source {
	return Source{ID: s.ID, Title: s.Title, Author: s.Author, Licence: s.Licence, Origin: s.Origin, URL: s.URL}
}
