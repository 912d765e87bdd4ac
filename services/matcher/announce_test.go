package matcher

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// matched takes what the matcher publishes into the graph, as the resolver does.
func (r *rig) matched(ctx context.Context, records []stream.Record) error {
	for _, rec := range records {
		var m eventpb.Match
		if err := rec.Decode(&m); err != nil {
			return err
		}
		fact, ok := event.MatchFact(&m)
		require.True(r.t, ok)
		require.Equal(r.t, stream.TopicMatches, rec.Topic)
		if _, err := r.graph.Apply(ctx, space, []identity.Fact{fact}, nil, time.Now().Unix()); err != nil {
			return err
		}
	}
	return nil
}

// keeps holds back what the matcher publishes.
func (*rig) keeps(late *[]stream.Record) func(context.Context, []stream.Record) error {
	return func(_ context.Context, records []stream.Record) error {
		*late = append(*late, records...)
		return nil
	}
}

// links lets the rules link people by probable matches.
func (r *rig) links(from float64) {
	r.t.Helper()
	rules := identity.DefaultRules()
	rules.AutoLink = from
	require.NoError(r.t, r.graph.SetRules(r.t.Context(), space, rules, time.Now().Unix()))
	require.NoError(r.t, r.graph.RejudgeAll(r.t.Context(), space, func() int64 { return time.Now().Unix() }, nil))
}

func (r *rig) one(a, b identifier.Key) bool {
	r.t.Helper()
	view, err := r.graph.View(r.t.Context(), space, []identifier.Key{a, b}, time.Now().Unix())
	require.NoError(r.t, err)
	return view.Profile(a).Canonical == view.Profile(b).Canonical
}

func TestAutoLink_isOffByDefault(t *testing.T) {
	r := newRig(t)
	card, phone, _ := three(r)
	require.False(t, r.one(card, phone))
	require.Len(t, r.shown(), 1)
	r.links(.9)
	require.True(t, r.one(card, phone), "the rule alone links what was told")
	require.Empty(t, r.shown(), "nothing is left to decide")
	r.links(0)
	require.False(t, r.one(card, phone), "and parts it again")
}

func TestAutoLink_followsTheRecords(t *testing.T) {
	for name, correct := range map[string]func(r *rig, phone identifier.Key){
		"corrected": func(r *rig, phone identifier.Key) {
			r.says(phone, map[string]string{"given_name": "Lucie", "family_name": "Moreau", "birth_date": "1971-11-30", "postal_code": "59000", "city": "Lille"})
		},
		"gone":    func(r *rig, phone identifier.Key) { r.take(r.gone(phone, false)) },
		"deleted": func(r *rig, phone identifier.Key) { r.take(r.gone(phone, true)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.links(.9)
			card, phone, other := three(r)
			require.True(t, r.one(card, phone))
			require.False(t, r.one(card, other))
			correct(r, phone)
			require.False(t, r.one(card, phone))
		})
	}
}

// A record that is corrected before the graph has taken in what was told of it is taken back all the same.
func TestAutoLink_correctedBeforeTheGraphKnows(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	var late []stream.Record
	r.s.deps.Matches = r.keeps(&late)
	card, phone, _ := three(r)
	r.says(phone, map[string]string{"given_name": "Lucie", "family_name": "Moreau", "birth_date": "1971-11-30", "postal_code": "59000", "city": "Lille"})
	require.NoError(t, r.matched(t.Context(), late))
	require.False(t, r.one(card, phone))
}

func TestAutoLink_aBanStays(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	card, phone, _ := three(r)
	r.act(identity.Ban, card, phone)
	require.False(t, r.one(card, phone))
	r.says(phone, map[string]string{"address_line": "12 rue de la Paix"})
	r.says(card, map[string]string{"address_line": "12 rue de la Paix"})
	r.again()
	require.False(t, r.one(card, phone))
	require.Empty(t, r.shown())
}

// What the rules refuse stays with the steward: two cards are two people, unless somebody says otherwise.
func TestAutoLink_refusedStaysOnTheQueue(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	one, two := r.key("card", "2990001111111"), r.key("card", "2990003333333")
	r.says(one, helene)
	r.says(two, typed)
	require.False(t, r.one(one, two))
	require.Len(t, r.shown(), 1)
}

// Nothing new is told twice: what the graph knows is not published again.
func TestAutoLink_tellsOnce(t *testing.T) {
	r := newRig(t)
	three(r)
	n := 0
	r.s.deps.Matches = func(context.Context, []stream.Record) error {
		n++
		return nil
	}
	card := r.key("card", "2990001111111")
	r.take(r.record(card, nil))
	require.Zero(t, n)
}
