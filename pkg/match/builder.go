package match

import "strings"

// Builder normalises rows and interns what they hold.
type Builder struct {
	sides  []plan
	intern [tables]map[string]uint32
	cells  []uint32
	rows   []Row
}

// plan says in which order the columns of a file are read: what holds several properties comes last, and only fills what columns of
// their own left open.
type plan struct {
	columns []Column
	order   []int
}

// NewBuilder makes records of rows with these columns; of two files that are linked, each has its own.
func NewBuilder(columns ...[]Column) *Builder {
	b := &Builder{}
	for _, list := range columns {
		p := plan{columns: list}
		for _, several := range [2]bool{false, true} {
			for i, c := range list {
				if c.Kind != KindNone && several == (c.Kind == KindFull || c.Kind == KindAddress) {
					p.order = append(p.order, i)
				}
			}
		}
		b.sides = append(b.sides, p)
	}
	for t := range b.intern {
		b.intern[t] = map[string]uint32{}
	}
	return b
}

// draft is a record in texts.
type draft struct {
	text   [fields]string
	birth  date
	gender uint32
}

// Add adds a row of one file (side 0), or of the first (0) or second (1) of two that are linked. Missing cells are empty.
func (b *Builder) Add(id string, side uint8, row []string) {
	var d draft
	p := &b.sides[side]
	for _, i := range p.order {
		if i < len(row) && len(row[i]) <= maxCell && plain(row[i]) != "" {
			d.take(p.columns[i], row[i])
		}
	}
	cells := [fields]uint32{fBirth: uint32(d.birth), fGender: d.gender}
	for f := range fields {
		if t := tableOf[f]; t != noTable && d.text[f] != "" {
			cells[f] = b.number(t, d.text[f])
		}
	}
	b.cells = append(b.cells, cells[:]...)
	b.rows = append(b.rows, Row{ID: strings.Clone(id), Side: side, line: len(b.rows)})
}

// Records ends the building; the builder is not to be used any more.
func (b *Builder) Records() *Records {
	r := b.finish()
	r.count()
	return r
}

// number is the place of a text in its table, from 1.
func (b *Builder) number(t table, text string) uint32 {
	if n, known := b.intern[t][text]; known {
		return n
	}
	n := uint32(len(b.intern[t]) + 1) //nolint:gosec // rows are counted in 32 bits
	b.intern[t][strings.Clone(text)] = n
	return n
}

// put keeps the first text of a field.
func (d *draft) put(f field, text string) {
	if d.text[f] == "" {
		d.text[f] = text
	}
}

// also adds words to a field: a second given name.
func (d *draft) also(f field, text string) {
	switch {
	case text == "":
	case d.text[f] == "":
		d.text[f] = text
	default:
		d.text[f] += " " + text
	}
}

// take reads one cell into the draft.
func (d *draft) take(c Column, cell string) {
	switch c.Kind {
	case KindGiven:
		d.also(fGiven, nameText(cell))
	case KindFamily:
		d.also(fFamily, nameText(cell))
	case KindMaiden:
		d.put(fMaiden, nameText(cell))
	case KindFull:
		given, family := splitFull(cell)
		d.fillName(given, family)
	case KindBirth:
		if d.birth == 0 {
			d.birth = parseDate(cell, c.Order)
		}
	case KindBirthYear, KindBirthMonth, KindBirthDay:
		d.birthPart(c.Kind, cell)
	case KindGender:
		d.gender = max(d.gender, gender(cell))
	default:
		d.takePlace(c, cell)
	}
}

func (d *draft) takePlace(c Column, cell string) {
	switch c.Kind {
	case KindAddress:
		number, street, postcode, town := splitAddress(cell)
		d.put(fNumber, number)
		d.put(fStreet, street)
		d.put(fPostcode, postcode)
		d.put(fTown, town)
	case KindNumber:
		d.put(fNumber, strings.ReplaceAll(plain(cell), " ", ""))
	case KindStreet:
		number, street := splitNumber(plain(cell))
		d.put(fNumber, number)
		d.put(fStreet, streetText(street))
	case KindComplement:
		d.also(fComplement, streetText(plain(cell)))
	case KindPostcode:
		d.put(fPostcode, postcodeText(cell))
	case KindTown:
		d.put(fTown, townText(plain(cell)))
	case KindRegion:
		d.put(fRegion, plain(cell))
	case KindBirthPlace:
		d.put(fBirthPlace, townText(plain(cell)))
	default:
		d.takeContact(c, cell)
	}
}

func (d *draft) takeContact(c Column, cell string) {
	switch c.Kind {
	case KindEmail:
		d.putTwo(fEmail, fEmail2, emailText(cell))
	case KindPhone:
		d.putTwo(fPhone, fPhone2, phoneText(cell))
	case KindOccupation:
		d.put(fOccupation, plain(cell))
	case KindPersonal:
		if p := strings.ReplaceAll(plain(cell), " ", ""); len(p) >= 4 && !sameThroughout(p) {
			d.put(fPersonal, p)
		}
	default:
	}
}

func (d *draft) putTwo(first, second field, text string) {
	if d.text[first] == "" {
		d.text[first] = text
	} else if text != d.text[first] {
		d.put(second, text)
	}
}

// nameText is a plain name without digits, titles and suffixes.
func nameText(cell string) string {
	s := nameOnly(plain(cell))
	if s != "" && len(digits(s)) == len(strings.ReplaceAll(s, " ", "")) {
		return ""
	}
	return s
}

// fillName gives the parts of a full name where columns of their own have not said them.
func (d *draft) fillName(given, family string) {
	d.put(fGiven, given)
	d.put(fFamily, family)
}

// birthPart sets one part of a birth date that has three columns.
func (d *draft) birthPart(kind Kind, cell string) {
	n := 0
	if s := digits(strings.TrimSuffix(strings.TrimSpace(cell), ".0")); len(s) <= 4 {
		for _, c := range s {
			n = 10*n + int(c-'0')
		}
	}
	if n == 0 {
		if n = monthNamed(plain(cell)); n == 0 || kind != KindBirthMonth {
			return
		}
	}
	switch kind {
	case KindBirthYear:
		d.birth = newDate(n, d.birth.month(), d.birth.day())
	case KindBirthMonth:
		d.birth = newDate(d.birth.year(), n, d.birth.day())
	default:
		d.birth = newDate(d.birth.year(), d.birth.month(), n)
	}
}
