package identitytest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Day in seconds: two claims on two days are attested.
const Day = 86_400

// Story is a set of facts written by hand. Identifiers are short names: U customer, K card, m e-mail, p phone, y payment
// token, d device, c cookie, o order; a digit tells two of them apart.
type Story struct {
	facts identity.Facts
	n     int
}

// NewStory starts a story under the default rules, changed.
func NewStory(change ...func(*identity.Rules)) *Story {
	s := &Story{facts: identity.Facts{Rules: identity.DefaultRules(), Now: 1000 * Day}}
	for _, f := range change {
		f(&s.facts.Rules)
	}
	return s
}

// Change returns a change of the rule of one namespace.
func Change(n identifier.Namespace, f func(*identity.NamespaceRule)) func(*identity.Rules) {
	return func(r *identity.Rules) {
		rule := r.Namespaces[n]
		f(&rule)
		r.Namespaces[n] = rule
	}
}

// Owners returns a change of the number of owners that values of a namespace may have.
func Owners(n identifier.Namespace, most int) func(*identity.Rules) {
	return Change(n, func(r *identity.NamespaceRule) { r.Owners = most })
}

var shortNames = map[byte]identifier.Namespace{
	'U': identifier.Customer, 'K': identifier.Card, 'm': identifier.Email, 'p': identifier.Phone, 'y': identifier.Pay,
	'd': identifier.Device, 'c': identifier.Cookie, 'o': identifier.Order,
}

// K returns the key of a short name.
func K(short string) identifier.Key {
	n := shortNames[short[0]]
	return identifier.Key{Namespace: n, Value: string(n) + ":" + short}
}

// Short returns the short name of a value.
func Short(value string) string {
	anonymous := strings.HasPrefix(value, "anonymous:")
	value = value[strings.LastIndex(value, ":")+1:]
	if anonymous {
		return "nobody:" + value
	}
	return value
}

// Detail changes an event.
type Detail func(*identity.SolveEvent)

// Stated makes an event one that proves nothing.
func Stated(e *identity.SolveEvent) { e.Stated = true }

// Worth gives an event an amount.
func Worth(amount int64) Detail { return func(e *identity.SolveEvent) { e.Amount = amount } }

// Says gives an event a claim: a given name, and perhaps a family name.
func Says(names ...string) Detail {
	return func(e *identity.SolveEvent) {
		family := ""
		if len(names) > 1 {
			family = names[1]
		}
		e.Claim = identity.ClaimOf(names[0], family, "", Digest)
	}
}

// Digest is a digest without a secret.
func Digest(kind, text string) uint16 {
	h := uint32(2166136261)
	for _, c := range []byte(kind + "\x00" + text) {
		h = (h ^ uint32(c)) * 16777619
	}
	return uint16(h>>16) ^ uint16(h)
}

func (s *Story) id(kind string) string {
	s.n++
	return fmt.Sprintf("%s%02d", kind, s.n)
}

// Core adds a core event of space-separated identifiers.
func (s *Story) Core(t int64, ids string, details ...Detail) *Story {
	e := identity.SolveEvent{Event: &identity.Event{ID: s.id("e"), T: t}}
	for short := range strings.FieldsSeq(ids) {
		e.Keys = append(e.Keys, K(short))
	}
	for _, d := range details {
		d(&e)
	}
	s.facts.Events = append(s.facts.Events, e)
	return s
}

// Page adds browsing; the device comes first and has the stamp of the grant it was collected under.
func (s *Story) Page(t int64, ids string, stamp int64, details ...Detail) *Story {
	s.Core(t, ids, details...)
	e := s.facts.Events[len(s.facts.Events)-1]
	e.Behaviour = true
	e.Stamps = make([]int64, len(e.Keys))
	e.Stamps[0] = stamp
	return s
}

func (s *Story) decide(t int64, id string, p identity.Purpose, dec consent.Dec, until int64) *Story {
	d := &identity.Decision{Point: K(id), Purpose: p, Decision: consent.Decision{At: t, Dec: dec, Expires: until, ID: s.id("d")}}
	s.facts.Decisions = append(s.facts.Decisions, d)
	return s
}

// Grant lets a device's browsing be joined, until a time (0 = for good).
func (s *Story) Grant(t int64, device string, until int64) *Story {
	return s.decide(t, device, identity.UnifyBehaviour, consent.Grant, until)
}

// Withdraw takes that back.
func (s *Story) Withdraw(t int64, device string) *Story {
	return s.decide(t, device, identity.UnifyBehaviour, consent.Withdraw, 0)
}

// Object says no to being joined at all.
func (s *Story) Object(t int64, id string) *Story {
	return s.decide(t, id, identity.UnifyCore, consent.Object, 0)
}

// Act adds an act on one or two identifiers.
func (s *Story) Act(t int64, op identity.Op, ids ...string) *Story {
	a := &identity.Act{ID: s.id("a"), T: t, Op: op, A: K(ids[0])}
	if len(ids) > 1 {
		if a.B = K(ids[1]); identity.Lesser(a.B, a.A) {
			a.A, a.B = a.B, a.A
		}
	}
	s.facts.Acts = append(s.facts.Acts, a)
	return s
}

