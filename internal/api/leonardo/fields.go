package leonardo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"bottega/internal/fault"
)

// valueType is the type of a field as Leonardo's error messages name it.
type valueType string

const (
	typeBool   valueType = "Boolean"
	typeInt    valueType = "Int"
	typeBigInt valueType = "bigint"
	typeFloat  valueType = "Float"
	typeString valueType = "String"
	typeList   valueType = "list"
	typeObject valueType = "object"
)

// duty is what happens to a field that was sent.
type duty string

const (
	honoured  duty = "honoured"  // it decides something
	tolerated duty = "tolerated" // clients send it by habit and it has no meaning here; other values are refused
	refused   duty = "refused"   // it asks for something that does not exist here; null, false, "" and [] ask for nothing
)

// field is one row of a request's table.
type field struct {
	name    string // as documented; the other of snake_case and camelCase is taken too
	typ     valueType
	duty    duty
	allowed []string // of a tolerated text: the values that change nothing
	note    string   // for the documents: what happens
}

// schema is a request's table.
type schema struct {
	fields []field
	// root is the place of the fields in Leonardo's messages about types.
	root string
	// index finds a field by any of its spellings.
	index map[string]*field
}

func newSchema(root string, fields []field) *schema {
	s := &schema{fields: fields, root: root, index: map[string]*field{}}
	for i := range fields {
		for _, spelling := range spellings(fields[i].name) {
			s.index[spelling] = &fields[i]
		}
	}
	return s
}

// spellings returns the documented name and its other case.
func spellings(name string) []string {
	camel, snake := camelCase(name), snakeCase(name)
	all := []string{name, camel, snake, snakeCase(camel)}
	slices.Sort(all)
	return slices.Compact(all)
}

func camelCase(s string) string {
	parts := strings.Split(s, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// snakeCase keeps runs of capitals together: styleUUID is style_uuid.
func snakeCase(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		lowerBefore := i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]))
		if unicode.IsUpper(r) && lowerBefore {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// sent is a value that a caller gave, checked for its type.
type sent struct {
	spelling string
	value    any // bool, int64, float64, string, []any or map[string]any
}

// values is what a caller gave, by documented name. A null is the same as nothing.
type values map[string]sent

// decode checks the members against the table: unknown names, names given in both spellings, types, and everything
// that is not there to be had. Fields of the duty honoured are left to the caller.
func (s *schema) decode(members []member) (values, error) {
	got := values{}
	for _, m := range members {
		f := s.index[m.key]
		if f == nil {
			return nil, unknownVariable(m.key)
		}
		if other, twice := got[f.name]; twice {
			return nil, badRequest(fmt.Sprintf("the variables %s and %s are the same one; give it once", other.spelling, m.key))
		}
		if m.value == nil {
			continue
		}
		v, err := f.typ.read(m.value)
		if err != "" {
			return nil, validationFailed(s.root+"."+m.key, err)
		}
		got[f.name] = sent{m.key, v}
	}
	var bad []fault.Field
	for _, f := range s.fields {
		if v, ok := got[f.name]; ok {
			if b := f.refusal(v); b != nil {
				bad = append(bad, *b)
			}
		}
	}
	if bad != nil {
		return got, fault.Bad(bad...)
	}
	return got, nil
}

// refusal says what is wrong with a value of a field that is not honoured, or nil.
func (f *field) refusal(v sent) *fault.Field {
	switch {
	case f.duty == refused && !asksForNothing(v.value):
		return &fault.Field{Name: v.spelling, Value: plain(v.value), Message: "is not available on this server", Allowed: f.nothing()}
	case f.duty == tolerated && f.typ == typeString && !slices.Contains(f.allowed, v.value.(string)):
		return &fault.Field{
			Name: v.spelling, Value: v.value, Message: "is not available on this server",
			Allowed: strings.Join(f.allowed, ", "),
		}
	}
	return nil
}

func (f *field) nothing() string {
	switch f.typ {
	case typeBool:
		return "false, or leave it out"
	case typeList:
		return "an empty list, or leave it out"
	}
	return "leave it out"
}

// plain keeps lists and objects, which may be long, out of error texts.
func plain(v any) any {
	switch v.(type) {
	case []any, map[string]any:
		return nil
	}
	return v
}

func asksForNothing(v any) bool {
	switch v := v.(type) {
	case bool:
		return !v
	case string:
		return v == ""
	case int64: // counts; the other numbers are strengths, where 0 is an answer
		return v == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// read checks a JSON value against the type. The second result is Leonardo's message, empty when all is well.
func (t valueType) read(v any) (any, string) {
	switch t {
	case typeBool:
		if b, ok := v.(bool); ok {
			return b, ""
		}
	case typeString:
		if s, ok := v.(string); ok {
			return s, ""
		}
	case typeFloat:
		if n, ok := v.(json.Number); ok {
			if x, err := strconv.ParseFloat(n.String(), 64); err == nil {
				return x, ""
			}
		}
	case typeInt, typeBigInt:
		if n, ok := v.(json.Number); ok {
			if x, ok := wholeNumber(n.String()); ok && (t == typeBigInt || int64(int32(x)) == x) {
				return x, ""
			}
		}
	case typeList:
		if l, ok := v.([]any); ok {
			return l, ""
		}
	case typeObject:
		if o, ok := v.(map[string]any); ok {
			return o, ""
		}
	}
	return nil, fmt.Sprintf("expected %s for type '%s', but found %s", t.article(), t, found(v))
}

// wholeNumber reads 512 and, because some clients write it so, 512.0.
func wholeNumber(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true
}

func (t valueType) article() string {
	switch t {
	case typeBool:
		return "a boolean"
	case typeInt:
		return "a 32-bit integer"
	case typeBigInt:
		return "a 64-bit integer"
	case typeFloat:
		return "a float"
	case typeString:
		return "a string"
	case typeList:
		return "a list"
	}
	return "an object"
}

func found(v any) string {
	switch v := v.(type) {
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "the number " + shorten(v.String())
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "null"
}

func (v values) text(name string) (string, bool)    { return take[string](v, name) }
func (v values) whole(name string) (int64, bool)    { return take[int64](v, name) }
func (v values) number(name string) (float64, bool) { return take[float64](v, name) }
func (v values) flag(name string) bool              { b, _ := take[bool](v, name); return b }

func take[T any](v values, name string) (T, bool) {
	x, ok := v[name].value.(T)
	return x, ok
}

// rename gives the fields of a fault from the services the names and values the caller knows, by a table from our
// names to the documented ones.
func (v values) rename(f *fault.Error, names map[string]string) *fault.Error {
	fields := slices.Clone(f.Fields)
	for i := range fields {
		name, ok := names[fields[i].Name]
		if !ok {
			continue
		}
		fields[i].Name = name
		if s, ok := v[name]; ok {
			fields[i].Name, fields[i].Value = s.spelling, plain(s.value)
		}
	}
	return fault.Bad(fields...)
}
