package matcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/services/internal/explain"
)

var (
	helene = map[string]string{"given_name": "Hélène", "family_name": "Lefèvre", "birth_date": "1980-03-12", "postal_code": "75011", "city": "Paris"}
	typed  = map[string]string{"given_name": "Helene", "family_name": "Lefebvre", "birth_date": "1980-03-12", "postal_code": "75011", "city": "PARIS"}
	paul   = map[string]string{"given_name": "Paul", "family_name": "Roux", "birth_date": "1955-07-01", "postal_code": "13001", "city": "Marseille"}
)

// three are a card and a phone of one woman, as till and call centre wrote her, and a man's card.
func three(r *rig) (card, phone, other identifier.Key) {
	card, phone, other = r.key("card", "2990001111111"), r.key("phone", "+33611223344"), r.key("card", "2990002222222")
	r.says(card, helene)
	r.says(other, paul)
	r.says(phone, typed)
	return card, phone, other
}

func TestSuggested_withItsWaterfall(t *testing.T) {
	r := newRig(t)
	card, phone, _ := three(r)
	list, _, err := r.source.Matters(t.Context(), space, "", 50)
	require.NoError(t, err)
	require.Len(t, list, 1)
	m := list[0]
	require.ElementsMatch(t, []identifier.Key{card, phone}, m.Keys)
	require.Equal(t, []identity.Op{identity.Together, identity.Ban}, []identity.Op{m.Acts[0].Op, m.Acts[1].Op})
	require.NotZero(t, m.Since)
	require.Contains(t, m.Words(explain.French), "probablement")
	d := m.Detail.(Detail)
	require.Greater(t, d.Probability, .9)
	sum := 0.0
	for _, s := range d.Steps {
		sum += s.Bits
	}
	require.InDelta(t, d.Weight, sum, .1, "the steps add up")
	raw, err := json.Marshal(m.Detail)
	require.NoError(t, err)
	require.Contains(t, string(raw), "Date de naissance")
	for _, personal := range []string{"lefevre", "Lefèvre", "lefebvre", "helene", "1980", "75011"} {
		require.NotContains(t, string(raw), personal, "no value stands in a suggestion")
	}
	n, err := r.source.Count(t.Context(), space)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, KindProbable, r.source.Kind())
}

// TestDecided_isNeverSuggestedAgain: neither when the records change, nor after the index was lost and made again.
func TestDecided_isNeverSuggestedAgain(t *testing.T) {
	for _, op := range []identity.Op{identity.Ban, identity.Together} {
		r := newRig(t)
		card, phone, _ := three(r)
		require.Len(t, r.shown(), 1)
		r.act(op, card, phone)
		require.Empty(t, r.shown())
		n, err := r.index.CountSuggestions(t.Context(), space)
		require.NoError(t, err)
		require.Zero(t, n, "it is forgotten, not hidden")
		r.says(card, map[string]string{"address_line": "12 rue de la Paix"})
		r.says(phone, map[string]string{"address_line": "12 rue de la Paix"})
		require.Empty(t, r.shown())
		r.again()
		require.EqualValues(t, 3, r.entries())
		require.Empty(t, r.shown())
	}
}

// TestRefused_holdsForThePerson: a refused pair is not suggested by another identifier of one of the two.
func TestRefused_holdsForThePerson(t *testing.T) {
	for range 20 { // whom a join would tear apart hangs on the order of the pseudonyms
		r := newRig(t)
		card, phone, _ := three(r)
		r.act(identity.Ban, card, phone)
		customer := r.key("customer", "C-1")
		r.seen(card, customer)
		r.says(customer, helene)
		require.Empty(t, r.shown())
		r.again()
		require.Empty(t, r.shown())
		r.act(identity.Clear, card, phone)
		r.again()
		require.Len(t, r.shown(), 1, "what is taken back is open again")
	}
}

func TestJoinedByEvidence_isNotSuggested(t *testing.T) {
	r := newRig(t)
	card, phone, _ := three(r)
	require.Len(t, r.shown(), 1)
	r.seen(card, phone)
	require.Empty(t, r.shown(), "evidence has settled it")
	n, err := r.index.CountSuggestions(t.Context(), space)
	require.NoError(t, err)
	require.Zero(t, n, "it is forgotten, not hidden")
	r.again()
	require.Empty(t, r.shown())
}

