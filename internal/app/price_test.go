package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/api/leonardo"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// counter is a person with a browser and a key, who asks every door for the price of the same thing.
type counter struct {
	*apptest.World
	t       *testing.T
	handler http.Handler
	actor   access.Actor
	key     string
	cookie  string
	team    string // that the person owns
	teamKey string // a key that the team pays for
}

func newCounter(t *testing.T, ref string) *counter {
	w := apptest.New(t, ref, func(c *app.Config) { c.Models[0].Aliases = leonardo.AliasIDs() })
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{World: w, t: t, handler: handler, actor: w.User(plan.Operator)}
	if c.key, _, err = w.Auth.CreateKey(t.Context(), c.actor.AccountID, "test", time.Time{}, auth.KeyTerms{}); err != nil {
		t.Fatal(err)
	}
	made, err := w.Teams.Create(t.Context(), c.actor, "Foxes")
	if err != nil {
		t.Fatal(err)
	}
	c.team = made.ID
	err = w.Ledger.Grant(t.Context(), made.Wallet(), ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(100_000), Ref: "pool"})
	if err != nil {
		t.Fatal(err)
	}
	if c.teamKey, _, err = w.Auth.CreateKey(t.Context(), c.actor.AccountID, "team", time.Time{}, auth.KeyTerms{Team: c.team}); err != nil {
		t.Fatal(err)
	}
	session, err := w.Auth.StartSession(t.Context(), c.actor.AccountID, "test")
	if err != nil {
		t.Fatal(err)
	}
	c.cookie = "sid=" + session
	return c
}

// ask posts and returns the number at the path of the answer.
func (c *counter) ask(path string, body any, header http.Header, at ...string) token.Amount {
	c.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(string(raw)))
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	c.handler.ServeHTTP(answer, r)
	var v any
	if err := json.Unmarshal(answer.Body.Bytes(), &v); err != nil || answer.Code != 200 {
		c.t.Fatalf("POST %s answered %d %s", path, answer.Code, answer.Body)
	}
	for _, name := range at {
		v = v.(map[string]any)[name]
	}
	return token.Amount(v.(float64))
}

// held is what a wallet holds, and what its journal says of it.
func (c *counter) held(wallet string) token.Amount {
	c.t.Helper()
	b, err := c.Ledger.Balance(c.t.Context(), wallet)
	if err != nil {
		c.t.Fatal(err)
	}
	items, _, err := c.Ledger.Journal(c.t.Context(), wallet, "", 100)
	if err != nil {
		c.t.Fatal(err)
	}
	var sum token.Amount
	for _, it := range items {
		if it.Op == "hold" {
			sum -= it.Amount
			if it.Sheet != c.Prices.Current().Version {
				c.t.Errorf("the journal's line %d names price sheet %d, want %d", it.Seq, it.Sheet, c.Prices.Current().Version)
			}
		}
	}
	if sum != b.Held {
		c.t.Errorf("%s are held in %s, the journal says %s", b.Held, wallet, sum)
	}
	return b.Held
}

func TestPrice_EveryDoorSaysTheSame(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		c := newCounter(t, ref)
		browser := func() http.Header { return http.Header{"Cookie": {c.cookie}} }
		program := func() http.Header { return http.Header{"Authorization": {"Bearer " + c.key}} }
		for _, f := range []pricing.Facts{
			{Width: 64, Height: 64, Steps: 2, Count: 1},
			{Width: 512, Height: 768, Steps: 12, Count: 4},
			{Width: 1536, Height: 1536, Steps: 50, Count: 8},
			{Width: 1024, Height: 64, Steps: 1, Count: 3, Tile: true},
		} {
			f.Model, f.Kind = "scripted", "image"
			q, err := c.Prices.Current().Quote(f)
			if err != nil {
				t.Fatal(err)
			}
			studio := map[string]any{"prompt": "a fox", "width": f.Width, "height": f.Height, "steps": f.Steps, "count": f.Count, "tile": f.Tile}
			team := maps.Clone(studio)
			team["pays_with"] = "team:" + c.team
			teamProgram := func() http.Header { return http.Header{"Authorization": {"Bearer " + c.teamKey}} }
			leo := map[string]any{"prompt": "a fox", "width": f.Width, "height": f.Height, "num_inference_steps": f.Steps, "num_images": f.Count, "tiling": f.Tile}
			calculator := map[string]any{"service": "IMAGE_GENERATION", "serviceParams": map[string]any{"IMAGE_GENERATION": map[string]any{
				"imageWidth": f.Width, "imageHeight": f.Height, "inferenceSteps": f.Steps, "numImages": f.Count, "tiling": f.Tile,
			}}}
			input := &image.Request{Prompt: "a fox", Width: &f.Width, Height: &f.Height, Steps: &f.Steps, Count: &f.Count, Tile: f.Tile}
			offer, err := c.Generations.Offer(t.Context(), c.actor, generation.SubmitRequest{Kind: "image", Input: input})
			if err != nil {
				t.Fatal(err)
			}
			said := map[string]token.Amount{
				"the studio's button":  c.ask("/api/studio/quote", studio, browser(), "total_mt"),
				"the calculator":       token.One * c.ask("/api/rest/v1/pricing-calculator", calculator, program(), "calculateProductionApiServiceCost", "cost"),
				"the offer":            offer.Quote.Total,
				"the studio's request": c.ask("/api/studio/generations", studio, browser(), "price_mt"),
				"the program's answer": token.One * c.ask("/api/rest/v1/generations", leo, program(), "sdGenerationJob", "apiCreditCost"),

				"the studio's button for a team":  c.ask("/api/studio/quote", team, browser(), "total_mt"),
				"the studio's request for a team": c.ask("/api/studio/generations", team, browser(), "price_mt"),
				"the calculator for a team":       token.One * c.ask("/api/rest/v1/pricing-calculator", calculator, teamProgram(), "calculateProductionApiServiceCost", "cost"),
				"the program's answer for a team": token.One * c.ask("/api/rest/v1/generations", leo, teamProgram(), "sdGenerationJob", "apiCreditCost"),
			}
			for door, price := range said {
				if price != q.Total {
					t.Errorf("%+v: %s says %s, the sheet %s", f, door, price, q.Total)
				}
			}
		}
		own, pool := c.held(c.actor.AccountID), c.held(ledger.TeamOf(c.team))
		if own == 0 || own != pool {
			t.Errorf("of one's own %s are held, of the team's %s", own, pool)
		}
		c.Verify()
	})
}

