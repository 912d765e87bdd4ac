package matcher

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// overlay lays an overlay on a point or lifts it, and lets the matcher follow the changelog of registers.
func (r *rig) overlay(o consent.Overlay, point identifier.Key, decision string, at time.Time) {
	r.t.Helper()
	r.decide(o, point, decision, at)
	r.follow(stream.TopicRegisters, r.register(point))
}

func (r *rig) register(point identifier.Key) stream.Record {
	r.t.Helper()
	name := resolve.ConsentCell(space, shop, point)
	cells, err := r.cells.LoadCells(r.t.Context(), []string{name})
	require.NoError(r.t, err)
	rec, err := stream.Encode(stream.TopicRegisters, []byte(name), &eventpb.Changelog{Space: space, Key: []byte(name), Value: cells[0].Value, Version: cells[0].Version}, time.Now())
	require.NoError(r.t, err)
	return rec
}

// transition is one of the people who hold identifiers, as the resolver tells it.
func (r *rig) transition(kind resolve.TransitionKind, keys ...identifier.Key) stream.Record {
	r.t.Helper()
	m := &eventpb.Transition{Id: "1-0", Space: space, Kind: string(kind), CauseKind: "rules", CauseId: "2"}
	for _, k := range keys {
		p, err := k.Pseudonym()
		require.NoError(r.t, err)
		m.Identifiers = append(m.Identifiers, r.ring.Name(space, p))
	}
	rec, err := stream.Encode(stream.TopicIdentity, []byte(m.Identifiers[0]), m, time.Now())
	require.NoError(r.t, err)
	return rec
}

func (r *rig) follow(topic string, records ...stream.Record) {
	r.t.Helper()
	require.NoError(r.t, again{r.s}.Batch(r.t.Context(), stream.Batch{Topic: topic, Records: records}))
}

// restraints are the overlays that hold an automatic link back.
var restraints = []consent.Overlay{consent.Restricted, consent.Erased, consent.Deceased, consent.Minor}

// TestOverlay_holdsBackAutoLink: nobody is linked to a record that is closed, or a minor's, whichever of the two has it; when the overlay is
// lifted, the two are linked.
func TestOverlay_holdsBackAutoLink(t *testing.T) {
	for _, o := range restraints {
		for name, value := range map[string][2]string{"the new one": {"phone", "+33611223344"}, "the other": {"card", "2990001111111"}} {
			t.Run(string(o)+" "+name, func(t *testing.T) {
				r := newRig(t)
				r.links(.9)
				point := r.key(identifier.Namespace(value[0]), value[1])
				r.overlay(o, point, "object", time.Now().Add(-time.Hour))
				card, phone, _ := three(r)
				require.False(t, r.one(card, phone))
				require.Equal(t, o == consent.Minor, len(r.shown()) == 1, "a steward may still look at a minor's record")
				r.overlay(o, point, "grant", time.Now().Add(-time.Minute))
				require.True(t, r.one(card, phone))
				require.Empty(t, r.shown())
			})
		}
	}
}

// TestOverlay_takesAutoLinkBack: who becomes restricted is taken back at once, by an overlay on any of their points, and comes together again
// when it is lifted. An adolescent's record is open.
func TestOverlay_takesAutoLinkBack(t *testing.T) {
	for _, o := range append(restraints, consent.Adolescent) {
		for _, ns := range []identifier.Namespace{identifier.Card, identifier.Phone, identifier.Customer} {
			t.Run(string(o)+" "+string(ns), func(t *testing.T) {
				r := newRig(t)
				r.links(.9)
				card, phone, _ := three(r)
				customer := r.key(identifier.Customer, "C-1")
				r.seen(card, customer)
				require.True(t, r.one(card, phone))
				point := map[identifier.Namespace]identifier.Key{identifier.Card: card, identifier.Phone: phone, identifier.Customer: customer}[ns]
				r.overlay(o, point, "object", time.Now().Add(-time.Hour))
				require.Equal(t, o == consent.Adolescent, r.one(card, phone))
				require.True(t, r.one(card, customer), "evidence is not taken back")
				r.overlay(o, point, "grant", time.Now().Add(-time.Minute))
				require.True(t, r.one(card, phone))
			})
		}
	}
}

