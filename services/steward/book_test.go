package steward

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/audit"
)

// failing fails for one topic.
type failing struct {
	Output audit.Publisher
	topic  string
}

func (f *failing) Publish(ctx context.Context, records []stream.Record) error {
	for _, r := range records {
		if r.Topic == f.topic {
			return errAway
		}
	}
	return f.Output.Publish(ctx, records)
}

func resolveKeys(keys ...identifier.Key) []identifier.Key { return keys }

func TestBook_keepsTheLatestInWhateverOrderTheyCome(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var all []*eventpb.Act
	for i := range 100 {
		all = append(all, &eventpb.Act{Space: []string{"a", "b"}[i%2], Id: fmt.Sprintf("%03d", i), T: int64(i / 4)})
	}
	for range 5 {
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		b := newBook(30)
		for _, m := range append(all, all...) {
			b.add(m)
		}
		require.Len(t, b.acts, 30)
		require.Len(t, b.byID, 30)
		var got []string
		var behind *eventpb.Act
		for more := true; more; {
			var page []*eventpb.Act
			page, more = b.page("a", behind, 4, func(*eventpb.Act) bool { return true })
			for _, m := range page {
				got = append(got, m.GetId())
			}
			behind = page[len(page)-1]
		}
		require.Len(t, got, 15)
		require.Equal(t, "098", got[0])
		require.Equal(t, "070", got[14])
		require.Nil(t, b.find("a", "001"))
		require.NotNil(t, b.find("a", "098"))
	}
}
