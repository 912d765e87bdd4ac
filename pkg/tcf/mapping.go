package tcf

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
)

// Read says where in a string the choices about the site's own use of data stand.
type Read string

// Where a Mapping reads.
const (
	ReadBoth      Read = "both"      // core and publisher segment have to agree
	ReadPublisher Read = "publisher" // the publisher segment
	ReadCore      Read = "core"      // the core: for sites whose platform writes no publisher segment
)

// Why a string that can be read says nothing now.
var (
	// ErrFuture says that a string was made later than now.
	ErrFuture = errors.New("consent string is from the future")
	// ErrExpired says that the choice is too old to count.
	ErrExpired = errors.New("choice of the consent string has expired")
	// ErrPolicy says that a string was made under older policies than wanted.
	ErrPolicy = errors.New("consent string is of an older policy")
	// ErrDisclosed says that a string does not tell which vendors were shown.
	ErrDisclosed = errors.New("consent string has no segment of disclosed vendors")
	// ErrNoPublisher says that a string has no segment of the publisher although choices are read there.
	ErrNoPublisher = errors.New("consent string has no publisher segment")
)

// Rule maps purposes of the framework to one of ours: all of them have to be consented to.
type Rule struct {
	Purpose         consent.Purpose `yaml:"purpose" json:"purpose"`
	Purposes        []int           `yaml:"tcf_purposes" json:"tcf_purposes"`
	SpecialFeatures []int           `yaml:"tcf_special_features" json:"tcf_special_features,omitempty"`
	// Vendor is the recipient on the global vendor list, for data that another company gets: shown, consented to and not restricted. 0: none.
	Vendor int `yaml:"tcf_vendor" json:"tcf_vendor,omitempty"`
}

// Mapping is what strings mean here. The zero Mapping is not valid; Default is.
type Mapping struct {
	Rules []Rule `yaml:"rules" json:"rules"`
	Read  Read   `yaml:"read" json:"read"`
	// Days a choice counts, for yes and no alike. Default: 180 (CNIL, guidelines and recommendation of 17 September 2020 on cookies: about six months).
	Days int `yaml:"days" json:"days"`
	// Policy is the oldest policy version that counts. Default: 4 (framework 2.2, the first without legitimate interest for purposes 3 to 6).
	Policy int `yaml:"policy" json:"policy"`
	// Undisclosed takes strings without the segment of disclosed vendors. Default: false (mandatory since framework 2.3, 1 March 2026).
	Undisclosed bool `yaml:"undisclosed" json:"undisclosed,omitempty"`
	// Skew is how far clocks may differ before a string is from the future. Default: 24h, because platforms round times to days.
	Skew time.Duration `yaml:"skew" json:"skew"`
}

// Default is the mapping of consent.md 3.2.
func Default() Mapping {
	return Mapping{
		Rules: []Rule{
			{Purpose: consent.UnifyBehaviour, Purposes: []int{1, 8}},
			{Purpose: consent.Personalise, Purposes: []int{5, 6}},
			{Purpose: consent.AnalyticsIndividual, Purposes: []int{9}},
			{Purpose: consent.Profiling, Purposes: []int{3, 5}},
			{Purpose: consent.Geoloc, SpecialFeatures: []int{1}},
		},
		Read: ReadBoth, Days: 180, Policy: 4, Skew: 24 * time.Hour,
	}
}

// Validate reports every problem, joined.
func (m Mapping) Validate() error {
	var problems []error
	add := func(path, text string) { problems = append(problems, fmt.Errorf("%s: %s", path, text)) }
	if !slices.Contains([]Read{ReadBoth, ReadPublisher, ReadCore}, m.Read) {
		add("read", "want both, publisher or core")
	}
	if m.Days < 1 || m.Days > 395 {
		add("days", "want 1 to 395")
	}
	if m.Policy < 0 || m.Policy > 63 {
		add("policy", "want 0 to 63")
	}
	if m.Skew < 0 || m.Skew > 48*time.Hour {
		add("skew", "want 0 to 48h")
	}
	if len(m.Rules) == 0 {
		add("rules", "want at least one")
	}
	seen := map[consent.Purpose]bool{}
	for i, r := range m.Rules {
		for _, text := range r.problems() {
			add(fmt.Sprintf("rules[%d]", i), text)
		}
		if seen[r.Purpose] {
			add(fmt.Sprintf("rules[%d].purpose", i), "has a rule already")
		}
		seen[r.Purpose] = true
	}
	return errors.Join(problems...)
}

