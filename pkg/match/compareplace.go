package match

import "strings"

// compareBirth compares birth dates.
func (c *comparer) compareBirth(a, b []uint32, l *likeness) {
	x, y := date(a[fBirth]), date(b[fBirth])
	if x == 0 || y == 0 {
		return
	}
	n := birthLevel(x, y)
	l.levels = l.levels.with(cBirth, n)
	if n == birthSame {
		l.chance[cBirth] = c.r.freq.ofDate(x)
	}
}

func birthLevel(x, y date) level {
	if x == y {
		return birthSame
	}
	if !x.whole() || !y.whole() {
		return partialBirth(x, y)
	}
	sameParts := count(x.year() == y.year()) + count(x.month() == y.month()) + count(x.day() == y.day())
	wrong, swapped := wrongDigits(x, y)
	switch {
	case wrong == 1, swapped, x.year() == y.year() && x.month() == y.day() && x.day() == y.month():
		return birthOne
	case sameParts == 2:
		return birthTwo
	case wrong == 2:
		return birthDigits
	case x.year() == y.year():
		return birthYear
	}
	return birthDifferent
}

// partialBirth compares dates of which one says less.
func partialBirth(x, y date) level {
	known := 0
	for _, p := range [3][2]int{{x.year(), y.year()}, {x.month(), y.month()}, {x.day(), y.day()}} {
		if p[0] == 0 || p[1] == 0 {
			continue
		}
		if p[0] != p[1] {
			return birthDifferent
		}
		known++
	}
	if known == 0 {
		return unknown
	}
	return birthPartial
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wrongDigits counts the digits that differ in two dates, and says whether all that parts them is two neighbours swapped.
func wrongDigits(x, y date) (wrong int, swapped bool) {
	m, n := x.number(), y.number()
	beforeM, beforeN := 0, 0
	for range 8 {
		p, q := m%10, n%10
		if p != q {
			wrong++
			swapped = wrong == 2 && p == beforeN && q == beforeM
		}
		beforeM, beforeN = p, q
		m, n = m/10, n/10
	}
	return wrong, swapped
}

// Likeness of two streets without their numbers.
const (
	roadDifferent = iota
	roadLoose
	roadClose
	roadSame
)

// compareAddress compares streets with numbers, and complements. A street that stands as the other's complement is alike.
func (c *comparer) compareAddress(a, b []uint32, l *likeness) {
	crossed := false
	if a[fStreet] != 0 && b[fStreet] != 0 {
		n := c.streetLevel(a, b)
		if n <= streetLoose && (c.road(a[fStreet], b[fComplement]) >= roadClose || c.road(a[fComplement], b[fStreet]) >= roadClose) {
			n, crossed = streetAlike, true
		}
		l.levels = l.levels.with(cStreet, n)
		l.chance[cStreet] = c.streetChance(a, b, n)
	}
	if a[fComplement] == 0 || b[fComplement] == 0 || crossed {
		return
	}
	switch c.road(a[fComplement], b[fComplement]) {
	case roadSame:
		l.levels = l.levels.with(cComplement, wordSame)
		l.chance[cComplement] = c.r.freq.of(fComplement, a[fComplement])
	case roadClose:
		l.levels = l.levels.with(cComplement, wordClose)
	default:
		l.levels = l.levels.with(cComplement, wordDifferent)
	}
}

func (c *comparer) streetLevel(a, b []uint32) level {
	sameNumber, otherNumber := false, false
	if p, q := a[fNumber], b[fNumber]; p != 0 && q != 0 {
		sameNumber = p == q
		otherNumber = !sameNumber
	}
	road := c.road(a[fStreet], b[fStreet])
	switch {
	case road == roadSame && sameNumber:
		return streetSame
	case road == roadClose && sameNumber, road == roadSame && !otherNumber:
		return streetClose
	case road == roadLoose && sameNumber, road == roadClose && !otherNumber:
		return streetAlike
	case road >= roadClose:
		return streetOther
	case road == roadLoose, sameNumber:
		return streetLoose
	}
	return streetDifferent
}

func (c *comparer) streetChance(a, b []uint32, n level) float32 {
	switch {
	case n == streetSame:
		return c.r.freq.of(fStreet, a[fStreet]) + max(c.r.freq.of(fNumber, a[fNumber]), -7)
	case n >= streetOther && n <= streetClose:
		return c.r.freq.nearly(fStreet, a[fStreet], b[fStreet])
	}
	return 0
}

// road compares two streets, or two complements.
func (c *comparer) road(p, q uint32) int {
	if p == 0 || q == 0 {
		return roadDifferent
	}
	if p == q {
		return roadSame
	}
	x, y := &c.r.streets[p], &c.r.streets[q]
	bound := maskEdits(x.mask, y.mask)
	if bound <= 2 && len(x.text) >= 5 && len(y.text) >= 5 && edits(x.text, y.text, 2) <= 2 {
		return roadClose
	}
	if bound > 6 {
		return roadDifferent
	}
	short, long := x.text, y.text
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short) >= 6 && strings.Contains(long, short) {
		return roadClose
	}
	return sharedWords(short, long)
}

