package match

import (
	"slices"
	"strconv"
	"strings"
)

// parts is what the blocking keys of one record are made of, as texts: a key has to be the same in every process.
type parts struct {
	given, givenHead, givenLetter string
	families                      []familyParts
	year, day                     string // day: month and day in order of size, so that swapped ones meet
	postcode, town                string
	street, number                string
	birthPlace                    string
	emails, users, phones         []string
	personal                      string
}

type familyParts struct{ sound, head, letter, tail string }

// Blocks are the blocking keys of traits, as texts that are not for storing: whoever keeps them makes pseudonyms of them. Two records
// that share one are candidates. Each says at least two properties, so that few people share it.
func (t Traits) Blocks() []string {
	r, forms := recordsOfTraits(t)
	p := partsOf(r, forms[0])
	var b blockList
	p.names(&b)
	p.births(&b)
	p.places(&b)
	for _, e := range p.emails {
		b.add("email", e)
	}
	for _, u := range p.users {
		b.add("user", u)
	}
	for _, n := range p.phones {
		b.add("phone", n)
	}
	b.add("personal", p.personal)
	slices.Sort(b)
	return slices.Compact(b)
}

// partsOf takes a record apart.
func partsOf(r *Records, f Form) parts {
	p := parts{
		postcode: r.text(f, fPostcode), town: r.text(f, fTown), street: r.text(f, fStreet), number: r.text(f, fNumber),
		birthPlace: r.text(f, fBirthPlace), personal: r.text(f, fPersonal),
	}
	if n := r.cell(f, fGiven); n != 0 {
		v := &r.names[n]
		p.given, p.givenHead, p.givenLetter = sound(v.root), v.text[:min(3, len(v.text))], v.text[:1]
	}
	for _, c := range [2]field{fFamily, fMaiden} {
		if n := r.cell(f, c); n != 0 {
			p.addFamily(&r.names[n])
		}
	}
	if d := date(r.cell(f, fBirth)); d != 0 {
		if d.year() != 0 {
			p.year = strconv.Itoa(d.year())
		}
		if n := monthDay(d); n != 0 {
			p.day = strconv.Itoa(int(n))
		}
	}
	for _, c := range [2]field{fEmail, fEmail2} {
		if n := r.cell(f, c); n != 0 {
			p.emails = append(p.emails, r.text(f, c))
			if user := r.emails[n].user; len(user) >= 4 {
				p.users = append(p.users, user)
			}
		}
	}
	for _, c := range [2]field{fPhone, fPhone2} {
		if r.cell(f, c) != 0 {
			p.phones = append(p.phones, r.text(f, c))
		}
	}
	return p
}

// addFamily adds the parts of a family name: of its first part, and of its last where it has several.
func (p *parts) addFamily(v *nameValue) {
	x := familyParts{sound: sound(v.root), head: v.text[:min(3, len(v.text))], letter: v.text[:1], tail: v.text[max(0, len(v.text)-4):]}
	p.families = append(p.families, x)
	if last := sound(v.parts[len(v.parts)-1]); last != x.sound {
		x.sound = last
		p.families = append(p.families, x)
	}
}

// names are the keys of names with what parts the common ones.
func (p *parts) names(b *blockList) {
	for _, f := range p.families {
		first, second := min(p.given, f.sound), max(p.given, f.sound)
		b.add("names", first, second)
		b.add("names year", first, second, p.year)
		b.add("names postcode", first, second, p.postcode)
		b.add("heads year", min(p.givenHead, f.head), max(p.givenHead, f.head), p.year)
		b.add("heads day", min(p.givenHead, f.head), max(p.givenHead, f.head), p.day)
		b.add("family day", f.sound, p.day)
		b.add("family year postcode", f.sound, p.year, p.postcode)
		b.add("family street", f.sound, p.street)
		b.add("family town letter", f.sound, p.town, p.givenLetter)
		b.add("family birth place", f.sound, p.birthPlace, p.givenLetter)
		b.add("tail letter year", f.tail, p.givenLetter, p.year)
		b.add("letters birth", min(p.givenLetter, f.letter), max(p.givenLetter, f.letter), p.year, p.day)
	}
}

// births are the keys of birth dates.
func (p *parts) births(b *blockList) {
	b.add("birth", p.year, p.day)
	b.add("birth postcode", p.day, p.postcode)
	b.add("birth given", p.given, p.day)
	b.add("birth given year", p.given, p.year, p.postcode)
}

// places are the keys of addresses.
func (p *parts) places(b *blockList) {
	b.add("street", p.street, p.number, p.postcode)
	b.add("street given", p.street, p.given)
	b.add("given postcode", p.given, p.postcode, p.number)
}

// blockList gathers keys.
type blockList []string

// add adds a key of a rule; none where a part is missing.
func (b *blockList) add(rule string, parts ...string) {
	if slices.Contains(parts, "") {
		return
	}
	*b = append(*b, rule+"\x00"+strings.Join(parts, "\x00"))
}
