package leonardo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"bottega/internal/fault"
)

// maxBody bounds a request. The largest honest one, a prompt with a few lists, is below 20 kB.
const maxBody = 1 << 20

// member is one entry of a JSON object, as it was written.
type member struct {
	key   string
	value any // nil, bool, json.Number, string, []any or map[string]any
}

// readObject reads the body as one JSON object. An empty body is an empty object, so that the answer can name the
// field that is missing.
func readObject(w http.ResponseWriter, r *http.Request) ([]member, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.TooLarge, codeTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody))
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, codeBadRequest, "the body could not be read to its end", err)
	}
	return parseObject(data)
}

// parseObject parses exactly one JSON object and keeps the order of its entries. What encoding/json would repair in
// silence is refused: a key that comes twice, text that is not UTF-8, anything after the object.
func parseObject(data []byte) ([]member, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(data) {
		return nil, badRequest("the body is not valid JSON: it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil {
		return nil, malformed(err)
	} else if t != json.Delim('{') {
		return nil, badRequest("the body must be a JSON object")
	}
	var members []member
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		key, ok := t.(string)
		if !ok {
			return nil, malformed(errors.New("a key must be text"))
		}
		if seen[key] {
			return nil, badRequest("the variable " + shorten(key) + " is given twice")
		}
		seen[key] = true
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, malformed(err)
		}
		members = append(members, member{key, v})
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, badRequest("the body is not valid JSON: something follows the object")
	}
	return members, nil
}

func malformed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badRequest("the body is not valid JSON: it ends too early")
	}
	return badRequest("the body is not valid JSON: " + shorten(err.Error()))
}
