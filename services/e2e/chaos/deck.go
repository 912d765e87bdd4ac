package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// card is a kind of process with its share of the kills.
type card struct {
	kind  string
	share int
}

// cards are dealt so that every kind is killed about as often as its share says, whatever the number of kills.
var cards = []card{
	{"resolver", 4},
	{"sink", 3},
	{"ingest-store", 1},
	{"ingest-web", 1},
	{"ingest-mobile", 1},
	{"ingest-callcentre", 1},
	{"profile-api", 1},
	{"consent-api", 3},
	{"contacts", 2},
	{"steward", 1},
	{"kafka", 2},
	{"redis", 3},
	{"clickhouse", 2},
}

func kinds() []string {
	out := make([]string, len(cards))
	for i, c := range cards {
		out[i] = c.kind
	}
	return out
}

// deck deals kinds in random order, and is shuffled again when it is empty.
type deck struct{ all, left []string }

func deckOf(targets string) (*deck, error) {
	d := &deck{}
	wanted := strings.FieldsFunc(targets, func(r rune) bool { return r == ',' || r == ' ' })
	for _, w := range wanted {
		if !slices.Contains(kinds(), w) {
			return nil, fmt.Errorf("no kind of process %q: one of %s", w, strings.Join(kinds(), ", "))
		}
	}
	for _, c := range cards {
		if len(wanted) == 0 || slices.Contains(wanted, c.kind) {
			for range c.share {
				d.all = append(d.all, c.kind)
			}
		}
	}
	return d, nil
}

func (d *deck) deal(r *rand.Rand) string {
	if len(d.left) == 0 {
		d.left = slices.Clone(d.all)
		r.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
	}
	kind := d.left[0]
	d.left = d.left[1:]
	return kind
}

// victim draws a process.
func (d *deck) victim(r *rand.Rand) victim {
	kind := d.deal(r)
	return victim{kind, r.IntN(max(1, members[kind]))}
}
