// Package docs_test keeps the documents true: what they name exists, what they draw is what the code does, and no
// tracked file knows somebody's machine. It holds no rule of its own.
package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bottega/internal/generation"
)

const root = ".."

// documents lists every document for people.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "tempera/*.md", "web/*.md", "e2e/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	if len(list) < 8 {
		t.Fatalf("found only %d documents", len(list))
	}
	return list
}

// namedPath is a path in backticks that starts at one of our folders.
var namedPath = regexp.MustCompile("`((?:cmd|internal|web|tempera|e2e|scripts|docs|changelog)/[A-Za-z0-9_./-]+)`")

func TestDocuments_NameOnlyFilesThatExist(t *testing.T) {
	// Made by the build or by training, so not there in a clean checkout.
	made := []string{"web/dist"}
	for _, doc := range documents(t) {
		for _, m := range namedPath.FindAllStringSubmatch(read(t, doc), -1) {
			if slices.Contains(made, m[1]) {
				continue
			}
			_, fromRoot := os.Stat(filepath.Join(root, m[1]))
			_, fromHere := os.Stat(filepath.Join(filepath.Dir(doc), m[1]))
			if fromRoot != nil && fromHere != nil {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s#]+)(#[^)]*)?\)`)

func TestDocuments_LinkOnlyToWhatExists(t *testing.T) {
	for _, doc := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", doc, m[1])
			}
		}
	}
}

func TestArchitecture_StateTableIsTheCode(t *testing.T) {
	states := []generation.State{
		generation.Waiting, generation.Running, generation.Complete, generation.Failed, generation.Cancelled,
	}
	events := []generation.Event{
		generation.EventStart, generation.EventReturn, generation.EventSucceed, generation.EventFail, generation.EventCancel,
	}
	var want []string
	for _, s := range states {
		for _, e := range events {
			if next, err := generation.Next(s, e); err == nil {
				want = append(want, "| "+string(s)+" | "+string(e)+" | "+string(next)+" |")
			}
		}
	}
	_, table, found := strings.Cut(read(t, filepath.Join(root, "docs/architecture.md")), "| From | Event | To |\n|---|---|---|\n")
	if !found {
		t.Fatal("docs/architecture.md has no table From, Event, To")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	got := strings.Split(strings.TrimSpace(table), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the table in docs/architecture.md and generation.Next differ\n in the table:\n%s\n in the code:\n%s",
			strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// machinePath is an absolute path below somebody's home or workplace.
var machinePath = regexp.MustCompile(`(?:^|[\s"'=(:])/(?:home|Users|root|work)/[A-Za-z0-9._-]+`)

func TestTrackedFiles_NameNoMachine(t *testing.T) {
	for _, name := range tracked(t) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			if os.IsNotExist(err) {
				continue // deleted, not yet committed
			}
			t.Fatal(err)
		}
		if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
			continue // not text
		}
		for i, line := range strings.Split(string(data), "\n") {
			if m := machinePath.FindString(line); m != "" {
				t.Errorf("%s:%d has a path of somebody's machine: %s", name, i+1, strings.TrimSpace(m))
			}
		}
	}
}

// tracked lists the files under version control, or all sources where there is none (an unpacked archive).
func tracked(t *testing.T) []string {
	t.Helper()
	if out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output(); err == nil && len(out) > 0 {
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	skip := []string{".git", ".cache", "bin", "data", "node_modules", "dist", "lib"}
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skip, d.Name()):
			return filepath.SkipDir
		case d.Type().IsRegular():
			name, err := filepath.Rel(root, path)
			list = append(list, name)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
