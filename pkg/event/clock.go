package event

import "time"

const (
	micros    = int64(time.Second / time.Microsecond)
	ahead     = 24 * time.Hour // how far a clock of a source may run ahead
	secondsOf = 24 * 60 * 60
)

var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// parseTime reads a time of RFC 3339 with zone and up to nine decimals, as the contracts ask for, in microseconds since 1970.
// It is stricter than time.Parse (no comma, no 24:00) and needs no layout.
func parseTime(s string) (int64, bool) {
	if len(s) < 20 || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	day, ok := parseDate(s[:10])
	hour, ok1 := two(s[11:], 23)
	minute, ok2 := two(s[14:], 59)
	second, ok3 := two(s[17:], 59)
	if !ok || !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	fraction, rest, ok := parseFraction(s[19:])
	if !ok {
		return 0, false
	}
	offset, ok := parseZone(rest)
	if !ok {
		return 0, false
	}
	return (day*secondsOf+int64(hour*3600+minute*60+second)-offset)*micros + fraction, true
}

// parseFraction reads `.` and one to nine digits, if they are there, as microseconds (floor).
func parseFraction(s string) (fraction int64, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		if n <= 6 {
			fraction = fraction*10 + int64(s[n]-'0')
		}
		n++
	}
	if n == 1 || n > 10 {
		return 0, "", false
	}
	for i := n; i <= 6; i++ {
		fraction *= 10
	}
	return fraction, s[n:], true
}

// parseZone reads `Z` or `+hh:mm` in seconds.
func parseZone(s string) (int64, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hour, ok := two(s[1:], 23)
	minute, ok2 := two(s[4:], 59)
	seconds := int64(hour*3600 + minute*60)
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok && ok2
}

// two reads two digits up to a limit.
func two(s string, limit int) (int, bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= limit
}

var daysBefore = [...]int{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

// parseDate reads `yyyy-mm-dd` as days since 1970.
func parseDate(s string) (int64, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	century, ok := two(s, 99)
	year, ok1 := two(s[2:], 99)
	month, ok2 := two(s[5:], 12)
	day, ok3 := two(s[8:], 31)
	if !ok || !ok1 || !ok2 || !ok3 || month == 0 || day == 0 {
		return 0, false
	}
	year += century * 100
	leap := isLeap(year)
	if day > daysIn(month, leap) {
		return 0, false
	}
	days := daysUntil(int64(year)) - daysUntil(1970) + int64(daysBefore[month-1]+day-1)
	if leap && month > 2 {
		days++
	}
	return days, true
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(month int, leap bool) int {
	if leap && month == 2 {
		return 29
	}
	return daysBefore[month] - daysBefore[month-1]
}

// daysUntil counts the days before a year; only differences mean something. 400 years are added so that no division rounds up.
func daysUntil(year int64) int64 {
	y := year - 1 + 400
	return y*365 + y/4 - y/100 + y/400
}
