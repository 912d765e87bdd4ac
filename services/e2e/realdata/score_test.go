package realdata

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScore(t *testing.T) {
	truth, err := ReadTruth(strings.NewReader("source,id,person\ns,1,a\ns,2,a\ns,3,a\ns,4,b\ns,5,b\ns,6,\ns,7,c\n"))
	require.NoError(t, err)
	clusters, err := ReadClusters(strings.NewReader("source,id,rcu_id\ns,1,x\ns,2,x\ns,3,y\ns,4,x\ns,5,z\ns,6,x\n"))
	require.NoError(t, err)
	s := Score(clusters, truth)
	require.Equal(t, 6, s.Events, "nobody's event is not scored")
	require.EqualValues(t, 4, s.TruePairs)
	require.EqualValues(t, 3, s.FoundPairs)
	require.EqualValues(t, 1, s.CorrectPairs)
	require.InDelta(t, 1.0/3, s.Precision, 1e-9)
	require.InDelta(t, 0.25, s.Recall, 1e-9)
	require.Equal(t, 1, s.OthersEvents)
	require.Equal(t, 1, s.JoinedPeople)
	require.Equal(t, 1, s.Unclustered)
	require.Equal(t, 2, s.LargestRecord)

	name := map[string]string{"a": "Ann Lee", "b": "Ann Lee", "c": "Bo"}
	require.Equal(t, []Joined{{"x", "a", "b"}}, NamesakesJoined(clusters, truth, name))
	name["b"] = "Other"
	require.Empty(t, NamesakesJoined(clusters, truth, name))
}
