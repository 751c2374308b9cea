// Command deploylint asks the libraries of Helm and Compose what they make of our files, as `helm lint`, `helm template`
// and `docker compose config` would. It is a module of its own so that those libraries are no part of the product.
//
//	deploylint compose FILE                  read, check and print a Compose project; variables come from the environment
//	deploylint helm CHART [KEY=VALUE…]       lint a chart, check the values, and print what it renders to
//
// Values are read as those of `helm --set`. It ends with 1 and says why when something is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"helm.sh/helm/v3/pkg/chart"
	chartloader "helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/strvals"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "deploylint:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "compose":
		return compose(args[1])
	case len(args) >= 2 && args[0] == "helm":
		return helm(args[1], args[2:])
	}
	return errors.New("usage: deploylint compose FILE | deploylint helm CHART [KEY=VALUE…]")
}

// compose reads a project as Compose does: the schema, the variables, the references between services.
func compose(file string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	environment := types.NewMapping(os.Environ())
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: filepath.Dir(abs), Environment: environment, ConfigFiles: []types.ConfigFile{{Filename: abs}},
	})
	if err != nil {
		return err
	}
	out, err := project.MarshalYAML()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

// helm lints a chart and renders it with the values.
func helm(dir string, set []string) error {
	given := map[string]any{}
	for _, kv := range set {
		if err := strvals.ParseInto(kv, given); err != nil {
			return fmt.Errorf("value %q: %w", kv, err)
		}
	}
	c, err := chartloader.LoadDir(dir)
	if err != nil {
		return err
	}
	// The values first: lint would render with what the schema refuses.
	values, err := chartutil.ToRenderValues(c, given, chartutil.ReleaseOptions{Name: "studio", Namespace: "studio", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return err
	}
	if err := lintChart(dir, given); err != nil {
		return err
	}
	return render(c, values)
}

func lintChart(dir string, given map[string]any) error {
	var errs []error
	for _, m := range lint.All(dir, given, "studio", true).Messages {
		if m.Severity >= support.WarningSev && !strings.Contains(m.Error(), "icon is recommended") {
			errs = append(errs, m)
		}
	}
	return errors.Join(errs...)
}

func render(c *chart.Chart, values chartutil.Values) error {
	e := engine.Engine{Strict: true}
	files, err := e.Render(c, values)
	if err != nil {
		return err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if path.Ext(name) == ".yaml" && strings.TrimSpace(files[name]) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", name, strings.TrimSpace(files[name]))
		}
	}
	return nil
}
