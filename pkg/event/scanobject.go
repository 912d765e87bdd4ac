package event

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// seen is the set of member names that an object has shown.
type seen struct {
	known   [maxNames / 64]uint64
	unknown []string
	many    map[string]bool
}

// add reports whether the name stood there already.
func (s *seen) add(id uint16, name string) bool {
	if id != 0 {
		word, bit := &s.known[id/64], uint64(1)<<(id%64)
		again := *word&bit != 0
		*word |= bit
		return again
	}
	if s.many == nil && len(s.unknown) == 16 {
		s.many = make(map[string]bool, 64)
		for _, u := range s.unknown {
			s.many[u] = true
		}
	}
	if s.many != nil {
		again := s.many[name]
		s.many[name] = true
		return again
	}
	if slices.Contains(s.unknown, name) {
		return true
	}
	s.unknown = append(s.unknown, name)
	return false
}

func (s *scanner) object(self, depth int) (uint64, *problem) {
	s.tree.nodes[self].kind = kindObject
	s.at++
	if s.space(); s.peek() == '}' {
		s.at++
		return mix(5), nil
	}
	var members seen
	hash, last := uint64(5), 0
	for {
		id, keyHash, p := s.memberName(&members)
		if p != nil {
			return 0, p
		}
		child := len(s.tree.nodes)
		h, p := s.value(id, depth+1)
		if p != nil {
			return 0, p.under(s.names.texts[id])
		}
		if depth > 0 || id != s.skip || id == 0 {
			hash += mix(keyHash ^ h*0x9e3779b97f4a7c15) // a sum: the order of members is no content
		}
		s.link(self, last, child)
		last = child
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			s.space()
		case '}':
			s.at++
			return mix(hash), nil
		default:
			return 0, s.invalid("a comma or } is expected")
		}
	}
}

// memberName reads `"name" :`.
func (s *scanner) memberName(members *seen) (id uint16, hash uint64, p *problem) {
	if s.peek() != '"' {
		return 0, 0, s.invalid("a name in quotes is expected")
	}
	name, suspect, p := s.string()
	if p != nil {
		return 0, 0, p.under(unnamed)
	}
	id = s.names.ids[name]
	if suspect {
		s.note(-1, name)
	}
	if members.add(id, name) {
		return 0, 0, (&problem{"", ReasonDuplicateKey, "send each name of an object once"}).under(s.names.texts[id])
	}
	if s.space(); s.peek() != ':' {
		return 0, 0, s.invalid("a colon is expected").under(s.names.texts[id])
	}
	s.at++
	s.space()
	return id, xxhash.Sum64String(name), nil
}

// string reads a string in quotes; suspect says that it may hold a payment card number or an IBAN.
func (s *scanner) string() (text string, suspect bool, p *problem) {
	s.at++
	start, digits := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			text = s.text[start:s.at]
			s.at++
			return text, len(text) >= minSecretDigits && digits >= minIBANDigits, nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return "", false, s.control(c)
		case c < 0x80:
			if c >= '0' && c <= '9' {
				digits++
			}
			s.at++
		default:
			_, n := utf8.DecodeRuneInString(s.text[s.at:])
			if n == 1 {
				return "", false, &problem{"", ReasonInvalidUTF8, "send text as valid UTF-8"}
			}
			s.at += n
		}
	}
	return "", false, s.invalid("a quote is expected")
}

func (s *scanner) control(c byte) *problem {
	if c == 0 {
		return nulCharacter()
	}
	return s.invalid("control characters stand escaped in a string, one stands bare")
}

func nulCharacter() *problem {
	return &problem{"", ReasonNUL, "send text without the character U+0000"}
}

// escaped reads a string that has escapes: s.at is at the first one.
func (s *scanner) escaped(start int) (string, bool, *problem) {
	var b strings.Builder
	b.WriteString(s.text[start:s.at])
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return b.String(), b.Len() >= minSecretDigits, nil
		case c == '\\':
			r, p := s.escape()
			if p != nil {
				return "", false, p
			}
			b.WriteRune(r)
		case c < 0x20:
			return "", false, s.control(c)
		default:
			r, n := utf8.DecodeRuneInString(s.text[s.at:])
			if r == utf8.RuneError && n == 1 {
				return "", false, &problem{"", ReasonInvalidUTF8, "send text as valid UTF-8"}
			}
			b.WriteString(s.text[s.at : s.at+n])
			s.at += n
		}
	}
	return "", false, s.invalid("a quote is expected")
}

var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *scanner) escape() (rune, *problem) {
	s.at++
	c := s.peek()
	if c != 'u' {
		r, ok := escapes[c]
		if !ok {
			return 0, s.invalid("no such escape,")
		}
		s.at++
		return r, nil
	}
	r, ok := s.hex4()
	switch {
	case !ok:
		return 0, s.invalid("four hexadecimal digits are expected")
	case r == 0:
		return 0, nulCharacter()
	case !utf16.IsSurrogate(r):
		return r, nil
	}
	if begins(s.text[s.at:], `\u`) {
		s.at++
		if low, ok := s.hex4(); ok {
			if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
				return whole, nil
			}
		}
	}
	return 0, &problem{"", ReasonInvalidUTF8, "send both halves of a surrogate pair, or the character itself"}
}

// hex4 reads `uXXXX`.
func (s *scanner) hex4() (rune, bool) {
	if s.at+5 > len(s.text) {
		s.at = len(s.text)
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.text[s.at+1 : s.at+5]) {
		switch l := c | 0x20; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case l >= 'a' && l <= 'f':
			r = r<<4 | rune(l-'a'+10)
		default:
			return 0, false
		}
	}
	s.at += 5
	return r, true
}
