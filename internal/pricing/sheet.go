package pricing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"bottega/internal/token"
)

// Sheet is the price list: for every model and kind what a picture costs at least, what each sampler step adds and
// what each delivered megapixel (2^20 pixels) adds. Weights follow the seconds that `bottega admin pricing calibrate`
// measures: a step is a pass through the network, a megapixel is resampling, encoding and keeping, a reference is read
// once for a picture, a tile has a little more to paint. All in milli-tokens.
type Sheet struct {
	Version int            `json:"version"`
	Tiers   map[string]int `json:"tiers,omitempty"` // what a class of models costs, in thousandths of the row's weights
	Rows    map[string]Row `json:"rows"`            // key: "<model>/<kind>"; "*/<kind>" for models without a row of their own
}

// Row is the price of one picture, before discounts, floor and rounding:
//
//	tier × (base + step·steps + megapixel·MP + step_megapixel·steps·MP + second·s + reference·references + tile)
type Row struct {
	Tier          string       `json:"tier,omitempty"` // empty = 1000 thousandths
	Base          token.Amount `json:"base_mt"`
	Step          token.Amount `json:"step_mt,omitempty"`
	Megapixel     token.Amount `json:"megapixel_mt,omitempty"`
	StepMegapixel token.Amount `json:"step_megapixel_mt,omitempty"` // for networks whose steps grow with the picture
	Second        token.Amount `json:"second_mt,omitempty"`         // of what moves
	Reference     token.Amount `json:"reference_mt,omitempty"`
	Tile          token.Amount `json:"tile_mt,omitempty"`

	Floor     token.Amount `json:"floor_mt,omitempty"` // least price of a job; 0 = one token
	Round     token.Amount `json:"round_mt,omitempty"` // jobs are rounded up to a multiple; 0 = one token
	Preview   *Preview     `json:"preview,omitempty"`  // jobs no larger than this are free
	Discounts []Discount   `json:"discounts,omitempty"`
}

// Preview bounds jobs that cost nothing: a look at an idea before paying for it. References and tiles are not free.
type Preview struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Steps  int `json:"steps"`
	Count  int `json:"count"`
}

// Discount makes pictures after the first few of a job cheaper. Because only the further ones are, more pictures never
// cost less.
type Discount struct {
	Beyond   int `json:"beyond"`   // applies to pictures after this many
	Permille int `json:"permille"` // of the picture's price that is still paid
}

// Current makes a sheet by itself a source of prices.
func (s *Sheet) Current() *Sheet { return s }

// Bounds on what a sheet may say, so that no quote can overflow: a job's weights sum to less than 2^63 (quote.go).
const (
	maxWeight      = token.Amount(1_000_000_000)
	maxStepPixels  = token.Amount(1_000_000)
	maxTier        = 100_000
	maxPreviewSide = 512
)

// Parse reads a sheet and refuses one that could price below zero, overflow or give away work, naming the line.
func Parse(data []byte) (*Sheet, error) {
	var s Sheet
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("read price sheet, line %d: %w", lineAt(data, errorOffset(err, dec.InputOffset())), err)
	}
	if s.Version < 1 || len(s.Rows) == 0 {
		return nil, errors.New("read price sheet: it needs a version from 1 and at least one row")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tiers)) {
		if t := s.Tiers[name]; t < 1 || t > maxTier {
			return nil, fmt.Errorf("price sheet line %d: tier %q is %d, outside 1 to %d thousandths", lineOf(data, name), name, t, maxTier)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Rows)) {
		if err := s.Rows[name].check(s.Tiers); err != nil {
			return nil, fmt.Errorf("price sheet line %d: row %q: %w", lineOf(data, name), name, err)
		}
	}
	return &s, nil
}

func (r Row) check(tiers map[string]int) error {
	for _, w := range []token.Amount{r.Base, r.Step, r.Megapixel, r.Second, r.Reference, r.Tile, r.Floor, r.Round} {
		if w < 0 || w > maxWeight {
			return fmt.Errorf("weight %d is outside 0 to %d milli-tokens", w, maxWeight)
		}
	}
	if r.StepMegapixel < 0 || r.StepMegapixel > maxStepPixels {
		return fmt.Errorf("step_megapixel_mt %d is outside 0 to %d milli-tokens", r.StepMegapixel, maxStepPixels)
	}
	if r.Base+r.Step+r.Megapixel+r.StepMegapixel+r.Second == 0 {
		return errors.New("a picture would be free")
	}
	if _, ok := tiers[r.Tier]; !ok && r.Tier != "" {
		return fmt.Errorf("there is no tier %q", r.Tier)
	}
	if p := r.Preview; p != nil && (p.Width < 1 || p.Height < 1 || p.Steps < 0 || p.Count < 1 ||
		p.Width > maxPreviewSide || p.Height > maxPreviewSide || p.Count > 4) {
		return fmt.Errorf("a free preview of %d pictures of %d × %d is no preview: at most 4 of %d × %d",
			p.Count, p.Width, p.Height, maxPreviewSide, maxPreviewSide)
	}
	beyond, permille := 0, 1000
	for _, d := range r.Discounts {
		if d.Beyond <= beyond || d.Permille < 1 || d.Permille > permille {
			return fmt.Errorf("discounts must name more pictures each time, and pay less, from 1 to 1000 thousandths; beyond %d pays %d",
				d.Beyond, d.Permille)
		}
		beyond, permille = d.Beyond, d.Permille
	}
	return nil
}

func errorOffset(err error, read int64) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	return read
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// lineOf is the line on which a name first stands as a key.
func lineOf(data []byte, name string) int {
	quoted, err := json.Marshal(name)
	if err != nil {
		return 1
	}
	return lineAt(data, int64(max(0, bytes.Index(data, quoted))))
}
