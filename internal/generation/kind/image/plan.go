package image

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	goimage "image"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/pricing"
	"bottega/internal/telemetry"
)

// Pictures is where the pictures lie that others are made from: asset.Uploads.
type Pictures interface {
	Source(ctx context.Context, accountID, pictureID string) (asset.Source, error)
	Accepted(ctx context.Context, pictureID string) (asset.Source, error)
	Pixels(ctx context.Context, s asset.Source) (*goimage.NRGBA, error)
}

// Kind makes pictures. It implements generation.Kind.
type Kind struct {
	Catalog  *catalog.Catalog
	Engines  engine.Set
	Store    *asset.Store
	Pictures Pictures
	Version  string // of Bottega, for recipes
	// Runs reports whether another process of the installation can run an engine that is not among Engines, or ever
	// could. Nil = it is not looked at.
	Runs    func(ctx context.Context, engine string) (bool, error)
	Metrics *telemetry.Metrics
}

// Name is the kind's name in requests, rows and prices.
func (k *Kind) Name() string { return "image" }

// timePerPicture bounds the making of one picture; a stuck engine costs no more.
const timePerPicture = 2 * time.Minute

// Plan checks every field against the model's capability, refuses by field name, all wrong fields at once, and fixes
// what was left open, the seed included. It takes a *Request, or an *Estimate for a price alone.
func (k *Kind) Plan(ctx context.Context, actor access.Actor, input any) (generation.Planned, error) {
	var req *Request
	var references int
	estimate := false
	switch in := input.(type) {
	case *Request:
		req, references = in, len(in.References)
	case *Estimate:
		req, references, estimate = &in.Request, in.ReferenceCount, true
	default:
		return generation.Planned{}, fmt.Errorf("plan image: input is a %T", input)
	}
	model, ok := k.Catalog.Find(req.Model)
	if !ok {
		return generation.Planned{}, fault.Bad(fault.Field{
			Name: "model", Value: req.Model, Message: "is not a model of this installation", Allowed: strings.Join(k.Catalog.Names(), ", "),
		})
	}
	if err := k.runnable(ctx, model); err != nil {
		return generation.Planned{}, err
	}
	c := &checker{model: model}
	p := c.params(req)
	if err := c.pictures(ctx, k.Pictures, actor.AccountID, req, &p); err != nil {
		return generation.Planned{}, err
	}
	if most := model.Image.MaxReferences; estimate && (references < 0 || references > most) {
		c.bad("references", references, "is out of range", fmt.Sprintf("0 to %d", most))
	}
	if len(c.fields) > 0 {
		return generation.Planned{}, fault.Bad(c.fields...)
	}
	planned := k.planned(model, p, references)
	if estimate {
		return planned, nil
	}
	var err error
	if planned.Params, err = json.Marshal(p); err != nil {
		return generation.Planned{}, fmt.Errorf("plan image: %w", err)
	}
	return planned, nil
}

// planned is all of a plan but the parameters.
func (k *Kind) planned(model catalog.Model, p Params, references int) generation.Planned {
	return generation.Planned{
		Count: p.Count, Model: model.Name, Engine: model.Engine,
		Facts: pricing.Facts{
			Model: model.Name, Kind: k.Name(), Width: p.Width, Height: p.Height, Steps: p.Steps, Count: p.Count,
			References: references, Tile: p.Tile,
		},
		Timeout: time.Duration(p.Count) * timePerPicture,
	}
}

// Again plans stored parameters once more: same seed, same picture.
func (k *Kind) Again(params json.RawMessage) (generation.Planned, error) {
	p, err := ParseParams(params)
	if err != nil {
		return generation.Planned{}, err
	}
	model, ok := k.Catalog.Find(p.ModelID)
	if !ok || p.ModelID == "" || p.ModelVersion != model.Version {
		return generation.Planned{}, fault.New(fault.Conflict, "model_gone", fmt.Sprintf("the model %s is not here any more in the version it was asked for", p.Model))
	}
	planned := k.planned(model, p, len(p.References))
	planned.Params = params
	return planned, nil
}

// runnable refuses a model that no worker of the installation can run: its work would wait for ever.
func (k *Kind) runnable(ctx context.Context, model catalog.Model) error {
	runs := func(m catalog.Model) (bool, error) {
		if _, here := k.Engines[m.Engine]; here || k.Runs == nil {
			return true, nil
		}
		return k.Runs(ctx, m.Engine)
	}
	if ok, err := runs(model); ok || err != nil {
		return err
	}
	var others []string
	for _, m := range k.Catalog.Models() {
		ok, err := runs(m)
		if err != nil {
			return err
		}
		if ok {
			others = append(others, m.Name)
		}
	}
	possible := "no model until the operator starts a worker"
	if len(others) > 0 {
		possible = strings.Join(others, ", ")
	}
	return fault.Bad(fault.Field{
		Name: "model", Value: model.Name, Message: "can be run by no worker of this installation", Allowed: possible,
	})
}

// ParseParams reads what Plan stored.
func ParseParams(raw json.RawMessage) (Params, error) {
	var p Params
	if err := json.Unmarshal(raw, &p); err != nil {
		return Params{}, fmt.Errorf("read image parameters: %w", err)
	}
	return p, nil
}
