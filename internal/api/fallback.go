package api

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// Fallbacks makes a mux answer in the API's form what no route of doc answers: 405 with Allow on its paths, 404
// everywhere else below prefix. The standard mux would answer both as plain text.
func Fallbacks(mux *http.ServeMux, prefix string, doc *huma.OpenAPI) {
	for path, item := range doc.Paths {
		mux.Handle(prefix+path, NotFound(Methods(item)...))
	}
	mux.Handle(prefix+"/", NotFound())
}

// Methods lists the methods of a path, sorted.
func Methods(item *huma.PathItem) []string {
	var list []string
	for method, op := range map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	} {
		if op != nil {
			list = append(list, method)
		}
	}
	slices.Sort(list)
	return list
}
