package match

import (
	"slices"
	"strings"
)

// Column is one column of a file and what was recognised in it.
type Column struct {
	Name  string // its header
	Kind  Kind
	Order dateOrder // of a birth date with two small numbers
	Why   string    // how the kind was found, or why the column is left out
}

// Survey gathers what the columns of a file hold. Its counts do not depend on the order of the rows.
type Survey struct {
	header  []string
	rows    int
	columns []columnCount
}

// columnCount counts the values of a column by what they look like.
type columnCount struct {
	filled, long         int
	mails, dates, phones int
	several              int // of more than one word
	letters              int // without a digit
	bigFirst, bigSecond  int // of dates in numbers: the first, the second is over 12
	decades              [30]int
}

// NewSurvey begins a survey of a file with this header.
func NewSurvey(header []string) *Survey {
	return &Survey{header: header, columns: make([]columnCount, len(header))}
}

// Rows is the number of rows seen.
func (s *Survey) Rows() int { return s.rows }

// Long is the number of cells that are too long to be a property of a person.
func (s *Survey) Long() int {
	n := 0
	for i := range s.columns {
		n += s.columns[i].long
	}
	return n
}

// Add counts a row; cells beyond the header are not looked at.
func (s *Survey) Add(row []string) {
	s.rows++
	for i := range min(len(row), len(s.columns)) {
		s.columns[i].add(strings.TrimSpace(row[i]))
	}
}

func (c *columnCount) add(cell string) {
	if len(cell) > maxCell {
		c.long++
		return
	}
	text := plain(cell)
	if text == "" {
		return
	}
	c.filled++
	if strings.Contains(cell, "@") && strings.Contains(cell, ".") {
		c.mails++
	}
	if strings.IndexByte(text, ' ') > 0 {
		c.several++
	}
	if number := digits(cell); number == "" {
		c.letters++
	} else {
		c.addNumber(cell, number)
	}
}

// addNumber counts a cell that has digits.
func (c *columnCount) addNumber(cell, number string) {
	if len(number) >= 9 && len(number) <= 15 && len(number)*3 >= len(cell)*2 && (cell[0] == '+' || cell[0] == '0' || cell[0] == '(') {
		c.phones++
	}
	d := parseDate(cell, dayFirst)
	if d == 0 || !d.whole() {
		return
	}
	c.dates++
	c.decades[min(max(d.year()/10-180, 0), len(c.decades)-1)]++
	if parts := dateParts(cell); len(parts) == 3 && len(parts[0].text) <= 2 && !parts[0].named && !parts[1].named {
		c.bigFirst += count(parts[0].value > 12)
		c.bigSecond += count(parts[1].value > 12)
	}
}

// most reports whether a count is at least this share of the filled cells.
func (c *columnCount) most(n int, share float64) bool {
	return c.filled > 0 && float64(n) >= share*float64(c.filled)
}

// spread is the number of decades that hold at least one date in twenty: birth dates have many, days of sale few.
func (c *columnCount) spread() int {
	n := 0
	for _, d := range c.decades {
		if d*20 >= c.dates && d > 0 {
			n++
		}
	}
	return n
}

// Reasons of columns.
const (
	whyHeader   = "by its header"
	whyContent  = "by its content"
	whyMap      = "by the mapping"
	whyUnknown  = "not recognised as a property of a person"
	whyID       = "names the record"
	whyEmpty    = "empty"
	whyMismatch = "its header and its content do not fit"
)

// Map sets the kinds that an operator gave by header, in place of what was recognised. It returns the headers that are not there.
func Map(columns []Column, given map[string]Kind) (absent []string) {
	found := map[string]bool{}
	for i := range columns {
		if kind, said := given[columns[i].Name]; said {
			columns[i].Kind, columns[i].Why = kind, whyMap
			found[columns[i].Name] = true
		}
	}
	for name := range given {
		if !found[name] {
			absent = append(absent, name)
		}
	}
	slices.Sort(absent)
	return absent
}

// Leave takes a column out: an id, or the truth.
func Leave(columns []Column, at int) {
	if at >= 0 && at < len(columns) {
		columns[at].Kind, columns[at].Why = KindNone, whyID
	}
}

// Columns recognises the columns, by header first, then by content.
func (s *Survey) Columns() []Column {
	out := make([]Column, len(s.header))
	for i, name := range s.header {
		out[i] = s.columns[i].recognise(name)
	}
	settleNames(out, s.columns)
	settleAddress(out)
	return out
}

func (c *columnCount) recognise(name string) Column {
	kind, known := kindOfHeader(name)
	col := Column{Name: name, Kind: kind, Why: whyHeader}
	if c.bigSecond > c.bigFirst {
		col.Order = monthFirst
	}
	switch {
	case c.filled == 0:
		col.Kind, col.Why = KindNone, whyEmpty
	case c.denies(kind):
		col.Kind, col.Why = KindNone, whyMismatch
	case known && kind != KindNone:
	case known:
		col.Why = whyUnknown
	case c.most(c.mails, 0.8):
		col.Kind, col.Why = KindEmail, whyContent
	case c.most(c.dates, 0.8) && c.spread() >= 4:
		col.Kind, col.Why = KindBirth, whyContent
	case c.most(c.phones, 0.8):
		col.Kind, col.Why = KindPhone, whyContent
	default:
		col.Why = whyUnknown
	}
	return col
}

// denies reports whether the content does not fit the header.
func (c *columnCount) denies(kind Kind) bool {
	switch kind {
	case KindEmail:
		return !c.most(c.mails, 0.3)
	case KindGiven, KindFamily, KindMaiden:
		return c.most(c.dates, 0.5) || !c.most(c.letters, 0.3)
	case KindFull:
		return !c.most(c.letters, 0.5)
	case KindBirth:
		return c.letters > c.filled/2 && !c.most(c.dates, 0.3)
	default:
		return false
	}
}

// settleNames decides what a column called `name` or `nom` holds: the family name beside given names, else the full name.
func settleNames(cols []Column, counts []columnCount) {
	given, family := false, false
	for _, c := range cols {
		given = given || c.Kind == KindGiven
		family = family || c.Kind == KindFamily
	}
	for i := range cols {
		bare := cols[i].Kind == KindFull && len(headerWords(cols[i].Name)) <= 2 && !counts[i].most(counts[i].several, 0.6)
		if bare && given && !family {
			cols[i].Kind = KindFamily
			family = true
		}
	}
}

// settleAddress decides whether a column called `address` holds a whole address, or the street beside other columns.
func settleAddress(cols []Column) {
	apart := false
	for _, c := range cols {
		apart = apart || c.Kind == KindPostcode || c.Kind == KindTown
	}
	street := false
	for i := range cols {
		if cols[i].Kind == KindAddress && apart {
			cols[i].Kind = KindStreet
		}
		if cols[i].Kind != KindStreet {
			continue
		}
		if street {
			cols[i].Kind = KindComplement
		}
		street = true
	}
}
