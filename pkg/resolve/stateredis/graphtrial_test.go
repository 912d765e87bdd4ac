package stateredis

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/testkit"
)

func TestTrialOfThousands(t *testing.T) { trial(t, 4_000) }

// A dry run over a million identifiers takes a minute at most.
func TestTrialOfAMillionIdentifiers(t *testing.T) {
	testkit.Nightly(t)
	trial(t, 1_000_000)
}

// trial stores people and asks what it would do to let e-mails and phones have more owners.
func trial(t *testing.T, identifiers int) {
	t.Helper()
	c := open(t)
	feedInBatches(t, c, peopleOfFour(identifiers, rand.New(rand.NewPCG(uint64(identifiers), 7))), 4, 500, 1<<30)
	graph, err := resolve.NewGraph(NewGraph(c), identity.DefaultRules())
	require.NoError(t, err)
	started, changes := time.Now(), 0
	effect, err := graph.Try(t.Context(), "hub", moreOwners(), 1<<30, func(identity.Change) error { changes++; return nil }, nil)
	require.NoError(t, err)
	took := time.Since(started)
	t.Logf("%d identifiers in %s: %+v, %d changes", effect.Identifiers, took, effect, changes)
	assert.Equal(t, identifiers, effect.Identifiers)
	assert.NotZero(t, effect.Released)
	assert.Less(t, took, time.Minute)
}

// peopleOfFour are events of people of four identifiers, one in twenty beside a neighbour's.
func peopleOfFour(identifiers int, rng *rand.Rand) []identity.Fact {
	facts := make([]identity.Fact, 0, identifiers/2)
	show := func(keys ...identifier.Key) {
		facts = append(facts, &identity.Event{ID: fmt.Sprint("e", len(facts)), T: rng.Int64N(1 << 29), Keys: keys, Stated: rng.IntN(3) == 0})
	}
	people := identifiers / 4
	for i := range people {
		show(identitytest.Key(identifier.Card, i), identitytest.Key(identifier.Email, i), identitytest.Key(identifier.Phone, i))
		show(identitytest.Key(identifier.Email, i), identitytest.Key(identifier.Pay, i))
		if i%20 == 0 {
			show(identitytest.Key(identifier.Card, rng.IntN(people)), identitytest.Key(identifier.Phone, i))
		}
	}
	return facts
}

// moreOwners are rules by which an e-mail or phone may have three owners.
func moreOwners() identity.Rules {
	rules := identity.DefaultRules()
	for _, n := range []identifier.Namespace{identifier.Email, identifier.Phone} {
		rule := rules.Namespaces[n]
		rule.Owners = 3
		rules.Namespaces[n] = rule
	}
	return rules
}
