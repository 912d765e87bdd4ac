package match

import "math"

// Weights are what is known of the levels of one comparison: how often each is seen between two records of one person (M), and
// between strangers (U).
type Weights struct{ M, U []float64 }

// Model is what was learned from a file. It can be saved as JSON, and read back with ReadModel.
type Model struct {
	Same        float64 // share of all pairs that are one person
	Family      float64 // share that are two people of one family at one address
	Twins       float64 // share that are such a family's twins
	Comparisons [comparisons]Weights
	Learned     Learned
	logs        logs
	used        [comparisons]float64 // random pairs in which both records had something to compare
	terms       [fields]terms
}

// Learned says what the model was learned from.
type Learned struct {
	Forms     int     `json:"forms"`     // distinct contents of rows
	Strangers int     `json:"strangers"` // random pairs, of which U is learned
	Pairs     int     `json:"pairs"`     // candidate pairs, of which M is learned
	Matches   float64 `json:"matches"`   // how many of them are probably one person
	Rounds    int     `json:"rounds"`
	Defaults  bool    `json:"defaults"` // too few pairs: M is what is known beforehand
}

// logs are the logarithms of a model, to the base of 2, by comparison and level.
type logs struct {
	m, u                       [comparisons][16]float64
	same, family, twins, other float64
}

// known is what is known beforehand of each comparison: M and U by level, from different to same.
var known = [comparisons]Weights{
	cGiven:      {M: []float64{.035, .02, .03, .03, .08, .025, .78}, U: []float64{.955, .02, .01, .002, .002, .001, .01}},
	cFamily:     {M: []float64{.045, .01, .03, .025, .09, .005, .795}, U: []float64{.98, .008, .006, .001, .001, .0005, .0035}},
	cOrder:      {M: []float64{.97, .03}, U: []float64{1, 1}},
	cBirth:      {M: []float64{.03, .02, .02, .01, .04, .08, .80}, U: []float64{.96, .014, .001, .016, .003, .002, .0001}},
	cStreet:     {M: []float64{.15, .04, .04, .04, .13, .60}, U: []float64{.95, .046, .003, .0003, .0005, .0002}},
	cComplement: {M: []float64{.25, .15, .60}, U: []float64{.99, .005, .005}},
	cPlace:      {M: []float64{.08, .03, .08, .05, .13, .13, .07, .43}, U: []float64{.90, .08, .004, .003, .01, .002, .0003, .001}},
	cEmail:      {M: []float64{.12, .03, .05, .12, .68}, U: []float64{.9975, .002, .0001, .0001, .0003}},
	cPhone:      {M: []float64{.22, .08, .70}, U: []float64{.9993, .0001, .0006}},
	cGender:     {M: []float64{.02, .98}, U: []float64{.5, .5}},
	cBirthPlace: {M: []float64{.12, .12, .76}, U: []float64{.975, .005, .02}},
	cOccupation: {M: []float64{.35, .05, .60}, U: []float64{.965, .005, .03}},
	cPersonal:   {M: []float64{.03, .10, .87}, U: []float64{.99998, .00001, .00001}},
}

// ofValue says for which levels the chance of strangers hangs on the value, not on the level.
var ofValue = [comparisons][16]bool{
	cGiven: {nameSame: true}, cFamily: {nameSame: true}, cBirth: {birthSame: true}, cStreet: {streetSame: true}, cComplement: {wordSame: true},
	cPlace: {placeMixed: true, placeTown: true, placePostcode: true, placeBoth: true}, cEmail: {emailSame: true}, cPhone: {numberSame: true},
	cBirthPlace: {wordSame: true}, cOccupation: {wordSame: true}, cPersonal: {numberSame: true},
}

