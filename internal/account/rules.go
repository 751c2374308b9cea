package account

import (
	_ "embed" // the list of common passwords
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"bottega/internal/fault"
)

// Bounds of what is accepted. maxPassword bounds the hash's input, not people: it is above any pass phrase.
const (
	minPassword = 10 // characters
	maxPassword = 256
	maxEmail    = 254 // RFC 5321
)

// commonWords are what people start a password with when asked for a longer one: the head of every published list of
// leaked passwords, without the digits and signs that get appended.
//
//go:embed common.txt
var commonWords string

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// lookupEmail is normalEmail for a search: what no stored address can be, and no database text can hold, finds nothing.
func lookupEmail(s string) string {
	if len(s) > 2*maxEmail || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return ""
	}
	return normalEmail(s)
}

// checkEmail returns the address in the form it is stored in, or what is wrong with it.
func checkEmail(s string) (string, []fault.Field) {
	email := normalEmail(s)
	bad := func(message string) (string, []fault.Field) {
		return email, []fault.Field{{Name: "email", Value: s, Message: message, Allowed: "an address like name@example.com"}}
	}
	if email == "" {
		return email, []fault.Field{{Name: "email", Message: "is required"}}
	}
	if len(email) > maxEmail {
		return bad("is too long")
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Name != "" || parsed.Address != email || strings.ContainsAny(email, "\"\\ ()<>,;:[]") {
		return bad("is not an e-mail address")
	}
	for _, r := range email {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == utf8.RuneError {
			return bad("has an invisible character")
		}
	}
	return email, nil
}

// checkPassword says what is wrong with a new password. The value is never part of the answer.
func checkPassword(password, email string) []fault.Field {
	bad := func(message string) []fault.Field {
		return []fault.Field{{Name: "password", Message: message, Allowed: "10 to 256 characters that nobody would guess"}}
	}
	n := utf8.RuneCountInString(password)
	switch {
	case password == "":
		return []fault.Field{{Name: "password", Message: "is required"}}
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return bad("is not valid text")
	case n < minPassword:
		return bad("is too short")
	case n > maxPassword:
		return bad("is too long")
	case guessable(password, email):
		return bad("is easy to guess")
	}
	return nil
}

// guessable reports whether a password is one of the first that anybody would try.
func guessable(password, email string) bool {
	lower := strings.ToLower(password)
	local, _, _ := strings.Cut(email, "@")
	if lower == email || (len(local) >= 3 && stem(lower) == stem(local)) {
		return true
	}
	if fewLetters(lower) || straight(lower) {
		return true
	}
	word := stem(lower)
	for common := range strings.Lines(commonWords) {
		common = strings.TrimSpace(common)
		if common != "" && (lower == common || word == common || word == common+common) {
			return true
		}
	}
	return false
}

// stem undoes the usual disguises: digits and signs at either end, and letters written as digits.
func stem(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "@", "a", "$", "s").Replace(s)
}

// fewLetters reports whether fewer than four different characters make the whole password.
func fewLetters(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 4
}

// straight reports whether the password runs along the alphabet, the digits or a row of the keyboard.
func straight(s string) bool {
	for _, row := range []string{
		"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	} {
		long := row + row
		if strings.Contains(long, s) || strings.Contains(reversed(long), s) {
			return true
		}
	}
	return false
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
