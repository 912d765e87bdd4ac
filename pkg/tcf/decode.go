package tcf

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxLength bounds a string. The longest that is lawful in practice, with restrictions on a thousand vendors, has a tenth of it.
const MaxLength = 32 << 10

var (
	// ErrVersion says that a string is of another version of the framework.
	ErrVersion = errors.New("not version 2")
	// ErrSegment says that segments are unknown, repeated, too many or in no order that is allowed.
	ErrSegment = errors.New("segment is out of place")
	// ErrLength says that a string is longer than MaxLength.
	ErrLength = errors.New("longer than any consent string")
)

// String is what a consent string says.
type String struct {
	Created, Updated  time.Time // Updated is when the person chose last
	CMP, CMPVersion   int
	Screen            int
	Language          string // of the texts shown
	VendorListVersion int
	PolicyVersion     int
	ServiceSpecific   bool
	NonStandardTexts  bool
	SpecialFeatures   Set // opted in to
	Consents          Set // purposes consented to
	Interests         Set // purposes for which legitimate interest was shown and not objected to
	OneTreatment      bool
	Country           string // of the publisher; AA = not said
	VendorConsents    Set
	VendorInterests   Set
	Restrictions      []Restriction
	Disclosed         *Set // vendors shown to the person; nil = the string does not say
	Allowed           *Set // vendors that the publisher allows out of band; nil = the string does not say
	Publisher         *Publisher
}

// RestrictionType is how a publisher narrows a purpose for vendors.
type RestrictionType int

// The types of restrictions.
const (
	NotAllowed RestrictionType = iota
	RequireConsent
	RequireInterest
)

// Restriction is a rule of the publisher over the purposes that vendors declare.
type Restriction struct {
	Purpose int
	Type    RestrictionType
	Vendors Set
}

// Publisher is the segment in which a publisher keeps what was chosen about its own use of data.
type Publisher struct {
	Consents, Interests             Set // purposes of the framework
	Custom                          int // number of purposes of its own
	CustomConsents, CustomInterests Set
}

// segment types, as the first three bits of every segment but the core have them.
const (
	segmentDisclosed = 1
	segmentAllowed   = 2
	segmentPublisher = 3
)

// Widths of the framework.
const (
	features       = 12
	purposes       = 24
	maxRestriction = 3 // the first type that is not defined
)

// Decode reads a string. An error never repeats any part of it.
func Decode(text string) (*String, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("reading a consent string of %d bytes: %w", len(text), ErrLength)
	}
	core, rest, more := strings.Cut(text, ".")
	s, err := decodeCore(core)
	if err != nil {
		return nil, fmt.Errorf("reading the core of a consent string: %w", err)
	}
	for more {
		var segment string
		segment, rest, more = strings.Cut(rest, ".")
		if err := s.decodeSegment(segment); err != nil {
			return nil, fmt.Errorf("reading a segment of a consent string: %w", err)
		}
	}
	return s, nil
}

func decodeCore(segment string) (*String, error) {
	r, err := readBits(segment)
	if err != nil {
		return nil, err
	}
	if version := r.uint("version", 6); r.err == nil && version != 2 {
		return nil, ErrVersion
	}
	s := &String{
		Created: r.deciseconds("created"), Updated: r.deciseconds("last updated"),
		CMP: r.uint("cmp id", 12), CMPVersion: r.uint("cmp version", 12), Screen: r.uint("consent screen", 6),
		Language: r.letters("consent language"), VendorListVersion: r.uint("vendor list version", 12),
		PolicyVersion: r.uint("policy version", 6), ServiceSpecific: r.bool("is service specific"),
		NonStandardTexts: r.bool("use non-standard texts"),
		SpecialFeatures:  r.ids("special features", features),
		Consents:         r.ids("purpose consents", purposes),
		Interests:        r.ids("purpose legitimate interests", purposes),
		OneTreatment:     r.bool("purpose one treatment"), Country: r.letters("publisher country"),
	}
	s.VendorConsents = r.vendors("vendor consents")
	s.VendorInterests = r.vendors("vendor legitimate interests")
	s.Restrictions = r.restrictions()
	if s.Updated.Before(s.Created) {
		r.fail(ErrContent)
	}
	return s, r.end()
}

func (s *String) decodeSegment(segment string) error {
	r, err := readBits(segment)
	if err != nil {
		return err
	}
	switch r.uint("segment type", 3) {
	case segmentDisclosed:
		return s.once(&s.Disclosed, r, "disclosed vendors")
	case segmentAllowed:
		return s.once(&s.Allowed, r, "allowed vendors")
	case segmentPublisher:
		if s.Publisher != nil {
			return ErrSegment
		}
		s.Publisher = r.publisher()
		return r.end()
	}
	if r.err != nil {
		return r.err
	}
	return ErrSegment
}

// once reads the vendors of a segment that may stand there once.
func (s *String) once(into **Set, r *bits, what string) error {
	if *into != nil {
		return ErrSegment
	}
	v := r.vendors(what)
	*into = &v
	return r.end()
}

func (r *bits) publisher() *Publisher {
	p := &Publisher{
		Consents:  r.ids("publisher consents", purposes),
		Interests: r.ids("publisher legitimate interests", purposes),
		Custom:    r.uint("number of custom purposes", 6),
	}
	p.CustomConsents = r.ids("custom consents", p.Custom)
	p.CustomInterests = r.ids("custom legitimate interests", p.Custom)
	return p
}

// vendors reads a set of vendors in either encoding.
func (r *bits) vendors(what string) Set {
	highest := r.uint(what, 16)
	if !r.bool(what) {
		return r.ids(what, highest)
	}
	return r.ranges(what, highest)
}

// ranges reads a list of ids and ranges up to the highest id.
func (r *bits) ranges(what string, highest int) Set {
	n := r.uint(what, 12)
	var out []span
	for range n {
		many := r.bool(what)
		first := r.uint(what, 16)
		last := first
		if many {
			last = r.uint(what, 16)
		}
		if r.err != nil {
			return Set{}
		}
		if first == 0 || last < first || last > highest {
			r.fail(ErrContent)
			return Set{}
		}
		out = append(out, span{first, last})
	}
	return setOf(out)
}

// maxVendor is the highest id that fits.
const maxVendor = 1<<16 - 1

func (r *bits) restrictions() []Restriction {
	n := r.uint("number of publisher restrictions", 12)
	var out []Restriction
	for range n {
		x := Restriction{Purpose: r.uint("restricted purpose", 6), Type: RestrictionType(r.uint("restriction type", 2))}
		x.Vendors = r.ranges("restricted vendors", maxVendor)
		if r.err != nil {
			return nil
		}
		if x.Purpose < 1 || x.Purpose > purposes || x.Type >= maxRestriction {
			r.fail(ErrContent)
			return nil
		}
		if !x.Vendors.Empty() { // some platforms write one for every purpose
			out = append(out, x)
		}
	}
	return out
}
