package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/testkit"
	"rcu/schemas"
	"rcu/services/e2e/realdata"
)

// open is a pseudonymiser for tests: equal values have equal pseudonyms.
type open struct{}

func (open) Pseudonym(_ string, ns identifier.Namespace, value string) (out identifier.Pseudonym) {
	sum := sha256.Sum256([]byte(string(ns) + "\x00" + value))
	copy(out[1:], sum[:])
	return out
}

func (open) Digest16(_, kind, text string) uint16 {
	sum := sha256.Sum256([]byte(kind + "\x00" + text))
	return uint16(sum[0])<<8 | uint16(sum[1]) | 1
}

func (open) Digest64(_, kind, content string) (out [8]byte) {
	sum := sha256.Sum256([]byte(kind + content))
	copy(out[:], sum[:])
	return out
}

func key(k identifier.Key) string {
	p, err := k.Pseudonym()
	if err != nil {
		return ""
	}
	return string(k.Namespace) + ":" + p.String()
}

// evidence decodes the composition into facts of the exchange format, and keeps the identifiers of each event's leaf.
func evidence(t *testing.T, c Composition) (facts []byte, leaves map[realdata.EventKey][]string) {
	t.Helper()
	d, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	leaves = map[realdata.EventKey][]string{}
	origins := map[string]*event.Origin{}
	for _, e := range c.Events {
		if origins[e.Channel] == nil {
			origins[e.Channel] = originOf(t, e.Channel)
		}
		draft, no := d.Decode(e.JSON, origins[e.Channel], time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		require.Nil(t, no)
		draft.Pseudonymise(open{})
		ev, _, _ := draft.Stamp(open{}, func(identifier.Key) int64 { return 0 })
		for _, f := range event.FactsOf(ev) {
			x, ok := f.(*identity.Event)
			if !ok {
				continue
			}
			ids := make([]string, len(x.Keys))
			for i, k := range x.Keys {
				ids[i] = key(k)
			}
			line := map[string]any{"kind": "event", "id": x.ID, "t": x.T, "ids": ids, "stated": x.Stated,
				"claim": map[string]any{"g": x.Claim.Given, "f": x.Claim.Family, "b": x.Claim.Birth}}
			require.NoError(t, enc.Encode(line))
			leaf := identity.LeafOf(x)
			for _, k := range leaf.Keys(nil) {
				at := realdata.EventKey{Source: e.Source, ID: e.ID}
				leaves[at] = append(leaves[at], key(k))
			}
		}
	}
	return b.Bytes(), leaves
}

// records solves the facts and gives each event the profile of the first clean identifier of its leaf.
func records(t *testing.T, facts []byte, leaves map[realdata.EventKey][]string, names identity.Names) map[realdata.EventKey]string {
	t.Helper()
	rules := identity.DefaultRules()
	rules.Names = names
	answer, err := identity.Solve(bytes.NewReader(facts), &rules)
	require.NoError(t, err)
	profile := map[string]string{}
	for name, members := range answer.Profiles {
		for _, m := range members {
			profile[m] = name
		}
	}
	out := map[realdata.EventKey]string{}
	for e, ids := range leaves {
		for _, id := range ids {
			if answer.Nobody[id] != "" {
				continue
			}
			if out[e] = id; profile[id] != "" {
				out[e] = profile[id]
			}
			break
		}
	}
	return out
}

func TestScoresOfRealPeople(t *testing.T) {
	scored(t, 300)
}

func TestScoresOfAllRealPeople(t *testing.T) {
	testkit.Long(t)
	scored(t, 0)
}

// scored prints the scores with names off and attested, and holds the promises about them.
func scored(t *testing.T, people int) {
	t.Helper()
	c := composed(t, people)
	facts, leaves := evidence(t, c)
	truth := c.Truth()
	scores := map[identity.Names]realdata.Scores{}
	for _, names := range []identity.Names{identity.NamesOff, identity.NamesAttested} {
		found := records(t, facts, leaves, names)
		scores[names] = realdata.Score(found, truth)
		t.Logf("names %-8q %s", names, scores[names])
		require.Empty(t, realdata.NamesakesJoined(found, truth, c.Names), "people of one name are joined")
	}
	require.Greater(t, scores[identity.NamesAttested].Precision, 0.9)
	require.Less(t, scores[identity.NamesAttested].OthersShare, scores[identity.NamesOff].OthersShare, "names take events off wrong records")
}
