package match

// Step is one bar of a waterfall: what one comparison says.
type Step struct {
	Comparison string  `json:"comparison"` // given, family, birth ...; prior and family_not_person stand around them
	Level      string  `json:"level"`
	A          string  `json:"a,omitempty"` // the values, as they were compared
	B          string  `json:"b,omitempty"`
	Bits       float64 `json:"bits"`        // over 0 speaks for one person; one bit doubles the odds
	M          float64 `json:"m,omitempty"` // how often it is seen between two records of one person
	U          float64 `json:"u,omitempty"` // how often two strangers agree that much, on these values
}

// Explanation is why two records are probably one person, or not.
type Explanation struct {
	Steps       []Step  `json:"steps"`
	Weight      float64 `json:"weight"` // the sum of the steps
	Probability float64 `json:"probability"`
}

// Explain tells what each comparison of two forms says. What speaks for a family rather than for one person is a step of its own, the last.
func Explain(r *Records, m *Model, x, y Form) Explanation {
	return explain(&comparer{r: r}, m, x, y)
}

func explain(compare *comparer, m *Model, x, y Form) Explanation {
	r := compare.r
	l := compare.compare(x, y)
	k := m.judge(&l)
	e := Explanation{Weight: k.weight()}
	e.Probability = Probability(e.Weight)
	e.Steps = append(e.Steps, Step{Comparison: stepPrior, Bits: m.logs.same - m.logs.other})
	sum := e.Steps[0].Bits
	for c := range comparisons {
		n := l.levels.at(c)
		if n == unknown || c == cOrder && n == orderKept {
			continue
		}
		one, two := m.logs.m[c][n], m.strangers(c, n, l.chance[c])
		a, b := r.shown(c, x), r.shown(c, y)
		e.Steps = append(e.Steps, Step{
			Comparison: comparisonNames[c], Level: levelNames[c][n], A: a, B: b, Bits: one - two, M: exp2(one), U: exp2(two),
		})
		sum += one - two
	}
	if rest := e.Weight - sum; rest < -0.05 {
		why := stepFamily
		if !k.enough {
			why = stepTooLittle
		}
		e.Steps = append(e.Steps, Step{Comparison: why, Bits: rest})
	}
	return e
}
