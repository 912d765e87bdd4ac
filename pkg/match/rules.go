package match

// rule makes the blocking keys of a form: records that share one are compared.
type rule struct {
	name string
	keys func(a *attributes, f Form, keys []uint64) []uint64
}

// attributes are what keys are made of, by name or by form.
type attributes struct {
	r                        *Records
	sounds, roots, heads, in []uint32 // by name: how its first part sounds, its root, its first three letters, its first letter
	tails                    []uint32 // by name: its last four letters
	lastSounds               []uint32 // by name: how its last part sounds
	users                    []uint32 // by e-mail: the user part
}

// attributesOf derives what keys are made of.
func attributesOf(r *Records) *attributes {
	a := &attributes{r: r}
	n := len(r.names)
	a.sounds, a.roots, a.heads, a.in, a.lastSounds, a.tails = make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n)
	for i := 1; i < n; i++ {
		v := &r.names[i]
		a.sounds[i] = textKey(sound(v.root))
		a.roots[i] = textKey(v.root)
		a.heads[i] = textKey(v.text[:min(3, len(v.text))])
		a.tails[i] = textKey(v.text[max(0, len(v.text)-4):])
		a.in[i] = uint32(v.text[0])
		a.lastSounds[i] = textKey(sound(v.parts[len(v.parts)-1]))
	}
	a.users = make([]uint32, len(r.emails))
	for i := 1; i < len(r.emails); i++ {
		if len(r.emails[i].user) >= 4 {
			a.users[i] = textKey(r.emails[i].user)
		}
	}
	return a
}

// textKey is a number of a text: FNV-1a, never 0 except for no text.
func textKey(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(h, 1)
}

// joined makes one key of its parts; 0 where one is missing.
func joined(parts ...uint32) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		if p == 0 {
			return 0
		}
		h = (h ^ uint64(p)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return max(h, 1)
}

func (a *attributes) given(f Form) uint32  { return a.sounds[a.r.cell(f, fGiven)] }
func (a *attributes) family(f Form) uint32 { return a.sounds[a.r.cell(f, fFamily)] }
func (a *attributes) birth(f Form) date    { return date(a.r.cell(f, fBirth)) }

// families are the sounds of the family names of a form: first and last part, and the name at birth.
func (a *attributes) families(f Form) [3]uint32 {
	n := a.r.cell(f, fFamily)
	return [3]uint32{a.sounds[n], a.lastSounds[n], a.sounds[a.r.cell(f, fMaiden)]}
}

// yearOf, monthDay are parts of a birth date; month and day in order of size, so that swapped ones meet.
func yearOf(d date) uint32 { return uint32(d.year()) } //nolint:gosec // at most 9999

func monthDay(d date) uint32 {
	if d.month() == 0 || d.day() == 0 {
		return 0
	}
	return uint32(min(d.month(), d.day())<<8 | max(d.month(), d.day())) //nolint:gosec // at most 99 each
}

// yearMonth is a year and month.
func yearMonthOf(d date) uint32 {
	if d.year() == 0 || d.month() == 0 {
		return 0
	}
	return uint32(d.year()<<8 | d.month()) //nolint:gosec // at most 9999 and 99
}

// one makes a rule of a single key.
func one(name string, parts func(a *attributes, f Form) [2]uint32) rule {
	return rule{name, func(a *attributes, f Form, keys []uint64) []uint64 {
		p := parts(a, f)
		return append(keys, joined(p[0], p[1]))
	}}
}

// eachFamily makes a rule of one key for each family name and another part.
func eachFamily(name string, part func(a *attributes, f Form) uint32) rule {
	return rule{name, func(a *attributes, f Form, keys []uint64) []uint64 {
		p := part(a, f)
		for _, n := range a.families(f) {
			keys = append(keys, joined(n, p))
		}
		return keys
	}}
}

func cellOf(c field) func(a *attributes, f Form) uint32 {
	return func(a *attributes, f Form) uint32 { return a.r.cell(f, c) }
}

func birthOf(part func(date) uint32) func(a *attributes, f Form) uint32 {
	return func(a *attributes, f Form) uint32 { return part(a.birth(f)) }
}

// two makes a rule of a key of two parts.
func two(name string, first, second func(a *attributes, f Form) uint32) rule {
	return one(name, func(a *attributes, f Form) [2]uint32 { return [2]uint32{first(a, f), second(a, f)} })
}

// alone makes a rule of a key of one part.
func alone(name string, part func(a *attributes, f Form) uint32) rule {
	return rule{name, func(a *attributes, f Form, keys []uint64) []uint64 { return append(keys, joined(part(a, f))) }}
}

// either makes a rule of one key for each of two fields of a kind.
func either(name string, first, second field, key func(a *attributes, value uint32) uint32) rule {
	return rule{name, func(a *attributes, f Form, keys []uint64) []uint64 {
		return append(keys, joined(key(a, a.r.cell(f, first))), joined(key(a, a.r.cell(f, second))))
	}}
}

