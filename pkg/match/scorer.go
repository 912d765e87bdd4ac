package match

// Scorer says of records of the stream how probably they are one person, by a model that was learned before. It is safe for concurrent use.
type Scorer struct{ model *Model }

// NewScorer returns a scorer.
func NewScorer(m *Model) *Scorer { return &Scorer{m} }

// leastRecords is as how many an index of fewer records counts: how few people it knows yet says nothing of how many there are.
const leastRecords = 1000

// Score explains one record against each of others, among so many records in all. The explanations say levels and weights and no values.
func (s *Scorer) Score(records int, one Traits, others []Traits) []Explanation {
	list := append([]Traits{one}, others...)
	r, forms := recordsOfTraits(list...)
	r.use(s.model, false)
	m := s.model.over(max(records, leastRecords))
	c := &comparer{r: r}
	out := make([]Explanation, len(others))
	for i := range others {
		out[i] = explain(c, m, forms[0], forms[i+1])
		for n := range out[i].Steps {
			out[i].Steps[n].A, out[i].Steps[n].B = "", ""
		}
	}
	return out
}

// Untaught is the model of what is known beforehand, for where no file has taught another one.
func Untaught() *Model {
	const forms = 1000
	m := defaultModel(&Records{forms: forms})
	m.Learned = Learned{Forms: forms, Defaults: true}
	for f := range fields {
		m.terms[f].Mean = log2(max(usual[f], 1e-9))
	}
	return m
}
