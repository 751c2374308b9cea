// Package web carries the built studio inside the binary. It promises a file system rooted at the built files and
// says whether there was a build at all; serving them, caching and the fallback to index.html are the caller's.
package web

import (
	"embed"
	"io/fs"
)

// dist holds at least a placeholder, so that the server compiles without Node.
//
//go:embed all:dist
var dist embed.FS

// FS returns the built studio, index.html at its root.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the embedded folder is not called dist: " + err.Error()) // fixed at compile time
	}
	return sub
}

// Built reports whether the studio was built before the server was compiled.
func Built() bool {
	_, err := fs.Stat(FS(), "index.html")
	return err == nil
}
