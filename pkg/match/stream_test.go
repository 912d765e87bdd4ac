package match_test

import (
	"crypto/sha256"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
	"rcu/pkg/resolve/statemem"
)

// traitsOf are the traits of a row of the first schema.
func traitsOf(row []string) match.Traits {
	var out match.Traits
	for i, k := range []match.Kind{match.KindFamily, match.KindGiven, match.KindBirth, match.KindStreet, match.KindPostcode, match.KindTown, match.KindEmail, match.KindPhone} {
		out = append(out, match.Trait{Kind: k, Value: row[i]})
	}
	return out.Sorted()
}

func digests(keys []string) (out []match.Block) {
	for _, k := range keys {
		sum := sha256.Sum256([]byte(k))
		out = append(out, match.Block(sum[:8]))
	}
	return out
}

// TestStream finds, record by record, who was there before: most of who is there is found, hardly anybody else, by a model that another
// file taught.
func TestStream(t *testing.T) {
	s := schemaList[0]
	s.people = 3000
	header, rows, _ := generate(&s, 21)
	scorer := match.NewScorer(match.Learn(recordsOf(header, rows)))
	header, rows, who := generate(&s, 22)
	require.NotEmpty(t, header)
	x := statemem.NewIndex()
	packed, seen := map[string]int{}, map[string][]int{}
	var could, found, right, wrong, full int
	for i, row := range rows {
		traits := traitsOf(row)
		blocks := digests(traits.Blocks())
		near, err := x.Near(t.Context(), "s", blocks, 40)
		require.NoError(t, err)
		var others []match.Traits
		var places []int
		for _, e := range near {
			other, err := match.ParseTraits(string(e.Sealed))
			require.NoError(t, err)
			others, places = append(others, other), append(places, packed[e.ID])
		}
		could += min(1, len(seen[who[i]]))
		if slices.ContainsFunc(places, func(p int) bool { return who[p] == who[i] }) {
			found++
		}
		hit := false
		for n, e := range scorer.Score(i, traits, others) {
			switch same := who[places[n]] == who[i]; {
			case e.Probability < .9:
			case same:
				hit = true
			default:
				wrong++
			}
			for _, step := range e.Steps {
				require.Empty(t, step.A+step.B, "no value leaves the scorer")
			}
		}
		if hit {
			right++
		}
		id := "row " + strings.Repeat(" ", 12-len(idOf(i))) + idOf(i)
		n, err := x.PutEntry(t.Context(), "s", match.Entry{ID: id, Blocks: blocks, Sealed: []byte(traits.Pack())})
		require.NoError(t, err)
		full += n
		packed[id], seen[who[i]] = i, append(seen[who[i]], i)
	}
	t.Logf("%d records, %d of somebody seen before: blocks found %d, suggested %d; wrong suggestions %d; full blocks %d", len(rows), could, found, right, wrong, full)
	require.Greater(t, float64(found), .985*float64(could))
	require.Greater(t, float64(right), .95*float64(could))
	require.Less(t, float64(wrong), .01*float64(right))
}

// TestBlocks_sameInEveryProcess: blocking keys hang on the content alone, not on order, accents or case.
func TestBlocks_sameInEveryProcess(t *testing.T) {
	one := match.Traits{{match.KindGiven, "Hélène"}, {match.KindFamily, "LEFÈVRE"}, {match.KindBirth, "1980-03-12"}, {match.KindPhone, "+33 6 11 22 33 44"}}
	other := match.Traits{{match.KindPhone, "0611223344"}, {match.KindBirth, "12/03/1980"}, {match.KindFamily, "Lefevre"}, {match.KindGiven, "helene"}}
	require.Equal(t, one.Blocks(), other.Blocks())
	require.Contains(t, one.Blocks(), "phone\x00611223344")
	require.Empty(t, match.Traits{{match.KindGiven, "Jean"}}.Blocks(), "a given name alone brings nobody together")
	require.Empty(t, match.Traits{}.Blocks())
}

// TestScore_doesNotHangOnTheOthers: what else was found changes no weight.
func TestScore_doesNotHangOnTheOthers(t *testing.T) {
	s := schemaList[0]
	s.people = 400
	header, rows, _ := generate(&s, 31)
	scorer := match.NewScorer(match.Learn(recordsOf(header, rows)))
	var others []match.Traits
	for _, r := range rows[1:40] {
		others = append(others, traitsOf(r))
	}
	one := traitsOf(rows[0])
	for i, e := range scorer.Score(5000, one, others) {
		alone := scorer.Score(5000, one, others[i:i+1])[0]
		require.Equal(t, alone, e)
		back := scorer.Score(5000, others[i], []match.Traits{one})[0]
		require.InDelta(t, e.Weight, back.Weight, 1e-9, "both ways the same")
	}
}

// TestScore_amongMorePeople: the more records there are, the rarer are two of one person; a small index says nothing of how many people
// there are.
func TestScore_amongMorePeople(t *testing.T) {
	scorer := match.NewScorer(match.Untaught())
	one := match.Traits{{match.KindGiven, "Jean"}, {match.KindFamily, "Petit"}, {match.KindBirth, "1980-01-02"}}
	prior := func(records int) float64 { return scorer.Score(records, one, []match.Traits{one})[0].Steps[0].Bits }
	require.InDelta(t, math.Log2(1000), prior(1000)-prior(1_000_000), .01)
	require.InDelta(t, prior(1000), prior(3), 1e-9)
}

func TestTraits_sorted(t *testing.T) {
	got := match.Traits{{match.KindPhone, "0611223344"}, {match.KindGiven, "Jean"}, {match.KindGiven, "Jean"}, {match.KindFamily, " "}, {match.KindNone, "x"}, {match.KindTown, strings.Repeat("x", 2000)}}.Sorted()
	require.Equal(t, match.Traits{{match.KindGiven, "Jean"}, {match.KindPhone, "0611223344"}}, got)
	back, err := match.ParseTraits(got.Pack())
	require.NoError(t, err)
	require.Equal(t, got, back)
}

func FuzzParseTraits(f *testing.F) {
	f.Add(match.Traits{{match.KindGiven, "Jean"}, {match.KindEmail, "a@b.fr"}}.Pack())
	f.Add("")
	f.Add("\x01\x01\xff\xff\xff\xff\x0f")
	scorer := match.NewScorer(match.Learn(recordsOf([]string{"first_name", "last_name"}, [][]string{{"a", "b"}})))
	f.Fuzz(func(t *testing.T, packed string) {
		got, err := match.ParseTraits(packed)
		if err != nil {
			require.ErrorIs(t, err, match.ErrTraits)
			return
		}
		again, err := match.ParseTraits(got.Pack())
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.LessOrEqual(t, len(got.Blocks()), match.MaxEntryBlocks)
		e := scorer.Score(10, got, []match.Traits{got})[0]
		require.False(t, math.IsNaN(e.Weight))
	})
}
