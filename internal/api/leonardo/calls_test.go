package leonardo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"bottega/internal/generation/kind/image"
)

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// call sends a request with a key; body is text, or a value to write as JSON, or nil.
func (w *world) call(key, method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, w.url+Prefix+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{w.t, res.StatusCode, res.Header, string(text)}
}

// into reads a 200 as the SDKs do: exactly 200, exactly JSON.
func (a answer) into(v any) {
	a.t.Helper()
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		a.t.Fatalf("status %d, type %q: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

// refused checks status and form of an error and that its text has all parts, and returns it.
func (a answer) refused(status int, code string, parts ...string) ErrorBody {
	a.t.Helper()
	var b ErrorBody
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		a.t.Fatalf("status %d: %v in %q", a.status, err, a.body)
	}
	if a.status != status || b.Code != code || a.header.Get("Content-Type") != "application/json" {
		a.t.Errorf("status %d, code %q, type %q, want %d and %q: %s", a.status, b.Code, a.header.Get("Content-Type"), status, code, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(b.Message, part) {
			a.t.Errorf("the error %q does not say %q", b.Message, part)
		}
	}
	return b
}

// create submits for Ann and returns the job.
func (w *world) create(body any) Job {
	w.t.Helper()
	var res CreateResponse
	w.call(annKey, "POST", "/generations", body).into(&res)
	return res.Job
}

// read gets a generation of Ann's.
func (w *world) read(generationID string) *Generation {
	w.t.Helper()
	var res GetResponse
	w.call(annKey, "GET", "/generations/"+generationID, nil).into(&res)
	return res.Generation
}

// complete polls as clients do, without waiting: every look moves the test world on.
func (w *world) complete(generationID string) *Generation {
	w.t.Helper()
	for range 5 {
		if g := w.read(generationID); g.Status != statusPending {
			return g
		}
	}
	w.t.Fatalf("generation %s is not finished after five looks", generationID)
	return nil
}

// lastRequest is what reached the road.
func (w *world) lastRequest() *image.Request {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.submitted) == 0 {
		w.t.Fatal("nothing was submitted")
	}
	return w.submitted[len(w.submitted)-1].Input.(*image.Request)
}
