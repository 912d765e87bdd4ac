package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Crowd makes up any number of people, with names and towns as unevenly common as real ones: what a search for probable matches is measured
// against.
type Crowd struct{ given, family, streets []string }

// NewCrowd returns the crowd; it is always the same.
func NewCrowd() *Crowd {
	r := random(7, 7, 0)
	word := func(syllables int) string {
		var b strings.Builder
		for range syllables {
			b.WriteByte("bcdfghjlmnprstv"[r.IntN(15)])
			b.WriteByte("aeiou"[r.IntN(5)])
		}
		return b.String()
	}
	c := &Crowd{}
	for range 800 {
		c.given = append(c.given, word(2+r.IntN(2)))
	}
	for range 30_000 {
		c.family = append(c.family, word(2+r.IntN(3)))
	}
	for range 8000 {
		c.streets = append(c.streets, "rue "+word(3))
	}
	return c
}

// uneven draws the more often the smaller.
func uneven(r *rand.Rand, n int) int {
	u := r.Float64()
	return int(u * u * u * float64(n))
}

// Traits are what is known of person n, by the names of traits.
func (c *Crowd) Traits(n int) map[string]string {
	r := random(11, n, 0)
	place := uneven(r, 6000)
	out := map[string]string{
		"given_name": c.given[uneven(r, len(c.given))], "family_name": c.family[uneven(r, len(c.family))],
		"birth_date":  fmt.Sprintf("%d-%02d-%02d", 1935+r.IntN(75), 1+r.IntN(12), 1+r.IntN(28)),
		"postal_code": fmt.Sprintf("%05d", 1000+place*15), "city": "ville " + c.given[place%len(c.given)] + strconv.Itoa(place/800),
	}
	if r.IntN(3) > 0 {
		out["address_line"] = strconv.Itoa(1+r.IntN(120)) + " " + c.streets[uneven(r, len(c.streets))]
	}
	return out
}

// Mistyped is the same person as somebody heard it who made a mistake in the family name.
func (c *Crowd) Mistyped(n int) map[string]string {
	out := c.Traits(n)
	out["family_name"] = out["family_name"][1:] + "x"
	return out
}
