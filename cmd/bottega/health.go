package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthCmd is the health check of a container, which has no other program to ask with. It takes the server's own
// setting, so that it needs none where the server has one in its environment.
type healthCmd struct {
	Listen  string        `help:"Address that the server listens on." default:"127.0.0.1:7860" placeholder:"HOST:PORT"`
	Ready   bool          `help:"Ask whether it can take work, not only whether it lives."`
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s"`
}

func (c *healthCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) { // it listens everywhere, so here too
		host = "localhost"
	}
	path := "/healthz"
	if c.Ready {
		path = "/readyz"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Listen, err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // for people; the status decides
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %d: %s", answer.StatusCode, strings.TrimSpace(string(said)))
	}
	return nil
}
