package event

import (
	"bytes"
	"strings"

	"rcu/pkg/identifier"
)

const redacted = "[redacted]"

// Redact returns the bytes with every payment card number and IBAN replaced, and whether there were any. It reads any bytes, so that a
// truncated body may be kept as well. Bytes without any are returned as they are.
func Redact(raw []byte) (clean []byte, found bool) {
	clean, found = redactPlain(raw)
	if bytes.IndexByte(raw, '\\') < 0 {
		return clean, found
	}
	again, more := redactEscaped(clean)
	return again, found || more
}

func redactPlain(raw []byte) ([]byte, bool) {
	text := string(raw)
	var out []byte
	last, quoted := 0, false
	for {
		f := identifier.FindSecret(text, last)
		if f.Kind == identifier.NoSecret {
			break
		}
		quoted = inString(text[last:f.Start], quoted)
		start, mark := f.Start, redacted
		if !quoted { // a number: a string in its place keeps the JSON valid
			mark = `"` + redacted + `"`
			if start > last && text[start-1] == '-' {
				start--
			}
		}
		out = append(append(out, text[last:start]...), mark...)
		last = f.End
	}
	if last == 0 {
		return raw, false
	}
	return append(out, text[last:]...), true
}

// inString reports whether the end of a piece of JSON lies in a string, given whether its start did.
func inString(piece string, quoted bool) bool {
	for i := 0; i < len(piece); i++ {
		switch {
		case piece[i] == '"':
			quoted = !quoted
		case piece[i] == '\\' && quoted:
			i++
		}
	}
	return quoted
}

// redactEscaped replaces whole strings whose escapes hide a secret. It reads leniently: the bytes may be no JSON, or end in a string.
func redactEscaped(raw []byte) ([]byte, bool) {
	text := string(raw)
	var out []byte
	last := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		end, plain := lenient(text, i+1)
		if plain != "" && identifier.FindSecret(plain, 0).Kind != identifier.NoSecret {
			out = append(append(out, text[last:i+1]...), redacted...)
			last = end
		}
		i = end
	}
	if last == 0 {
		return raw, false
	}
	return append(out, text[last:]...), true
}

// lenient returns the end of the string that begins at start, and what it says; empty when it has no escape.
func lenient(text string, start int) (end int, plain string) {
	var b strings.Builder
	from := start
	for end = start; end < len(text) && text[end] != '"'; end++ {
		if text[end] != '\\' {
			continue
		}
		b.WriteString(text[from:end])
		s := scanner{text: text, at: end}
		if r, p := s.escape(); p == nil {
			b.WriteRune(r)
			end = s.at - 1
		} else {
			end++
		}
		from = end + 1
	}
	if from == start {
		return end, ""
	}
	if from < end {
		b.WriteString(text[from:end])
	}
	return min(end, len(text)), b.String()
}
