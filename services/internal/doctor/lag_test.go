package doctor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

func TestBehind_aBackfillIsNoLag(t *testing.T) {
	require.EqualValues(t, 7, behind([]stream.PartitionLag{
		{Topic: stream.TopicEventsStore, Committed: 3, End: 10}, {Topic: stream.TopicEventsHistory, Committed: -1, End: 400_000},
	}))
}
