package match

import (
	"slices"
	"strings"
)

// comparer compares forms. It keeps what it found of pairs of names, and belongs to one worker.
type comparer struct {
	r     *Records
	names *[nameCache]nameEntry // nil: nothing is kept, for a few pairs
}

// nameCache is the number of pairs of names whose level is kept.
const nameCache = 1 << 15

type nameEntry struct {
	a, b  uint32
	level level
}

func newComparer(r *Records) *comparer { return &comparer{r, new([nameCache]nameEntry)} }

// compare compares two forms.
func (c *comparer) compare(x, y Form) likeness {
	a, b := c.r.form(x), c.r.form(y)
	l := likeness{levels: allUnknown}
	c.compareNames(a, b, &l)
	c.compareBirth(a, b, &l)
	c.compareAddress(a, b, &l)
	c.comparePlace(a, b, &l)
	c.compareEmails(a, b, &l)
	c.comparePhones(a, b, &l)
	if a[fGender] != 0 && b[fGender] != 0 {
		l.levels = l.levels.with(cGender, ofBool(a[fGender] == b[fGender]))
	}
	c.compareWord(cBirthPlace, fBirthPlace, a, b, &l)
	c.compareWord(cOccupation, fOccupation, a, b, &l)
	if p, q := a[fPersonal], b[fPersonal]; p != 0 && q != 0 {
		n := c.number(tPersonal, p, q)
		l.levels = l.levels.with(cPersonal, n)
		if n == numberSame {
			l.chance[cPersonal] = c.r.freq.of(fPersonal, p)
		}
	}
	return l
}

// ofBool is the level of a comparison that has two.
func ofBool(same bool) level {
	if same {
		return 1
	}
	return 0
}

// nameLevel is how alike two names are.
func (c *comparer) nameLevel(a, b uint32) level {
	if a == b {
		return nameSame
	}
	if a > b {
		a, b = b, a
	}
	if c.names == nil {
		return compareNameValues(&c.r.names[a], &c.r.names[b])
	}
	e := &c.names[(a*2654435761^b*2246822519)>>17%nameCache]
	if e.a != a || e.b != b {
		*e = nameEntry{a, b, compareNameValues(&c.r.names[a], &c.r.names[b])}
	}
	return e.level
}

func compareNameValues(a, b *nameValue) level {
	if a.text == b.text {
		return nameSame
	}
	if a.initial != 0 || b.initial != 0 {
		return nameInitial * ofBool(a.text[0] == b.text[0])
	}
	shorter := min(len(a.text), len(b.text))
	bound := maskEdits(a.mask, b.mask)
	n := 3
	if bound <= 2 {
		n = edits(a.text, b.text, 2)
	}
	switch {
	case n == 1 && shorter >= 3:
		return nameClose
	case a.root == b.root:
		return sameRoot(a, b)
	case partOf(a.parts, b.parts), partOf(b.parts, a.parts):
		if a.parts[0][0] != b.parts[0][0] {
			return nameLoose
		}
		return namePart
	case n == 2 && shorter >= 5, n == 1:
		return nameLoose
	}
	return looseNames(a.text, b.text, a.sound == b.sound, bound)
}

// looseNames compares names that more than typing errors part.
func looseNames(a, b string, heardAlike bool, bound int) level {
	switch shorter := min(len(a), len(b)); {
	case shorter < 3:
		return nameDifferent
	case heardAlike, shorter >= 4 && bound <= 4 && alike(a, b, 0.9):
		return nameLoose
	case strings.HasPrefix(a, b), strings.HasPrefix(b, a):
		return nameInitial
	}
	return nameDifferent
}

// sameRoot compares names whose first part is the same given name, or a diminutive of it.
func sameRoot(a, b *nameValue) level {
	switch {
	case len(a.parts) == 1 && len(b.parts) == 1:
		return nameVariant
	case len(a.parts) == 1, len(b.parts) == 1, partOf(a.parts, b.parts), partOf(b.parts, a.parts):
		return namePart
	}
	return nameLoose
}

