package internal_test

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// askers are the files that may call a method named Quote: the two that compute prices, and the one that asks them.
var askers = []string{"internal/generation/quote.go", "internal/generation/submit.go", "internal/api/leonardo/pricing.go"}

// TestPrices_ComeFromOnePlace finds whoever would compute a price beside the road.
func TestPrices_ComeFromOnePlace(t *testing.T) {
	set := token.NewFileSet()
	for _, s := range sources(t, set) {
		if s.test || slices.Contains(askers, s.path) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Quote" {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"studio", "pricing", "strconv", "o"}, x.Name) {
					return true // the type, or the quote inside an offer
				}
				t.Errorf("%s: prices are computed by generation.Service", set.Position(n.Pos()))
			}
			return true
		})
	}
}
