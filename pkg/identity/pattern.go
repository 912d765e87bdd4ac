package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rcu/pkg/identifier"
)

// PatternID names a pattern of blocked values: a digest of its text. It is stamped on the identifiers that the pattern matched, so that
// standing can be judged where there are only pseudonyms.
type PatternID uint64

// IDOfPattern returns the id of a `namespace:regular expression`.
func IDOfPattern(text string) PatternID {
	sum := sha256.Sum256([]byte(text))
	return PatternID(binary.BigEndian.Uint64(sum[:]))
}

// maxMatches bounds the patterns that are remembered of one identifier; the least ids stay, in whatever order they come.
const maxMatches = 64

type pattern struct {
	id         PatternID
	namespace  identifier.Namespace
	expression *regexp.Regexp
}

var errPatternForm = errors.New("is no namespace:pattern")

func parsePattern(text string) (pattern, error) {
	name, expression, found := strings.Cut(text, ":")
	switch {
	case !found || name == "" || expression == "":
		return pattern{}, errPatternForm
	case len(expression) > maxPattern:
		return pattern{}, fmt.Errorf("is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return pattern{}, errors.New("is no regular expression")
	}
	return pattern{IDOfPattern(text), identifier.Namespace(name), re}, nil
}

// unlikeValues are normalised values that have nothing in common.
var unlikeValues = []string{"anna@shop.example", "+33612345678", "2990001234567", "a1b2c3d4-0000-4000-8000-1234567890ab", "Z"}

// matchesAll reports whether a pattern matches values that have nothing in common: then it says nothing of any.
func (p *pattern) matchesAll() bool {
	return !slices.ContainsFunc(unlikeValues, func(v string) bool { return !p.expression.MatchString(v) })
}

// Patterns are the patterns of blocked values that are in force, ready to match. The zero value matches nothing. Safe for concurrent use.
type Patterns struct{ list []pattern }

// PatternsOf prepares `namespace:regular expression` texts; those that cannot be read, which Validate reports, match nothing.
func PatternsOf(texts []string) Patterns {
	var ps Patterns
	for _, text := range texts {
		if p, err := parsePattern(text); err == nil {
			ps.list = append(ps.list, p)
		}
	}
	return ps
}

// Match returns the ids of the patterns that a normalised value matches, in their order; nil if none does.
func (ps Patterns) Match(n identifier.Namespace, value string) (ids []PatternID) {
	for i := range ps.list {
		if p := &ps.list[i]; p.namespace == n && p.expression.MatchString(value) {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// OfKeys returns what keys in plain text match, parallel to them; nil if none does. A plain key holds `namespace:value`.
func (ps Patterns) OfKeys(keys []identifier.Key) (all [][]PatternID) {
	if len(ps.list) == 0 {
		return nil
	}
	for i, k := range keys {
		_, value, _ := strings.Cut(k.Value, ":")
		if ids := ps.Match(k.Namespace, value); len(ids) > 0 {
			if all == nil {
				all = make([][]PatternID, len(keys))
			}
			all[i] = ids
		}
	}
	return all
}

// joinMatches adds ids to those that matched an identifier.
func (n *Node) joinMatches(ids []PatternID) (changed bool) {
	for _, id := range ids {
		i, known := slices.BinarySearch(n.Matches, id)
		if known || i == maxMatches {
			continue
		}
		n.Matches = slices.Insert(slices.Clip(n.Matches), i, id)
		n.Matches = n.Matches[:min(len(n.Matches), maxMatches)]
		changed = true
	}
	return changed
}

// patternBlocks reports whether one of the patterns in force matched an identifier.
func (k *Kernel) patternBlocks(n *Node) bool {
	for _, id := range n.Matches {
		if _, inForce := k.patterns[id]; inForce && !faults.patternsIgnored {
			return true
		}
	}
	return false
}
