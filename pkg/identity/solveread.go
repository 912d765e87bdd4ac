package identity

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// SolveError says what is wrong with a line of facts, and what to do about it.
type SolveError struct {
	Line   int // from 1
	Field  string
	Reason string
	Fix    string
}

// Error implements error.
func (e *SolveError) Error() string {
	return fmt.Sprintf("line %d: field %s: %s; %s", e.Line, e.Field, e.Reason, e.Fix)
}

// maxLine bounds one line of facts.
const maxLine = 16 << 20

// maxFacts bounds all facts together: they take about fourteen times their size of memory.
var maxFacts = int64(512 << 20)

// Solve reads facts as JSON lines, in any order, repeated or not, and answers for all of them. Rules that are given replace all rules lines.
func Solve(r io.Reader, rules *Rules) (*Answer, error) {
	facts, err := ReadFacts(r, rules)
	if err != nil {
		return nil, err
	}
	return facts.Solve()
}

// ReadFacts reads the set of facts in the exchange format. Facts come once each; the highest rules version and the latest clock hold.
func ReadFacts(r io.Reader, rules *Rules) (*Facts, error) {
	fr := factReader{facts: &Facts{Rules: DefaultRules()}, known: map[string]any{}, rulesVersion: -1}
	lines := bufio.NewReaderSize(r, 1<<16)
	number, read := 1, int64(0)
	for ; ; number++ {
		line, err := readLine(lines)
		if errors.Is(err, errLongLine) {
			return nil, &SolveError{number, "line", "is longer than 16 MiB", "split the facts into lines of one fact each"}
		}
		if read += int64(len(line)); read > maxFacts {
			reason := fmt.Sprintf("is beyond %d bytes of facts, which is all that is solved in memory", maxFacts)
			return nil, &SolveError{number, "line", reason, "solve fewer, or ask the store itself: rcu rules try"}
		}
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return nil, fmt.Errorf("reading facts: %w", err)
		}
		if bad := fr.line(bytes.TrimSpace(line)); bad != nil {
			bad.Line = number
			return nil, bad
		}
		if ended {
			break
		}
	}
	if rules != nil {
		fr.facts.Rules = *rules
	}
	if fr.export && fr.wanted == 0 || fr.lines < fr.wanted {
		return nil, &SolveError{number, "line", "is the last one of an export that was cut", "export again"}
	}
	if fr.facts.Pseudonyms {
		fr.bare()
	} else {
		fr.matchPlain()
	}
	return fr.facts, nil
}

var errLongLine = errors.New("line is too long")

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errLongLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

type factReader struct {
	facts        *Facts
	known        map[string]any // kind and id -> content
	rulesVersion int64
	export       bool  // the facts are an export, which says at its end how many lines it has
	lines        int64 // that were read
	wanted       int64 // as the end of an export says
}

// line takes one line; an empty one is nothing.
func (fr *factReader) line(line []byte) *SolveError {
	if len(line) == 0 {
		return nil
	}
	fr.lines++
	o, bad := parseObject(line)
	if bad != nil {
		return bad
	}
	switch kind := o.text("kind", true); {
	case o.bad != nil:
		return o.bad
	case kind == "rules":
		return fr.rules(o)
	case kind == "now":
		if t := o.number("t", true, 0); o.bad == nil {
			fr.facts.Now = max(fr.facts.Now, t)
		}
		fr.facts.Pseudonyms = o.flag("pseudonyms") || fr.facts.Pseudonyms
		fr.export = o.flag("export") || fr.export
		fr.wanted = max(fr.wanted, o.number("lines", false, 0))
		return o.bad
	case kind == "event":
		return fr.event(o)
	case kind == "decision":
		return fr.decision(o)
	case kind == "act":
		return fr.act(o)
	case kind == "match":
		return fr.match(o)
	}
	return &SolveError{Field: "kind", Reason: "is unknown", Fix: "use rules, now, event, decision, act or match"}
}

// first reports whether a fact is new. The same kind and id with other content is an error in either order.
func (fr *factReader) first(kind, id string, content any) (bool, *SolveError) {
	name := kind + "\x00" + id
	held, known := fr.known[name]
	if !known {
		fr.known[name] = content
		return true, nil
	}
	if !reflect.DeepEqual(held, content) {
		field := "id"
		if kind == "rules" {
			field = "version"
		}
		return false, &SolveError{Field: field, Reason: "was already used by another " + kind + " with other content", Fix: "give every " + kind + " its own " + field}
	}
	return false, nil
}

func (fr *factReader) rules(o *object) *SolveError {
	version := o.number("version", false, 0)
	raw, present := o.fields["rules"]
	if o.bad == nil && !present {
		o.fail("rules", "is missing", "add the rules as an object")
	}
	if o.bad != nil {
		return o.bad
	}
	rules, err := ParseRules(raw)
	if err != nil {
		return &SolveError{Field: "rules", Reason: err.Error(), Fix: "correct the rules"}
	}
	if _, bad := fr.first("rules", strconv.FormatInt(version, 10), rules); bad != nil {
		return bad
	}
	if version > fr.rulesVersion {
		fr.rulesVersion, fr.facts.Rules = version, rules
	}
	return nil
}

