// Package tempera carries what the training in this folder made: the house model's weights, embedded so that Bottega
// is one file. It promises nothing about them; internal/engine/tempera checks every file against the manifest before
// it is used.
package tempera

import (
	"embed"
	"io/fs"
)

// The folder always holds a README, so that this builds before there are weights.
//
//go:embed all:weights
var weights embed.FS

// Weights returns the files of tempera/weights.
func Weights() fs.FS {
	sub, err := fs.Sub(weights, "weights")
	if err != nil {
		panic(err) // only an invalid path can fail, and this one is constant
	}
	return sub
}