// sharedWords compares the words of two streets, in any order.
func sharedWords(short, long string) int {
	all, shared, own := 0, 0, 0
	for w := range strings.FieldsSeq(short) {
		all++
		for v := range strings.FieldsSeq(long) {
			if w == v || len(w) >= 5 && len(v) >= 5 && edits(w, v, 1) <= 1 {
				shared++
				if !roadWords[w] && len(w) > 2 {
					own++
				}
				break
			}
		}
	}
	switch {
	case own > 0 && shared == all:
		return roadClose
	case own > 0 && 2*shared >= all:
		return roadLoose
	case len(short) >= 8 && alike(short, long, 0.93):
		return roadLoose
	}
	return roadDifferent
}

// roadWords name the sort of road, not the road.
var roadWords = words(`avenue boulevard rue place impasse chemin allee route square cours faubourg quai passage residence batiment appartement road
	street lane drive crescent court circuit terrace highway parade close grove gardens flat unit way walk hill north south east west`)

// agreement is what a postcode, or a town, of two records says.
type agreement uint8

const (
	missing agreement = iota
	contradicts
	near
	agrees
)

// agreementOf compares one field; close says whether two texts differ by errors alone.
func (c *comparer) agreementOf(f field, a, b []uint32, closeBy func(x, y string) bool) agreement {
	p, q := a[f], b[f]
	texts := c.r.texts[tableOf[f]]
	switch {
	case p == 0 || q == 0:
		return missing
	case p == q:
		return agrees
	case closeBy(texts[p], texts[q]):
		return near
	}
	return contradicts
}

// comparePlace compares postcode, town and region at once.
func (c *comparer) comparePlace(a, b []uint32, l *likeness) {
	postcode := c.agreementOf(fPostcode, a, b, func(x, y string) bool { return edits(x, y, 1) == 1 })
	town := c.agreementOf(fTown, a, b, closeTown)
	region := c.agreementOf(fRegion, a, b, func(_, _ string) bool { return false })
	n := placeLevel(postcode, town, region)
	l.levels = l.levels.with(cPlace, n)
	l.chance[cPlace] = c.placeChance(a, b, n, postcode == agrees)
}

// placeLevel is the level of the three together.
func placeLevel(postcode, town, region agreement) level {
	switch {
	case town >= near && postcode != contradicts:
		return [4]level{missing: placeTownClose + ofBool(town == agrees), near: placeBothClose, agrees: placeBoth}[postcode]
	case postcode == agrees && town == missing:
		return placePostcode
	case postcode == agrees, town >= near:
		return placeMixed
	case postcode == near, region == agrees:
		return placeRegion
	case postcode == missing && town == missing && region == missing:
		return unknown
	}
	return placeDifferent
}

// placeChance is how often two strangers agree on this place.
func (c *comparer) placeChance(a, b []uint32, n level, postcode bool) float32 {
	switch n { //nolint:exhaustive // the other levels do not hang on the value
	case placeBoth:
		return min(c.r.freq.of(fPostcode, a[fPostcode]), max(c.r.freq.of(fTown, a[fTown]), c.r.freq.of(fTown, b[fTown])))
	case placePostcode:
		return c.r.freq.of(fPostcode, a[fPostcode])
	case placeTown:
		return c.r.freq.of(fTown, a[fTown])
	case placeMixed:
		if postcode {
			return c.r.freq.of(fPostcode, a[fPostcode])
		}
		return max(c.r.freq.of(fTown, a[fTown]), c.r.freq.of(fTown, b[fTown]))
	}
	return 0
}

// closeTown reports whether two towns differ by typing errors, or one is a part of the other.
func closeTown(a, b string) bool {
	if closeText(a, b) {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= 5 && strings.HasPrefix(b, a) || len(a) >= 5 && alike(a, b, 0.93)
}