// problems says what is wrong with a rule.
func (r Rule) problems() (out []string) {
	info, known := consent.PurposeOf(r.Purpose)
	switch {
	case !known:
		out = append(out, "purpose: is none of the registry")
	case !info.Decidable || !info.Takes(""):
		out = append(out, "purpose: want one that a person decides, without a channel")
	case info.Parameter != (r.Vendor != 0):
		out = append(out, "tcf_vendor: want one exactly where the purpose names a recipient")
	}
	if r.Vendor < 0 || r.Vendor > maxVendor {
		out = append(out, "tcf_vendor: want an id of the global vendor list")
	}
	if len(r.Purposes)+len(r.SpecialFeatures) == 0 {
		out = append(out, "tcf_purposes: want at least one purpose or special feature")
	}
	if slices.ContainsFunc(r.Purposes, func(p int) bool { return p < 1 || p > purposes }) {
		out = append(out, "tcf_purposes: want 1 to 24")
	}
	if slices.ContainsFunc(r.SpecialFeatures, func(f int) bool { return f < 1 || f > features }) {
		out = append(out, "tcf_special_features: want 1 to 12")
	}
	return out
}

// Decision is what a string decides about one purpose on the device it comes from.
type Decision struct {
	Purpose   consent.Purpose
	Dec       consent.Dec // Grant or Refuse
	DecidedAt time.Time
	ExpiresAt time.Time
}

// Decide reads a string and says what it decides as of now: one decision for each rule, a refusal where any part is missing. An error
// means that nothing is decided, so nothing is granted.
func (m Mapping) Decide(text string, now time.Time) ([]Decision, error) {
	s, err := Decode(text)
	if err != nil {
		return nil, err
	}
	return m.DecideString(s, now)
}

// DecideString says what a string that was read decides as of now.
func (m Mapping) DecideString(s *String, now time.Time) ([]Decision, error) {
	expires := s.Updated.AddDate(0, 0, m.Days)
	switch {
	case s.Updated.After(now.Add(m.Skew)):
		return nil, ErrFuture
	case !expires.After(now):
		return nil, ErrExpired
	case s.PolicyVersion < m.Policy:
		return nil, ErrPolicy
	case s.Disclosed == nil && !m.Undisclosed:
		return nil, ErrDisclosed
	case s.Publisher == nil && m.Read != ReadCore:
		return nil, ErrNoPublisher
	}
	out := make([]Decision, len(m.Rules))
	for i, r := range m.Rules {
		out[i] = Decision{Purpose: r.Purpose, Dec: consent.Refuse, DecidedAt: s.Updated, ExpiresAt: expires}
		if m.grants(s, r) {
			out[i].Dec = consent.Grant
		}
	}
	return out, nil
}

// ChosenAt is from when on a choice counts that stands in a string which was seen at a time. Platforms round the time of a choice down to its
// day: then it counts from the moment that it was seen on that day, at the latest from its end, so that it never makes lawful what came before.
func ChosenAt(updated, seen time.Time) time.Time {
	const day = 24 * time.Hour
	if !updated.Equal(updated.Truncate(day)) || !seen.After(updated) {
		return updated
	}
	if end := updated.Add(day - time.Second); seen.After(end) {
		return end
	}
	return seen
}

// grants reports whether a string consents to everything that a rule wants.
func (m Mapping) grants(s *String, r Rule) bool {
	for _, p := range r.Purposes {
		if m.Read != ReadPublisher && !s.Consents.Has(p) || m.Read != ReadCore && !s.Publisher.Consents.Has(p) {
			return false
		}
	}
	for _, f := range r.SpecialFeatures { // they stand in the core alone
		if !s.SpecialFeatures.Has(f) {
			return false
		}
	}
	return r.Vendor == 0 || s.vendorMay(r.Vendor, r.Purposes)
}

// vendorMay reports whether a vendor was shown, has consent, and is not kept by the publisher from using it for any of the purposes.
func (s *String) vendorMay(vendor int, purposes []int) bool {
	if !s.VendorConsents.Has(vendor) || s.Disclosed == nil || !s.Disclosed.Has(vendor) {
		return false
	}
	return !slices.ContainsFunc(s.Restrictions, func(x Restriction) bool {
		return x.Type != RequireConsent && x.Vendors.Has(vendor) && slices.Contains(purposes, x.Purpose)
	})
}
