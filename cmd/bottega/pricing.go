package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/audit"
	"bottega/internal/catalog"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/pricing"
)

type pricingCmds struct {
	Show      pricingShowCmd      `cmd:"" help:"Print a price sheet: the one in force, or an older one."`
	Set       pricingSetCmd       `cmd:"" help:"Put a price sheet of your own in force; running servers follow within 15 seconds."`
	Calibrate pricingCalibrateCmd `cmd:"" help:"Measure the engines of this machine and say which weights of the sheet are off."`
}

type pricingShowCmd struct {
	storeFlags
	Version int `help:"Version; 0 = the one in force." default:"0"`
}

func (c *pricingShowCmd) Run(ctx context.Context) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	version := c.Version
	if version == 0 {
		version = a.Prices.Current().Version
	}
	sheet, err := a.Prices.Version(ctx, version)
	if err == nil {
		_, err = fmt.Printf("%s\n", sheet)
	}
	return errors.Join(err, a.Close())
}

type pricingSetCmd struct {
	storeFlags
	File string `arg:"" help:"JSON file; its version is 1000 or more, and above the one in force." type:"existingfile"`
}

func (c *pricingSetCmd) Run(ctx context.Context) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read the price sheet: %w", err)
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	sheet, err := a.Prices.Add(ctx, data, func(s *pricing.Sheet) db.Also {
		return a.Operator.ByShell(audit.Line{Action: "pricing.set", Subject: fmt.Sprintf("price sheet %d", s.Version)})
	})
	if err == nil {
		fmt.Fprintf(os.Stderr, "price sheet %d is in force; work accepted before keeps its price\n", sheet.Version)
	}
	return errors.Join(err, a.Close())
}

type pricingCalibrateCmd struct {
	storeFlags
	engineFlags
	Runs int  `help:"Pictures for each point; the fastest counts." default:"2"`
	JSON bool `help:"One JSON object a line." name:"json"`
}

func (c *pricingCalibrateCmd) Run(ctx context.Context) error {
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
	return errors.Join(c.calibrate(ctx, a), a.Close())
}

func (c *pricingCalibrateCmd) calibrate(ctx context.Context, a *app.App) error {
	for _, m := range a.Catalog.Models() {
		imager, ok := a.Engines[m.Engine].(engine.Imager)
		if !ok {
			continue
		}
		measured, err := c.measure(ctx, a, m, imager)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.Name, err)
		}
		found, err := a.Prices.Current().Calibrate(m.Name, "image", measured)
		if err != nil {
			return err
		}
		if err := c.report(m.Name, a.Prices.Current().Version, found); err != nil {
			return err
		}
	}
	return nil
}

// measure paints pictures of several sizes and steps, so that the parts of the formula can be told apart.
func (c *pricingCalibrateCmd) measure(ctx context.Context, a *app.App, m catalog.Model, imager engine.Imager) ([]pricing.Measurement, error) {
	capable := m.Image
	var list []pricing.Measurement
	for _, side := range []int{128, 512, 1024} {
		for _, steps := range []int{max(4, int(capable.Steps.Min)), int(capable.Steps.Default), min(24, int(capable.Steps.Max))} {
			side = min(max(side, int(capable.Width.Min)), int(capable.Width.Max))
			var times []time.Duration
			for run := range max(1, c.Runs) + 1 { // the first warms up
				start := a.Clock.Now()
				_, err := imager.GenerateImage(ctx, engine.ImageRequest{
					Model: m.Name, Prompt: "a red fox on a hill", Style: capable.DefaultStyle, Width: side, Height: side, Seed: int64(run),
					Steps: steps, Guidance: capable.Guidance.Default, Adherence: capable.Adherence.Default,
				}, nil)
				if err != nil {
					return nil, err
				}
				if run > 0 {
					times = append(times, a.Clock.Now().Sub(start))
				}
			}
			list = append(list, pricing.Measurement{
				Facts:   pricing.Facts{Model: m.Name, Kind: "image", Width: side, Height: side, Steps: steps, Count: 1},
				Seconds: slices.Min(times).Seconds(),
			})
		}
	}
	return list, nil
}

func (c *pricingCalibrateCmd) report(model string, version int, found []pricing.Finding) error {
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		for _, f := range found {
			if err := enc.Encode(struct {
				Model string `json:"model"`
				pricing.Finding
			}{model, f}); err != nil {
				return err
			}
		}
		return nil
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "%s, price sheet %d\nweight\tsheet\tmeasured\tseconds\t\n", model, version)
	for _, f := range found {
		verdict := "right"
		if f.Off {
			verdict = "off"
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%.3f\t%s\n", f.Part, f.Sheet, f.Suggested, f.Seconds, verdict)
	}
	return out.Flush()
}

// printPrice says what the request would cost, and what would be cheaper.
func (c *generateCmd) printPrice(ctx context.Context, a *app.App, actor access.Actor, w io.Writer) error {
	req, err := c.request(ctx, a, actor)
	if err != nil {
		return err
	}
	o, err := a.Generations.Offer(ctx, actor, submission(req))
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	for _, l := range o.Quote.Lines {
		fmt.Fprintf(out, "%s\t  %s\n", l.Amount, l.Text)
	}
	fmt.Fprintf(out, "%s\t  tokens in all\n", o.Quote.Total)
	if err := out.Flush(); err != nil {
		return err
	}
	for _, alt := range o.Alternatives {
		if _, err := fmt.Fprintln(w, alt.Text); err != nil {
			return err
		}
	}
	return nil
}
