// Package internal_test holds the whole tree to the house rules: who may import whom, who owns which table, where time
// comes from, and how large things get. docs/architecture.md says why.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layer is one line of the layout. Its packages may import everything on the lines below, and what stands to their left
// on their own line; where apart is set, nothing on their own line. A name that ends in "/..." stands for a package and
// all below it, which may import each other.
type layer struct {
	packages []string
	apart    bool
}

// order is docs/architecture.md as data, from the top. A package that is missing here fails the test: decide where it
// stands.
var order = []layer{
	{packages: []string{"app", "apptest"}},
	{packages: []string{"api/leonardo", "api/openai", "api/studio", "api/worker"}, apart: true}, // a dialect knows no other dialect
	{packages: []string{"api"}},
	{packages: []string{"plan", "team", "alert", "backup", "doctor", "payment", "payment/stripe", "payment/paymenttest", "library", "blueprint", "board", "webhook", "operator"}},
	{packages: []string{
		"generation/kind/image", "generation/kind/upscale", "generation/kind/cutout", "generation/kind/video", "generation/kind/element",
	}, apart: true},
	{packages: []string{"generation"}},
	{packages: []string{"ledger", "pricing", "catalog", "asset", "training", "queue", "queue/..."}},
	// access stands left: accounts have roles, and sign-in gives an actor.
	{packages: []string{"access", "event", "audit", "account", "auth"}},
	{packages: []string{
		"engine/tempera/...", "engine/comfyui", "engine/sdcpp", "engine/openai", "engine/google", "engine/bfl", "engine/enginetest",
		"engine/remote",
	}, apart: true},
	{packages: []string{"engine/wire"}},
	{packages: []string{"engine"}},
	{packages: []string{"db"}},
	{packages: []string{"token", "disk", "clock", "fault", "id", "imaging", "mail/...", "telemetry/..."}},
}

// outside are imports from this module but not from internal: who may use them.
var outside = map[string][]string{
	"bottega/web":     {"app"},            // the built studio
	"bottega/tempera": {"engine/tempera"}, // the weights of the house model
}

// source is a parsed Go file of this tree; path is relative to the repository, with slashes.
type source struct {
	path  string
	file  *ast.File
	lines int
	test  bool
}

// pkg returns the folder below internal/, or the path itself for files elsewhere.
func (s source) pkg() string { return strings.TrimPrefix(path.Dir(s.path), "internal/") }

// sources parses every Go file of internal, cmd and bench, whatever system it is for.
func sources(t *testing.T, set *token.FileSet) []source {
	t.Helper()
	root := os.DirFS("..")
	var found []source
	for _, top := range []string{"internal", "cmd", "bench"} {
		err := fs.WalkDir(root, top, func(p string, e fs.DirEntry, err error) error {
			if os.IsNotExist(err) && p == top {
				return nil
			}
			if err != nil || e.IsDir() {
				if err == nil && e.Name() == "testdata" {
					return fs.SkipDir
				}
				return err
			}
			if !strings.HasSuffix(p, ".go") {
				return nil
			}
			data, err := fs.ReadFile(root, p)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(set, p, data, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			found = append(found, source{p, f, strings.Count(string(data), "\n"), strings.HasSuffix(p, "_test.go")})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// place finds a package in the order.
func place(pkg string) (line, column int, ok bool) {
	for i, l := range order {
		for j, name := range l.packages {
			tree, whole := strings.CutSuffix(name, "/...")
			if name == pkg || (whole && (pkg == tree || strings.HasPrefix(pkg, tree+"/"))) {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// mayImport decides by the order; why says what is wrong.
func mayImport(from, to string) (why string) {
	fl, fc, ok := place(from)
	if !ok {
		return fmt.Sprintf("%s has no place in the order of internal/layout_test.go", from)
	}
	tl, tc, ok := place(to)
	switch {
	case !ok:
		return fmt.Sprintf("%s has no place in the order of internal/layout_test.go", to)
	case tl > fl, tl == fl && tc == fc:
		return "" // below, or in the same tree
	case tl < fl:
		return fmt.Sprintf("%s imports %s, which stands above it", from, to)
	case order[fl].apart:
		return fmt.Sprintf("%s imports %s: packages of this line stand apart", from, to)
	case tc > fc:
		return fmt.Sprintf("%s imports %s, which stands to its right", from, to)
	}
	return ""
}

func TestLayout_ImportsPointDown(t *testing.T) {
	for _, s := range sources(t, token.NewFileSet()) {
		if s.test || !strings.HasPrefix(s.path, "internal/") {
			continue
		}
		for _, imp := range s.file.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, inside := strings.CutPrefix(name, "bottega/internal/")
			if inside {
				if why := mayImport(s.pkg(), to); why != "" {
					t.Errorf("%s: %s", s.path, why)
				}
			} else if strings.HasPrefix(name, "bottega/") && !slices.Contains(outside[name], s.pkg()) {
				t.Errorf("%s: imports %s, which is not for it", s.path, name)
			}
		}
	}
}

func TestLayout_OrderSaysWhatItMeans(t *testing.T) {
	for _, c := range []struct {
		from, to string
		fine     bool
	}{
		{"app", "db", true},
		{"db", "app", false},
		{"queue", "ledger", true},
		{"ledger", "queue", false},
		{"api/studio", "api", true},
		{"api/studio", "api/leonardo", false},
		{"api", "api/studio", false},
		{"engine/tempera/read", "engine/tempera", true},
		{"engine/tempera", "engine/enginetest", false},
		{"generation", "generation/kind/image", false},
		{"imaging", "nowhere", false},
	} {
		if why := mayImport(c.from, c.to); (why == "") != c.fine {
			t.Errorf("%s importing %s: %q, want fine: %v", c.from, c.to, why, c.fine)
		}
	}
}

// Names that say nothing about what a package knows.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "shared", "base", "core"}

func TestLayout_PackagesSayWhatTheyAreFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t, token.NewFileSet()) {
		if s.test {
			continue
		}
		if slices.Contains(emptyNames, s.file.Name.Name) {
			t.Errorf("%s: package %s is named for nothing it knows", s.path, s.file.Name.Name)
		}
		dir := path.Dir(s.path)
		doc := s.file.Doc != nil && (s.file.Name.Name == "main" || strings.HasPrefix(s.file.Doc.Text(), "Package "+s.file.Name.Name+" "))
		documented[dir] = documented[dir] || doc
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment that begins with its name", dir)
		}
	}
}

// maxLines: a longer file is searched for its second noun. A test may be longer, as tables are.
const (
	maxLines     = 400
	maxTestLines = 600
)

func TestLayout_FilesStayReadable(t *testing.T) {
	for _, s := range sources(t, token.NewFileSet()) {
		limit := maxLines
		if s.test {
			limit = maxTestLines
		}
		if s.lines > limit && !ast.IsGenerated(s.file) {
			t.Errorf("%s has %d lines, more than %d", s.path, s.lines, limit)
		}
	}
}

func TestLayout_TimeComesFromClock(t *testing.T) {
	set := token.NewFileSet()
	for _, s := range sources(t, set) {
		if s.test || s.pkg() == "clock" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
				t.Errorf("%s: time.%s is for package clock; ask a clock.Clock", set.Position(n.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
}
