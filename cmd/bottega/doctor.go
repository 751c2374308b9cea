package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"bottega/internal/app"
	"bottega/internal/doctor"
	"bottega/internal/engine"
	"bottega/internal/mail"
)

type doctorCmd struct {
	serveFlags
	Full bool `help:"Look at every file and every wallet, which may take long."`
	JSON bool `help:"Print JSON, one object a line." name:"json"`
}

// errSick says that something is wrong; what, was printed.
var errSick = errors.New("something is wrong")

func (c *doctorCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	p := cfg.Places()
	setup := doctor.Setup{
		Folder: p.Folder, Database: p.Database, Storage: p.Storage, Clock: cfg.Clock, Full: c.Full,
		Listen: c.Listen, PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies,
		Mail: mail.Config{URL: c.SMTPURL, Password: c.SMTPPassword, From: c.MailFrom},
	}
	if c.Slots > 0 {
		setup.Paint = func(ctx context.Context) error { return c.paint(ctx, cfg) }
	}
	var findings []doctor.Finding
	if _, err := c.withPayments(cfg); err != nil {
		findings = append(findings, doctor.Finding{Check: "payments", Level: doctor.Bad, Text: err.Error(), Do: "see docs/payments.md"})
	} else {
		setup.Payments = doctor.Payments{On: c.StripeKey != "", Test: strings.Contains(c.StripeKey, "_test_"), Messages: len(c.StripeWebhookSecrets) > 0}
	}
	if _, err := c.withKeeping(cfg); err != nil {
		findings = append(findings, doctor.Finding{Check: "room", Level: doctor.Bad, Text: err.Error(), Do: "see docs/operations.md, Room for pictures"})
	}
	found, err := doctor.Examine(ctx, setup)
	if err != nil {
		return err
	}
	findings = append(findings, found...)
	if err := c.print(os.Stdout, findings); err != nil {
		return err
	}
	if doctor.Worst(findings) == doctor.Bad {
		return errSick
	}
	return nil
}

// paint asks the house model for a picture, as a server with these settings would.
func (c *doctorCmd) paint(ctx context.Context, cfg app.Config) error {
	cfg, err := c.withEngines(cfg)
	if err != nil {
		return err
	}
	imager, err := cfg.Engines.Imager(app.TemperaEngine)
	if err != nil {
		return err
	}
	_, err = imager.GenerateImage(ctx, engine.ImageRequest{Prompt: "an apple", Width: 32, Height: 32, Steps: 1, Guidance: 1}, nil)
	if shut, ok := imager.(io.Closer); ok {
		err = errors.Join(err, shut.Close())
	}
	return err
}

func (c *doctorCmd) print(to io.Writer, findings []doctor.Finding) error {
	if c.JSON {
		out := json.NewEncoder(to)
		out.SetEscapeHTML(false)
		for _, f := range findings {
			if err := out.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(to, "%-4s  %-19s %s\n", f.Level, f.Check, f.Text); err != nil {
			return err
		}
		if f.Do != "" && f.Level != doctor.OK {
			if _, err := fmt.Fprintf(to, "      %-19s → %s\n", "", f.Do); err != nil {
				return err
			}
		}
	}
	return nil
}
