package match

import (
	"cmp"
	"slices"
	"strings"
)

// field is one cell of a normalised record.
type field uint8

const (
	fGiven field = iota
	fFamily
	fMaiden
	fBirth
	fNumber
	fStreet
	fComplement
	fPostcode
	fTown
	fRegion
	fEmail
	fEmail2
	fPhone
	fPhone2
	fGender
	fBirthPlace
	fOccupation
	fPersonal
	fields
)

// table is a set of texts that fields share.
type table uint8

const (
	noTable table = iota // the cell holds the value itself: dates, gender
	tNames
	tStreets
	tNumbers
	tPostcodes
	tTowns
	tEmails
	tPhones
	tWords
	tPersonal
	tables
)

// tableOf says where the texts of a field are.
var tableOf = [fields]table{
	fGiven: tNames, fFamily: tNames, fMaiden: tNames, fNumber: tNumbers, fStreet: tStreets, fComplement: tStreets, fPostcode: tPostcodes,
	fTown: tTowns, fRegion: tTowns, fBirthPlace: tTowns, fEmail: tEmails, fEmail2: tEmails, fPhone: tPhones, fPhone2: tPhones, fOccupation: tWords, fPersonal: tPersonal,
}

// Form is one distinct content of records: copies of a row are one form. Forms are numbered in the order of their content.
type Form = int

// Records are the rows of a file, normalised: texts are interned, copies are one form, and nothing hangs on the order of the rows.
type Records struct {
	forms   int
	cells   []uint32         // forms x fields
	texts   [tables][]string // 0 is the missing text
	names   []nameValue
	emails  []emailValue
	streets []streetValue
	present [fields]bool
	freq    frequencies
	rows    []Row
	side    []uint8 // of each form: which file it is of, where two are linked
}

// Row is a row of the file: its id, and the form of its content.
type Row struct {
	ID   string
	Side uint8
	Form Form
	line int
}

// Line is the place of the row in its file, from 0, counted on through the second file.
func (r *Row) Line() int { return r.line }

// streetValue is a street and what is compared of it.
type streetValue struct {
	text string
	mask uint64
}

// Len is the number of rows.
func (r *Records) Len() int { return len(r.rows) }

// Forms is the number of distinct contents.
func (r *Records) Forms() int { return r.forms }

// Rows are the rows by id, then by content: the order of the answers. It is not to be changed.
func (r *Records) Rows() []Row { return r.rows }

func (r *Records) cell(f Form, c field) uint32 { return r.cells[f*int(fields)+int(c)] }

func (r *Records) form(f Form) []uint32 { return r.cells[f*int(fields) : (f+1)*int(fields)] }

func (r *Records) text(f Form, c field) string { return r.texts[tableOf[c]][r.cell(f, c)] }

// Usable reports whether there is any property of a person to compare.
func (r *Records) Usable() bool { return slices.Contains(r.present[:], true) }

// finish renumbers the texts by their order, sorts the rows by content, and makes copies one form.
func (b *Builder) finish() *Records {
	r := &Records{}
	renumber := [tables][]uint32{}
	for t := tNames; t < tables; t++ {
		r.texts[t], renumber[t] = sortedTexts(b.intern[t])
		b.intern[t] = nil
	}
	for i := range b.cells {
		if t := tableOf[i%int(fields)]; t != noTable {
			b.cells[i] = renumber[t][b.cells[i]]
		}
	}
	b.collapse(r)
	r.names = deriveAll(r.texts[tNames], newNameValue)
	r.emails = deriveAll(r.texts[tEmails], newEmailValue)
	r.streets = deriveAll(r.texts[tStreets], func(s string) streetValue { return streetValue{s, letterMask(s)} })
	for i, v := range r.cells {
		if v != 0 {
			r.present[i%int(fields)] = true
		}
	}
	return r
}

// collapse sorts the rows by content and id, and keeps each content once.
func (b *Builder) collapse(r *Records) {
	n := len(b.rows)
	row := func(i int) []uint32 { return b.cells[i*int(fields) : (i+1)*int(fields)] }
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(slices.Compare(row(x), row(y)), cmp.Compare(b.rows[x].Side, b.rows[y].Side))
	})
	r.cells = make([]uint32, 0, n*int(fields))
	for at, i := range order {
		same := at > 0 && b.rows[order[at-1]].Side == b.rows[i].Side && slices.Equal(row(order[at-1]), row(i))
		if !same {
			r.cells = append(r.cells, row(i)...)
			r.side = append(r.side, b.rows[i].Side)
			r.forms++
		}
		b.rows[i].Form = r.forms - 1
	}
	r.cells = slices.Clip(r.cells)
	r.rows, b.cells, b.rows = b.rows, nil, nil
	slices.SortFunc(r.rows, func(x, y Row) int {
		return cmp.Or(cmp.Compare(x.Side, y.Side), compareIDs(x.ID, y.ID), cmp.Compare(x.Form, y.Form), cmp.Compare(x.line, y.line))
	})
}

// compareIDs orders ids as people do: numbers by their value, before texts.
func compareIDs(a, b string) int {
	x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	switch numeric, other := digits(a) == a, digits(b) == b; {
	case numeric && other:
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(a, b))
	case numeric:
		return -1
	case other:
		return 1
	}
	return cmp.Compare(a, b)
}

func deriveAll[V any](texts []string, derive func(string) V) []V {
	out := make([]V, len(texts))
	for i, t := range texts {
		if i > 0 {
			out[i] = derive(t)
		}
	}
	return out
}

// sortedTexts gives the texts of a table in order, and the new number of each old one.
func sortedTexts(intern map[string]uint32) (texts []string, renumber []uint32) {
	texts = make([]string, 1, len(intern)+1)
	for t := range intern {
		texts = append(texts, t)
	}
	slices.Sort(texts[1:])
	renumber = make([]uint32, len(texts))
	for i, t := range texts[1:] {
		renumber[intern[t]] = uint32(i + 1)
	}
	return texts, renumber
}
