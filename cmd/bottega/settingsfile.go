package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// settingsFile is a configuration file: one JSON object whose keys are names of flags, with - or _ between the words.
// One file serves every command, so a key may belong to any of them; a key that belongs to none is a mistake.
type settingsFile struct {
	name   string
	values map[string]any // by name of the flag
}

// readSettings is the kong.ConfigurationLoader of the command line.
func readSettings(r io.Reader) (kong.Resolver, error) {
	f := settingsFile{name: "configuration file", values: map[string]any{}}
	if named, ok := r.(interface{ Name() string }); ok {
		f.name += " " + named.Name()
	}
	var given map[string]any
	dec := json.NewDecoder(r)
	if err := dec.Decode(&given); err != nil {
		return nil, fmt.Errorf("%s: not a JSON object of settings: %w", f.name, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: something follows the object of settings", f.name)
	}
	for key, value := range given {
		flag := strings.ReplaceAll(key, "_", "-")
		if _, twice := f.values[flag]; twice {
			return nil, fmt.Errorf("%s: the setting %s is there twice", f.name, flag)
		}
		f.values[flag] = value
	}
	return f, nil
}

// Validate implements kong.Resolver: it refuses keys that no command has.
func (f settingsFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	delete(known, "help")
	delete(known, "config") // a file cannot name another one
	var wrong []string
	for name := range f.values {
		if !known[name] {
			wrong = append(wrong, name)
		}
	}
	if wrong == nil {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%s: there is no setting %s; `bottega config` lists them", f.name, strings.Join(wrong, ", "))
}

// Resolve implements kong.Resolver.
func (f settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	return f.values[flag.Name], nil
}
