package pricing

import (
	"fmt"

	"bottega/internal/token"
)

// Quote prices a job. The sum over the pictures is rounded up by the row's rule, to whole tokens unless it says
// otherwise, and is never below the row's floor.
func (s *Sheet) Quote(f Facts) (*Quote, error) {
	row, ok := s.row(f.Model, f.Kind)
	if !ok {
		return nil, fmt.Errorf("the price sheet has no row for %s of %s", f.Kind, f.Model)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	lines := row.weigh(f)
	sum := total(lines)
	if sum > token.Max {
		return nil, fmt.Errorf("no price for %+v: it is above %s tokens", f, token.Max)
	}
	add := func(text string, amount token.Amount) {
		if amount != 0 {
			lines, sum = append(lines, Line{text, amount}), sum+amount
		}
	}
	if t, ok := s.Tiers[row.Tier]; ok {
		add(row.Tier+" model", (sum*token.Amount(t)+999)/1000-sum)
	}
	add("further pictures for less", -row.discount(sum, f.Count))
	if row.free(f) {
		add("a preview is free", -sum)
		return &Quote{Lines: lines, SheetVersion: s.Version}, nil
	}
	if floor := or(row.Floor, token.One); sum < floor && row.Floor > 0 {
		add("at least "+floor.String(), floor-sum)
	}
	round := or(row.Round, token.One)
	rounded := max((sum+round-1)/round*round, round)
	text := "rounded up to whole tokens"
	if round != token.One {
		text = "rounded up to " + round.String()
	}
	add(text, rounded-sum)
	if sum > token.Max {
		return nil, fmt.Errorf("no price for %+v: it is above %s tokens", f, token.Max)
	}
	return &Quote{Total: sum, SheetVersion: s.Version, Lines: lines}, nil
}

func (s *Sheet) row(model, kind string) (Row, bool) {
	row, ok := s.Rows[model+"/"+kind]
	if !ok {
		row, ok = s.Rows["*/"+kind]
	}
	return row, ok
}

// check bounds the facts. With the bounds of sheet.go the largest product is 10^6 · 10^3 · 2^30, which fits.
func (f Facts) check() error {
	if f.Width <= 0 || f.Height <= 0 || f.Steps < 0 || f.Count < 1 || f.References < 0 || f.Milliseconds < 0 ||
		f.Width > 1<<15 || f.Height > 1<<15 || f.Steps > 1000 || f.Count > 1000 || f.References > 100 || f.Milliseconds > 3_600_000 {
		return fmt.Errorf("no price for %d pictures of %d × %d in %d steps with %d references over %d ms",
			f.Count, f.Width, f.Height, f.Steps, f.References, f.Milliseconds)
	}
	return nil
}

// weigh is the row's formula, in words.
func (r Row) weigh(f Facts) []Line {
	count, steps := token.Amount(f.Count), token.Amount(f.Steps)
	pixels := token.Amount(f.Width) * token.Amount(f.Height)
	lines := []Line{
		{fmt.Sprintf("%s, %d steps each", counted(f.Count, "picture"), f.Steps), count * (r.Base + r.Step*steps)},
		{
			fmt.Sprintf("size %d × %d", f.Width, f.Height),
			count * (shiftUp(r.Megapixel*pixels) + shiftUp(r.StepMegapixel*steps*pixels)),
		},
	}
	for _, l := range []Line{
		{fmt.Sprintf("%d.%d seconds", f.Milliseconds/1000, f.Milliseconds%1000/100), count * ((r.Second*token.Amount(f.Milliseconds) + 999) / 1000)},
		{counted(f.References, "reference"), count * r.Reference * token.Amount(f.References)},
	} {
		if l.Amount > 0 {
			lines = append(lines, l)
		}
	}
	if f.Tile && r.Tile > 0 {
		lines = append(lines, Line{"seamless tile", count * r.Tile})
	}
	return lines
}

// shiftUp divides by a megapixel, upwards.
func shiftUp(n token.Amount) token.Amount { return (n + 1<<20 - 1) >> 20 }

// discount is what further pictures take off the price of all. Rounded down, in the house's favour by less than a
// milli-token a picture.
func (r Row) discount(sum token.Amount, count int) token.Amount {
	each := sum / token.Amount(count)
	var off token.Amount
	for i, d := range r.Discounts {
		end := count
		if i+1 < len(r.Discounts) {
			end = min(count, r.Discounts[i+1].Beyond)
		}
		if n := end - d.Beyond; n > 0 {
			off += each * token.Amount(1000-d.Permille) / 1000 * token.Amount(n)
		}
	}
	return off
}

// free reports whether the job is a preview.
func (r Row) free(f Facts) bool {
	p := r.Preview
	return p != nil && f.Width <= p.Width && f.Height <= p.Height && f.Steps <= p.Steps && f.Count <= p.Count &&
		f.References == 0 && !f.Tile && f.Milliseconds == 0
}

func total(lines []Line) (sum token.Amount) {
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

func or(a, otherwise token.Amount) token.Amount {
	if a == 0 {
		return otherwise
	}
	return a
}

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
