package leonardo

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/asset"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/token"
)

// Cost is a price as text with its unit.
type Cost struct {
	Amount string `json:"amount" doc:"a number as text" example:"14"`
	Unit   string `json:"unit" enum:"CREDITS,DOLLARS" doc:"always CREDITS: tokens of the account"`
}

func costOf(a token.Amount) Cost { return Cost{Amount: a.String(), Unit: "CREDITS"} }

// credits is a price as the whole number that the SDKs insist on, rounded up so that nobody is promised less.
func credits(a token.Amount) int64 { return a.CeilWhole().Tokens() }

// CreateResponse answers POST /generations.
type CreateResponse struct {
	Job Job `json:"sdGenerationJob"`
}

// Job is an accepted request.
type Job struct {
	GenerationID  string `json:"generationId"`
	APICreditCost int64  `json:"apiCreditCost" doc:"the price that is held, in whole credits"`
	Cost          Cost   `json:"cost"`
}

func (d *dialect) create(w http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	req, err := d.readGeneration(w, r, actor)
	if err != nil {
		return nil, err
	}
	req.RequestID = api.RequestID(r.Context())
	g, err := d.Generations.Submit(r.Context(), actor, req.SubmitRequest)
	if err != nil {
		return nil, inCallersWords(err, req.sent, req.names)
	}
	return CreateResponse{Job{GenerationID: g.ID, APICreditCost: credits(g.Price), Cost: costOf(g.Price)}}, nil
}

// GetResponse answers GET /generations/{id}.
type GetResponse struct {
	Generation *Generation `json:"generations_by_pk"`
}

func (d *dialect) get(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	name, err := generationID(r)
	if err != nil {
		return nil, err
	}
	g, err := d.Generations.Get(r.Context(), actor, name)
	if err != nil {
		return nil, err
	}
	out, err := present(g, d.Deps.Models, d.address(r))
	if err != nil {
		return nil, err
	}
	return GetResponse{out}, nil
}

// DeleteResponse answers DELETE /generations/{id}.
type DeleteResponse struct {
	Deleted Deleted `json:"delete_generations_by_pk"`
}

// Deleted names what is gone.
type Deleted struct {
	ID string `json:"id"`
}

func (d *dialect) delete(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	name, err := generationID(r)
	if err != nil {
		return nil, err
	}
	if err := d.Generations.Delete(r.Context(), actor, name); err != nil {
		return nil, err
	}
	return DeleteResponse{Deleted{name}}, nil
}

// ListResponse answers GET /generations/user/{userId}.
type ListResponse struct {
	Generations []*Generation `json:"generations" nullable:"false"`
}

func (d *dialect) list(_ http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	if owner := r.PathValue("userId"); !actor.MaySee(owner) {
		return nil, fault.New(fault.NotFound, codeNotFound, "no user "+shorten(owner)+" for this API key")
	}
	page, err := pageOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	items, _, err := d.Generations.List(r.Context(), actor, page)
	if err != nil {
		return nil, err
	}
	out := ListResponse{Generations: make([]*Generation, 0, len(items))}
	for i := range items {
		g, err := present(&items[i], d.Deps.Models, d.address(r))
		if err != nil {
			return nil, err
		}
		out.Generations = append(out.Generations, g)
	}
	return out, nil
}

// Limits of a page.
const (
	defaultLimit = 10
	maxLimit     = 100
	maxOffset    = 1_000_000
)

// pageOf reads offset and limit, and refuses any other variable so that a misspelt one is not taken for a default.
func pageOf(q url.Values) (generation.Page, error) {
	page := generation.Page{Limit: defaultLimit}
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	var bad []fault.Field
	for _, name := range names {
		var err *fault.Field
		switch name {
		case "limit":
			page.Limit, err = between(name, q[name], 1, maxLimit)
		case "offset":
			page.Offset, err = between(name, q[name], 0, maxOffset)
		default:
			return page, unknownVariable(name)
		}
		if err != nil {
			bad = append(bad, *err)
		}
	}
	if bad != nil {
		return page, fault.Bad(bad...)
	}
	return page, nil
}

func between(name string, given []string, low, high int) (int, *fault.Field) {
	n, err := strconv.Atoi(given[0])
	if err != nil || len(given) > 1 || n < low || n > high {
		return 0, &fault.Field{
			Name: name, Value: given[0], Message: "must be one whole number",
			Allowed: strconv.Itoa(low) + " to " + strconv.Itoa(high),
		}
	}
	return n, nil
}

// generationID takes the id from the path. What cannot be an id is answered like an id that nobody has.
func generationID(r *http.Request) (string, error) {
	name := r.PathValue("id")
	if !id.Valid(name) {
		return "", fault.New(fault.NotFound, codeNotFound, "no generation "+shorten(name))
	}
	return name, nil
}

func (d *dialect) address(r *http.Request) func(asset.Image) string {
	return func(img asset.Image) string {
		if path := d.Picture(img); path != "" {
			return d.absolute(r, path)
		}
		return ""
	}
}