// TestMerged_isSuggestedOnce: records of one person, by whichever identifier, are one suggestion of the two people.
func TestMerged_isSuggestedOnce(t *testing.T) {
	r := newRig(t)
	card, phone, customer := r.key("card", "2990001111111"), r.key("phone", "+33611223344"), r.key("customer", "C-1")
	r.seen(card, customer)
	r.says(card, helene)
	r.says(customer, helene)
	require.Empty(t, r.shown(), "they are one already")
	r.says(phone, typed)
	shown := r.shown()
	require.Len(t, shown, 1)
	require.Contains(t, shown[0], phone)
	view, err := r.graph.View(t.Context(), space, []identifier.Key{card}, 2000)
	require.NoError(t, err)
	require.Contains(t, shown[0], view.Profile(card).Canonical, "the person's own name stands for it")
}

func TestBlockedPerson_isNotSuggested(t *testing.T) {
	r := newRig(t)
	_, phone, _ := three(r)
	r.apply(&identity.Act{ID: "q", T: 9_000_000_000, Op: identity.Quarantine, A: phone})
	require.Empty(t, r.shown(), "to accept it would change nothing")
	r.apply(&identity.Act{ID: "r", T: 9_000_000_001, Op: identity.Auto, A: phone})
	require.Len(t, r.shown(), 1, "it was left out, not forgotten")
}

// TestErased_isForgotten: with the key of the subject, or the leaf, everything of it goes.
func TestErased_isForgotten(t *testing.T) {
	for name, erase := range map[string]func(r *rig, k identifier.Key){
		"its leaf is empty":   func(r *rig, k identifier.Key) { r.take(r.gone(k, false)) },
		"its leaf is deleted": func(r *rig, k identifier.Key) { r.take(r.gone(k, true)) },
		"its key is destroyed": func(r *rig, k identifier.Key) {
			r.destroy(k)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			card := r.key("card", "2990001111111")
			r.says(card, helene)
			require.EqualValues(t, 1, r.entries())
			erase(r, card)
			phone := r.key("phone", "+33611223344")
			r.says(phone, typed)
			require.Empty(t, r.shown())
			require.EqualValues(t, 1, r.entries(), "the phone's alone")
			traits := match.Traits{{Kind: match.KindGiven, Value: "Hélène"}, {Kind: match.KindFamily, Value: "Lefèvre"}, {Kind: match.KindBirth, Value: "1980-03-12"}}
			near, err := r.index.Near(t.Context(), space, pseudonymised(r.s.deps.Keyring, space, traits), 10)
			require.NoError(t, err)
			for _, e := range near {
				require.NotEqual(t, string(leafID(card)), e.ID)
			}
		})
	}
}

// TestIndex_holdsNoValue: what lies in the index tells nothing without keys.
func TestIndex_holdsNoValue(t *testing.T) {
	r := newRig(t)
	card := r.key("card", "2990001111111")
	r.says(card, helene)
	e, err := r.index.Entry(t.Context(), space, string(leafID(card)))
	require.NoError(t, err)
	for _, value := range helene {
		require.NotContains(t, string(e.Sealed), value)
	}
	x, sealed, err := unpack(e.Sealed)
	require.NoError(t, err)
	require.Equal(t, subject{shop, card}, x)
	_, err = r.keyOf(r.key("card", "2990009999999")).Open(sealedAs, sealed)
	require.Error(t, err, "the key of another person opens nothing")
	other := vaultOf(t)
	traits := match.Traits{{Kind: match.KindGiven, Value: "Hélène"}, {Kind: match.KindFamily, Value: "Lefèvre"}}
	require.NotEqual(t, pseudonymised(r.s.deps.Keyring, space, traits), pseudonymised(r.s.deps.Keyring, "other", traits), "spaces have other blocks")
	r.s.deps.Keyring = other
	require.NotContains(t, e.Blocks, pseudonymised(r.s.deps.Keyring, space, traits)[0], "and so have installations")
}

// TestStoppedBetween: a record that was listed when the matcher was killed, and not compared, is compared when it is read again.
func TestStoppedBetween(t *testing.T) {
	r := newRig(t)
	card, phone := r.key("card", "2990001111111"), r.key("phone", "+33611223344")
	r.says(card, helene)
	killed := &killedIndex{Index: r.index}
	r.s.deps.Index = killed
	b := r.batch(r.record(phone, typed))
	require.ErrorIs(t, r.s.Batch(t.Context(), b), errKilled)
	require.Empty(t, r.shown())
	r.s.deps.Index = r.index
	require.NoError(t, r.s.Batch(t.Context(), b))
	require.Len(t, r.shown(), 1)
}

