package compose

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What stands alone fills the canvas: bent, no place outside its square may show anything of the drawing.
func TestBend_WhatStandsAloneStaysInItsSquare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := bendOf(newDice(rapid.Int64().Draw(t, "seed"), bendStream), "fox", true).lookup()
		along, beyond := rapid.Float64Range(-0.5, 0.5).Draw(t, "along"), rapid.Float64Range(0.505, 0.7).Draw(t, "beyond")
		for side, at := range map[string][2]float64{"left": {-beyond, along}, "right": {beyond, along}, "above": {along, -beyond}} {
			u, v := b.source(at[0], at[1])
			if max(math.Abs(u), math.Abs(v)) < 0.5 {
				t.Fatalf("%s, at %v, shows the drawing's %.3f, %.3f (%+v)", side, at, u, v, b.Bend)
			}
		}
	})
}

func TestBend_GoesBySeedAndIsWeakerForPortraitsAndInCompany(t *testing.T) {
	of := func(seed int64, concept string, alone bool) Bend {
		return bendOf(newDice(seed, bendStream), concept, alone)
	}
	if of(1, "fox", true) != of(1, "fox", true) || of(1, "fox", true) == of(2, "fox", true) {
		t.Error("a bend does not go by its seed")
	}
	fox := of(1, "fox", true)
	for what, b := range map[string]Bend{"a portrait": of(1, "avatar-beard", true), "in company": of(1, "fox", false)} {
		if math.Abs(b.Lean*2-fox.Lean) > 1e-12 || fox.Lean == 0 {
			t.Errorf("%s leans %v, a fox alone %v", what, b.Lean, fox.Lean)
		}
	}
}