// partOf reports whether all of a's parts are among b's; one letter stands for the part that it begins.
func partOf(a, b []string) bool {
	if len(a) >= len(b) {
		return false
	}
	whole := false
	for _, p := range a {
		found := slices.ContainsFunc(b, func(q string) bool { return p == q || len(p) == 1 && q[0] == p[0] })
		if !found {
			return false
		}
		whole = whole || len(p) > 2
	}
	return whole
}

// compareNames compares given and family names, also swapped ones, and names at birth.
func (c *comparer) compareNames(a, b []uint32, l *likeness) {
	given := c.knownNames(a[fGiven], b[fGiven])
	family, fa, fb := c.families(a, b)
	if weak(given) && weak(family) {
		if g, f, swapped := c.swapped(a, b); swapped {
			l.levels = l.levels.with(cOrder, orderSwapped).with(cGiven, g).with(cFamily, f)
			l.chance[cGiven] = c.swappedChance(a[fGiven], b[fFamily], g)
			l.chance[cFamily] = c.swappedChance(b[fGiven], a[fFamily], f)
			return
		}
	}
	if given != unknown && family != unknown {
		l.levels = l.levels.with(cOrder, orderKept)
	}
	l.levels = l.levels.with(cGiven, given).with(cFamily, family)
	l.chance[cGiven] = c.nameChance(fGiven, a[fGiven], b[fGiven], given)
	l.chance[cFamily] = c.nameChance(fFamily, fa, fb, family)
}

// weak reports whether a level of names proves little.
func weak(l level) bool { return l == unknown || l <= nameLoose }

// knownNames is nameLevel, unknown where a name is missing.
func (c *comparer) knownNames(a, b uint32) level {
	if a == 0 || b == 0 {
		return unknown
	}
	return c.nameLevel(a, b)
}

// families compares the family names, with the names at birth where those of use do not agree.
func (c *comparer) families(a, b []uint32) (l level, x, y uint32) {
	l = c.knownNames(a[fFamily], b[fFamily])
	if l == unknown || l < nameClose && a[fMaiden]|b[fMaiden] != 0 {
		return c.bestFamily(a, b, l)
	}
	return l, a[fFamily], b[fFamily]
}

// bestFamily compares each family name of one with each of the other.
func (c *comparer) bestFamily(a, b []uint32, best level) (l level, x, y uint32) {
	x, y = a[fFamily], b[fFamily]
	for _, p := range [2]uint32{a[fFamily], a[fMaiden]} {
		for _, q := range [2]uint32{b[fFamily], b[fMaiden]} {
			if p == 0 || q == 0 {
				continue
			}
			if n := c.nameLevel(p, q); best == unknown || n > best {
				best, x, y = n, p, q
			}
		}
	}
	return best, x, y
}

// swapped compares given with family name. It counts where nothing contradicts and at least one of the two is close.
func (c *comparer) swapped(a, b []uint32) (given, family level, is bool) {
	given, family = c.knownNames(a[fGiven], b[fFamily]), c.knownNames(a[fFamily], b[fGiven])
	strong := func(l level) bool { return l != unknown && l >= nameClose }
	fits := func(l level) bool { return l == unknown || l >= nameLoose }
	return given, family, (strong(given) || strong(family)) && fits(given) && fits(family)
}

func (c *comparer) swappedChance(given, family uint32, l level) float32 {
	return max(c.nameChance(fGiven, given, family, l), c.nameChance(fFamily, given, family, l))
}

// nameChance is how often two strangers agree on this name.
func (c *comparer) nameChance(f field, a, b uint32, l level) float32 {
	switch {
	case l == unknown || l < nameLoose:
		return 0
	case l == nameSame && a == b:
		return c.r.freq.of(f, a)
	case l == nameSame:
		return max(c.r.freq.of(f, a), c.r.freq.of(f, b))
	default:
		return c.r.freq.nearly(f, a, b)
	}
}

