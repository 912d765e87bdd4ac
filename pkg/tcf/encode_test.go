package tcf_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/tcf"
)

// writer is an encoder of its own, in text: one character a bit, straight from the tables of the format.
type writer struct{ text strings.Builder }

func (w *writer) uint(v, width int) *writer {
	s := strconv.FormatInt(int64(v), 2)
	w.text.WriteString(strings.Repeat("0", width-len(s)) + s)
	return w
}

func (w *writer) time(t time.Time) *writer { return w.uint(int(t.UnixMilli()/100), 36) }

func (w *writer) letters(s string) *writer { return w.uint(int(s[0]-'A'), 6).uint(int(s[1]-'A'), 6) }

func (w *writer) ids(ids []int, width int) *writer {
	for id := 1; id <= width; id++ {
		w.bit(slices.Contains(ids, id))
	}
	return w
}

func (w *writer) bit(v bool) *writer {
	if v {
		return w.uint(1, 1)
	}
	return w.uint(0, 1)
}

// vendors writes ids as a field of bits, or as ranges where ranged.
func (w *writer) vendors(ids []int, ranged bool) *writer {
	highest := 0
	if len(ids) > 0 {
		highest = slices.Max(ids)
	}
	w.uint(highest, 16).bit(ranged)
	if ranged {
		return w.ranges(ids)
	}
	return w.ids(ids, highest)
}

func (w *writer) ranges(ids []int) *writer {
	type pair struct{ first, last int }
	var pairs []pair
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if n := len(pairs); n > 0 && pairs[n-1].last == id-1 {
			pairs[n-1].last = id
		} else {
			pairs = append(pairs, pair{id, id})
		}
	}
	w.uint(len(pairs), 12)
	for _, p := range pairs {
		if w.bit(p.first != p.last).uint(p.first, 16); p.first != p.last {
			w.uint(p.last, 16)
		}
	}
	return w
}

// segment pads to whole groups of bits and encodes: 8 as most libraries do, 24 as the official one does.
func (w *writer) segment(group int) string {
	bits := w.text.String()
	bits += strings.Repeat("0", (group-len(bits)%group)%group)
	raw := make([]byte, len(bits)/8)
	for i, c := range bits {
		raw[i/8] = raw[i/8]<<1 | byte(c-'0')
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// model is a string before it is encoded.
type model struct {
	Version                         int
	Created, Updated                time.Time
	CMP, CMPVersion, Screen         int
	Language                        string
	List, Policy                    int
	Specific, NonStandard, One      bool
	Features, Consents, Interests   []int
	Country                         string
	VendorConsents, VendorInterests []int
	Ranged                          bool
	Restrictions                    []restriction
	Disclosed, Allowed              *[]int
	Publisher                       *publisher
	Group                           int
}

type restriction struct {
	Purpose, Type int
	Vendors       []int
}

type publisher struct {
	Consents, Interests, CustomConsents, CustomInterests []int
	Custom                                               int
}

func (m model) core() string {
	w := new(writer).uint(m.Version, 6).time(m.Created).time(m.Updated).uint(m.CMP, 12).uint(m.CMPVersion, 12).uint(m.Screen, 6)
	w.letters(m.Language).uint(m.List, 12).uint(m.Policy, 6).bit(m.Specific).bit(m.NonStandard)
	w.ids(m.Features, 12).ids(m.Consents, 24).ids(m.Interests, 24).bit(m.One).letters(m.Country)
	w.vendors(m.VendorConsents, m.Ranged).vendors(m.VendorInterests, m.Ranged).uint(len(m.Restrictions), 12)
	for _, r := range m.Restrictions {
		w.uint(r.Purpose, 6).uint(r.Type, 2).ranges(r.Vendors)
	}
	return w.segment(m.Group)
}

func (m model) String() string {
	parts := []string{m.core()}
	if m.Disclosed != nil {
		parts = append(parts, new(writer).uint(1, 3).vendors(*m.Disclosed, m.Ranged).segment(m.Group))
	}
	if m.Allowed != nil {
		parts = append(parts, new(writer).uint(2, 3).vendors(*m.Allowed, m.Ranged).segment(m.Group))
	}
	if p := m.Publisher; p != nil {
		w := new(writer).uint(3, 3).ids(p.Consents, 24).ids(p.Interests, 24).uint(p.Custom, 6)
		parts = append(parts, w.ids(p.CustomConsents, p.Custom).ids(p.CustomInterests, p.Custom).segment(m.Group))
	}
	return strings.Join(parts, ".")
}

// read writes down what was decoded in the form of the model.
func read(s *tcf.String, like model) model {
	all := func(s tcf.Set) []int { return slices.Collect(s.All()) }
	m := model{
		Version: 2, Created: s.Created, Updated: s.Updated, CMP: s.CMP, CMPVersion: s.CMPVersion, Screen: s.Screen, Language: s.Language,
		List: s.VendorListVersion, Policy: s.PolicyVersion, Specific: s.ServiceSpecific, NonStandard: s.NonStandardTexts, One: s.OneTreatment,
		Features: all(s.SpecialFeatures), Consents: all(s.Consents), Interests: all(s.Interests), Country: s.Country,
		VendorConsents: all(s.VendorConsents), VendorInterests: all(s.VendorInterests), Ranged: like.Ranged, Group: like.Group,
	}
	for _, r := range s.Restrictions {
		m.Restrictions = append(m.Restrictions, restriction{r.Purpose, int(r.Type), all(r.Vendors)})
	}
	if s.Disclosed != nil {
		ids := all(*s.Disclosed)
		m.Disclosed = &ids
	}
	if s.Allowed != nil {
		ids := all(*s.Allowed)
		m.Allowed = &ids
	}
	if p := s.Publisher; p != nil {
		m.Publisher = &publisher{all(p.Consents), all(p.Interests), all(p.CustomConsents), all(p.CustomInterests), p.Custom}
	}
	return m
}
