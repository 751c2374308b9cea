package imaging

import (
	"encoding/binary"
	"image"
	"math"
)

// profile is a colour profile of the kind that cameras and screens use: a curve for each channel, then a matrix
// (ICC.1:2022 §8.3.3). Others, made of tables, are for printing; pictures with them are taken as sRGB.
type profile struct {
	linear  [3][256]float64 // channel value → light, 0 … 1
	toSRGB  [3][3]float64   // light of the profile → light of sRGB
	already bool            // near enough to sRGB to leave the bytes alone
}

// xyzToSRGB leads from XYZ under D50, which profiles speak, to linear sRGB (Bradford-adapted; IEC 61966-2-1).
var xyzToSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// parseProfile returns nil for everything that is not an RGB profile of curves and a matrix.
func parseProfile(icc []byte) *profile {
	if len(icc) < 132 || string(icc[16:20]) != "RGB " || string(icc[20:24]) != "XYZ " {
		return nil
	}
	var p profile
	var toXYZ [3][3]float64
	for i, channel := range "rgb" {
		column, ok := xyzTag(iccTag(icc, string(channel)+"XYZ"))
		if !ok {
			return nil
		}
		for row := range column {
			toXYZ[row][i] = column[row]
		}
		curve := curveTag(iccTag(icc, string(channel)+"TRC"))
		if curve == nil {
			return nil
		}
		for v := range p.linear[i] {
			p.linear[i][v] = clamp01(curve(float64(v) / 255))
		}
	}
	p.toSRGB = multiply(xyzToSRGB, toXYZ)
	p.already = p.changesLittle()
	return &p
}

// iccTag returns the data of a tag, or nil.
func iccTag(icc []byte, name string) []byte {
	n := min(binary.BigEndian.Uint32(icc[128:]), 100)
	for i := range int(n) {
		at := 132 + 12*i
		if at+12 > len(icc) {
			return nil
		}
		if string(icc[at:at+4]) != name {
			continue
		}
		offset, size := uint64(binary.BigEndian.Uint32(icc[at+4:])), uint64(binary.BigEndian.Uint32(icc[at+8:]))
		if offset+size > uint64(len(icc)) {
			return nil
		}
		return icc[offset : offset+size]
	}
	return nil
}

// fixed16 reads an s15Fixed16Number.
func fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

func xyzTag(b []byte) (v [3]float64, ok bool) {
	if len(b) < 20 || string(b[:4]) != "XYZ " {
		return v, false
	}
	for i := range v {
		v[i] = fixed16(b[8+4*i:])
	}
	return v, true
}

// curveTag reads a curveType (§10.6) or a parametricCurveType (§10.18).
func curveTag(b []byte) func(float64) float64 {
	if len(b) < 12 {
		return nil
	}
	switch string(b[:4]) {
	case "curv":
		return tableCurve(int(binary.BigEndian.Uint32(b[8:])), b[12:])
	case "para":
		return parametricCurve(binary.BigEndian.Uint16(b[8:]), b[12:])
	}
	return nil
}

func tableCurve(n int, b []byte) func(float64) float64 {
	switch {
	case n == 0:
		return func(x float64) float64 { return x }
	case n < 0 || n > 1<<16 || len(b) < 2*n:
		return nil
	case n == 1: // u8Fixed8Number
		gamma := float64(binary.BigEndian.Uint16(b)) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / 65535 }
	return func(x float64) float64 {
		pos := x * float64(n-1)
		i := min(int(pos), n-2)
		f := pos - float64(i)
		return at(i)*(1-f) + at(i+1)*f
	}
}

func parametricCurve(kind uint16, b []byte) func(float64) float64 {
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(b) < 4*counts[kind] {
		return nil
	}
	var v [7]float64 // g a b c d e f
	for i := range counts[kind] {
		v[i] = fixed16(b[4*i:])
	}
	g, a, s, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		return func(x float64) float64 { return math.Pow(x, g) }
	case 1, 2: // below -b/a: 0, or c
		return func(x float64) float64 {
			if a*x+s < 0 {
				return c
			}
			return math.Pow(a*x+s, g) + c
		}
	}
	return func(x float64) float64 { // 3 is 4 without e and f
		if x < d {
			return c*x + f
		}
		return math.Pow(max(0, a*x+s), g) + e
	}
}

func multiply(a, b [3][3]float64) (out [3][3]float64) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return out
}

// clamp01 also turns NaN, which a made-up curve may give, into 0.
func clamp01(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return min(x, 1)
}

// encodeSRGB is light → byte (IEC 61966-2-1).
func encodeSRGB(x float64) uint8 {
	x = clamp01(x)
	if x <= 0.0031308 {
		x *= 12.92
	} else {
		x = 1.055*math.Pow(x, 1/2.4) - 0.055
	}
	return uint8(x*255 + 0.5)
}

func (p *profile) convert(r, g, b uint8) (uint8, uint8, uint8) {
	in := [3]float64{p.linear[0][r], p.linear[1][g], p.linear[2][b]}
	var out [3]uint8
	for i, row := range p.toSRGB {
		out[i] = encodeSRGB(row[0]*in[0] + row[1]*in[1] + row[2]*in[2])
	}
	return out[0], out[1], out[2]
}

// changesLittle reports whether a grid of colours stays within two steps: the profile is sRGB under some name.
func (p *profile) changesLittle() bool {
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= 2 }
	for i := range 125 {
		r, g, b := uint8(i%5*63), uint8(i/5%5*63), uint8(i/25*63)
		if cr, cg, cb := p.convert(r, g, b); !near(cr, r) || !near(cg, g) || !near(cb, b) {
			return false
		}
	}
	return true
}

// apply converts the pixels to sRGB in place; nil leaves them. Drawings repeat their colours, so the last answer is
// kept.
func (p *profile) apply(img *image.NRGBA) {
	if p == nil || p.already {
		return
	}
	var last, answer [3]uint8
	answer[0], answer[1], answer[2] = p.convert(0, 0, 0)
	for i := 0; i+3 < len(img.Pix); i += 4 {
		now := [3]uint8(img.Pix[i : i+3])
		if now != last {
			last = now
			answer[0], answer[1], answer[2] = p.convert(now[0], now[1], now[2])
		}
		copy(img.Pix[i:], answer[:])
	}
}
