package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// A row is one line, a JSON array of its columns in the order of their names. Whole numbers are numbers, texts are
// strings; what is neither is an object with one field: {"bytes": base64}, {"float": decimal}, or {"text": base64} for a
// text that is not UTF-8. Equal rows give equal lines, on both databases.

// appendRow writes a row, without a line break.
func appendRow(line []byte, values []any) ([]byte, error) {
	line = append(line, '[')
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		switch v := v.(type) {
		case nil:
			line = append(line, "null"...)
		case int64:
			line = strconv.AppendInt(line, v, 10)
		case string:
			line = appendText(line, v)
		case []byte:
			line = appendTagged(line, "bytes", base64.StdEncoding.EncodeToString(v))
		case float64:
			line = appendTagged(line, "float", strconv.FormatFloat(v, 'g', -1, 64))
		default:
			return nil, fmt.Errorf("a value of the type %T cannot be carried", v)
		}
	}
	return append(line, ']'), nil
}

func appendTagged(line []byte, tag, value string) []byte {
	return append(append(append(append(line, `{"`...), tag...), `":"`...), value+`"}`...)
}

func appendText(line []byte, s string) []byte {
	if !utf8.ValidString(s) {
		return appendTagged(line, "text", base64.StdEncoding.EncodeToString([]byte(s)))
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendJSON(line, s)
		}
	}
	return append(append(append(line, '"'), s...), '"') // most are: ids, hashes, numbers
}

func appendJSON(line []byte, s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always can
		panic(err)
	}
	return append(line, bytes.TrimRight(b.Bytes(), "\n")...)
}

// parseRow is the other way round.
func parseRow(line []byte) ([]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var values []any
	if err := dec.Decode(&values); err != nil {
		return nil, fmt.Errorf("read a row: %w", err)
	}
	for i, v := range values {
		var err error
		if values[i], err = parseValue(v); err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
	}
	return values, nil
}

var errNoValue = errors.New("something that is no value of a row")

func parseValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, string:
		return v, nil
	case json.Number:
		return strconv.ParseInt(v.String(), 10, 64)
	case map[string]any:
		for tag, raw := range v {
			text, ok := raw.(string)
			if !ok || len(v) != 1 {
				return nil, errNoValue
			}
			switch tag {
			case "float":
				return strconv.ParseFloat(text, 64)
			case "bytes", "text":
				b, err := base64.StdEncoding.DecodeString(text)
				if tag == "text" {
					return string(b), err
				}
				return b, err
			}
		}
	}
	return nil, errNoValue
}

// sum adds up the hashes of rows.
type sum [4]uint64 // the lowest first

func (s *sum) add(row []byte) {
	h := sha256.Sum256(row)
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], binary.LittleEndian.Uint64(h[8*i:]), carry)
	}
}

func (s *sum) String() string {
	var b [32]byte
	for i, w := range s {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return hex.EncodeToString(b[:])
}

// receiver takes the rows of an installation, table after table.
type receiver interface {
	table(name string, columns []string) error
	// row's values are in the order of the columns. They are the receiver's; line is the row as it is written.
	row(values []any, line []byte) error
	end() error // of the table
}

// nobody is a receiver that wants nothing.
type nobody struct{}

func (nobody) table(string, []string) error { return nil }
func (nobody) row([]any, []byte) error      { return nil }
func (nobody) end() error                   { return nil }

// counter is a receiver that only looks.
type counter struct {
	tables []TableContent
	sum    sum
}

func (c *counter) table(name string, columns []string) error {
	c.tables = append(c.tables, TableContent{Name: name, Columns: slices.Clone(columns)})
	c.sum = sum{}
	return nil
}

func (c *counter) row(_ []any, line []byte) error {
	c.sum.add(line)
	c.tables[len(c.tables)-1].Rows++
	return nil
}

func (c *counter) end() error {
	c.tables[len(c.tables)-1].Sum = c.sum.String()
	return nil
}

// compare says what differs, in words; nothing when nothing does.
func compare(want, got []TableContent) error {
	found := map[string]TableContent{}
	for _, t := range got {
		found[t.Name] = t
	}
	for _, w := range want {
		g, ok := found[w.Name]
		switch {
		case !ok:
			return fmt.Errorf("the table %s is not there", w.Name)
		case !slices.Equal(w.Columns, g.Columns):
			return fmt.Errorf("the table %s has the columns %v, want %v", w.Name, g.Columns, w.Columns)
		case w.Rows != g.Rows:
			return fmt.Errorf("the table %s has %d rows, want %d", w.Name, g.Rows, w.Rows)
		case w.Sum != g.Sum:
			return fmt.Errorf("the table %s has %d rows as it should, and some of them differ", w.Name, g.Rows)
		}
		delete(found, w.Name)
	}
	for name := range found {
		return fmt.Errorf("there is a table %s that should not be", name)
	}
	return nil
}
