package resolver_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// Somebody is erased, and then comes back: what was told before is readable by nobody, whatever comes again, and what is told afterwards is.

// erased is somebody with an e-mail address whose key is destroyed and made again.
type erased struct {
	*rig
	key  identifier.Key
	cell string
}

const erasedMail = "camille@example.org"

func newErased(t *testing.T) *erased {
	t.Helper()
	r := newRig(t)
	e := &erased{rig: r, key: identifier.KeyOf(identifier.Email, r.ring.Pseudonym(space, identifier.Email, erasedMail))}
	e.cell = resolve.SubjectKeyCell(space, retail, e.key)
	r.start("r1", func(c *resolver.Config) { c.KeysReady = 50 * time.Millisecond })
	return e
}

// tells sends an attribute, as of some seconds ago, and waits until it is folded.
func (e *erased) tells(trait, value string, ago time.Duration) {
	e.t.Helper()
	before := e.folded()
	e.web(marshal(map[string]any{
		"id": trait, "type": "identifier.provided", "occurred_at": time.Now().Add(-ago).Format(time.RFC3339), "identifiers": list(proved("email", erasedMail)),
		"traits": map[string]any{trait: value},
	}))
	e.eventually(trait+" is folded", func() bool { return e.folded() > before })
}

func (e *erased) folded() int { return len(topic[eventpb.Resolved](e.rig, stream.TopicResolved)) }

// says lays or lifts the erasure some seconds ago.
func (e *erased) says(decision string, ago time.Duration) {
	e.t.Helper()
	name := resolve.ConsentCell(space, retail, e.key)
	e.change(name, func(value []byte) []byte {
		joined, _, err := resolve.JoinDecisions(name, value, []*eventpb.Decision{{
			Space: space, Controller: retail, Id: decision, Point: &eventpb.Identifier{Namespace: "email", Pseudonym: []byte(e.key.Value)},
			Purpose: string(consent.Erased.Purpose()), Decision: decision, DecidedAt: time.Now().Add(-ago).Unix(),
		}})
		require.NoError(e.t, err)
		return joined
	})
}

func (e *erased) change(cell string, f func([]byte) []byte) {
	e.t.Helper()
	for n := 0; ; n++ {
		require.Less(e.t, n, 50)
		cells, err := e.cells.LoadCells(e.t.Context(), []string{cell})
		require.NoError(e.t, err)
		written, err := e.cells.CommitCells(e.t.Context(), []resolve.Cell{{Key: cell, Version: cells[0].Version, Value: f(cells[0].Value)}})
		require.NoError(e.t, err)
		if written[0] {
			return
		}
	}
}

// destroy destroys the key, and waits until no process may have it ready.
func (e *erased) destroy() {
	e.t.Helper()
	e.change(e.cell, func([]byte) []byte { return nil })
	<-time.After(100 * time.Millisecond)
}

// reads lists what of somebody can be opened with the key that stands.
func (e *erased) reads() map[string]bool {
	e.t.Helper()
	cells, err := e.cells.LoadCells(e.t.Context(), []string{e.cell})
	require.NoError(e.t, err)
	out := map[string]bool{}
	if len(cells[0].Value) == 0 {
		return out
	}
	key, err := e.ring.SubjectKey(retail, hex.EncodeToString([]byte(e.key.Value)), cells[0].Value)
	require.NoError(e.t, err)
	for _, l := range e.person(identifier.Email, erasedMail).Leaves {
		for _, x := range l.State.Traits() {
			if value, err := key.Open(x.Name, []byte(x.Value)); err == nil && x.Sealed && x.Name[0] != '#' {
				out[value] = true
			}
		}
	}
	return out
}

// comeBack tells what can be read of somebody while erased, and after the end of the erasure.
func comeBack(t *testing.T) (while, after map[string]bool) {
	t.Helper()
	e := newErased(t)
	e.tells("city", "Lyon", 40*time.Second)
	require.Equal(t, map[string]bool{"Lyon": true}, e.reads())
	e.says("object", 30*time.Second)
	e.destroy()
	e.tells("region", "Bretagne", 35*time.Second) // from before, late
	e.tells("family_name", "Durand", 0)           // a shop that goes on telling
	while = e.reads()
	e.says("grant", 2*time.Second)
	<-time.After(100 * time.Millisecond)
	e.tells("postal_code", "29200", 0)
	e.tells("given_name", "Anne", 35*time.Second) // brought in again
	return while, e.reads()
}

func TestErased_nothingOfBeforeIsEverReadAgain(t *testing.T) {
	while, after := comeBack(t)
	require.Empty(t, while)
	require.Equal(t, map[string]bool{"29200": true}, after)
}

func TestErased_aDestroyedKeyIsToldOnKafka(t *testing.T) {
	e := newErased(t)
	e.tells("city", "Lyon", 40*time.Second)
	e.says("object", 30*time.Second)
	e.destroy()
	e.tells("region", "Bretagne", 0)
	e.eventually("the record without key is the last of its subject", func() bool {
		all := topic[eventpb.WrappedKey](e.rig, stream.TopicKeys)
		var last *eventpb.WrappedKey
		for _, k := range all {
			if k.GetSubject() != "" {
				last = k
			}
		}
		return last != nil && len(last.GetWrapped()) == 0 && last.GetVersion() > 0
	})
}

// Each is a wrong variant that the story above shows.
func TestErased_faults(t *testing.T) {
	t.Run("a key is kept in memory", func(t *testing.T) {
		resolver.Plant(t, resolver.Faults{KeepKeys: true})
		_, after := comeBack(t)
		require.NotContains(t, after, "29200", "what is told after the erasure is sealed with a key that is no more")
	})
	t.Run("another key is made at once", func(t *testing.T) {
		resolver.Plant(t, resolver.Faults{KeyAgain: true})
		while, _ := comeBack(t)
		require.Contains(t, while, "Bretagne")
	})
	t.Run("the new key seals what was told before", func(t *testing.T) {
		resolver.Plant(t, resolver.Faults{KeepBefore: true})
		_, after := comeBack(t)
		require.Contains(t, after, "Anne")
	})
}

// A leaf that was removed with its entries of leaf indexes, and is told of again: the resolver that listed it before lists it once more.
func TestALeafThatWasRemovedIsListedAgain(t *testing.T) {
	listed := func(t *testing.T) int {
		t.Helper()
		e := newErased(t)
		e.tells("city", "Lyon", 40*time.Second)
		set := resolve.LeafIndex(space, e.key)
		members, err := e.cells.Members(t.Context(), []string{set})
		require.NoError(t, err)
		require.Len(t, members[0], 1)
		_, leaf, err := resolve.ParseLeafMember(members[0][0])
		require.NoError(t, err)
		r, ok := e.cells.(resolve.Remover)
		require.True(t, ok)
		for gone := false; !gone; { // a publisher may write it meanwhile
			cells, err := e.cells.LoadCells(t.Context(), []string{resolve.LeafCell(space, retail, leaf)})
			require.NoError(t, err)
			done, err := r.RemoveCells(t.Context(), cells)
			require.NoError(t, err)
			gone = done[0]
		}
		require.NoError(t, r.RemoveMembers(t.Context(), []resolve.Member{{Set: set, Member: members[0][0]}}))
		e.tells("region", "Bretagne", 0)
		return len(e.person(identifier.Email, erasedMail).Leaves)
	}
	require.Equal(t, 1, listed(t))
	resolver.Plant(t, resolver.Faults{ListOnce: true})
	require.Zero(t, listed(t), "planted: what was listed once is taken for listed for good")
}