func (fr *factReader) event(o *object) *SolveError {
	e := &Event{
		ID: o.text("id", true), T: o.number("t", true, 0), Keys: o.keys("ids"),
		Stated: o.flag("stated"), Shared: o.flag("shared"), Claim: o.claim("claim"),
	}
	e.Behaviour = o.choice("class", false, "core", "behaviour") == 1
	e.Stamps = o.stamps("stamps", e.Keys)
	e.Matches = o.matches("matches", e.Keys)
	amount := o.number("amount", false, -maxNumber)
	if o.bad != nil {
		return o.bad
	}
	fact := SolveEvent{Event: e, Amount: amount}
	stored := o.stored(e)
	if o.bad != nil {
		return o.bad
	}
	isNew, bad := fr.first("event", e.ID, fact)
	if isNew && stored != nil {
		fr.facts.stored = append(fr.facts.stored, stored)
	}
	if isNew {
		fr.facts.Events = append(fr.facts.Events, fact)
	}
	return bad
}

func (fr *factReader) decision(o *object) *SolveError {
	d := &Decision{
		Point: keyOf(o.text("point", true)),
		Decision: consent.Decision{
			ID: o.text("id", true), At: o.number("t", true, 0),
			Expires: o.number("exp", false, 0), Carried: o.flag("carried"),
		},
	}
	d.Purpose = Purpose(o.choice("purpose", true, "unify_core", "unify_behaviour")) //nolint:gosec // 0 or 1
	d.Dec = [...]consent.Dec{consent.Grant, consent.Refuse}[o.choice("dec", true, "grant", "deny")]
	if o.bad != nil {
		return o.bad
	}
	isNew, bad := fr.first("decision", d.ID, d)
	if isNew {
		fr.facts.Decisions = append(fr.facts.Decisions, d)
	}
	return bad
}

func (fr *factReader) act(o *object) *SolveError {
	a := &Act{ID: o.text("id", true), T: o.number("t", true, 0)}
	a.Op = Ban + Op(o.choice("op", true, "ban", "together", "clear", "quarantine", "release", "auto")) //nolint:gosec // 0 to 5
	a.A = keyOf(o.text("a", true))
	if a.OnPair() && o.bad == nil {
		if a.B = keyOf(o.text("b", true)); Lesser(a.B, a.A) {
			a.A, a.B = a.B, a.A
		}
	}
	if o.bad != nil {
		return o.bad
	}
	isNew, bad := fr.first("act", a.ID, a)
	if isNew {
		fr.facts.Acts = append(fr.facts.Acts, a)
	}
	return bad
}

// keyOf reads `namespace:value`. The whole text is the value, which breaks ties.
func keyOf(text string) identifier.Key {
	namespace, _, found := strings.Cut(text, ":")
	if !found {
		return identifier.Key{Value: text}
	}
	return identifier.Key{Namespace: identifier.Namespace(namespace), Value: text}
}

// keys reads a required list of identifiers as a set.
func (o *object) keys(field string) []identifier.Key {
	var texts []string
	if !o.decode(field, true, &texts, "use a list of namespace:value texts") {
		return nil
	}
	out := make([]identifier.Key, 0, len(texts))
	for _, t := range texts {
		out = append(out, keyOf(t))
	}
	slices.SortFunc(out, compareKey)
	return slices.Compact(out)
}

// stamps reads an object of identifier -> time, parallel to keys.
func (o *object) stamps(field string, keys []identifier.Key) []int64 {
	var byText map[string]json.RawMessage
	if !o.decode(field, false, &byText, "use an object of identifier and time") || len(byText) == 0 {
		return nil
	}
	out := make([]int64, len(keys))
	inner := object{fields: byText}
	for text := range byText {
		t := inner.number(text, false, 0)
		if i := slices.Index(keys, keyOf(text)); i >= 0 {
			out[i] = t
		}
	}
	if inner.bad != nil {
		o.fail(field, inner.bad.Reason, inner.bad.Fix)
	}
	if !slices.ContainsFunc(out, func(t int64) bool { return t != 0 }) {
		return nil
	}
	return out
}

// matches reads an object of identifier -> ids of patterns, parallel to keys.
func (o *object) matches(field string, keys []identifier.Key) (all [][]PatternID) {
	var byText map[string][]string
	if !o.decode(field, false, &byText, "use an object of identifier and a list of ids of patterns") {
		return nil
	}
	for text, ids := range byText {
		i := slices.Index(keys, keyOf(text))
		for _, id := range ids {
			n, err := strconv.ParseUint(id, 16, 64)
			if err != nil {
				o.fail(field, "holds what is no id of a pattern", "use 16 hexadecimal digits")
				return nil
			}
			if i < 0 {
				continue
			}
			if all == nil {
				all = make([][]PatternID, len(keys))
			}
			all[i] = append(all[i], PatternID(n))
		}
	}
	return all
}

func (o *object) claim(field string) (c Claim) {
	var parts map[string]json.RawMessage
	if !o.decode(field, false, &parts, "use an object with g, f and b") || parts == nil {
		return c
	}
	version := object{fields: parts}
	if c.Version = uint8(version.number("v", false, 0)); version.bad != nil { //nolint:gosec // compared, never counted
		o.fail(field+".v", version.bad.Reason, version.bad.Fix)
	}
	for _, part := range [...]struct {
		name string
		keys []uint16
	}{{"g", c.Given[:]}, {"f", c.Family[:]}, {"b", c.Birth[:]}} {
		name, keys := part.name, part.keys
		var said []json.Number
		inner := object{fields: parts}
		if !inner.decode(name, false, &said, "use a list of keys") || len(said) > len(keys) {
			o.fail(field+"."+name, "is not a list of at most "+strconv.Itoa(len(keys))+" keys", "use whole numbers from 0 to 65535")
			return Claim{}
		}
		for i, key := range said {
			n, ok := whole(string(key))
			if !ok || n < 0 || n > 65535 {
				o.fail(field+"."+name, "holds a key that is out of range", "use whole numbers from 0 to 65535")
				return Claim{}
			}
			keys[i] = uint16(n)
		}
	}
	return c
}
