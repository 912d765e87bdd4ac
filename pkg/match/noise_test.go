package match_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/unicode/norm"
)

func powf(a, b float64) float64 { return math.Pow(a, b) }

func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 127 || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
}

// noise writes people down as tills and agents do: with errors.
type noise struct {
	r       *rand.Rand
	level   float64 // probability of an error in a field
	missing float64
	swap    float64 // of names
	replace float64 // of one field by that of somebody else
	move    float64
}

func (n *noise) hit(p float64) bool { return n.r.Float64() < p }

// typo makes one or two typing, reading or hearing errors.
func (n *noise) typo(s string) string {
	times := 1
	if n.hit(0.25) {
		times = 2
	}
	for range times {
		s = n.oneTypo(s)
	}
	return s
}

var heard = [][2]string{{"ph", "f"}, {"f", "ph"}, {"c", "k"}, {"k", "c"}, {"au", "o"}, {"o", "au"}, {"ai", "e"}, {"y", "i"}, {"i", "y"}, {"ss", "s"}, {"s", "z"}, {"tt", "t"}, {"n", "nn"}, {"l", "ll"}, {"t", "th"}}

var read = [][2]string{{"o", "0"}, {"l", "1"}, {"i", "l"}, {"m", "rn"}, {"s", "5"}, {"b", "6"}, {"e", "c"}, {"u", "v"}}

func (n *noise) oneTypo(s string) string {
	if len(s) < 2 {
		return s
	}
	r := []rune(s)
	i := n.r.IntN(len(r))
	switch n.r.IntN(7) {
	case 0:
		return string(r[:i]) + string(r[i+1:])
	case 1:
		return string(r[:i]) + n.letter(r[i]) + string(r[i:])
	case 2:
		return string(r[:i]) + n.letter(r[i]) + string(r[i+1:])
	case 3:
		if i == 0 {
			i = 1
		}
		r[i-1], r[i] = r[i], r[i-1]
		return string(r)
	case 4:
		p := read[n.r.IntN(len(read))]
		return strings.Replace(s, p[0], p[1], 1)
	default:
		p := heard[n.r.IntN(len(heard))]
		if strings.Contains(s, p[0]) {
			return strings.Replace(s, p[0], p[1], 1)
		}
		return string(r[:i]) + n.letter(r[i]) + string(r[i+1:])
	}
}

func (n *noise) letter(like rune) string {
	if like >= '0' && like <= '9' {
		return string(rune('0' + n.r.IntN(10)))
	}
	return string(rune('a' + n.r.IntN(26)))
}

func (n *noise) field(s string) string {
	switch {
	case n.hit(n.missing):
		return ""
	case n.hit(n.level):
		return n.typo(s)
	}
	return s
}

var short = map[string]string{"Robert": "Bob", "William": "Bill", "James": "Jim", "Michael": "Mike", "Elizabeth": "Liz", "Margaret": "Peggy", "Richard": "Dick", "Nicolas": "Nico", "Frédéric": "Fred", "Philippe": "Phil", "Catherine": "Cathy", "Isabelle": "Isa", "Emmanuel": "Manu", "Alexandre": "Alex", "Matthew": "Matt", "Jennifer": "Jen", "Katherine": "Kate", "Thomas": "Tom"}

func (n *noise) given(s string) string {
	if d := short[s]; d != "" && n.hit(0.15) {
		s = d
	}
	if head, _, found := strings.Cut(s, "-"); found && n.hit(0.3) {
		s = head
	}
	if n.hit(0.02) {
		return s[:1]
	}
	if n.hit(0.1) {
		s = ascii(s)
	}
	return n.field(s)
}

// birth is the date, maybe with errors, in a layout.
func (n *noise) birth(x *person, layout string) string {
	if n.hit(n.missing) {
		return ""
	}
	y, m, d := x.year, x.month, x.day
	if n.hit(n.level) {
		switch n.r.IntN(6) {
		case 0:
			if d <= 12 {
				m, d = d, m
			}
		case 1:
			d = 1 + n.r.IntN(28)
		case 2:
			m = 1 + n.r.IntN(12)
		case 3:
			y += []int{-1, 1, 10, -10}[n.r.IntN(4)]
		case 4:
			m, d = 1, 1
		default:
			d = d/10*10 + n.r.IntN(8) + 1
		}
	}
	switch layout {
	case "dmy":
		return fmt.Sprintf("%02d/%02d/%04d", d, m, y)
	case "mdy":
		return fmt.Sprintf("%02d/%02d/%04d", m, d, y)
	case "compact":
		return fmt.Sprintf("%04d%02d%02d", y, m, d)
	}
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
}

// write gives one record of a person: it may have moved, married, or be written with somebody else's field.
func (n *noise) write(p *population, x person) person {
	if n.hit(n.move) {
		p.home(&x)
	}
	if x.maiden != x.family && n.hit(0.25) {
		x.family = x.maiden
	}
	if n.hit(n.replace) {
		x.given = p.givenName(n.r.IntN(2))
	}
	if n.hit(n.replace) {
		x.family = p.pick(p.surnames, 80)
	}
	if n.hit(n.replace) {
		p.born(&x, 1935, 2005)
	}
	x.given, x.family = n.given(x.given), n.field(x.family)
	if n.hit(n.swap) {
		x.given, x.family = x.family, x.given
	}
	x.number, x.street, x.postcode, x.town = n.field(x.number), n.field(x.street), n.field(x.postcode), n.field(x.town)
	x.email, x.phone = n.field(x.email), n.field(x.phone)
	x.job, x.birthTown = n.field(x.job), n.field(x.birthTown)
	return x
}
