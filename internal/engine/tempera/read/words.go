// Package read turns a prompt into a scene: which things, how many, how they stand to each other, in front of what.
// It promises to read any text, to say which words it did not know, and to read the same text the same way always
// (tempera/reading.py is the same reader in Python; tempera/vectors hold both to it). Drawing is left to others.
package read

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// word is one word of a prompt. pause says that a comma or the like stands before it.
type word struct {
	text  string
	pause bool
}

// glued finds, inside a run of letters and signs without blanks, that it is code or an address rather than words.
var glued = regexp.MustCompile(`[=<>{}\\|@$^]|[\p{L}\p{N}_][(\[]|://`)

const longestGlued = 40 // letters of such a run that are kept

// words splits a text: letters without accents, lower case, no apostrophes and no "'s". A run without blanks that is plainly
// no words ("onerror=alert(1)") is one word that nothing knows.
func words(text string) []word {
	var found []word
	var current strings.Builder
	pause := false
	letters := []rune(strings.ToLower(norm.NFKD.String(text)) + " ")
	seen := 0 // runs are looked at once, at their first letter
	for at := 0; at < len(letters); at++ {
		c := letters[at]
		if at >= seen && alphanumeric(c) {
			run := runOf(letters[at:])
			seen = at + len(run)
			if glued.MatchString(string(run)) {
				found = append(found, word{string(run[:min(len(run), longestGlued)]), pause})
				pause = false
				at = seen - 1
				continue
			}
		}
		if alphanumeric(c) {
			current.WriteRune(c)
			continue
		}
		if unicode.Is(unicode.Mn, c) || c == '\'' || c == '’' {
			if c != '\'' && c != '’' || current.Len() == 0 {
				continue
			}
			if letters[at+1] == 's' && !alphanumeric(letters[at+2]) {
				at++ // "a witch's hat" is a witch hat
			}
			continue
		}
		if current.Len() > 0 {
			found = append(found, word{current.String(), pause})
			current.Reset()
			pause = false
		}
		if c == '&' || c == '+' {
			found = append(found, word{"and", false})
		}
		pause = pause || strings.ContainsRune(",;.:!?()/\n", c)
	}
	return found
}

func alphanumeric(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }

// runOf returns what stands at the start of the text without blanks, up to its last letter.
func runOf(text []rune) []rune {
	end := slices.IndexFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\n\r", c) })
	for !alphanumeric(text[end-1]) {
		end--
	}
	return text[:end]
}

// clean is the text in the form the lexicon's phrases have.
func clean(text string) string {
	found := words(text)
	plain := make([]string, len(found))
	for i, w := range found {
		plain[i] = w.text
	}
	return strings.Join(plain, " ")
}

// singular lists what the phrase could be the plural of.
func singular(phrase string) []string {
	var found []string
	for _, end := range [][2]string{{"s", ""}, {"es", ""}, {"ies", "y"}} {
		if stem, ok := strings.CutSuffix(phrase, end[0]); ok {
			found = append(found, stem+end[1])
		}
	}
	return found
}

// slips counts letters added, left out, changed or swapped with a neighbour between a and b; limit when that many or
// more (optimal string alignment distance).
func slips(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d >= limit || -d >= limit {
		return limit
	}
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		now := make([]int, len(y)+1)
		now[0] = i
		for j := 1; j <= len(y); j++ {
			change := row[j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			now[j] = min(row[j]+1, now[j-1]+1, change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, row = row, now
	}
	return min(row[len(y)], limit)
}

// Replace returns the text with each first word of a pair replaced by the second, in the form of the reader: lower case,
// one blank between words, a comma where there was a pause. Without pairs it is the text as it is.
func Replace(text string, pairs [][2]string) string {
	if len(pairs) == 0 {
		return text
	}
	var b strings.Builder
	for i, w := range words(text) {
		if i > 0 {
			if w.pause {
				b.WriteByte(',')
			}
			b.WriteByte(' ')
		}
		for _, p := range pairs {
			if w.text == p[0] {
				w.text = p[1]
				break
			}
		}
		b.WriteString(w.text)
	}
	return b.String()
}
