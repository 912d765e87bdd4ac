package event

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// kinds is a set of kinds of JSON values.
type kinds uint16

const (
	wantNull    kinds = 1 << kindNull
	wantBoolean kinds = 1<<kindFalse | 1<<kindTrue
	wantNumber  kinds = 1 << kindNumber
	wantString  kinds = 1 << kindString
	wantObject  kinds = 1 << kindObject
	wantArray   kinds = 1 << kindArray
)

// rule is one compiled schema: what a value must be. Each check concerns values of its own kind only, as in JSON Schema.
type rule struct {
	kinds   kinds
	integer bool
	send    string // what to send instead, for a value of a wrong kind or form

	fixed    *int64
	min, max *int64

	minLength, maxLength int // characters; maxLength -1 = none
	enum                 map[string]string
	form                 func(string) bool

	minItems, maxItems int // maxItems -1 = none
	items              []*rule

	members  []uint8 // by name: place in fields + 1; 0 = unknown
	fields   []field
	required uint64 // bit per field
}

type field struct {
	name  uint16
	rules []*rule // all hold
}

// Dropped counts the fields of one object that the contract does not know.
type Dropped struct {
	At    string // pointer of the object, with * for a place in an array
	Count int
}

// checker applies rules to a tree. It counts the unknown fields on the way.
type checker struct {
	tree    *tree
	names   *names
	dropped []Dropped
	path    []string
}

func (c *checker) check(n *node, r *rule) *problem {
	if r.kinds&(1<<n.kind) == 0 {
		return &problem{"", ReasonWrongType, r.send}
	}
	switch n.kind {
	case kindString:
		return checkString(n.text, r)
	case kindNumber:
		return checkNumber(n.text, r)
	case kindObject:
		return c.object(n, r)
	case kindArray:
		return c.array(n, r)
	default: // null, true and false have nothing but their kind
		return nil
	}
}

func checkString(s string, r *rule) *problem {
	if r.minLength > 0 && utf8.RuneCountInString(s) < r.minLength {
		return &problem{"", ReasonTooShort, "send at least " + strconv.Itoa(r.minLength) + " character"}
	}
	if r.maxLength >= 0 && len(s) > r.maxLength && utf8.RuneCountInString(s) > r.maxLength {
		return &problem{"", ReasonTooLong, "send at most " + strconv.Itoa(r.maxLength) + " characters"}
	}
	if r.enum != nil {
		if _, ok := r.enum[s]; !ok {
			return &problem{"", ReasonNotListed, r.send}
		}
	}
	if r.form != nil && !r.form(s) {
		return &problem{"", ReasonBadForm, r.send}
	}
	return nil
}

func checkNumber(s string, r *rule) *problem {
	if !r.integer {
		return nil
	}
	i, whole, fits := parseInteger(s)
	switch {
	case !whole:
		return &problem{"", ReasonWrongType, r.send}
	case r.fixed != nil && (!fits || i != *r.fixed):
		return &problem{"", ReasonNotListed, "send " + strconv.FormatInt(*r.fixed, 10)}
	case r.min != nil && below(s, i, fits, *r.min):
		return &problem{"", ReasonTooSmall, "send at least " + strconv.FormatInt(*r.min, 10)}
	case r.max != nil && above(s, i, fits, *r.max):
		return &problem{"", ReasonTooBig, "send at most " + strconv.FormatInt(*r.max, 10)}
	}
	return nil
}

// below and above compare a whole number, i when it fits into int64 and else as its text tells by the sign.
func below(s string, i int64, fits bool, limit int64) bool {
	return fits && i < limit || !fits && s[0] == '-'
}

func above(s string, i int64, fits bool, limit int64) bool {
	return fits && i > limit || !fits && s[0] != '-'
}

// parseInteger reads a JSON number that is whole, in whatever spelling (4599, 4599.0, 4.599e3). fits: it is within int64.
func parseInteger(s string) (i int64, whole, fits bool) {
	if len(s) <= 18 && !strings.ContainsAny(s, ".eE") {
		i, err := strconv.ParseInt(s, 10, 64)
		return i, err == nil, err == nil
	}
	mantissa, sign := strings.TrimPrefix(s, "-"), ""
	if len(mantissa) < len(s) {
		sign = "-"
	}
	exponent := 0
	if e := strings.IndexAny(mantissa, "eE"); e >= 0 {
		exponent, _ = strconv.Atoi(mantissa[e+1:]) // at most three digits: the scanner has seen to that
		mantissa = mantissa[:e]
	}
	before, after, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(before+after, "0")
	point := len(before) + exponent - (len(before) + len(after) - len(digits)) // how many of the digits stand before the point
	digits = strings.TrimRight(digits, "0")
	switch {
	case digits == "":
		return 0, true, true
	case point < len(digits):
		return 0, false, false
	case point > 19:
		return 0, true, false
	}
	i, err := strconv.ParseInt(sign+digits+strings.Repeat("0", point-len(digits)), 10, 64)
	return i, true, err == nil
}

func (c *checker) array(n *node, r *rule) *problem {
	if int(n.count) < r.minItems {
		return &problem{"", ReasonTooFew, "send at least " + strconv.Itoa(r.minItems) + " of them"}
	}
	if r.maxItems >= 0 && int(n.count) > r.maxItems {
		return &problem{"", ReasonTooMany, "send at most " + strconv.Itoa(r.maxItems) + " of them"}
	}
	if len(r.items) == 0 {
		return nil
	}
	c.path = append(c.path, unnamed)
	i := 0
	for k := n.child; k != 0; k = c.tree.nodes[k].next {
		for _, item := range r.items {
			if p := c.check(&c.tree.nodes[k], item); p != nil {
				return p.at(i)
			}
		}
		i++
	}
	c.path = c.path[:len(c.path)-1]
	return nil
}

func (c *checker) object(n *node, r *rule) *problem {
	if r.members == nil {
		return nil
	}
	var shown uint64
	unknown := 0
	for k := n.child; k != 0; k = c.tree.nodes[k].next {
		child := &c.tree.nodes[k]
		place := r.members[child.name]
		if place == 0 {
			unknown++
			continue
		}
		shown |= 1 << (place - 1)
		if p := c.member(child, &r.fields[place-1]); p != nil {
			return p.under(c.names.texts[child.name])
		}
	}
	if unknown > 0 {
		c.drop(unknown)
	}
	if missing := r.required &^ shown; missing != 0 {
		return r.missing(missing, c.names)
	}
	return nil
}

func (c *checker) member(n *node, f *field) *problem {
	c.path = append(c.path, c.names.texts[f.name])
	for _, r := range f.rules {
		if p := c.check(n, r); p != nil {
			return p
		}
	}
	c.path = c.path[:len(c.path)-1]
	return nil
}

func (r *rule) missing(bits uint64, n *names) *problem {
	for i := range r.fields {
		if bits&(1<<i) != 0 {
			name := n.texts[r.fields[i].name]
			return &problem{"/" + name, ReasonRequired, "send the field `" + name + "`"}
		}
	}
	return nil
}

func (c *checker) drop(unknown int) {
	at := strings.Join(c.path, "/")
	if at != "" {
		at = "/" + at
	}
	c.dropped = count(c.dropped, at, unknown)
}

// count adds to the number of dropped fields of a place.
func count(list []Dropped, at string, n int) []Dropped {
	for i := range list {
		if list[i].At == at {
			list[i].Count += n
			return list
		}
	}
	return append(list, Dropped{At: at, Count: n})
}
