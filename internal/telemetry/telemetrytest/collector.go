// Package telemetrytest is a collector of traces for tests: it speaks OTLP over HTTP as a real one does, keeps what it was
// sent, and says how the spans hang together.
package telemetrytest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that was received.
type Span struct {
	Trace, ID, Parent, Name string
	Links                   []string          // ids of traces
	Attributes              map[string]string // as text
	Failed                  bool
	Status                  string // words of a failure
	Process                 string // service.instance.id of who sent it
}

// Collector receives spans.
type Collector struct {
	URL string

	mu    sync.Mutex
	spans []Span
}

// New starts a collector that ends with the test.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(c.receive))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) receive(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	var in collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &in)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "not spans", http.StatusBadRequest)
		return
	}
	c.keep(&in)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *Collector) keep(in *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range in.GetResourceSpans() {
		process := texts(from.GetResource().GetAttributes())["service.instance.id"]
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
					Name: s.GetName(), Attributes: texts(s.GetAttributes()), Failed: s.GetStatus().GetCode() == 2, Status: s.GetStatus().GetMessage(), Process: process,
				}
				for _, l := range s.GetLinks() {
					span.Links = append(span.Links, hex.EncodeToString(l.GetTraceId()))
				}
				c.spans = append(c.spans, span)
			}
		}
	}
}

func texts(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		switch v := kv.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[kv.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[kv.GetKey()] = strconv.FormatInt(v.IntValue, 10)
		case *common.AnyValue_DoubleValue:
			out[kv.GetKey()] = strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
		default:
			out[kv.GetKey()] = kv.GetValue().String()
		}
	}
	return out
}

// Spans returns what came so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Find returns the only span of a trace with the name, and whether there is exactly one.
func (c *Collector) Find(trace, name string) (Span, bool) {
	var found []Span
	for _, s := range c.Spans() {
		if s.Trace == trace && s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return Span{}, false
	}
	return found[0], true
}

// Path is the names from the root of a span's trace down to the span; it begins with "?" where a parent is missing.
func (c *Collector) Path(s Span) []string {
	byID := map[string]Span{}
	for _, other := range c.Spans() {
		if other.Trace == s.Trace {
			byID[other.ID] = other
		}
	}
	path := []string{s.Name}
	for s.Parent != "" {
		parent, ok := byID[s.Parent]
		if !ok || len(path) > len(byID) {
			return append([]string{"?"}, path...)
		}
		path, s = append([]string{parent.Name}, path...), parent
	}
	return path
}
