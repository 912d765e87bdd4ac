package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// modelVersion is the version of saved models that this program writes; it reads the first, too.
const modelVersion, firstVersion = 2, 1

// MaxModelBytes is the most bytes of a saved model.
const MaxModelBytes = 64 << 20

// ErrModel says that a saved model cannot be used.
var ErrModel = errors.New("not a model of this program")

// modelFile is how a model is saved. Comparisons and levels stand under their names, so that a level that a later program adds cannot be
// taken for another one.
type modelFile struct {
	Version     int                       `json:"version"`
	Same        float64                   `json:"same"`
	Family      float64                   `json:"family"`
	Twins       float64                   `json:"twins"`
	Comparisons map[string]comparisonFile `json:"comparisons"`
	Terms       map[string]termsFile      `json:"terms"`
	Learned     Learned                   `json:"learned"`
}

// comparisonFile is what was learned of one comparison.
type comparisonFile struct {
	Pairs  float64              `json:"pairs"` // random pairs in which both records had something to compare
	Levels map[string]levelFile `json:"levels"`
}

// levelFile is what was learned of one level.
type levelFile struct {
	M float64 `json:"m"`
	U float64 `json:"u"`
}

// termsFile is how common the values of a field are.
type termsFile struct {
	Records int            `json:"records"` // that say something of it
	Mean    float32        `json:"mean"`    // log2 of how often two strangers agree
	Rest    float64        `json:"rest"`    // in how many records a value is that is not listed, on average over records
	Common  map[string]int `json:"common"`  // value -> records, of values that many people have
}

// MarshalJSON gives the form in which models are saved. It holds no value that fewer than ten records have.
func (m *Model) MarshalJSON() ([]byte, error) {
	f := modelFile{
		Version: modelVersion, Same: m.Same, Family: m.Family, Twins: m.Twins, Learned: m.Learned,
		Comparisons: map[string]comparisonFile{}, Terms: map[string]termsFile{},
	}
	for c := range comparisons {
		x := comparisonFile{Pairs: m.used[c], Levels: map[string]levelFile{}}
		for l := range levelCount[c] {
			x.Levels[levelNames[c][l]] = levelFile{m.Comparisons[c].M[l], m.Comparisons[c].U[l]}
		}
		f.Comparisons[comparisonNames[c]] = x
	}
	for i, name := range fieldNames {
		if t := m.terms[i]; name != "" {
			f.Terms[name] = termsFile(t)
		}
	}
	return json.Marshal(f) //nolint:wrapcheck // called by encoding/json
}

// ReadModel reads a saved model. All that is wrong with it is told at once.
func ReadModel(in io.Reader) (*Model, error) {
	raw, err := io.ReadAll(io.LimitReader(in, MaxModelBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading a model: %w", err)
	}
	if len(raw) > MaxModelBytes {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrModel, MaxModelBytes)
	}
	var f modelFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: something stands behind it", ErrModel)
	}
	switch f.Version {
	case modelVersion:
	case firstVersion:
		f.partDigits()
	default:
		return nil, fmt.Errorf("%w: it has version %d, this program reads %d: learn it again", ErrModel, f.Version, modelVersion)
	}
	m := &Model{Same: f.Same, Family: f.Family, Twins: f.Twins, Learned: f.Learned}
	if err := errors.Join(m.checkShares(), m.takeComparisons(f.Comparisons), m.takeTerms(f.Terms)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	m.prepare()
	return m, nil
}

// partDigits gives birth dates of the first version the level of two wrong digits, which counted as two equal parts: half of either share, so that
// both weigh what they weighed.
func (f *modelFile) partDigits() {
	levels := f.Comparisons[comparisonNames[cBirth]].Levels
	both, there := levels[levelNames[cBirth][birthTwo]]
	if _, parted := levels[levelNames[cBirth][birthDigits]]; !there || parted {
		return // refused for its levels
	}
	half := levelFile{M: both.M / 2, U: both.U / 2}
	levels[levelNames[cBirth][birthTwo]], levels[levelNames[cBirth][birthDigits]] = half, half
}

// checkShares refuses shares of kinds of pair that are none.
func (m *Model) checkShares() error {
	within := func(x, most float64) bool { return x >= 1e-18 && x <= most }
	if !within(m.Same, 0.3) || !within(m.Family, 0.2) || !within(m.Twins, 0.1) {
		return errors.New("same, family and twins: shares of pairs over 0, of at most .3, .2 and .1")
	}
	n := m.Learned
	if n.Forms < 0 || n.Strangers < 0 || n.Pairs < 0 || n.Rounds < 0 || !(n.Matches >= 0) || math.IsInf(n.Matches, 0) {
		return errors.New("learned: counts cannot be negative")
	}
	return nil
}

// takeComparisons reads the levels of all comparisons.
func (m *Model) takeComparisons(given map[string]comparisonFile) error {
	var problems []error
	for c := range comparisons {
		x, there := given[comparisonNames[c]]
		if !there || len(x.Levels) != int(levelCount[c]) || !(x.Pairs >= 0) || math.IsInf(x.Pairs, 0) {
			problems = append(problems, fmt.Errorf("comparisons/%s: is missing, or has other levels or fewer than no pairs", comparisonNames[c]))
			continue
		}
		w := Weights{M: make([]float64, levelCount[c]), U: make([]float64, levelCount[c])}
		sum := 0.0
		for l := range levelCount[c] {
			v := x.Levels[levelNames[c][l]]
			w.M[l], w.U[l] = v.M, v.U
			sum += v.M
			if !(v.M > 0 && v.M <= 1 && v.U > 0 && v.U <= 1) {
				problems = append(problems, fmt.Errorf("comparisons/%s/levels/%s: m and u are shares, over 0 and at most 1", comparisonNames[c], levelNames[c][l]))
			}
		}
		if math.Abs(sum-1) > 1e-6 {
			problems = append(problems, fmt.Errorf("comparisons/%s: the shares m do not add up to 1", comparisonNames[c]))
		}
		m.Comparisons[c], m.used[c] = w, x.Pairs
	}
	if len(given) > int(comparisons) {
		problems = append(problems, errors.New("comparisons: one of them is not known"))
	}
	return errors.Join(problems...)
}

// takeTerms reads how common values are.
func (m *Model) takeTerms(given map[string]termsFile) error {
	var problems []error
	known := 0
	for i, name := range fieldNames {
		t, there := given[name]
		if name == "" || !there {
			continue
		}
		known++
		if t.Records < 0 || !(t.Rest >= 0 && t.Rest <= float64(t.Records)) || !(t.Mean <= 0 && t.Mean > -60) || len(t.Common) > maxTerms {
			problems = append(problems, fmt.Errorf("terms/%s: counts cannot be negative, or more than the records", name))
		}
		if counts := slices.Collect(maps.Values(t.Common)); len(counts) > 0 && (slices.Min(counts) < leastTerm || slices.Max(counts) > t.Records) {
			problems = append(problems, fmt.Errorf("terms/%s/common: values of %d records or more, of no more than there are", name, leastTerm))
		}
		m.terms[i] = terms(t)
	}
	if known != len(given) {
		problems = append(problems, errors.New("terms: one of them is not known"))
	}
	return errors.Join(problems...)
}
