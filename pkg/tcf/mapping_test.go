package tcf_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rcu/pkg/consent"
	"rcu/pkg/tcf"
)

// proof is a string that grants everything under the default mapping, changed by f.
func proof(f func(*model)) model {
	all := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	disclosed := []int{755, 2, 3}
	m := model{
		Version: 2, Created: moment.Add(-time.Hour), Updated: moment, CMP: 300, CMPVersion: 2, Screen: 1, Language: "FR", List: 120, Policy: 5,
		Specific: true, Features: []int{1}, Consents: all, Country: "FR", VendorConsents: []int{2, 755}, Disclosed: &disclosed,
		Publisher: &publisher{Consents: all}, Group: 24,
	}
	if f != nil {
		f(&m)
	}
	return m
}

func grants(ds []tcf.Decision) int {
	n := 0
	for _, d := range ds {
		if d.Dec == consent.Grant {
			n++
		}
	}
	return n
}

func granted(t *testing.T, m tcf.Mapping, text string, p consent.Purpose) bool {
	t.Helper()
	ds, err := m.Decide(text, moment.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(ds, func(d tcf.Decision) bool { return d.Purpose == p })
	if i < 0 {
		t.Fatalf("no decision about %s", p)
	}
	return ds[i].Dec == consent.Grant
}

func without(ids []int, id int) []int {
	return slices.DeleteFunc(slices.Clone(ids), func(x int) bool { return x == id })
}

func TestDecide_default(t *testing.T) {
	m := tcf.Default()
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	ds, err := m.Decide(proof(nil).String(), moment.Add(time.Hour))
	if err != nil || grants(ds) != len(m.Rules) {
		t.Fatalf("%+v, %v", ds, err)
	}
	for _, d := range ds {
		if !d.DecidedAt.Equal(moment) || !d.ExpiresAt.Equal(moment.AddDate(0, 0, 180)) {
			t.Errorf("%+v", d)
		}
	}
}

// Each purpose of the framework that a rule names is needed, in the core and in the publisher's segment.
func TestDecide_everyPartIsNeeded(t *testing.T) {
	m := tcf.Default()
	for _, r := range m.Rules {
		for _, p := range r.Purposes {
			core := proof(func(x *model) { x.Consents = without(x.Consents, p) }).String()
			own := proof(func(x *model) { x.Publisher.Consents = without(x.Publisher.Consents, p) }).String()
			if granted(t, m, core, r.Purpose) || granted(t, m, own, r.Purpose) {
				t.Errorf("%s without purpose %d", r.Purpose, p)
			}
		}
		for _, f := range r.SpecialFeatures {
			if granted(t, m, proof(func(x *model) { x.Features = without(x.Features, f) }).String(), r.Purpose) {
				t.Errorf("%s without special feature %d", r.Purpose, f)
			}
		}
	}
	interests := proof(func(x *model) {
		x.Interests, x.Publisher.Interests = x.Consents, x.Consents
		x.Consents, x.Publisher.Consents, x.Features = nil, nil, nil
	})
	for _, m.Read = range []tcf.Read{tcf.ReadBoth, tcf.ReadPublisher, tcf.ReadCore} {
		if ds, err := m.Decide(interests.String(), moment); err != nil || grants(ds) > 0 {
			t.Errorf("%s: legitimate interest permits something: %+v, %v", m.Read, ds, err)
		}
	}
}

func TestDecide_nothingIsDecided(t *testing.T) {
	m := tcf.Default()
	tests := []struct {
		name string
		text string
		now  time.Time
		want error
	}{
		{"from the future", proof(nil).String(), moment.Add(-25 * time.Hour), tcf.ErrFuture},
		{"a day rounded up", proof(nil).String(), moment.Add(-23 * time.Hour), nil},
		{"last moment", proof(nil).String(), moment.AddDate(0, 0, 180).Add(-time.Second), nil},
		{"expired", proof(nil).String(), moment.AddDate(0, 0, 180), tcf.ErrExpired},
		{"old policy", proof(func(x *model) { x.Policy = 3 }).String(), moment, tcf.ErrPolicy},
		{"no disclosed vendors", proof(func(x *model) { x.Disclosed = nil }).String(), moment, tcf.ErrDisclosed},
		{"no publisher segment", proof(func(x *model) { x.Publisher = nil }).String(), moment, tcf.ErrNoPublisher},
		{"unreadable", "CA", moment, tcf.ErrTruncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ds, err := m.Decide(tt.text, tt.now)
			if !errors.Is(err, tt.want) || tt.want != nil && len(ds) > 0 {
				t.Errorf("%v, %v", ds, err)
			}
		})
	}
}

