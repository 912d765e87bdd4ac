package resolver_test

import (
	"cmp"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// speak lets half of the events say something of their person, each from a source of some trust.
func speak(rng *rand.Rand, m *eventpb.Event) {
	trust := []eventpb.Trust{eventpb.Trust_TRUST_IMPORTED, eventpb.Trust_TRUST_STATED, eventpb.Trust_TRUST_SELF, eventpb.Trust_TRUST_VERIFIED}
	m.Trust = trust[rng.IntN(len(trust))]
	for _, attribute := range []string{"city", "language", "size"} {
		if rng.IntN(2) == 0 {
			if m.Traits == nil {
				m.Traits = map[string]string{}
			}
			m.Traits[attribute] = []string{"one", "two", "three"}[rng.IntN(3)]
		}
	}
}

// leafOf is what an ingestor stamps on an event of a leaf.
func leafOf(space string, l identity.Leaf) (*eventpb.Leaf, []byte) {
	message := func(k identifier.Key) *eventpb.Identifier {
		if k.Value == "" {
			return nil
		}
		return identifierOf(k)
	}
	m := &eventpb.Leaf{Device: message(l.Device), Stamp: l.Stamp, Month: l.Month, Person: message(l.Person), Shared: l.Shared, Reference: message(l.Reference)}
	for _, k := range [...]identifier.Key{l.First, l.Second} {
		if k.Value != "" {
			m.Identifiers = append(m.Identifiers, identifierOf(k))
		}
	}
	key := sha256.Sum256(append([]byte(space+"/"), l.Encode()...))
	return m, key[:resolve.LeafKeySize]
}

// owned is what one person has: so many events, the first and the last, and the values that survive.
type owned struct {
	Events      int
	First, Last int64
	Traits      map[string]string
}

// awaitTold waits until the owners of all events, as the warehouse has them, are those of solve, and profiles say what survives of theirs.
func (s *solving) awaitTold() {
	s.t.Helper()
	diff := ""
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(solveWait); time.Now().Before(deadline); <-tick.C {
		if diff = s.toldOtherwise(); diff == "" {
			return
		}
	}
	s.t.Fatal(diff)
}

func (s *solving) toldOtherwise() string {
	s.t.Helper()
	r := &rig{t: s.t, client: s.client}
	owners, rows, profiles := topic[eventpb.Owner](r, stream.TopicOwners), map[string][]*eventpb.Resolved{}, r.profiles()
	for _, x := range topic[eventpb.Resolved](r, stream.TopicResolved) {
		rows[x.GetEvent().GetSpace()] = append(rows[x.GetEvent().GetSpace()], x)
	}
	for i, f := range s.facts {
		shown := shownOwners(owners, rows[s.space(i)])
		if diff := gocmp.Diff(s.wanted(i, f), s.owned(i, f, shown)); diff != "" {
			return s.space(i) + ", whose the events are (-solve +told): " + diff
		}
		for id, want := range s.survivors(i, f, shown) {
			got := profiles[retail+"/"+id].GetTraits()
			if diff := gocmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				return s.space(i) + ", what survives (-the events +the profile): " + diff
			}
		}
	}
	return ""
}

// wanted is what solve says of the owners of leaves, by their names; all of nobody's together, under no name.
func (s *solving) wanted(i int, f *identity.Facts) map[string]owned {
	s.t.Helper()
	answer, err := f.Solve()
	require.NoError(s.t, err)
	out := map[string]owned{}
	for name, fold := range answer.Folds {
		id := ""
		if !strings.HasPrefix(name, "anonymous:") {
			id = s.ring.Name(s.space(i), identifier.Pseudonym([]byte(name)))
		}
		out[id] = join(out[id], owned{Events: fold.Events, First: fold.First, Last: fold.Last})
	}
	return out
}

func (s *solving) owned(i int, f *identity.Facts, shown map[string]string) map[string]owned {
	out := map[string]owned{}
	for _, e := range f.Events {
		if m := s.told[i][strings.TrimPrefix(e.ID, "s/")]; m != nil {
			id, known := shown[m.GetId()]
			if !known {
				id = "not resolved"
			}
			out[id] = join(out[id], owned{Events: 1, First: e.T, Last: e.T})
		}
	}
	return out
}

func join(a, b owned) owned {
	if a.Events == 0 {
		return b
	}
	return owned{Events: a.Events + b.Events, First: min(a.First, b.First), Last: max(a.Last, b.Last)}
}

// spoken is a value of an attribute: the newest of one class of trust on one leaf.
type spoken struct {
	value string
	trust eventpb.Trust
	at    int64
}

// survivors chooses for everybody who has events the values that the rules let survive.
func (s *solving) survivors(i int, f *identity.Facts, shown map[string]string) map[string]map[string]string {
	type place struct {
		owner, attribute, leaf string
		trust                  eventpb.Trust
	}
	newest := map[place]spoken{}
	out := map[string]map[string]string{}
	for id, m := range s.told[i] {
		owner := shown[id]
		if owner == "" {
			continue
		}
		out[owner] = map[string]string{}
		for attribute, value := range m.GetTraits() {
			at := place{owner, attribute, string(m.GetLeafKey()), m.GetTrust()}
			if x := (spoken{value, m.GetTrust(), m.GetOccurredAt()}); x.at > newest[at].at {
				newest[at] = x
			}
		}
	}
	values := map[[2]string][]spoken{}
	for at, x := range newest {
		whose := [2]string{at.owner, at.attribute}
		values[whose] = append(values[whose], x)
	}
	for whose, some := range values {
		out[whose[0]][whose[1]] = survivor(some, waysOf(f.Rules.Survivorship, whose[1]))
	}
	return out
}

func waysOf(rules map[string][]identity.Survival, attribute string) []identity.Survival {
	ways, named := rules[attribute]
	if !named {
		ways = rules["*"]
	}
	return append(slices.Clone(ways), identity.SourceTrust, identity.Recency)
}

// survivor asks the ways in turn: each keeps those that are first by it.
func survivor(values []spoken, ways []identity.Survival) string {
	often := map[string]int64{}
	for _, x := range values {
		often[x.value]++
	}
	for _, way := range ways {
		rank := func(x spoken) int64 {
			switch way {
			case identity.SourceTrust:
				return int64(x.trust)
			case identity.VerifiedFirst:
				return map[eventpb.Trust]int64{eventpb.Trust_TRUST_VERIFIED: 1}[x.trust]
			case identity.MostFrequent:
				return often[x.value]
			default:
				return x.at
			}
		}
		best := rank(slices.MaxFunc(values, func(a, b spoken) int { return cmp.Compare(rank(a), rank(b)) }))
		values = slices.DeleteFunc(slices.Clone(values), func(x spoken) bool { return rank(x) < best })
	}
	return values[0].value
}
