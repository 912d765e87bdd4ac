package match

import (
	"strconv"
	"strings"
)

// date is a date of birth as it was written, month and day maybe impossible: year<<14 | month<<7 | day, a part of 0 is not known.
type date uint32

func newDate(year, month, day int) date {
	if year < 0 || year > 9999 || month < 0 || month > 99 || day < 0 || day > 99 {
		return 0
	}
	return date(year<<14 | month<<7 | day) //nolint:gosec // bounded above
}

func (d date) year() int  { return int(d >> 14) }
func (d date) month() int { return int(d >> 7 & 127) }
func (d date) day() int   { return int(d & 127) }

// number is the date as YYYYMMDD.
func (d date) number() int { return d.year()*10000 + d.month()*100 + d.day() }

// whole reports whether all three parts are known.
func (d date) whole() bool { return d.year() != 0 && d.month() != 0 && d.day() != 0 }

// String is the date as YYYY-MM-DD, with zeros for what is not known.
func (d date) String() string {
	pad := func(n, width int) string {
		s := strconv.Itoa(n)
		return strings.Repeat("0", max(0, width-len(s))) + s
	}
	return pad(d.year(), 4) + "-" + pad(d.month(), 2) + "-" + pad(d.day(), 2)
}

// dateOrder says which of two small numbers is the day.
type dateOrder uint8

const (
	dayFirst dateOrder = iota
	monthFirst
)

// parseDate reads a date in the ways that people and systems write it: 1980-03-12, 19800312, 12/03/1980, 12.3.80, 12 mars 1980,
// March 12, 1980, 1980-03-12T00:00:00Z, 1980. It gives 0 where it reads none.
func parseDate(s string, order dateOrder) date {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 40 {
		return 0
	}
	if i := strings.IndexByte(s, 'T'); i >= 8 && i <= 10 && s[i-1] >= '0' && s[i-1] <= '9' {
		s = s[:i]
	}
	parts := dateParts(s)
	switch len(parts) {
	case 1:
		return oneNumber(parts[0])
	case 2:
		return yearMonth(parts[0], parts[1])
	case 3:
		return threeParts(parts[0], parts[1], parts[2], order)
	}
	return 0
}

// datePart is a number of a date, or a month by name.
type datePart struct {
	text  string
	value int
	named bool
}

// dateParts cuts a date into its numbers and names of months; a clock after three parts is not looked at.
func dateParts(s string) []datePart {
	var parts []datePart
	for word := range strings.FieldsSeq(plain(s)) {
		if len(parts) == 3 {
			break
		}
		if n, err := strconv.Atoi(strings.TrimRight(word, "stndrhe")); err == nil && len(word) <= 8 {
			parts = append(parts, datePart{text: strings.TrimRight(word, "stndrhe"), value: n})
			continue
		}
		m := monthNamed(word)
		if m == 0 {
			return nil
		}
		parts = append(parts, datePart{text: word, value: m, named: true})
	}
	if len(parts) == 2 && len(parts[0].text) == 8 && !parts[1].named {
		parts = parts[:1] // 19800312.0
	}
	return parts
}

// oneNumber reads YYYYMMDD, or a year alone.
func oneNumber(p datePart) date {
	switch {
	case p.named:
		return 0
	case len(p.text) == 8 && p.value >= 1000_0000 && p.value/10000 < 2200:
		return newDate(p.value/10000, p.value/100%100, p.value%100)
	case len(p.text) == 8 && p.value%10000 > 1000 && p.value%10000 < 2200:
		return newDate(p.value%10000, p.value/10000%100, p.value/1000000)
	case len(p.text) == 4 && p.value > 1000 && p.value < 2200:
		return newDate(p.value, 0, 0)
	}
	return 0
}

func yearMonth(a, b datePart) date {
	if len(b.text) == 4 && !b.named {
		a, b = b, a
	}
	if len(a.text) != 4 || a.named {
		return 0
	}
	return newDate(a.value, b.value, 0)
}

func threeParts(a, b, c datePart, order dateOrder) date {
	switch {
	case len(a.text) == 4 && !a.named: // 1980-03-12
		return newDate(a.value, b.value, c.value)
	case a.named: // March 12, 1980
		return newDate(fullYear(c), a.value, b.value)
	case b.named: // 12 mars 1980
		return newDate(fullYear(c), b.value, a.value)
	case c.named:
		return 0
	case len(c.text) != 4 && len(c.text) != 2 || len(a.text) > 2 || len(b.text) > 2:
		return 0
	case order == monthFirst && a.value <= 12 || order == dayFirst && b.value > 12 && a.value <= 12:
		return newDate(fullYear(c), a.value, b.value)
	default:
		return newDate(fullYear(c), b.value, a.value)
	}
}

// pivot parts the two-digit years: what is above it was written in the last century.
const pivot = 26

func fullYear(p datePart) int {
	switch {
	case p.named:
		return 0
	case len(p.text) > 2:
		return p.value
	case p.value > pivot:
		return 1900 + p.value
	default:
		return 2000 + p.value
	}
}

// months are the first letters of the months, French and English; the longest that fits wins.
var months = []struct {
	head  string
	month int
}{
	{"juil", 7},
	{"jul", 7},
	{"juin", 6},
	{"jun", 6},
	{"jan", 1},
	{"fev", 2},
	{"feb", 2},
	{"mar", 3},
	{"avr", 4},
	{"apr", 4},
	{"mai", 5},
	{"may", 5},
	{"aou", 8},
	{"aug", 8},
	{"sep", 9},
	{"oct", 10},
	{"okt", 10},
	{"nov", 11},
	{"dec", 12},
	{"dez", 12},
}

func monthNamed(word string) int {
	for _, m := range months {
		if strings.HasPrefix(word, m.head) {
			return m.month
		}
	}
	return 0
}
