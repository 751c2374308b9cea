package image

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/generation"
	"bottega/internal/imaging"
	"bottega/internal/telemetry"
)

// Run makes the pictures one after the other and keeps each as a file before the next begins. What it returns beside
// an error was delivered: those pictures stay and are charged their share.
func (k *Kind) Run(ctx context.Context, job generation.Job) (generation.Result, error) {
	p, err := ParseParams(job.Params)
	if err != nil {
		return generation.Result{}, err
	}
	model, ok := k.Catalog.Find(p.ModelID)
	if !ok {
		return generation.Result{}, fmt.Errorf("%w: the model %s is not installed any more", engine.ErrRejected, p.Model)
	}
	imager, err := k.Engines.Imager(model.Engine)
	if err != nil {
		return generation.Result{}, err
	}
	req, err := k.request(ctx, job, p)
	if err != nil {
		return generation.Result{}, err
	}
	var result generation.Result
	for i := range p.Count {
		req.Seed = p.SeedOf(i)
		img, err := k.one(ctx, job, p, i, model, imager, req)
		if err != nil {
			return result, fmt.Errorf("picture %d of %d: %w", i+1, p.Count, err)
		}
		result.Images = append(result.Images, img)
	}
	return result, nil
}

// one makes and keeps picture i.
func (k *Kind) one(ctx context.Context, job generation.Job, p Params, i int, m catalog.Model, imager engine.Imager, req engine.ImageRequest) (asset.Image, error) {
	picture, err := k.paint(ctx, m, imager, req, reporter(job, p, i))
	if err != nil {
		return asset.Image{}, err
	}
	if err := check(picture, p); err != nil {
		return asset.Image{}, err
	}
	out := imaging.ToNRGBA(picture.Image)
	keepRest(out, req.Init, req.Mask)
	ctx, span := telemetry.Start(ctx, "asset.keep")
	img, err := k.Store.Keep(ctx, asset.KeepRequest{
		AccountID: job.AccountID, GenerationID: job.GenerationID, Index: i, Picture: out, At: job.CreatedAt,
		Recipe: k.recipe(job, p, req.Seed, picture),
	})
	span.End(err)
	return img, err
}

// paint asks the engine, and tells how long that took.
func (k *Kind) paint(ctx context.Context, m catalog.Model, imager engine.Imager, req engine.ImageRequest, report func(engine.Progress)) (_ *engine.Picture, err error) {
	ctx, span := telemetry.Start(ctx, "engine.generate", attribute.String("bottega.engine", m.Engine), attribute.String("bottega.model", m.Name),
		attribute.Int("bottega.width", req.Width), attribute.Int("bottega.height", req.Height))
	from := clock.System{}.Now()
	defer func() {
		k.Metrics.Picture(m.Engine, m.Name, err, clock.System{}.Now().Sub(from))
		span.End(err)
	}()
	return imager.GenerateImage(ctx, req, report)
}

// recipe is what it takes to make the picture again.
func (k *Kind) recipe(job generation.Job, p Params, seed int64, picture *engine.Picture) asset.Recipe {
	return asset.Recipe{
		Generator: "Bottega " + k.Version, Kind: k.Name(), Model: p.Model, ModelVersion: picture.ModelVersion,
		Prompt: p.Prompt, NegativePrompt: p.NegativePrompt, Style: p.Style, Seed: seed, Steps: p.Steps,
		Guidance: p.Guidance, Adherence: p.Adherence, Transparent: p.Transparent, Width: p.Width, Height: p.Height,
		GeneratedWidth: picture.GeneratedWidth, GeneratedHeight: picture.GeneratedHeight,
		Expand: p.Expand, Erase: p.Erase, Tile: p.Tile, Background: p.Background, Boxes: p.Boxes, Inputs: p.inputs(),
		Sources: picture.Sources, Notes: picture.Notes, CreatedAt: job.CreatedAt,
	}
}

// check refuses rubbish: an engine's word for success is not enough.
func check(picture *engine.Picture, p Params) error {
	if picture == nil || picture.Image == nil {
		return fmt.Errorf("%w: it returned no picture", engine.ErrUnavailable)
	}
	if b := picture.Image.Bounds(); b.Dx() != p.Width || b.Dy() != p.Height {
		return fmt.Errorf("%w: it returned %d × %d instead of %d × %d", engine.ErrUnavailable, b.Dx(), b.Dy(), p.Width, p.Height)
	}
	return nil
}

// previewQuality is the WebP quality of progress previews: small, and gone in a second.
const previewQuality = 60

// reporter turns an engine's progress into the generation's.
func reporter(job generation.Job, p Params, i int) func(engine.Progress) {
	return func(e engine.Progress) {
		progress := generation.Progress{
			GenerationID: job.GenerationID, Image: i, Images: p.Count, Step: e.Step, Steps: e.Steps,
			Fraction: (float64(i) + float64(e.Step)/float64(max(1, e.Steps))) / float64(p.Count),
		}
		if e.Preview != nil {
			// A preview that cannot be written is left out: the progress is still true.
			progress.Preview, _ = imaging.DataURL(e.Preview, previewQuality)
		}
		job.Report(progress)
	}
}
