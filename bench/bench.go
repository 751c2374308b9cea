package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// result is one line of output.
type result struct {
	Name         string  `json:"name"`
	Value        float64 `json:"value"`
	Unit         string  `json:"unit"`
	Against      string  `json:"against,omitempty"`       // what Value is compared with
	AgainstValue float64 `json:"against_value,omitempty"` // measured in the same run, in Unit or as Against says
	Note         string  `json:"note,omitempty"`
}

// options of a run.
type options struct {
	Dir      string // folder for scratch data, removed by the caller
	Postgres string // URL of a database to use up; empty leaves the PostgreSQL benchmarks out
	Python   string // interpreter with PyTorch; empty leaves that comparison out
	InvokeAI string // program that serves InvokeAI; empty leaves that comparison out
	Program  string // bottega as it ships, for what is measured from outside
	Log      *slog.Logger
}

// group is benchmarks that share their setting up.
type group struct {
	names []string
	run   func(ctx context.Context, o options) ([]result, error)
}

func groups() []group {
	return []group{
		{[]string{"submit_to_start_p50_sqlite", "submit_to_start_p99_sqlite"}, submitSQLite},
		{[]string{"submit_to_start_p50_postgres", "submit_to_start_p99_postgres"}, submitPostgres},
		{hotSQLite.all(), ledgerSQLite},
		{hotPostgres.all(), ledgerPostgres},
		{[]string{verifySQLite, verifyPostgres, verifyMemory + "_sqlite", verifyMemory + "_postgres"}, ledgerVerify},
		{backupOnSQLite.all(), backupSQLite},
		{backupOnPostgres.all(), backupPostgres},
		{[]string{acceptedSQLite}, acceptedOnSQLite},
		{[]string{acceptedPostgres}, acceptedOnPostgres},
		{[]string{queueNoop}, noopVsRiver},
		{[]string{besideNoop, besideAccepted, besideBatch, besideBatchIn, besideSlots, besideP50, besideP99}, queueBesideInvokeAI},
		{[]string{besidePicture}, pictureBesideInvokeAI},
		{[]string{besideRestart}, restartBesideInvokeAI},
		{[]string{recoverySQLite, recoveryPostgres}, recovery},
		{[]string{queueDecision}, queueChoice},
		{[]string{simJain, simStarved, simBusy, simLight, simForetold, simDecision}, queueDay},
		{[]string{
			simModelLoads, simModelLoading, simModelBusy, simModelTogether, simModelWait, simModelWait99, simModelLight, simModelStarved, simModelJain,
		}, queueModels},
		{[]string{"image_seconds", "image_peak_share", "image_vs_torch", "image_vs_torch_best", "peak_memory"}, imageSpeed},
	}
}

// measure runs the benchmarks whose names start with one of the prefixes, all without one, and writes a line for each:
// JSON, or text for people.
func measure(ctx context.Context, o options, prefixes []string, asJSON bool, out io.Writer) error {
	wanted := func(name string) bool {
		return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	ran := 0
	for _, g := range groups() {
		if !slices.ContainsFunc(g.names, wanted) {
			continue
		}
		results, err := g.run(ctx, o)
		if err != nil {
			return fmt.Errorf("benchmark %s: %w", g.names[0], err)
		}
		for _, r := range results {
			if !wanted(r.Name) {
				continue
			}
			ran++
			if err := write(out, r, asJSON); err != nil {
				return err
			}
		}
	}
	if ran == 0 {
		return fmt.Errorf("no benchmark was run for %v; there are %v (PostgreSQL needs BOTTEGA_TEST_POSTGRES, InvokeAI is make bench-invokeai)", prefixes, names())
	}
	return nil
}

// names lists the benchmarks.
func names() (list []string) {
	for _, g := range groups() {
		list = append(list, g.names...)
	}
	return list
}

func write(out io.Writer, r result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	line := fmt.Sprintf("%-34s %12.4g %s", r.Name, r.Value, r.Unit)
	if r.Against != "" {
		line += fmt.Sprintf("   against %.4g (%s)", r.AgainstValue, r.Against)
	}
	if r.Note != "" {
		line += "   " + r.Note
	}
	_, err := fmt.Fprintln(out, line)
	return err
}

// percentile of sorted durations, nearest rank.
func percentile(sorted []time.Duration, p float64) time.Duration {
	i := int(p * float64(len(sorted)))
	return sorted[min(i, len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
