package contact

import "time"

// holiday is a day of every year: of a month, or counted from Easter Sunday.
type holiday struct {
	month  time.Month // 0: counted from Easter
	day    int
	offset int
}

func fixed(m time.Month, day int) holiday { return holiday{month: m, day: day} }

func easter(offset int) holiday { return holiday{offset: offset} }

// national are the public holidays of France (Code du travail L3133-1).
var national = []holiday{
	fixed(time.January, 1), easter(1), fixed(time.May, 1), fixed(time.May, 8), easter(39), easter(50), fixed(time.July, 14),
	fixed(time.August, 15), fixed(time.November, 1), fixed(time.November, 11), fixed(time.December, 25),
}

// alsaceMoselle are the days of Moselle, Bas-Rhin and Haut-Rhin: Good Friday and the day after Christmas.
var alsaceMoselle = []holiday{easter(-2), fixed(time.December, 26)}

// on reports whether the date of t is this holiday.
func (h holiday) on(t time.Time) bool {
	y, m, d := t.Date()
	if h.month != 0 {
		return m == h.month && d == h.day
	}
	em, ed := easterSunday(y)
	x := time.Date(y, em, ed+h.offset, 0, 0, 0, 0, time.UTC)
	return m == x.Month() && d == x.Day()
}

// easterSunday is the date of Easter in a year of the Gregorian calendar (the anonymous algorithm of 1876).
func easterSunday(year int) (time.Month, int) {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Month(n / 31), n%31 + 1
}
