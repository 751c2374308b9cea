package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/asset"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/queue"
)

// generateCmd walks the same road as the server: plan, hold, ticket, worker, capture. It works for an account of its
// own, which nobody can sign in to.
type generateCmd struct {
	storeFlags
	engineFlags
	Prompt      string   `help:"What to paint; only --erase needs none."`
	Negative    string   `help:"What to keep away from."`
	Model       string   `help:"Name or id of a model."`
	Style       *string  `help:"Style of the model."`
	Width       *int     `help:"Pixels, 32 to 1536 in steps of 8."`
	Height      *int     `help:"Pixels, 32 to 1536 in steps of 8."`
	Count       *int     `help:"Pictures, 1 to 8; with more than one, FILE gets a number."`
	Seed        *int64   `help:"Seed of the first picture, 0 to 4294967295; picture k uses seed + k."`
	Quality     string   `help:"Preset of the model that sets the steps: draft, standard, best."`
	Steps       *int     `help:"Sampler steps, instead of --quality."`
	Guidance    *float64 `help:"Classifier-free guidance scale."`
	Adherence   *float64 `help:"0 free to 1 close to the composed reference; -1 = no reference."`
	Transparent *bool    `help:"Keep the alpha channel." negatable:""`
	Background  string   `help:"Colour behind an opaque picture." placeholder:"#RRGGBB"`
	Tile        bool     `help:"Repeat without a seam."`
	Init        string   `help:"Picture to start from." type:"existingfile" placeholder:"FILE"`
	Strength    *float64 `help:"0 keeps --init to 1 paints it anew."`
	Mask        string   `help:"Picture of --init's size: white is painted, black is kept." type:"existingfile" placeholder:"FILE"`
	Erase       bool     `help:"Fill what --mask marks with what surrounds it."`
	Reference   []string `help:"Picture to look at, up to four times; KIND is style, content, character or edge." placeholder:"KIND:FILE[:STRENGTH]" sep:"none"`
	Out         string   `help:"File to write, .png or .webp." required:"" xor:"out" type:"path" placeholder:"FILE"`
	Team        string   `help:"Id of a team whose tokens pay; the account that this command works for must be in it, see 'bottega admin team add'." placeholder:"ID"`
	Price       bool     `help:"Say what it would cost and make nothing, instead of --out." required:"" xor:"out"`
}

func (c *generateCmd) Run(ctx context.Context) error {
	var variant asset.Variant
	if !c.Price {
		var err error
		if variant, err = c.target(); err != nil {
			return err
		}
	}
	if c.Slots == 0 {
		return errors.New("--slots 0: this command makes its pictures itself, want 1 or more")
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg, err = c.withEngines(cfg); err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(c.generate(ctx, a, variant), a.Close())
}

// target checks where the pictures go, before anything is made.
func (c *generateCmd) target() (asset.Variant, error) {
	variant, err := variantOf(c.Out)
	if err != nil {
		return "", err
	}
	if dir, err := os.Stat(filepath.Dir(c.Out)); err != nil || !dir.IsDir() {
		return "", fmt.Errorf("the folder of %s does not exist", c.Out)
	}
	return variant, nil
}

func variantOf(file string) (asset.Variant, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".png":
		return asset.OriginalPNG, nil
	case ".webp":
		return asset.OriginalWebP, nil
	}
	return "", fmt.Errorf("--out %s: want a name that ends in .png or .webp", file)
}

func (c *generateCmd) generate(ctx context.Context, a *app.App, variant asset.Variant) error {
	acc, err := a.LocalAccount(ctx)
	if err != nil {
		return err
	}
	actor := access.Actor{AccountID: acc.ID, Role: acc.Role, Team: c.Team}
	if c.Team != "" && !id.Valid(c.Team) {
		return fmt.Errorf("--team %q is not the id of a team", c.Team)
	}
	if c.Price {
		return c.printPrice(ctx, a, actor, os.Stdout)
	}
	req, err := c.request(ctx, a, actor)
	if err != nil {
		return err
	}
	if err := a.TakeOver(ctx); err != nil {
		return err
	}
	a.Line.Only(acc.ID) // everybody else's work is for the server
	background, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- a.Run(background) }()
	messages := a.Hub.Subscribe(background, acc.ID, 0)
	g, err := a.Generations.Submit(ctx, actor, submission(req))
	if err == nil {
		g, err = follow(ctx, a, actor, g, messages)
	}
	stop()
	if err := errors.Join(err, <-ran); err != nil {
		return err
	}
	return c.write(ctx, a, g, variant)
}

func submission(req *image.Request) generation.SubmitRequest {
	return generation.SubmitRequest{Kind: "image", Input: req}
}