var errKilled = errors.New("killed")

// killedIndex ends when candidates are looked for.
type killedIndex struct{ match.Index }

func (*killedIndex) Near(context.Context, string, []match.Block, int) ([]match.Entry, error) {
	return nil, errKilled
}

func TestUnchanged_costsNothing(t *testing.T) {
	r := newRig(t)
	card, phone, _ := three(r)
	require.NoError(t, r.index.RemoveSuggestions(t.Context(), space, idsOf(t, r)))
	r.take(r.record(card, nil), r.record(phone, nil))
	require.Empty(t, r.shown(), "a sale says nothing new of who somebody is")
}

func TestRecordsThatSayLittle(t *testing.T) {
	r := newRig(t)
	for i, traits := range []map[string]string{nil, {"given_name": "Jean"}, {"city": "Paris"}, {"given_name": "null", "family_name": "inconnu"}} {
		r.says(r.key("card", fmt.Sprintf("29900011111%02d", i)), traits)
	}
	require.Zero(t, r.entries())
	r.says(r.key("order", "W-1"), helene)
	require.Zero(t, r.entries(), "an order number joins nobody, so nothing could come of it")
}

func TestPlace(t *testing.T) {
	r := newRig(t)
	three(r)
	card := r.key("card", "2990003333333")
	// Compaction leaves gaps: they are no loss.
	r.next += 10
	r.says(card, paul)
	// A lower place, as after a fail-over, is read again from there.
	require.NoError(t, r.s.deps.Cells.SetPlain(t.Context(), []resolve.Plain{{Key: r.s.placeKey(0, ""), Value: resolve.Marker{Next: 2}.Encode()}}))
	rewind := func() int64 {
		var back *stream.Rewind
		require.ErrorAs(t, r.s.Batch(t.Context(), r.batch(r.record(card, nil))), &back)
		return back.Offset
	}
	require.EqualValues(t, 2, rewind())
	require.NoError(t, r.s.Batch(t.Context(), stream.Batch{Topic: stream.TopicLeaves, Records: r.log[2:]}))
	parts := []stream.Assignment{{Topic: stream.TopicLeaves, Offset: 99, End: 99}}
	require.NoError(t, r.s.Assigned(t.Context(), parts))
	require.Equal(t, r.next, parts[0].Offset, "as far as the index is, not as far as was committed")
	parts[0].LogID[0]++
	require.NoError(t, r.s.Assigned(t.Context(), parts))
	require.Zero(t, parts[0].Offset, "another life of the topic begins anew")
}

func TestBadRecords_areNamed(t *testing.T) {
	r := newRig(t)
	card := r.key("card", "2990001111111")
	good := r.record(card, helene)
	broken := r.record(card, nil)
	broken.Value = []byte("\xff\xff")
	strange := stream.Record{Topic: stream.TopicLeaves, Key: []byte("l:short"), Value: good.Value}
	register := stream.Record{Topic: stream.TopicLeaves, Key: []byte("r:maison:x"), Value: []byte("x")}
	var invalid *stream.InvalidError
	require.ErrorAs(t, r.s.Batch(t.Context(), r.batch(broken, strange, register, good)), &invalid)
	require.Len(t, invalid.Offsets, 2)
	require.EqualValues(t, 1, r.entries(), "the others are taken")
}

func TestConfig(t *testing.T) {
	require.NoError(t, Default().Validate())
	require.ErrorContains(t, Config{}.Validate(), "group")
	_, err := New(Default(), Deps{})
	require.ErrorContains(t, err, "needs a logger")
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x04shop\x04card\x02xxsealed"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, sealed, err := unpack(raw)
		if err != nil {
			require.ErrorIs(t, err, errEntry)
			return
		}
		require.LessOrEqual(t, len(x.controller)+len(sealed), len(raw))
	})
}

func idsOf(t *testing.T, r *rig) (out []string) {
	t.Helper()
	list, _, err := r.index.Suggestions(t.Context(), space, "", 50)
	require.NoError(t, err)
	for _, s := range list {
		out = append(out, s.ID)
	}
	return out
}
