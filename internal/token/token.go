// Package token is the unit everything is paid in. An Amount counts thousandths of a token (milli-tokens) in an
// int64, so that no balance ever meets a float. It parses and prints amounts and leaves rules about who may spend
// them to the ledger.
package token

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a number of milli-tokens. One token is 1000.
type Amount int64

// One is a whole token.
const One Amount = 1000

// Max is the largest amount a single grant or price may have: a thousand million tokens. Sums of many stay far
// below the int64 limit.
const Max = 1_000_000_000 * One

// Whole returns n tokens.
func Whole(n int64) Amount { return Amount(n) * One }

// CeilWhole rounds up to whole tokens.
func (a Amount) CeilWhole() Amount {
	if r := a % One; r > 0 {
		return a - r + One
	}
	return a - a%One
}

// Tokens returns the whole tokens, cut off towards zero.
func (a Amount) Tokens() int64 { return int64(a / One) }

// String writes tokens with up to three decimals and no trailing zeros: 1500 is "1.5".
func (a Amount) String() string {
	sign := ""
	u := uint64(a)
	if a < 0 {
		sign, u = "-", uint64(-a)
	}
	whole, milli := u/1000, u%1000
	if milli == 0 {
		return sign + strconv.FormatUint(whole, 10)
	}
	return sign + strings.TrimRight(fmt.Sprintf("%d.%03d", whole, milli), "0")
}

// Parse reads "12", "1.5" or "-0.25" tokens. More than three decimals, and sizes above Max, are refused.
func Parse(s string) (Amount, error) {
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(frac) > 3 || whole == "" {
		return 0, fmt.Errorf("amount %q: want tokens with at most three decimals", s)
	}
	n, err := strconv.ParseUint(whole+frac+"000"[:3-len(frac)], 10, 64)
	if err != nil || n > uint64(Max) || n > math.MaxInt64 {
		return 0, fmt.Errorf("amount %q: want tokens with at most three decimals, not above %s", s, Max)
	}
	if strings.HasPrefix(s, "-") {
		return -Amount(n), nil
	}
	return Amount(n), nil
}