func TestDecide_recipient(t *testing.T) {
	m := tcf.Default()
	const audience = consent.AdsCustomAudience + ":acme"
	m.Rules = append(m.Rules, tcf.Rule{Purpose: audience, Purposes: []int{3, 4}, Vendor: 755})
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	restrict := func(kind, purpose int, vendors ...int) func(*model) {
		return func(x *model) { x.Restrictions = []restriction{{purpose, kind, vendors}} }
	}
	tests := []struct {
		name string
		f    func(*model)
		want bool
	}{
		{"shown and consented to", nil, true},
		{"not shown", func(x *model) { x.Disclosed = &[]int{2, 3} }, false},
		{"not consented to", func(x *model) { x.VendorConsents = []int{2} }, false},
		{"interest is no consent", func(x *model) { x.VendorConsents, x.VendorInterests = nil, []int{755} }, false},
		{"kept from the purpose", restrict(0, 3, 755), false},
		{"made to rest on interest", restrict(2, 4, 755), false},
		{"made to rest on consent", restrict(1, 3, 755), true},
		{"another is kept from it", restrict(0, 3, 754), true},
		{"kept from another purpose", restrict(0, 7, 755), true},
	}
	for _, tt := range tests {
		if got := granted(t, m, proof(tt.f).String(), audience); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// No cut of a string grants anything that the whole string does not, whatever the mapping; under the default one, which wants every
// segment, a cut that takes a segment away decides nothing.
func TestDecide_aCutGrantsNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := draw(t)
		x.Policy = 5
		text := x.String()
		m := tcf.Default()
		m.Read = rapid.SampledFrom([]tcf.Read{tcf.ReadBoth, tcf.ReadPublisher, tcf.ReadCore}).Draw(t, "read")
		m.Undisclosed = rapid.Bool().Draw(t, "undisclosed")
		m.Rules = append(m.Rules, tcf.Rule{Purpose: "share_partner:acme", Purposes: []int{1}, Vendor: 3})
		whole, wholeErr := m.Decide(text, moment)
		for n := range len(text) {
			ds, err := m.Decide(text[:n], moment)
			if err != nil {
				if len(ds) > 0 {
					t.Fatal("an error and decisions")
				}
				continue
			}
			for i, d := range ds {
				if d.Dec == consent.Grant && (wholeErr != nil || whole[i].Dec != consent.Grant) {
					t.Fatalf("%d of %d bytes grant %s", n, len(text), d.Purpose)
				}
			}
			if m.Read != tcf.ReadCore && x.Disclosed != nil && strings.Count(text[:n], ".") < strings.Count(text, ".") {
				t.Fatalf("%d of %d bytes decide, though the publisher's segment is gone", n, len(text))
			}
		}
	})
}

func TestMapping_validate_allProblemsAtOnce(t *testing.T) {
	m := tcf.Mapping{Read: "all", Days: 0, Policy: 64, Skew: -1, Rules: []tcf.Rule{
		{Purpose: "nothing", Purposes: []int{25}},
		{Purpose: consent.Contract, Purposes: []int{1}, Vendor: 70000},
		{Purpose: consent.Marketing, SpecialFeatures: []int{13}},
		{Purpose: consent.AdsCustomAudience + ":acme", Purposes: []int{3}},
		{Purpose: consent.Geoloc, Vendor: 7},
		{Purpose: consent.Geoloc, SpecialFeatures: []int{1}},
	}}
	err := m.Validate()
	for _, want := range []string{
		"read:", "days:", "policy:", "skew:", "rules[0]: purpose: is none", "rules[0]: tcf_purposes: want 1", "rules[1]: purpose: want one", "rules[1]: tcf_vendor: want an id",
		"rules[2]: purpose: want one", "rules[2]: tcf_special", "rules[3]: tcf_vendor:", "rules[4]: tcf_vendor:", "rules[4]: tcf_purposes: want at least", "rules[5].purpose: has",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if err := (tcf.Mapping{}).Validate(); err == nil || !strings.Contains(err.Error(), "rules:") {
		t.Error("an empty mapping is valid")
	}
}