// Match adds a probable match of the records of two identifiers.
func (s *Story) Match(t int64, a, b string, probability float64) *Story {
	m := &identity.Match{ID: s.id("m"), A: K(a), B: K(b), Compared: identity.Compared{
		Records: [2]string{a, b}, At: t * 1_000_000, Millionths: uint32(probability * identity.Certain),
	}}
	if identity.Lesser(m.B, m.A) {
		m.A, m.B, m.Records = m.B, m.A, [2]string{b, a}
	}
	s.facts.Matches = append(s.facts.Matches, m)
	return s
}

// AutoLink returns a change of the probability from which a probable match links people.
func AutoLink(from float64) func(*identity.Rules) {
	return func(r *identity.Rules) { r.AutoLink = from }
}

// At sets the clock.
func (s *Story) At(now int64) *Story {
	s.facts.Now = now
	return s
}

// Facts returns the set.
func (s *Story) Facts() *identity.Facts { return &s.facts }

// Told is the answer to a story in short names.
type Told struct {
	t      testing.TB
	answer *identity.Answer
}

// Tell solves the story in many orders, checks that all answers are the oracle's, and returns it.
func (s *Story) Tell(t testing.TB) Told {
	t.Helper()
	want := Ask(&s.facts).Answer()
	for seed := range uint64(30) {
		f := s.facts
		rng := rand.New(rand.NewPCG(seed, 3))
		f.Events = append([]identity.SolveEvent{}, f.Events...)
		rng.Shuffle(len(f.Events), func(i, j int) { f.Events[i], f.Events[j] = f.Events[j], f.Events[i] })
		f.Matches = append([]*identity.Match{}, f.Matches...)
		rng.Shuffle(len(f.Matches), func(i, j int) { f.Matches[i], f.Matches[j] = f.Matches[j], f.Matches[i] })
		got, err := f.Solve()
		if err != nil {
			t.Fatal(err)
		}
		for pair, outcome := range want.Edges { // what a full identifier does not store
			if _, there := got.Edges[pair]; !there && strings.HasPrefix(outcome, "refused") {
				delete(want.Edges, pair)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("order %d (-oracle +solve): %s", seed, diff)
		}
	}
	return Told{t, want}
}

// People checks who is one person: groups of short names, each in any order. Only identifiers that are named are looked at.
func (x Told) People(groups ...string) Told {
	x.t.Helper()
	group := map[string]int{}
	for i, g := range groups {
		for short := range strings.FieldsSeq(g) {
			group[K(short).Value] = i
		}
	}
	for _, members := range x.answer.Profiles {
		for _, a := range members {
			for _, b := range members {
				i, knownA := group[a]
				if j, knownB := group[b]; knownA && knownB && i != j {
					x.t.Errorf("%s and %s are one person", Short(a), Short(b))
				}
			}
		}
	}
	for _, g := range groups {
		shorts := strings.Fields(g)
		for _, short := range shorts {
			if x.Of(short) != x.Of(shorts[0]) {
				x.t.Errorf("%s and %s are two people: %v", short, shorts[0], x.answer.Profiles)
			}
		}
	}
	return x
}

// Of returns the short name of the profile that holds an identifier.
func (x Told) Of(short string) string {
	for naming, members := range x.answer.Profiles {
		if slices.Contains(members, K(short).Value) {
			return Short(naming)
		}
	}
	return short
}

// Standing checks the standing of an identifier.
func (x Told) Standing(short string, want identity.Standing) Told {
	x.t.Helper()
	got, known := x.answer.Nobody[K(short).Value]
	if !known {
		got = identity.Clean.String()
	}
	if got != want.String() {
		x.t.Errorf("%s is %s, want %s", short, got, want)
	}
	return x
}

// Edge checks what became of an edge.
func (x Told) Edge(a, b, want string) Told {
	x.t.Helper()
	k, l := K(a), K(b)
	if identity.Lesser(l, k) {
		k, l = l, k
	}
	if got := x.answer.Edges[k.Value+"|"+l.Value]; got != want {
		x.t.Errorf("edge %s-%s is %q, want %q", a, b, got, want)
	}
	return x
}

// Sum checks the amounts of a profile by any of its identifiers, or of `nobody:x`.
func (x Told) Sum(of string, want int64) Told {
	x.t.Helper()
	name := of
	if !strings.HasPrefix(of, "nobody:") {
		name = x.Of(of)
	}
	for owner, fold := range x.answer.Folds {
		if Short(owner) == name {
			if fold.Amount != want {
				x.t.Errorf("%s has %d, want %d", of, fold.Amount, want)
			}
			return x
		}
	}
	if want != 0 {
		x.t.Errorf("%s has nothing, want %d: %v", of, want, x.answer.Folds)
	}
	return x
}
