package read

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

const vectors = "../../../../tempera/vectors/"

func load(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(vectors + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func vectorReader(t testing.TB) *Reader {
	t.Helper()
	data, err := os.ReadFile(vectors + "lexicon.json")
	if err != nil {
		t.Fatal(err)
	}
	lexicon, err := ParseLexicon(data)
	if err != nil {
		t.Fatal(err)
	}
	return NewReader(lexicon)
}

func TestTokenizer_AgreesWithReference(t *testing.T) {
	var v struct {
		Vocab []string
		Rows  []struct {
			Text string
			IDs  []int64
		}
	}
	load(t, "tokens", &v)
	tokenizer, err := ParseVocab([]byte(strings.Join(v.Vocab, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range v.Rows {
		if got := tokenizer.Encode(row.Text); !reflect.DeepEqual(got, row.IDs) {
			t.Errorf("%q: %v, reference %v", row.Text, got, row.IDs)
		}
	}
}

func TestReader_AgreesWithReference(t *testing.T) {
	var rows []struct {
		Prompt string
		Scene  json.RawMessage
	}
	load(t, "reading", &rows)
	r := vectorReader(t)
	for _, row := range rows {
		var want Scene
		if err := json.Unmarshal(row.Scene, &want); err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, r.Read(row.Prompt)), text(t, want); got != want {
			t.Errorf("%q:\n got %s\nwant %s", row.Prompt, got, want)
		}
	}
}

// text is the scene with nil and empty lists alike.
func text(t *testing.T, s Scene) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "null", "[]")
}

// likenedReader is the vectors' reader with a table of near words.
func likenedReader(t testing.TB) *Reader {
	r := vectorReader(t)
	if err := json.Unmarshal([]byte(`{"vixen": ["fox", 0.71], "crimson": ["red", 0.8], "grotto": ["castle", 0.4],
		"tabby": ["cat", 0.7], "whimsical": ["cute", 0.5]}`), &r.Lexicon.Near); err != nil {
		t.Fatal(err)
	}
	return NewReader(r.Lexicon)
}

func TestReader_ReadsUnknownWordsAsTheNearestKnown(t *testing.T) {
	r := likenedReader(t)
	for prompt, like := range map[string]string{
		"a vixen on a hill": "a fox on a hill", "two crimson vixens": "two red foxs", "a whimsical tabby inside a grotto": "a cat inside a castle",
	} {
		got, want := r.Read(prompt), r.Read(like)
		if len(got.Unknown) > 0 || len(got.Likened) == 0 {
			t.Errorf("%q: unknown %v, likened %v", prompt, got.Unknown, got.Likened)
		}
		got.Likened = nil
		if got, want := text(t, got), text(t, want); got != want {
			t.Errorf("%q:\n got %s\nwant %s", prompt, got, want)
		}
	}
	if got := r.Read("a vixen and a vixen").Likened; !reflect.DeepEqual(got, [][2]string{{"vixen", "fox"}}) {
		t.Errorf("likened %v, want vixen to fox once", got)
	}
}

func TestParseLexicon_RefusesADamagedTableOfNearWords(t *testing.T) {
	for _, near := range []string{`{"vixen": "fox"}`, `{"vixen": []}`, `{"vixen": ["fox", "very"]}`, `{"vixen": ["fox", 1, 2]}`} {
		if _, err := ParseLexicon([]byte(`{"near":` + near + `}`)); err == nil {
			t.Errorf("%s was taken", near)
		}
	}
}

func TestParseLexicon_RefusesPhraseWithoutConcept(t *testing.T) {
	_, err := ParseLexicon([]byte(`{"phrases":{"fox":"1f98a"}}`))
	if err == nil || !strings.Contains(err.Error(), "fox") {
		t.Fatalf("error %v does not name the phrase", err)
	}
}

func TestParseVocab_RefusesForeignFile(t *testing.T) {
	if _, err := ParseVocab([]byte("hello\nworld\n")); err == nil {
		t.Fatal("a list without special tokens was taken as the vocabulary")
	}
}

func FuzzReader(f *testing.F) {
	r := likenedReader(f)
	for _, s := range []string{"a red fox on a hill", "12 apples and", "in a in a in a", "no no fox", "and red and", "of of cat of cat", "crimson vixens"} {
		f.Add(s)
	}
	tokenizer, err := ParseVocab([]byte("<pad>\n<unk>\n<sep>\na\n##b\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		s := r.Read(prompt)
		if len(s.Groups) > mostGroups {
			t.Errorf("%d groups", len(s.Groups))
		}
		for i, g := range s.Groups {
			if r.concepts[g.Concept] == nil || g.Count < 1 || g.Count > mostOfAKind || g.Size <= 0 {
				t.Errorf("impossible group %+v", g)
			}
			if (i == 0) != (g.Relation == "") && i > 0 {
				t.Errorf("group %d has relation %q", i, g.Relation)
			}
			for _, c := range g.Colours {
				if _, ok := r.Lexicon.Colours[c]; !ok {
					t.Errorf("unknown colour %q", c)
				}
			}
		}
		for _, w := range s.Unknown {
			if !utf8.ValidString(w) || w == "" {
				t.Errorf("unknown word %q", w)
			}
		}
		if got := tokenizer.Encode(prompt); len(got) != TokenLength {
			t.Errorf("%d tokens", len(got))
		}
	})
}