// request is what the flags ask for; its pictures are uploaded first.
func (c *generateCmd) request(ctx context.Context, a *app.App, actor access.Actor) (*image.Request, error) {
	req := &image.Request{
		Prompt: c.Prompt, NegativePrompt: c.Negative, Model: c.Model, Style: c.Style, Width: c.Width, Height: c.Height,
		Count: c.Count, Seed: c.Seed, Quality: c.Quality, Steps: c.Steps, Guidance: c.Guidance, Adherence: c.Adherence,
		Transparent: c.Transparent, Background: c.Background, Tile: c.Tile, Strength: c.Strength, Erase: c.Erase,
	}
	var err error
	if req.InitImage, err = upload(ctx, a, actor, asset.ForPicture, "--init", c.Init); err != nil {
		return nil, err
	}
	if req.Mask, err = upload(ctx, a, actor, asset.ForMask, "--mask", c.Mask); err != nil {
		return nil, err
	}
	for _, flag := range c.Reference {
		ref, file, err := parseReference(flag)
		if err != nil {
			return nil, err
		}
		if ref.Image, err = upload(ctx, a, actor, asset.ForPicture, "--reference", file); err != nil {
			return nil, err
		}
		req.References = append(req.References, ref)
	}
	return req, nil
}

// upload keeps a file and returns its id; no file, no id.
func upload(ctx context.Context, a *app.App, actor access.Actor, purpose asset.Purpose, flag, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	defer func() { _ = f.Close() }() // only read from
	content, err := io.ReadAll(io.LimitReader(f, asset.MaxUploadBytes+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	up, err := a.Uploads.Add(ctx, actor, purpose, flag+" "+file, content)
	return up.ID, err
}

// parseReference reads KIND:FILE[:STRENGTH]. A file may have colons in its name; a number after the last is the strength.
func parseReference(flag string) (ref image.Reference, file string, err error) {
	kind, file, ok := strings.Cut(flag, ":")
	if !ok || kind == "" || file == "" {
		return ref, "", fmt.Errorf("--reference %s: want KIND:FILE or KIND:FILE:STRENGTH", flag)
	}
	ref.Kind = kind
	if i := strings.LastIndexByte(file, ':'); i > 0 {
		if strength, err := strconv.ParseFloat(file[i+1:], 64); err == nil {
			ref.Strength, file = &strength, file[:i]
		}
	}
	return ref, file, nil
}

// follow shows progress until the generation has ended. Ctrl-C cancels it.
func follow(ctx context.Context, a *app.App, actor access.Actor, g *generation.Generation, messages <-chan event.Message) (*generation.Generation, error) {
	bar := term.IsTerminal(int(os.Stderr.Fd()))
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case m, open := <-messages:
			if !open {
				return nil, cancel(ctx, a, actor, g, errors.New("cancelled; what was not made was not charged"))
			}
			if m.Subject != g.ID {
				continue
			}
			if m.Topic == event.TopicProgress {
				if bar {
					drawBar(m.Progress)
				}
				continue
			}
			now, err := a.Generations.Get(ctx, actor, g.ID)
			if err != nil {
				return nil, err
			}
			if now.State.Final() {
				if bar {
					fmt.Fprint(os.Stderr, "\r\033[K")
				}
				return ended(now)
			}
		case <-look.C:
			if err := notLoaded(ctx, a); err != nil {
				return nil, cancel(ctx, a, actor, g, err)
			}
		}
	}
}

// notLoaded says why this process could not load a model. A server tries again, until its operator has mended what is wrong;
// nobody waits for that at a prompt.
func notLoaded(ctx context.Context, a *app.App) error {
	loads, err := queue.Loads(ctx, a.DB, a.Clock.Now(), 10)
	if err != nil {
		return err
	}
	for _, l := range loads {
		if l.Owner == a.Line.Owner() && l.Failure != "" {
			return fmt.Errorf("its model cannot be used: %s; what was not made was not charged", l.Failure)
		}
	}
	return nil
}

// cancel gives back what was held and returns why.
func cancel(ctx context.Context, a *app.App, actor access.Actor, g *generation.Generation, why error) error {
	if _, err := a.Generations.Cancel(context.WithoutCancel(ctx), actor, g.ID); err != nil {
		return err
	}
	return why
}

func ended(g *generation.Generation) (*generation.Generation, error) {
	switch g.State {
	case generation.Complete:
		return g, nil
	case generation.Failed:
		return nil, fmt.Errorf("it failed: %s", g.Failure.Message)
	}
	return nil, errors.New("it was cancelled")
}

func (c *generateCmd) write(ctx context.Context, a *app.App, g *generation.Generation, variant asset.Variant) error {
	for i, img := range g.Images {
		name := c.Out
		if len(g.Images) > 1 {
			ext := filepath.Ext(c.Out)
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(c.Out, ext), i+1, ext)
		}
		if err := writeImage(ctx, a, img, variant, name); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d × %d, seed %d\n", name, img.Width, img.Height, img.Recipe.Seed)
	}
	fmt.Fprintf(os.Stderr, "cost %s tokens\n", g.Charged)
	return nil
}

func writeImage(ctx context.Context, a *app.App, img asset.Image, variant asset.Variant, name string) error {
	content, err := a.Assets.OpenVariant(ctx, img, variant)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // only read from
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	_, err = io.Copy(f, content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
