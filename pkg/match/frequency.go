package match

import "math"

// frequencies say how often two strangers agree on a value of a field, as log2.
//
// A value is counted without the two records that agree on it: what they share is what is being asked, and only the others tell how
// common it is. What is known of people beforehand counts as priorForms records more, so that a short file does not make every name rare.
type frequencies struct {
	chance [fields][]float32
	mean   [fields]float32 // of all values: log2 of the sum of squares
	dates  map[date]float32
}

// priorForms is the weight of what is known beforehand, in records.
const priorForms = 100

// usual is how often two strangers agree, known beforehand; rarest is the least that a file may claim.
var usual, rarest = [fields]float64{
	fGiven: 5e-3, fFamily: 2e-3, fNumber: 2e-2, fStreet: 5e-4, fComplement: 1e-3, fPostcode: 2e-3, fTown: 5e-3, fRegion: 0.1,
	fEmail: 1e-4, fPhone: 1e-4, fBirthPlace: 5e-3, fOccupation: 2e-2, fPersonal: 1e-5,
}, [fields]float64{
	fGiven: 2e-5, fFamily: 1e-5, fNumber: 1e-2, fStreet: 1e-5, fComplement: 1e-5, fPostcode: 2e-5, fTown: 2e-5, fRegion: 1e-2,
	fEmail: 1e-6, fPhone: 1e-6, fBirthPlace: 2e-5, fOccupation: 1e-4, fPersonal: 1e-7,
}

// Birth dates: a whole one in some 25,000, a year alone in 70.
const (
	usualDate = 1.0 / 25000
	usualYear = 1.0 / 70
)

// of is how often two strangers agree on a value.
func (q *frequencies) of(f field, value uint32) float32 { return q.chance[f][value] }

// ofDate is how often two strangers agree on a date.
func (q *frequencies) ofDate(d date) float32 {
	if c, known := q.dates[d]; known {
		return c
	}
	if d.whole() {
		return log2(usualDate)
	}
	return log2(usualYear)
}

// nearly says by how much two strangers agree more or less often about these two values than about others, where the values are
// alike but not the same: the rarer the commoner of the two, the less.
func (q *frequencies) nearly(f field, a, b uint32) float32 {
	commoner := max(q.chance[f][a], q.chance[f][b])
	return min(max((commoner-q.mean[f])/2, -4), 3)
}

func log2(x float64) float32 { return float32(math.Log2(x)) }

// count counts the values of all fields over the forms.
func (r *Records) count() {
	for f := range fields {
		if t := tableOf[f]; t != noTable && f != fMaiden && f != fEmail2 && f != fPhone2 {
			r.countField(f)
		}
	}
	r.countDates()
}

// pooled are the fields that are counted with another one.
var pooled = map[field]field{fFamily: fMaiden, fEmail: fEmail2, fPhone: fPhone2}

// countsOf counts the values of a field, and all of them together; of fields that are counted with another one, both.
func (r *Records) countsOf(f field) (counts []uint32, n int) {
	counts = make([]uint32, len(r.texts[tableOf[f]]))
	second, both := pooled[f]
	for i := range r.forms {
		v := r.cell(i, f)
		if v != 0 {
			counts[v]++
			n++
		}
		if w := r.cell(i, second); both && w != 0 && w != v {
			counts[w]++
			n++
		}
	}
	return counts, n
}

func (r *Records) countField(f field) {
	counts, n := r.countsOf(f)
	chance := make([]float32, len(counts))
	mean := 0.0
	for v, c := range counts {
		p := (float64(max(c, 2)-2) + priorForms*usual[f]) / float64(n+priorForms)
		p = max(p, rarest[f])
		chance[v] = log2(min(p, 1))
		mean += p * float64(c) / float64(max(n, 1))
	}
	r.freq.chance[f] = chance
	r.freq.mean[f] = log2(min(max(mean, rarest[f]), 1))
}

// dateCounts counts the birth dates.
func (r *Records) dateCounts() map[date]int {
	counts := map[date]int{}
	for i := range r.forms {
		if d := date(r.cell(i, fBirth)); d != 0 {
			counts[d]++
		}
	}
	return counts
}

func (r *Records) countDates() {
	counts := r.dateCounts()
	n := 0
	for _, c := range counts {
		n += c
	}
	r.freq.dates = make(map[date]float32, len(counts))
	for d, c := range counts {
		r.freq.dates[d] = chanceOfDate(d, c, n)
	}
}