// TestOverlay_beforeTheGraphKnows: what was told and has not reached the graph is taken back, too.
func TestOverlay_beforeTheGraphKnows(t *testing.T) {
	for _, o := range restraints {
		t.Run(string(o), func(t *testing.T) {
			r := newRig(t)
			r.links(.9)
			var late []stream.Record
			r.s.deps.Matches = r.keeps(&late)
			card, phone, _ := three(r)
			r.overlay(o, card, "object", time.Now().Add(-time.Hour))
			require.NoError(t, r.matched(t.Context(), late))
			require.False(t, r.one(card, phone))
		})
	}
}

// TestErased_leavesTheIndex: it does not hold who is erased, neither what it held before nor what comes meanwhile, and holds them again when
// the erasure is taken back. Who is restricted stays in it.
func TestErased_leavesTheIndex(t *testing.T) {
	for _, o := range restraints {
		t.Run(string(o), func(t *testing.T) {
			r := newRig(t)
			card, _, _ := three(r)
			all := r.entries()
			r.overlay(o, card, "object", time.Now().Add(-time.Hour))
			left := all
			if o == consent.Erased {
				left--
			}
			require.Equal(t, left, r.entries())
			r.says(card, map[string]string{"given_name": "Helena", "family_name": "Lefèvre", "birth_date": "1980-03-12", "postal_code": "75011"})
			require.Equal(t, left, r.entries())
			r.overlay(o, card, "grant", time.Now().Add(-time.Minute))
			require.Equal(t, all, r.entries())
		})
	}
}

// TestParted_comesBackOnTheQueue: whom the rules do not link any more a steward is asked about, with the waterfall.
func TestParted_comesBackOnTheQueue(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	card, phone, _ := three(r)
	require.True(t, r.one(card, phone))
	r.links(0)
	require.False(t, r.one(card, phone))
	require.Empty(t, r.shown())
	r.follow(stream.TopicIdentity, r.transition(resolve.Refused, card, phone))
	require.Empty(t, r.shown(), "nothing else is followed")
	r.follow(stream.TopicIdentity, r.transition(resolve.Split, card, phone))
	require.Len(t, r.shown(), 1)
	r.links(.9)
	require.True(t, r.one(card, phone), "what the graph was told still stands")
}

// TestParted_byABanIsNotAskedAgain.
func TestParted_byABanIsNotAskedAgain(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	card, phone, _ := three(r)
	r.act(identity.Ban, card, phone)
	r.follow(stream.TopicIdentity, r.transition(resolve.Split, card, phone))
	require.False(t, r.one(card, phone))
	require.Empty(t, r.shown())
}

// TestAgain_readsWhatIsNone: records that cannot be read are named, and those of a topic that tell nothing here are passed over.
func TestAgain_readsWhatIsNone(t *testing.T) {
	r := newRig(t)
	card, _, _ := three(r)
	reference := r.register(card)
	reference.Key = []byte("r:" + space + ":" + card.Value)
	broken := r.transition(resolve.Split, card)
	broken.Value, broken.Offset = []byte("\xff"), 7
	r.follow(stream.TopicRegisters, reference, r.register(card), stream.Tombstone(stream.TopicRegisters, []byte("cr:x"), time.Now()))
	err := again{r.s}.Batch(t.Context(), stream.Batch{Topic: stream.TopicIdentity, Records: []stream.Record{broken}})
	var invalid *stream.InvalidError
	require.ErrorAs(t, err, &invalid)
}

// TestCorrected_isNotAskedAnyMore: a suggestion goes when one of its records says something else, or is gone, and comes back with it.
func TestCorrected_isNotAskedAnyMore(t *testing.T) {
	r := newRig(t)
	clock := time.Now()
	r.s.deps.Now = func() time.Time { return clock }
	card, phone, _ := three(r)
	require.Len(t, r.shown(), 1)
	clock = clock.Add(2 * time.Second)
	r.says(phone, map[string]string{"given_name": "Lucie", "family_name": "Moreau", "birth_date": "1971-11-30", "postal_code": "59000", "city": "Lille"})
	require.Empty(t, r.shown())
	clock = clock.Add(2 * time.Second)
	r.says(phone, typed)
	require.Len(t, r.shown(), 1)
	clock = clock.Add(2 * time.Second)
	r.take(r.gone(card, false))
	require.Empty(t, r.shown())
}
