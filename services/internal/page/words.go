package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rcu/pkg/yamlfile"
)

// Words are the texts of pages: a file of `key: {fr: ..., en: ...}`. A text may hold verbs of fmt, the same ones in the same order in both
// languages. A counted text has two keys, KEY.one and KEY.other.
type Words map[string]map[Language]string

// ParseWords reads a file of words and reports all of its problems at once.
func ParseWords(file []byte) (Words, error) {
	var words Words
	if err := yamlfile.Decode(file, &words); err != nil {
		return nil, fmt.Errorf("reading words: %w", err)
	}
	var problems []string
	for key, texts := range words {
		for _, l := range Languages() {
			if texts[l] == "" {
				problems = append(problems, fmt.Sprintf("%s has no text in %s", key, l))
			}
		}
		if len(texts) > len(Languages()) {
			problems = append(problems, key+" has a language that is not known")
		}
		if !slices.Equal(verbs(texts[French]), verbs(texts[English])) {
			problems = append(problems, key+" has other verbs in fr than in en")
		}
		if base, counted := strings.CutSuffix(key, ".one"); counted && words[base+".other"] == nil {
			problems = append(problems, key+" has no "+base+".other beside it")
		}
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, fmt.Errorf("reading words: %s", strings.Join(problems, "; "))
	}
	return words, nil
}

// In returns a text in a language, filled with args; a key that is not there is shown as it is, so that it is seen.
func (w Words) In(l Language, key string, args ...any) string {
	text, ok := w[key][l]
	switch {
	case !ok:
		return key
	case len(args) == 0:
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Counted returns the text of a number of things, filled with the number and args.
func (w Words) Counted(l Language, key string, n int, args ...any) string {
	form := ".other"
	if n == 1 || (l == French && n == 0) {
		form = ".one"
	}
	return w.In(l, key+form, append([]any{n}, args...)...)
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(?:\.[0-9]+)?(?:\[[0-9]+\])?[a-zA-Z]`)

func verbs(text string) []string { return verb.FindAllString(strings.ReplaceAll(text, "%%", ""), -1) }
