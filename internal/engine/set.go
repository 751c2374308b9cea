package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is the engines this process can reach, by the name the catalogue uses. It is filled at start and only read
// afterwards.
type Set map[string]any

// Imager returns the engine of that name. A name nobody knows, or an engine that makes no pictures, is a mistake of
// configuration and wraps ErrUnavailable: the request may work when the operator has put it right.
func (s Set) Imager(name string) (Imager, error) {
	e, ok := s[name]
	if !ok {
		return nil, fmt.Errorf("engine %q is not set up (have %s): %w", name, strings.Join(s.Names(), ", "), ErrUnavailable)
	}
	imager, ok := e.(Imager)
	if !ok {
		return nil, fmt.Errorf("engine %q makes no pictures: %w", name, ErrUnavailable)
	}
	return imager, nil
}

// Loader returns the engine of that name if its models are loaded and evicted.
func (s Set) Loader(name string) (Loader, error) {
	e, ok := s[name]
	if !ok {
		return nil, fmt.Errorf("engine %q is not set up (have %s): %w", name, strings.Join(s.Names(), ", "), ErrUnavailable)
	}
	loader, ok := e.(Loader)
	if !ok {
		return nil, fmt.Errorf("engine %q loads no models: %w", name, ErrUnavailable)
	}
	return loader, nil
}

// Names lists the engines in alphabetical order.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Versions lists what the engine of that name says of itself; see Versioned.
func (s Set) Versions(name string) []string {
	if v, ok := s[name].(Versioned); ok {
		return v.Versions()
	}
	return nil
}

// AllVersions lists what all engines say of themselves, in the order of their names.
func (s Set) AllVersions() []string {
	var all []string
	for _, name := range s.Names() {
		all = append(all, s.Versions(name)...)
	}
	return all
}
