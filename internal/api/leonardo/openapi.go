package leonardo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Document returns the OpenAPI 3.1 document of the dialect, indented. It is made from the same tables that decode the
// requests and from the types that answer, so it cannot promise anything else.
func Document() ([]byte, error) {
	doc := document()
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indent document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// described is what the document says about an operation beyond its row in operations.
type described struct {
	answer any          // a value of the type of the 200's body
	body   *huma.Schema // of the request; nil when it has none
	params []*huma.Param
	errors []string // statuses beyond 401 and 500
}

func document() *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "Bottega, Leonardo-compatible REST API",
			Version: "v1",
			Description: "What this server answers to clients made for Leonardo.Ai's REST v1. Every success is 200; " +
				"an error has a status that says what it is, and one body for all. What cannot be done is refused by the name of the field.",
		},
		Servers: []*huma.Server{{URL: Prefix}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearerAuth": {Type: "http", Scheme: "bearer", Description: "an API key of this server"},
			},
		},
		Security: []map[string][]string{{"bearerAuth": {}}},
	}
	more := descriptions()
	for _, op := range operations {
		d := more[op.id]
		h := &huma.Operation{
			OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Parameters: d.params,
			Responses: map[string]*huma.Response{"200": reply(op.summary, schemaOf(registry, d.answer))},
		}
		for _, status := range append(d.errors, "401", "500") {
			h.Responses[status] = reply(errorTexts[status], schemaOf(registry, ErrorBody{}))
		}
		if d.body != nil {
			h.RequestBody = &huma.RequestBody{Required: true, Content: jsonContent(d.body)}
		}
		doc.AddOperation(h)
	}
	return doc
}

var errorTexts = map[string]string{
	"400": "The request is wrong; the message names the field and what is allowed.",
	"401": "No valid API key.",
	"402": "Not enough tokens.",
	"404": "Not there, or somebody else's.",
	"409": "Clashes with what is there: an unfinished generation cannot be deleted, an idempotency key was used for another request, the plan's room for uploads is full.",
	"413": "The body is larger than 1 MiB.",
	"429": "Too many waiting or too many requests; Retry-After says when to come back.",
	"500": "A mistake of this server.",
	"503": "Busy; try again.",
}

func descriptions() map[string]described {
	generationID := &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}}
	return map[string]described{
		"getUserSelf": {answer: MeResponse{}},
		"createGeneration": {
			answer: CreateResponse{}, body: generationFields.document([]string{fPrompt}),
			params: []*huma.Param{{
				Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxIdempotencyKey)},
				Description: "An addition of ours: the same key with the same request makes one generation, however often it is sent.",
			}},
			errors: []string{"400", "402", "409", "413", "429", "503"},
		},
		"getGenerationById":    {answer: GetResponse{}, params: []*huma.Param{generationID}, errors: []string{"404"}},
		"deleteGenerationById": {answer: DeleteResponse{}, params: []*huma.Param{generationID}, errors: []string{"404", "409"}},
		"getGenerationsByUserId": {
			answer: ListResponse{},
			params: []*huma.Param{
				{Name: "userId", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}, Description: "Your own id, see getUserSelf."},
				{Name: "offset", In: "query", Schema: whole(0, maxOffset, 0)},
				{Name: "limit", In: "query", Schema: whole(1, maxLimit, defaultLimit)},
			},
			errors: []string{"400", "404"},
		},
		"uploadInitImage": {
			answer: InitImageResponse{}, body: initImageFields.document(initImageFields.names()), errors: []string{"400", "409", "413"},
		},
		"getInitImageById":    {answer: GetInitImageResponse{}, params: []*huma.Param{generationID}, errors: []string{"404"}},
		"deleteInitImageById": {answer: DeleteInitImageResponse{}, params: []*huma.Param{generationID}, errors: []string{"404"}},
		"uploadCanvasInitImage": {
			answer: CanvasResponse{}, body: canvasFields.document(canvasFields.names()), errors: []string{"400", "409", "413"},
		},
		"listPlatformModels": {answer: ModelsResponse{}},
		"pricingCalculator":  {answer: PriceResponse{}, body: priceBody(), errors: []string{"400", "413"}},
	}
}

func priceBody() *huma.Schema {
	params := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{serviceImage: priceFields.document(nil)},
	}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"service"},
		Properties: map[string]*huma.Schema{
			"service":       {Type: huma.TypeString, Enum: []any{serviceImage}, Description: "Other services are refused by name."},
			"serviceParams": params,
		},
	}
}

// document writes a table as a JSON schema.
func (s *schema) document(required []string) *huma.Schema {
	out := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: required, Properties: map[string]*huma.Schema{}}
	for _, f := range s.fields {
		p := &huma.Schema{Type: f.typ.inDocument(), Nullable: !slices.Contains(required, f.name), Description: strings.TrimSpace(f.duty.inWords() + " " + f.note)}
		if f.typ == typeList {
			p.Items = f.items()
		}
		out.Properties[f.name] = p
	}
	return out
}

// items is the schema of a list's entries; of lists that are refused it says nothing.
func (f *field) items() *huma.Schema {
	switch f.name {
	case fControlnets:
		return controlnetFields.document([]string{"initImageId", "initImageType", "preprocessorId"})
	case fImagePrompts:
		return &huma.Schema{Type: huma.TypeString}
	}
	return &huma.Schema{}
}

func (d duty) inWords() string {
	switch d {
	case refused:
		return "Not available here, refused by name."
	case tolerated:
		return "Taken, without effect."
	}
	return ""
}

func (t valueType) inDocument() string {
	switch t {
	case typeBool:
		return huma.TypeBoolean
	case typeInt, typeBigInt:
		return huma.TypeInteger
	case typeFloat:
		return huma.TypeNumber
	case typeList:
		return huma.TypeArray
	case typeObject:
		return huma.TypeObject
	}
	return huma.TypeString
}

func schemaOf(r huma.Registry, v any) *huma.Schema { return r.Schema(reflect.TypeOf(v), true, "") }

func reply(text string, s *huma.Schema) *huma.Response {
	return &huma.Response{Description: text, Content: jsonContent(s)}
}

func jsonContent(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

func whole(low, high, or float64) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &low, Maximum: &high, Default: or}
}

func ptr[T any](v T) *T { return &v }
