package pricing

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"bottega/internal/token"
)

// Sheet is the price list: for every model and kind what a picture costs at least, what each sampler step adds and
// what each delivered megapixel (2^20 pixels) adds. Weights follow the seconds that `bottega bench image` measures:
// a step is a pass through the network, a megapixel is resampling, encoding and keeping, a reference is read once for a
// picture, a tile has a little more to paint. All in milli-tokens.
type Sheet struct {
	Version int            `json:"version"`
	Rows    map[string]Row `json:"rows"` // key: "<model>/<kind>"; "*/<kind>" for models without a row of their own
}

// Row is the price of one picture: base + step·steps + reference·references + tile (when it is one) +
// megapixel·pixels/2^20.
type Row struct {
	Base      token.Amount `json:"base_mt"`
	Step      token.Amount `json:"step_mt"`
	Megapixel token.Amount `json:"megapixel_mt"`
	Reference token.Amount `json:"reference_mt"`
	Tile      token.Amount `json:"tile_mt"`
}

//go:embed sheet.json
var builtIn []byte

// BuiltIn returns the sheet that comes with the program.
func BuiltIn() (*Sheet, error) { return Parse(builtIn) }

// maxWeight bounds every weight of a sheet so that no quote can overflow.
const maxWeight = token.Amount(1_000_000_000)

// Parse reads a sheet and refuses one that could price below zero, overflow or give away work.
func Parse(data []byte) (*Sheet, error) {
	var s Sheet
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read price sheet: %w", err)
	}
	if s.Version < 1 || len(s.Rows) == 0 {
		return nil, errors.New("read price sheet: it needs a version from 1 and at least one row")
	}
	for name, r := range s.Rows {
		for _, w := range []token.Amount{r.Base, r.Step, r.Megapixel, r.Reference, r.Tile} {
			if w < 0 || w > maxWeight {
				return nil, fmt.Errorf("price sheet row %q: weight %d is outside 0 to %d milli-tokens", name, w, maxWeight)
			}
		}
		if r.Base+r.Step+r.Megapixel == 0 {
			return nil, fmt.Errorf("price sheet row %q: a picture would be free", name)
		}
	}
	return &s, nil
}

// Quote prices a job. The sum over the pictures is rounded up to whole tokens, at least one.
func (s *Sheet) Quote(f Facts) (*Quote, error) {
	row, ok := s.Rows[f.Model+"/"+f.Kind]
	if !ok {
		row, ok = s.Rows["*/"+f.Kind]
	}
	if !ok {
		return nil, fmt.Errorf("the price sheet has no row for %s of %s", f.Kind, f.Model)
	}
	if f.Width <= 0 || f.Height <= 0 || f.Steps < 0 || f.Count < 1 || f.References < 0 ||
		f.Width > 1<<15 || f.Height > 1<<15 || f.Steps > 1000 || f.Count > 1000 || f.References > 100 {
		return nil, fmt.Errorf("no price for %d pictures of %d × %d in %d steps with %d references",
			f.Count, f.Width, f.Height, f.Steps, f.References)
	}
	count := token.Amount(f.Count)
	steps := count * (row.Base + row.Step*token.Amount(f.Steps))
	pixels := token.Amount(f.Width) * token.Amount(f.Height)
	size := count * ((row.Megapixel*pixels + 1<<20 - 1) >> 20)
	lines := []Line{
		{Text: fmt.Sprintf("%s, %d steps each", pictures(f.Count), f.Steps), Amount: steps},
		{Text: fmt.Sprintf("size %d × %d", f.Width, f.Height), Amount: size},
	}
	if extra := count * row.Reference * token.Amount(f.References); extra > 0 {
		lines = append(lines, Line{Text: counted(f.References, "reference"), Amount: extra})
	}
	if extra := count * row.Tile; f.Tile && extra > 0 {
		lines = append(lines, Line{Text: "seamless tile", Amount: extra})
	}
	var sum token.Amount
	for _, l := range lines {
		sum += l.Amount
	}
	total := max(sum.CeilWhole(), token.One)
	if up := total - sum; up > 0 {
		lines = append(lines, Line{Text: "rounded up to whole tokens", Amount: up})
	}
	return &Quote{Total: total, SheetVersion: s.Version, Lines: lines}, nil
}

func pictures(n int) string { return counted(n, "picture") }

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Share is the part of a price that is charged when only some pictures were delivered, rounded down.
func Share(price token.Amount, delivered, asked int) token.Amount {
	if delivered >= asked {
		return price
	}
	return price * token.Amount(delivered) / token.Amount(asked)
}
