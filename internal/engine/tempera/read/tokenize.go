package read

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// TokenLength is how many tokens the network takes; shorter texts are padded.
const TokenLength = 24

const unknownToken = 1 // 0 is padding

// Tokenizer turns text into the network's word pieces.
type Tokenizer struct{ ids map[string]int64 }

// ParseVocab reads vocab.txt: one piece a line, the line number is its id.
func ParseVocab(data []byte) (*Tokenizer, error) {
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(lines) < 3 || lines[0] != "<pad>" || lines[1] != "<unk>" {
		return nil, errors.New("read vocabulary: it does not start with <pad> and <unk>")
	}
	t := &Tokenizer{ids: make(map[string]int64, len(lines))}
	for i, piece := range lines {
		t.ids[piece] = int64(i)
	}
	return t, nil
}

// Encode returns exactly TokenLength ids.
func (t *Tokenizer) Encode(text string) []int64 {
	ids := make([]int64, 0, TokenLength+8)
	split := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) }
	for _, w := range strings.FieldsFunc(strings.ToLower(norm.NFKC.String(text)), split) {
		if ids = t.word(ids, w); len(ids) >= TokenLength {
			break
		}
	}
	for len(ids) < TokenLength {
		ids = append(ids, 0)
	}
	return ids[:TokenLength]
}

// word appends the longest pieces that cover the word, or the unknown token.
func (t *Tokenizer) word(ids []int64, w string) []int64 {
	if id, ok := t.ids[w]; ok {
		return append(ids, id)
	}
	start, before, letters := 0, len(ids), []rune(w)
	for start < len(letters) {
		end := len(letters)
		for ; end > start; end-- {
			piece := string(letters[start:end])
			if start > 0 {
				piece = "##" + piece
			}
			if id, ok := t.ids[piece]; ok {
				ids = append(ids, id)
				break
			}
		}
		if end == start {
			return append(ids[:before], unknownToken)
		}
		start = end
	}
	return ids
}