// most is the most that a level may speak for one person, in bits: what follows from another comparison, or is easily shared.
var most = func() (b [comparisons][16]float64) {
	for c := range b {
		for l := range b[c] {
			b[c][l] = 20
		}
	}
	b[cEmail][emailNames], b[cEmail][emailUser], b[cEmail][emailClose] = 1.5, 7, 12
	b[cGiven][nameInitial], b[cFamily][nameInitial] = 2, 2
	b[cGiven][nameLoose], b[cFamily][nameLoose] = 5, 6
	b[cStreet][streetLoose], b[cPlace][placeRegion] = 2.5, 2.5
	b[cGender][1] = 1
	return b
}()

// ofFamily is the share of its people that agree on a comparison because they are one family, not because they are one person.
var ofFamily = [comparisons]float64{cFamily: 1, cStreet: 1, cComplement: 1, cPlace: 1, cPhone: 0.5, cEmail: 0.1}

// ofTwins is the same of twins.
var ofTwins = [comparisons]float64{cFamily: 1, cStreet: 1, cComplement: 1, cPlace: 1, cPhone: 0.5, cEmail: 0.1, cBirth: 1, cBirthPlace: 1}

// prepare fills the logarithms.
func (m *Model) prepare() {
	for c := range comparisons {
		for l := range levelCount[c] {
			m.logs.m[c][l] = math.Log2(m.Comparisons[c].M[l])
			m.logs.u[c][l] = math.Log2(max(m.Comparisons[c].U[l], m.Comparisons[c].M[l]/math.Exp2(most[c][l])))
		}
	}
	m.logs.same, m.logs.family, m.logs.twins = math.Log2(m.Same), math.Log2(m.Family), math.Log2(m.Twins)
	m.logs.other = math.Log2(1 - m.Same - m.Family - m.Twins)
}

// kindsOfPair are the log2 likelihoods of the four kinds of pair.
type kindsOfPair struct {
	same, family, twins, strangers float64
	enough                         bool // to say anything
}

// promising is the weight without families: no pair weighs more. It is quick to find for the many that are strangers.
func (m *Model) promising(l *likeness) float64 {
	weight := m.logs.same - m.logs.other
	for c := range comparisons {
		if n := l.levels.at(c); n != unknown {
			weight += m.logs.m[c][n] - m.strangers(c, n, l.chance[c])
		}
	}
	return weight
}

// judge gives the likelihood of each kind of pair, shares included.
func (m *Model) judge(l *likeness) kindsOfPair {
	k := kindsOfPair{m.logs.same, m.logs.family, m.logs.twins, m.logs.other, l.levels.enough()}
	for c := range comparisons {
		n := l.levels.at(c)
		if n == unknown {
			continue
		}
		one := m.logs.m[c][n]
		two := m.strangers(c, n, l.chance[c])
		k.same += one
		k.strangers += two
		k.family += mixed(ofFamily[c], one, two)
		k.twins += mixed(ofTwins[c], one, two)
	}
	return k
}

// strangers is how often two strangers are that much alike.
func (m *Model) strangers(c comparison, n level, chance float32) float64 {
	if ofValue[c][n] {
		return float64(chance)
	}
	return m.logs.u[c][n] + float64(chance)
}

// mixed is log2 of share * 2^one + (1-share) * 2^two.
func mixed(share, one, two float64) float64 {
	switch share {
	case 0:
		return two
	case 1:
		return one
	}
	return logSum(math.Log2(share)+one, math.Log2(1-share)+two)
}

// logSum is log2 of 2^a + 2^b.
func logSum(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if a-b > 50 {
		return a
	}
	return a + math.Log1p(math.Exp2(b-a))*math.Log2E
}

// weight is how much more probable it is that the two are one person than that they are not, in bits: 0 is even.
func (k kindsOfPair) weight() float64 {
	w := k.same - logSum(logSum(k.family, k.twins), k.strangers)
	if !k.enough {
		return min(w, tooLittle)
	}
	return w
}

// Probability of a weight in bits.
func Probability(weight float64) float64 { return 1 / (1 + math.Exp2(-weight)) }

// Weight in bits of a probability.
func Weight(probability float64) float64 { return math.Log2(probability / (1 - probability)) }