func (a *attributes) givenHead(f Form) uint32    { return a.heads[a.r.cell(f, fGiven)] }
func (a *attributes) familyHead(f Form) uint32   { return a.heads[a.r.cell(f, fFamily)] }
func (a *attributes) familyTail(f Form) uint32   { return a.tails[a.r.cell(f, fFamily)] }
func (a *attributes) givenLetter(f Form) uint32  { return a.in[a.r.cell(f, fGiven)] }
func (a *attributes) familyLetter(f Form) uint32 { return a.in[a.r.cell(f, fFamily)] }

// swappable puts two keys in order of size, so that swapped names meet.
func swappable(first, second func(a *attributes, f Form) uint32) func(a *attributes, f Form) [2]uint32 {
	return func(a *attributes, f Form) [2]uint32 {
		x, y := first(a, f), second(a, f)
		return [2]uint32{min(x, y), max(x, y)}
	}
}

func itself(_ *attributes, value uint32) uint32 { return value }

// rules are the blocking rules. A pair that meets under several is compared once.
var rules = []rule{
	one("names by sound", swappable((*attributes).given, (*attributes).family)),
	one("names by first letters", swappable((*attributes).givenHead, (*attributes).familyHead)),
	two("birth date", birthOf(yearOf), birthOf(monthDay)),
	two("given name and day of birth", (*attributes).given, birthOf(monthDay)),
	two("given name and year of birth", (*attributes).given, birthOf(yearOf)),
	two("given name's letter and month of birth", (*attributes).givenLetter, birthOf(yearMonthOf)),
	two("family name's letter and month of birth", (*attributes).familyLetter, birthOf(yearMonthOf)),
	eachFamily("family name and day of birth", birthOf(monthDay)),
	eachFamily("family name and year of birth", birthOf(yearOf)),
	eachFamily("family name and postcode", cellOf(fPostcode)),
	eachFamily("family name and town", cellOf(fTown)),
	eachFamily("family name and town of birth", cellOf(fBirthPlace)),
	two("given name and postcode", (*attributes).given, cellOf(fPostcode)),
	two("given name and town", (*attributes).given, cellOf(fTown)),
	two("given name and town of birth", (*attributes).given, cellOf(fBirthPlace)),
	two("given name and street", (*attributes).given, cellOf(fStreet)),
	two("year of birth and postcode", birthOf(yearOf), cellOf(fPostcode)),
	two("day of birth and postcode", birthOf(monthDay), cellOf(fPostcode)),
	two("day of birth and town", birthOf(monthDay), cellOf(fTown)),
	two("day of birth and town of birth", birthOf(monthDay), cellOf(fBirthPlace)),
	two("street and number", cellOf(fStreet), cellOf(fNumber)),
	two("street and postcode", cellOf(fStreet), cellOf(fPostcode)),
	two("complement and number", cellOf(fComplement), cellOf(fNumber)),
	eachFamily("family name and profession", cellOf(fOccupation)),
	two("given name and profession", (*attributes).given, cellOf(fOccupation)),
	two("town of birth and profession", cellOf(fBirthPlace), cellOf(fOccupation)),
	two("town of birth and postcode", cellOf(fBirthPlace), cellOf(fPostcode)),
	two("year of birth and town of birth", birthOf(yearOf), cellOf(fBirthPlace)),
	two("year of birth and profession", birthOf(yearOf), cellOf(fOccupation)),
	two("family name's end and given name's letter", (*attributes).familyTail, (*attributes).givenLetter),
	two("family name's beginning and given name's letter", (*attributes).familyHead, (*attributes).givenLetter),
	two("family name's letter and given name", (*attributes).familyLetter, (*attributes).given),
	alone("family name's sound", (*attributes).family),
	alone("family name's end", (*attributes).familyTail),
	alone("given name", cellOf(fGiven)),
	alone("postcode", cellOf(fPostcode)),
	alone("town of birth", cellOf(fBirthPlace)),
	alone("street", cellOf(fStreet)),
	either("e-mail", fEmail, fEmail2, itself),
	either("e-mail's user", fEmail, fEmail2, func(a *attributes, v uint32) uint32 { return a.users[v] }),
	either("phone", fPhone, fPhone2, itself),
	alone("personal number", cellOf(fPersonal)),
}

// refinements part a block that is too large, one after the other.
var refinements = []func(a *attributes, f Form) uint64{
	func(a *attributes, f Form) uint64 { return uint64(yearOf(a.birth(f))) },
	func(a *attributes, f Form) uint64 { return uint64(a.given(f)) },
	func(a *attributes, f Form) uint64 { return uint64(a.family(f)) },
	func(a *attributes, f Form) uint64 { return uint64(a.r.cell(f, fPostcode)) },
}
