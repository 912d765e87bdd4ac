package event

import (
	"bytes"

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

// redactEscaped replaces whole strings whose escapes hide a secret.
func redactEscaped(raw []byte) ([]byte, bool) {
	text := string(raw)
	s := scanner{text: text}
	var out []byte
	last := 0
	for s.at < len(text) {
		if text[s.at] != '"' {
			s.at++
			continue
		}
		start := s.at
		plain, _, p := s.string()
		if p != nil {
			s.at = start + 1
			continue
		}
		if identifier.FindSecret(plain, 0).Kind == identifier.NoSecret {
			continue
		}
		out = append(append(out, text[last:start+1]...), redacted...)
		last = s.at - 1
	}
	if last == 0 {
		return raw, false
	}
	return append(out, text[last:]...), true
}