// A new sheet prices what comes; what was accepted keeps its price, and its sheet can be read.
func TestPrice_ANewSheetChangesNothingThatWasAccepted(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		c := newCounter(t, ref)
		before := c.Submit(c.actor, "a fox", 2)
		was := c.Prices.Current().Version
		if _, err := c.Prices.Add(t.Context(), []byte(`{"version":3,"rows":{"*/image":{"base_mt":9000}}}`)); err == nil {
			t.Error("a sheet was replaced")
		}
		if _, err := c.Prices.Add(t.Context(), []byte(`{"version":1000,"rows":{"*/image":{"base_mt":9000}}}`)); err != nil {
			t.Fatal(err)
		}
		seen := before.Price
		input := func(n int) *image.Request { return &image.Request{Prompt: "a fox", Count: &n} }
		_, err := c.Generations.Submit(t.Context(), c.actor, generation.SubmitRequest{Kind: "image", Input: input(2), MaxPrice: &seen})
		if err == nil || !strings.Contains(err.Error(), "nothing was taken") {
			t.Errorf("a price that nobody has seen was taken: %v", err)
		}
		if after := c.Submit(c.actor, "a fox", 2); after.Price != token.Whole(18) {
			t.Errorf("the new sheet prices two pictures at %s, want 18", after.Price)
		}
		c.Run()
		if g := c.WaitState(c.actor, before.ID, generation.Complete); g.Charged != before.Price {
			t.Errorf("charged %s, accepted for %s", g.Charged, before.Price)
		}
		items, _, err := c.Ledger.Journal(t.Context(), c.actor.AccountID, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if it.HoldID == before.ID && it.Sheet != was {
				t.Errorf("%s of the old generation names sheet %d, want %d", it.Op, it.Sheet, was)
			}
		}
		r := httptest.NewRequest("GET", "/api/studio/prices/"+strconv.Itoa(was), nil)
		r.Header.Set("Cookie", c.cookie)
		answer := httptest.NewRecorder()
		if c.handler.ServeHTTP(answer, r); answer.Code != 200 || !strings.Contains(answer.Body.String(), fmt.Sprintf(`"version":%d`, was)) {
			t.Errorf("the old sheet: %d %s", answer.Code, answer.Body)
		}
		c.Verify()
	})
}

// What is cheaper is really cheaper, and a request changed as told costs what was said.
func TestOffer_SaysWhatIsLeftAndWhatIsCheaper(t *testing.T) {
	c := newCounter(t, apptest.SQLite(t))
	user := c.User(plan.Free)
	request := func() *image.Request {
		width, height, count, steps := 1024, 1024, 4, 40
		return &image.Request{Prompt: "a fox", Width: &width, Height: &height, Count: &count, Steps: &steps}
	}
	o, err := c.Generations.Offer(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: request()})
	if err != nil {
		t.Fatal(err)
	}
	if !o.Enough || o.After != o.Available-o.Quote.Total || len(o.Draws) != 1 || o.Draws[0].Amount != o.Quote.Total || o.Draws[0].Left != o.After {
		t.Errorf("the offer is %+v", o)
	}
	names := ""
	for _, alt := range o.Alternatives {
		names += alt.Name + " "
		own := request()
		raw, err := json.Marshal(alt.Change)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, own); err != nil {
			t.Fatal(err)
		}
		q, err := c.Generations.Quote(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: own})
		if err != nil || q.Total != alt.Total || alt.Total >= o.Quote.Total ||
			!strings.Contains(alt.Text, fmt.Sprintf("%s instead of %s", alt.Total, o.Quote.Total)) {
			t.Errorf("%+v: changed so it costs %+v, %v", alt, q, err)
		}
	}
	if names != "draft smaller single " {
		t.Errorf("alternatives are %q", names)
	}
}
