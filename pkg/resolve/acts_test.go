package resolve_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

func TestActs_orderOfArrivalMakesNoDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ops := []string{"ban", "together", "clear"}
	for range 50 {
		var all []*eventpb.Act
		for i := range rng.IntN(2 * resolve.MaxActs) {
			all = append(all, &eventpb.Act{Id: fmt.Sprint(i), T: int64(rng.IntN(20)), Op: ops[rng.IntN(3)]})
			if rng.IntN(4) == 0 { // told twice, by two
				again := proto.CloneOf(all[len(all)-1])
				again.Actor = fmt.Sprint("actor", rng.IntN(3))
				all = append(all, again)
			}
		}
		var want resolve.Acts
		want, _ = want.Join(all...)
		require.LessOrEqual(t, len(want), resolve.MaxActs)
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var got resolve.Acts
		for _, m := range all {
			got, _ = got.Join(m)
		}
		again, changed := got.Join(all...)
		require.False(t, changed, "known acts change nothing")
		require.Len(t, again, len(want))
		for i := range want {
			require.True(t, proto.Equal(want[i], again[i]), "place %d", i)
		}
	}
}

func TestActs_pack(t *testing.T) {
	var x resolve.Acts
	require.Nil(t, x.Latest())
	x, changed := x.Join(&eventpb.Act{Id: "a", T: 1, Op: "ban"}, &eventpb.Act{Id: "b", T: 2, Op: "clear", Actor: "anne"})
	require.True(t, changed)
	raw, err := x.Encode()
	require.NoError(t, err)
	back, err := resolve.DecodeActs(raw)
	require.NoError(t, err)
	require.Equal(t, "b", back.Latest().GetId())
	require.Equal(t, "ban", back.Find("a").GetOp())
	require.Nil(t, back.Find("c"))
	none, err := resolve.DecodeActs(nil)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = resolve.DecodeActs([]byte{0xff})
	require.Error(t, err)
}