// compareWord compares short texts that have no structure.
func (c *comparer) compareWord(cmp comparison, f field, a, b []uint32, l *likeness) {
	p, q := a[f], b[f]
	if p == 0 || q == 0 {
		return
	}
	n := wordDifferent
	if p == q {
		n = wordSame
		l.chance[cmp] = c.r.freq.of(f, p)
	} else if closeText(c.r.texts[tableOf[f]][p], c.r.texts[tableOf[f]][q]) {
		n = wordClose
	}
	l.levels = l.levels.with(cmp, n)
}

// closeText reports whether two texts differ by typing errors.
func closeText(a, b string) bool {
	shorter := min(len(a), len(b))
	if shorter < 3 {
		return false
	}
	limit := 1
	if shorter >= 6 {
		limit = 2
	}
	return edits(a, b, limit) <= limit
}

// number compares numbers of which people mistype digits.
func (c *comparer) number(t table, p, q uint32) level {
	if p == q {
		return numberSame
	}
	if x, y := c.r.texts[t][p], c.r.texts[t][q]; edits(x, y, 1) == 1 {
		return numberClose
	}
	return numberDifferent
}

// comparePhones compares each phone of one with each of the other; the best counts.
func (c *comparer) comparePhones(a, b []uint32, l *likeness) {
	best := unknown
	for _, p := range [2]uint32{a[fPhone], a[fPhone2]} {
		for _, q := range [2]uint32{b[fPhone], b[fPhone2]} {
			if p == 0 || q == 0 {
				continue
			}
			if n := c.number(tPhones, p, q); best == unknown || n > best {
				best = n
				l.chance[cPhone] = 0
				if n == numberSame {
					l.chance[cPhone] = c.r.freq.of(fPhone, p)
				}
			}
		}
	}
	l.levels = l.levels.with(cPhone, best)
}

// compareEmails compares each e-mail of one with each of the other; the best counts.
func (c *comparer) compareEmails(a, b []uint32, l *likeness) {
	best := unknown
	for _, p := range [2]uint32{a[fEmail], a[fEmail2]} {
		for _, q := range [2]uint32{b[fEmail], b[fEmail2]} {
			if p == 0 || q == 0 {
				continue
			}
			if n := c.email(a, b, p, q); best == unknown || n > best {
				best = n
				l.chance[cEmail] = 0
				if n == emailSame {
					l.chance[cEmail] = c.r.freq.of(fEmail, p)
				}
			}
		}
	}
	l.levels = l.levels.with(cEmail, best)
}

func (c *comparer) email(a, b []uint32, p, q uint32) level {
	if p == q {
		return emailSame
	}
	x, y := &c.r.emails[p], &c.r.emails[q]
	switch {
	case x.letters == y.letters && x.user != y.user && c.madeOfNames(x, a):
		return emailNames // the digits are all that tells jean.petit12 from jean.petit17
	case maskEdits(x.mask, y.mask) <= 2 && len(x.text) >= 8 && edits(x.text, y.text, 2) <= 2:
		return emailClose
	case x.user == y.user && len(x.user) >= 3:
		return c.sameUser(x, y, a, b)
	case len(x.user) >= 6 && len(y.user) >= 6 && edits(x.user, y.user, 1) <= 1:
		if edits(x.domain, y.domain, 2) <= 2 {
			return emailClose
		}
		return emailNames
	}
	return emailDifferent
}

// sameUser compares e-mails with one user part at two domains: made of names, without digits of its own, it says little.
func (c *comparer) sameUser(x, y *emailValue, a, b []uint32) level {
	if len(x.user)-len(x.letters) <= 2 && (c.madeOfNames(x, a) || c.madeOfNames(y, b)) {
		return emailNames
	}
	return emailUser
}

// madeOfNames reports whether the letters of a user part are names of the record, or their beginnings: it says nothing new.
func (c *comparer) madeOfNames(e *emailValue, record []uint32) bool {
	rest := e.letters
	for _, f := range [3]field{fGiven, fFamily, fMaiden} {
		n := record[f]
		if n == 0 {
			continue
		}
		name := c.r.names[n].text
		if i := strings.Index(rest, name); i >= 0 && len(name) >= 3 {
			rest = rest[:i] + rest[i+len(name):]
		}
	}
	return len(rest) <= 1 && len(rest) < len(e.letters)
}
