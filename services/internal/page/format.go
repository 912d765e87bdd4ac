package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var monthNames = map[Language][]string{
	French:  {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
	English: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Date writes a day in words: 22 novembre 2026, 22 November 2026.
func Date(l Language, t time.Time) string {
	day := strconv.Itoa(t.Day())
	if l == French && t.Day() == 1 {
		day = "1er"
	}
	return fmt.Sprintf("%s %s %d", day, monthNames[l][t.Month()-1], t.Year())
}

// Moment writes a day and a time of day, with the zone of t.
func Moment(l Language, t time.Time) string {
	join := " à "
	if l == English {
		join = " at "
	}
	return Date(l, t) + join + t.Format("15:04 MST")
}

// Number writes a whole number in groups of three: 12 345 with a narrow no-break space in French, 12,345 in English.
func Number(l Language, n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	group := "\u202f"
	if l == English {
		group = ","
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	return b.String()
}
