package identity

import "encoding/hex"

// tells reports whether a probable match is an answer of its own: not between two that are like too many others, where it is not stored
// unless an act is, too.
func (s *solution) tells(e *Edge) bool {
	a, b := s.ev.nodes[e.A], s.ev.nodes[e.B]
	return len(e.Compared) > 0 && (a == nil || b == nil || !a.LikeMany || !b.LikeMany)
}

// match reads a comparison of two records. The records are named in hexadecimal digits.
func (fr *factReader) match(o *object) *SolveError {
	m := &Match{ID: o.text("id", true), A: keyOf(o.text("a", true)), B: keyOf(o.text("b", true)), Compared: Compared{At: o.number("at", true, 0)}}
	probability := o.number("millionths", true, 0)
	if probability > Certain {
		o.fail("millionths", "is out of range", "use 0 to 1000000")
	}
	m.Millionths = uint32(probability) //nolint:gosec // as just checked
	var records []string
	if o.decode("records", true, &records, "use a list of two names") && o.bad == nil && len(records) != len(m.Records) {
		o.fail("records", "are not two", "name the record of a and the record of b")
	}
	for i, text := range records {
		name, err := hex.DecodeString(text)
		if err != nil {
			o.fail("records", "hold what is no name of a record", "use hexadecimal digits")
		}
		if i < len(m.Records) {
			m.Records[i] = string(name)
		}
	}
	if o.bad != nil {
		return o.bad
	}
	m.order()
	isNew, bad := fr.first("match", m.ID, m)
	if isNew {
		fr.facts.Matches = append(fr.facts.Matches, m)
	}
	return bad
}

// order puts the lesser end first.
func (m *Match) order() {
	if Lesser(m.B, m.A) {
		m.A, m.B, m.Records = m.B, m.A, [2]string{m.Records[1], m.Records[0]}
	}
}
