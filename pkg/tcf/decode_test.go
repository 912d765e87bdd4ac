package tcf_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"rcu/pkg/tcf"
	"rcu/pkg/testkit"
)

// vector is one string with what the official library reads in it.
type vector struct {
	Text     string `json:"tc_string"`
	Expected struct {
		Version, CmpID, CmpVersion, ConsentScreen, VendorListVersion, PolicyVersion int
		Created, LastUpdated                                                        time.Time
		ConsentLanguage, PublisherCountryCode                                       string
		IsServiceSpecific, UseNonStandardTexts, PurposeOneTreatment                 bool
		SpecialFeatureOptins, PurposeConsents, PurposeLegitimateInterests           []int
		VendorConsents, VendorLegitimateInterests, PublisherConsents                []int
		PublisherLegitimateInterests, VendorsDisclosed, VendorsAllowed              []int
		PublisherRestrictions                                                       []struct {
			PurposeID, RestrictionType int
			Vendors                    []int
		}
	} `json:"expected"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile(testkit.Data(t, "norm", "tcf_v2_vectors_dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Valid []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Valid) < 10 {
		t.Fatalf("%d vectors", len(file.Valid))
	}
	return file.Valid
}

// expected is a vector in the form of the model. The library does not tell an absent segment from an empty one.
func (v vector) expected() model {
	x := v.Expected
	m := model{
		Version: x.Version, Created: x.Created, Updated: x.LastUpdated, CMP: x.CmpID, CMPVersion: x.CmpVersion, Screen: x.ConsentScreen,
		Language: x.ConsentLanguage, List: x.VendorListVersion, Policy: x.PolicyVersion, Specific: x.IsServiceSpecific,
		NonStandard: x.UseNonStandardTexts, One: x.PurposeOneTreatment, Features: x.SpecialFeatureOptins, Consents: x.PurposeConsents,
		Interests: x.PurposeLegitimateInterests, Country: x.PublisherCountryCode, VendorConsents: x.VendorConsents,
		VendorInterests: x.VendorLegitimateInterests, Disclosed: &x.VendorsDisclosed, Allowed: &x.VendorsAllowed,
		Publisher: &publisher{Consents: x.PublisherConsents, Interests: x.PublisherLegitimateInterests},
	}
	for _, r := range x.PublisherRestrictions {
		m.Restrictions = append(m.Restrictions, restriction{r.PurposeID, r.RestrictionType, r.Vendors})
	}
	return m
}

func TestDecode_vectors(t *testing.T) {
	for i, v := range vectors(t) {
		s, err := tcf.Decode(v.Text)
		if err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		got := read(s, model{})
		none := []int{}
		if got.Disclosed == nil {
			got.Disclosed = &none
		}
		if got.Allowed == nil {
			got.Allowed = &none
		}
		if got.Publisher == nil {
			got.Publisher = &publisher{}
		}
		if diff := cmp.Diff(v.expected(), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("vector %d (-official +ours):\n%s", i, diff)
		}
	}
}

var (
	moment  = time.Date(2026, 9, 1, 10, 30, 0, 100e6, time.UTC)
	purpose = rapid.SliceOfNDistinct(rapid.IntRange(1, 24), 0, 12, rapid.ID)
	vendor  = rapid.SliceOfNDistinct(rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, 900)), 0, 30, rapid.ID)
)

func sorted(t *rapid.T, g *rapid.Generator[[]int], label string) []int {
	ids := g.Draw(t, label)
	slices.Sort(ids)
	return ids
}

// draw makes any string that the format allows.
func draw(t *rapid.T) model {
	m := model{
		Version: 2, Created: moment.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "age")) * time.Hour), Updated: moment,
		CMP: rapid.IntRange(0, 4095).Draw(t, "cmp"), CMPVersion: rapid.IntRange(0, 4095).Draw(t, "cmp version"), Screen: rapid.IntRange(0, 63).Draw(t, "screen"),
		Language: "FR", List: rapid.IntRange(0, 4095).Draw(t, "list"), Policy: rapid.IntRange(0, 63).Draw(t, "policy"),
		Specific: rapid.Bool().Draw(t, "specific"), NonStandard: rapid.Bool().Draw(t, "texts"), One: rapid.Bool().Draw(t, "one"),
		Features: sorted(t, rapid.SliceOfNDistinct(rapid.IntRange(1, 12), 0, 5, rapid.ID), "features"),
		Consents: sorted(t, purpose, "consents"), Interests: sorted(t, purpose, "interests"), Country: "FR",
		VendorConsents: sorted(t, vendor, "vendor consents"), VendorInterests: sorted(t, vendor, "vendor interests"),
		Ranged: rapid.Bool().Draw(t, "ranged"), Group: rapid.SampledFrom([]int{8, 24}).Draw(t, "group"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "restrictions") {
		m.Restrictions = append(m.Restrictions, restriction{rapid.IntRange(1, 24).Draw(t, "p"), rapid.IntRange(0, 2).Draw(t, "type"), append(sorted(t, vendor, "restricted"), 901)})
	}
	if rapid.Bool().Draw(t, "disclosed") {
		ids := sorted(t, vendor, "disclosed vendors")
		m.Disclosed = &ids
	}
	if rapid.Bool().Draw(t, "allowed") {
		ids := sorted(t, vendor, "allowed vendors")
		m.Allowed = &ids
	}
	if rapid.Bool().Draw(t, "publisher") {
		p := &publisher{Consents: sorted(t, purpose, "own consents"), Interests: sorted(t, purpose, "own interests"), Custom: rapid.IntRange(0, 63).Draw(t, "custom")}
		if p.Custom > 0 {
			custom := rapid.SliceOfNDistinct(rapid.IntRange(1, p.Custom), 0, min(p.Custom, 5), rapid.ID)
			p.CustomConsents, p.CustomInterests = sorted(t, custom, "custom consents"), sorted(t, custom, "custom interests")
		}
		m.Publisher = p
	}
	return m
}

func TestDecode_readsWhatAnotherEncoderWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := draw(t)
		s, err := tcf.Decode(m.String())
		if err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
		if diff := cmp.Diff(m, read(s, m), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// deep compares sets by their ranges.
var deep = cmp.Exporter(func(reflect.Type) bool { return true })

// What is cut is an error, unless the cut took nothing but zeros of padding or whole segments; what is left says nothing else then.
func TestDecode_cutAtEveryByte(t *testing.T) {
	all := []string{proof(nil).String()}
	for _, v := range vectors(t) {
		all = append(all, v.Text)
	}
	refused := 0
	for _, text := range all {
		whole, err := tcf.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(text) {
			cut, err := tcf.Decode(text[:n])
			if err != nil {
				refused++
				if strings.Contains(err.Error(), text[:min(n, 12)]) && n >= 12 {
					t.Fatalf("the error repeats the string: %v", err)
				}
				continue
			}
			want := *whole
			if cut.Disclosed == nil {
				want.Disclosed = nil
			}
			if cut.Allowed == nil {
				want.Allowed = nil
			}
			if cut.Publisher == nil {
				want.Publisher = nil
			}
			if diff := cmp.Diff(&want, cut, deep); diff != "" {
				t.Errorf("%d of %d bytes say something else:\n%s", n, len(text), diff)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d cuts were refused", refused)
	}
}

func TestDecode_refuses(t *testing.T) {
	good := proof(nil)
	over := func(f func(*model)) string { return proof(f).String() }
	tests := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", tcf.ErrTruncated},
		{"version 1", over(func(m *model) { m.Version = 1 }), tcf.ErrVersion},
		{"text", "hello, world", tcf.ErrEncoding},
		{"padding character", good.String() + "=", tcf.ErrEncoding},
		{"a line end", good.core()[:8] + "\n" + good.core()[8:], tcf.ErrEncoding},
		{"language in no letters", over(func(m *model) { m.Language = "A[" }), tcf.ErrContent},
		{"updated before it was made", over(func(m *model) { m.Created = m.Updated.Add(time.Hour) }), tcf.ErrContent},
		{"restriction of purpose 0", over(func(m *model) { m.Restrictions = []restriction{{0, 1, []int{3}}} }), tcf.ErrContent},
		{"restriction of a type that is none", over(func(m *model) { m.Restrictions = []restriction{{1, 3, []int{3}}} }), tcf.ErrContent},
		{"disclosed twice", good.String() + "." + new(writer).uint(1, 3).vendors(nil, false).segment(8), tcf.ErrSegment},
		{"segment of type 4", good.core() + "." + new(writer).uint(4, 3).vendors(nil, false).segment(8), tcf.ErrSegment},
		{"empty segment", good.String() + ".", tcf.ErrTruncated},
		{"core twice", good.core() + "." + good.core(), tcf.ErrSegment},
		{"three bytes too many", good.core() + "AAAA", tcf.ErrTrailing},
		{"padding that is not zero", good.core() + "." + new(writer).uint(1, 3).vendors(nil, false).uint(1, 2).segment(8), tcf.ErrTrailing},
		{"bits that no byte holds", good.core() + ".IAB", tcf.ErrEncoding},
		{"range backwards", ranged(40, 9, 3), tcf.ErrContent},
		{"range from 0", ranged(40, 0, 3), tcf.ErrContent},
		{"range over the highest", ranged(40, 9, 41), tcf.ErrContent},
		{"endless", strings.Repeat("C", tcf.MaxLength+1), tcf.ErrLength},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if s, err := tcf.Decode(tt.text); s != nil || !errors.Is(err, tt.want) {
				t.Errorf("%v, %v, want %v", s, err, tt.want)
			}
		})
	}
}

// ranged is a string whose disclosed vendors are one range.
func ranged(highest, first, last int) string {
	w := new(writer).uint(1, 3).uint(highest, 16).bit(true).uint(1, 12).bit(true).uint(first, 16).uint(last, 16)
	return proof(nil).core() + "." + w.segment(8)
}

func FuzzDecode(f *testing.F) {
	f.Add(proof(nil).String())
	f.Add("COvzTO5OvzTO5B7ABCENAPEYAIAAAIAAAIqIAAoAAoAA.QAAo.IAAo")
	f.Add("COvzTO5OvzTO5BRAAAENAPCoALIAADgAAAAAAewAwABAAlAB6ABBFADBQAQA9hAAAcAA")
	f.Add("....")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := tcf.Decode(text)
		if (s == nil) == (err == nil) {
			t.Fatal("either a string or an error")
		}
		m := tcf.Default()
		m.Read, m.Undisclosed = tcf.ReadCore, true
		ds, decideErr := m.Decide(text, moment)
		if err != nil && (decideErr == nil || len(ds) > 0) {
			t.Fatal("what cannot be read decided something")
		}
		if err == nil && s.Consents.Empty() && s.SpecialFeatures.Empty() && grants(ds) > 0 {
			t.Fatal("a grant without consents")
		}
	})
}
