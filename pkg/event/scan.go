package event

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// maxDepth is how deep an event may nest; the contracts need six levels.
const maxDepth = 16

// scanner reads one JSON text strictly (RFC 8259): no duplicate names, no invalid UTF-8, no U+0000, finite numbers, nothing behind the value.
type scanner struct {
	text  string
	at    int
	names *names
	tree  *tree
	skip  uint16 // member of the event that its hash leaves out
}

// scan parses a text into t.
func scan(text string, n *names, t *tree) *problem {
	s := scanner{text: text, names: n, tree: t, skip: nSentAt}
	s.space()
	if s.at == len(text) {
		return &problem{"", ReasonEmpty, "send one JSON object"}
	}
	hash, p := s.value(0, 0)
	if p != nil {
		return p
	}
	if s.space(); s.at < len(text) {
		return &problem{"", ReasonTrailing, "send nothing behind the JSON object"}
	}
	t.hash = hash
	return nil
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) invalid(what string) *problem {
	if s.at >= len(s.text) {
		return &problem{"", ReasonInvalidJSON, "send valid JSON: it ends too early, at byte " + strconv.Itoa(s.at)}
	}
	return &problem{"", ReasonInvalidJSON, "send valid JSON: " + what + " at byte " + strconv.Itoa(s.at)}
}

// value parses one value into a new node and returns the hash of its content.
func (s *scanner) value(name uint16, depth int) (uint64, *problem) {
	if depth > maxDepth {
		return 0, &problem{"", ReasonTooDeep, "nest at most " + strconv.Itoa(maxDepth) + " levels"}
	}
	self := len(s.tree.nodes)
	s.tree.nodes = append(s.tree.nodes, node{name: name})
	switch c := s.peek(); {
	case c == '{':
		return s.object(self, depth)
	case c == '[':
		return s.array(self, depth)
	case c == '"':
		return s.stringValue(self)
	case c == '-' || c >= '0' && c <= '9':
		return s.number(self)
	default:
		return s.word(self)
	}
}

var words = []struct {
	text string
	kind kind
}{{"true", kindTrue}, {"false", kindFalse}, {"null", kindNull}}

func (s *scanner) word(self int) (uint64, *problem) {
	rest := s.text[s.at:]
	for _, w := range words {
		if len(rest) >= len(w.text) && rest[:len(w.text)] == w.text {
			s.at += len(w.text)
			s.tree.nodes[self].kind = w.kind
			return mix(uint64(w.kind) + 1), nil
		}
	}
	if begins(rest, "NaN") || begins(rest, "Infinity") || begins(rest, "nan") || begins(rest, "inf") {
		return 0, notFinite()
	}
	return 0, s.invalid("a value is expected")
}

func begins(text, prefix string) bool {
	return len(text) >= len(prefix) && text[:len(prefix)] == prefix
}

func notFinite() *problem {
	return &problem{"", ReasonNumberRange, "send a finite decimal number; NaN, Infinity and numbers beyond 1e308 are none"}
}

func (s *scanner) number(self int) (uint64, *problem) {
	start := s.at
	if p := s.whole(); p != nil {
		return 0, p
	}
	integerEnd := s.at
	if p := s.fraction(); p != nil {
		return 0, p
	}
	if p := s.exponent(); p != nil {
		return 0, p
	}
	text := s.text[start:s.at]
	if s.at > integerEnd || len(text) > 300 {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return 0, notFinite()
		}
	}
	n := &s.tree.nodes[self]
	n.kind, n.text = kindNumber, text
	if len(text) >= minSecretDigits {
		s.note(self, text)
	}
	return mix(xxhash.Sum64String(text) ^ 0x9e3779b97f4a7c15), nil
}

// whole reads the sign and the digits before the point.
func (s *scanner) whole() *problem {
	if s.peek() == '-' {
		s.at++
	}
	switch c := s.peek(); {
	case c == '0':
		s.at++
	case c >= '1' && c <= '9':
		s.digits()
	case begins(s.text[s.at:], "Inf"):
		return notFinite()
	default:
		return s.invalid("a digit is expected")
	}
	return nil
}

// fraction reads the point and the digits after it, if there is one.
func (s *scanner) fraction() *problem {
	if s.peek() != '.' {
		return nil
	}
	s.at++
	if !s.digits() {
		return s.invalid("a digit is expected")
	}
	return nil
}

// exponent reads a power of ten of at most three digits, if there is one.
func (s *scanner) exponent() *problem {
	if c := s.peek(); c != 'e' && c != 'E' {
		return nil
	}
	s.at++
	if c := s.peek(); c == '+' || c == '-' {
		s.at++
	}
	from := s.at
	if !s.digits() {
		return s.invalid("a digit is expected")
	}
	if s.at-from > 3 {
		return notFinite()
	}
	return nil
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

func (s *scanner) stringValue(self int) (uint64, *problem) {
	text, suspect, p := s.string()
	if p != nil {
		return 0, p
	}
	n := &s.tree.nodes[self]
	n.kind, n.text = kindString, text
	if suspect {
		s.note(self, text)
	}
	return mix(xxhash.Sum64String(text)), nil
}

func (s *scanner) array(self, depth int) (uint64, *problem) {
	s.tree.nodes[self].kind = kindArray
	s.at++
	if s.space(); s.peek() == ']' {
		s.at++
		return mix(3), nil
	}
	hash, last := uint64(3), 0
	for i := 0; ; i++ {
		child := len(s.tree.nodes)
		h, p := s.value(0, depth+1)
		if p != nil {
			return 0, p.at(i)
		}
		hash = mix(hash*31 + h)
		s.link(self, last, child)
		last = child
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			s.space()
		case ']':
			s.at++
			return hash, nil
		default:
			return 0, s.invalid("a comma or ] is expected")
		}
	}
}

func (s *scanner) link(parent, last, child int) {
	if last == 0 {
		s.tree.nodes[parent].child = int32(child) //nolint:gosec // fewer nodes than bytes: MaxBytes
	} else {
		s.tree.nodes[last].next = int32(child) //nolint:gosec // fewer nodes than bytes: MaxBytes
	}
	s.tree.nodes[parent].count++
}

// mix spreads a hash over all its bits (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
