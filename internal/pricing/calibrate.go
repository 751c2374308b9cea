package pricing

import (
	"fmt"
	"math"
)

// Measurement is how long an engine took for a job on this machine.
type Measurement struct {
	Facts   Facts
	Seconds float64
}

// Finding compares what a part of the formula costs with what it takes.
type Finding struct {
	Part      string  `json:"part"` // base_mt, step_mt, megapixel_mt
	Seconds   float64 `json:"seconds"`
	Sheet     int64   `json:"sheet_mt"`
	Suggested int64   `json:"suggested_mt"`
	Off       bool    `json:"off"` // differs by more than a quarter
}

// tolerance is how far a weight may be from the measured one.
const tolerance = 0.25

// Calibrate fits seconds = base + step·steps + megapixel·MP to measurements by least squares and says what each weight
// would be if the whole formula brought in the same as now over these measurements. Floats are fine here: what comes
// out is a suggestion for a person who writes a sheet, no amount.
func (s *Sheet) Calibrate(model, kind string, ms []Measurement) ([]Finding, error) {
	row, ok := s.row(model, kind)
	if !ok {
		return nil, fmt.Errorf("the price sheet has no row for %s of %s", kind, model)
	}
	var a [3][4]float64 // normal equations
	var paid, took float64
	for _, m := range ms {
		mp := float64(m.Facts.Width*m.Facts.Height) / (1 << 20)
		x := [3]float64{1, float64(m.Facts.Steps), mp}
		y := m.Seconds / float64(m.Facts.Count)
		for i := range x {
			for j := range x {
				a[i][j] += x[i] * x[j]
			}
			a[i][3] += x[i] * y
		}
		took += y
		paid += float64(row.Base) + float64(row.Step)*x[1] + float64(row.Megapixel)*x[2]
	}
	fit, ok := solve(a)
	if !ok || took <= 0 {
		return nil, fmt.Errorf("calibrate %s/%s: %d measurements do not tell its parts apart", model, kind, len(ms))
	}
	rate := paid / took // milli-tokens a second that the row brings in
	var findings []Finding
	for i, part := range []struct {
		name  string
		sheet int64
	}{{"base_mt", int64(row.Base)}, {"step_mt", int64(row.Step)}, {"megapixel_mt", int64(row.Megapixel)}} {
		seconds := max(0, fit[i])
		suggested := int64(math.Round(seconds * rate))
		findings = append(findings, Finding{
			Part: part.name, Seconds: seconds, Sheet: part.sheet, Suggested: suggested,
			Off: math.Abs(float64(suggested-part.sheet)) > tolerance*math.Max(float64(part.sheet), 1),
		})
	}
	return findings, nil
}

// solve is Gaussian elimination with pivots.
func solve(a [3][4]float64) (x [3]float64, ok bool) {
	for c := range 3 {
		p := c
		for r := c + 1; r < 3; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		a[c], a[p] = a[p], a[c]
		if math.Abs(a[c][c]) < 1e-12 {
			return x, false
		}
		for r := range 3 {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for k := c; k < 4; k++ {
				a[r][k] -= f * a[c][k]
			}
		}
	}
	for i := range 3 {
		x[i] = a[i][3] / a[i][i]
	}
	return x, true
}
