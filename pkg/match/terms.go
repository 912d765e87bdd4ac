package match

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// terms are how common the values of a field are, as a saved model keeps them.
type terms struct {
	Records int
	Mean    float32
	Rest    float64
	Common  map[string]int
}

const (
	// leastTerm is the least records of a value that a model names: what fewer have could point at somebody.
	leastTerm = 10
	// maxTerms is the most values of a field that a model names, the commonest.
	maxTerms = 20_000
)

// fieldNames are the fields of which a model says how common values are.
var fieldNames = [fields]string{
	fGiven: "given", fFamily: "family", fBirth: "birth", fNumber: "number", fStreet: "street", fComplement: "complement", fPostcode: "postcode", fTown: "town",
	fRegion: "region", fEmail: "email", fPhone: "phone", fBirthPlace: "birth_place", fOccupation: "occupation", fPersonal: "personal",
}

// unnamed are the fields whose values belong to one person or household: none is listed, however many records have it.
var unnamed = map[field]bool{fEmail: true, fPhone: true, fPersonal: true, fComplement: true}

// termsOf counts what a model keeps of the values.
func (r *Records) termsOf() (out [fields]terms) {
	for f := range fields {
		switch {
		case fieldNames[f] == "":
		case f == fBirth:
			out[f] = newTerms(f, r.dateCounts(), func(d date) string { return d.String() })
		default:
			counts := map[uint32]int{}
			list, _ := r.countsOf(f)
			for v, c := range list {
				if c > 0 {
					counts[uint32(v)] = int(c)
				}
			}
			out[f] = newTerms(f, counts, func(v uint32) string { return r.texts[tableOf[f]][v] })
		}
		out[f].Mean = r.freq.mean[f]
	}
	return out
}

// newTerms parts values into those that are listed and the rest.
func newTerms[V cmp.Ordered](f field, counts map[V]int, text func(V) string) terms {
	t := terms{Common: map[string]int{}}
	var common []V
	for v, c := range counts {
		t.Records += c
		if c >= leastTerm && !unnamed[f] {
			common = append(common, v)
		}
	}
	slices.SortFunc(common, func(a, b V) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for _, v := range common[:min(len(common), maxTerms)] {
		t.Common[text(v)] = counts[v]
	}
	squares, sum := 0, 0
	for v, c := range counts {
		if _, listed := t.Common[text(v)]; !listed {
			squares, sum = squares+c*c, sum+c
		}
	}
	t.Rest = float64(squares) / float64(max(sum, 1))
	return t
}

// use sets how often strangers agree on the values to what a model knows. Of values that it does not list, the file itself tells, where
// counted says that it is one: those of a few candidates that were looked for by their values tell nothing.
func (r *Records) use(m *Model, counted bool) {
	for f := range fields {
		if fieldNames[f] == "" || f == fBirth {
			continue
		}
		t := &m.terms[f]
		chance := r.freq.chance[f]
		if !counted {
			chance = make([]float32, len(r.texts[tableOf[f]]))
		}
		rest := chanceOf(f, t.Rest, t.Records)
		rarest := chanceOf(f, leastTerm-1, t.Records)
		for v, text := range r.texts[tableOf[f]] {
			switch c, listed := t.Common[text]; {
			case listed:
				chance[v] = chanceOf(f, float64(c), t.Records)
			case counted:
				chance[v] = min(chance[v], rarest)
			default:
				chance[v] = rest
			}
		}
		r.freq.chance[f], r.freq.mean[f] = chance, t.Mean
	}
	r.useDates(&m.terms[fBirth], counted)
}

// useDates is use for birth dates.
func (r *Records) useDates(t *terms, counted bool) {
	old := r.freq.dates
	r.freq.dates = map[date]float32{}
	for i := range r.forms {
		d := date(r.cell(i, fBirth))
		if d == 0 {
			continue
		}
		rarest := chanceOfDate(d, leastTerm-1, t.Records)
		switch c, listed := t.Common[d.String()]; {
		case listed:
			r.freq.dates[d] = chanceOfDate(d, c, t.Records)
		case counted:
			r.freq.dates[d] = min(old[d], rarest)
		default:
			r.freq.dates[d] = chanceOfDate(d, 0, t.Records)
		}
	}
}

// chanceOf is how often two strangers agree on a value that c of n records have, as log2.
func chanceOf(f field, c float64, n int) float32 {
	p := (math.Max(c, 2) - 2 + priorForms*usual[f]) / float64(n+priorForms)
	return log2(math.Min(math.Max(p, rarest[f]), 1))
}

// chanceOfDate is chanceOf of a birth date.
func chanceOfDate(d date, c, n int) float32 {
	base := usualYear
	if d.whole() {
		base = usualDate
	}
	p := (float64(max(c, 2)-2) + priorForms*base) / float64(n+priorForms)
	return log2(min(max(p, base), 1))
}

// over returns the model for this many forms: everybody has as many records as where it was learned, so the share of pairs that are one
// person is the smaller the more people there are.
func (m *Model) over(forms int) *Model {
	out := *m
	if m.Learned.Forms > 0 && forms > 0 {
		by := float64(m.Learned.Forms) / float64(forms)
		out.Same = min(max(m.Same*by, 1e-12), 0.3)
		out.Family, out.Twins = min(max(m.Family*by, 1e-15), 0.2), min(max(m.Twins*by, 1e-17), 0.1)
	}
	out.prepare()
	return &out
}

// Terms are the values of a field that the model names, by how many records have them; for the report and for tests.
func (m *Model) Terms() map[string]map[string]int {
	out := map[string]map[string]int{}
	for i, name := range fieldNames {
		if name != "" {
			out[name] = maps.Clone(m.terms[i].Common)
		}
	}
	return out
}
