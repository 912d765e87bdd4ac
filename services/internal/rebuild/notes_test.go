package rebuild

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// How far a partition is read is noted behind its writing, and behind all that was read before: where the first of two batches is never written, and the
// second is, a rebuild that goes on reads both again.
func TestNothingIsNotedBeforeItIsWritten(t *testing.T) {
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.RedisServer(t).Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	w, err := newWork(Config{Records: 1}, Deps{Stream: new(stream.Client), Redis: client})
	require.NoError(t, err)
	lost, second := errors.New("redis is away"), make(chan struct{})
	put := func(ctx context.Context, records []stream.Record) error {
		if records[0].Offset > 0 {
			close(second)
			return nil
		}
		<-second
		for range 30 { // time enough to note what should not be noted
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Millisecond):
			}
			if noted, err := client.Rebuilding(ctx); err != nil || len(noted) > 0 {
				break
			}
		}
		return lost
	}
	l := &load{work: w, put: put, writers: 2, chunks: make(chan chunk), last: make(chan struct{})}
	close(l.last)
	ended := make(chan error, 2)
	for range l.writers {
		go func() { ended <- l.write(t.Context()) }()
	}
	for n := range int64(2) {
		l.chunks <- chunk{source: "rcu.registers/0", records: []stream.Record{{Topic: stream.TopicRegisters, Offset: n}}, behind: n, next: n + 1}
	}
	require.ErrorIs(t, <-ended, lost)
	noted, err := client.Rebuilding(t.Context())
	require.NoError(t, err)
	require.Empty(t, noted)
}

// A rebuild that goes on has the numbers that the one before learned, and notes them again.
func TestWhatWasLearnedIsCarriedOn(t *testing.T) {
	start := func() *work {
		w, err := newWork(Config{}, Deps{Stream: new(stream.Client), Redis: new(stateredis.Client)})
		require.NoError(t, err)
		return w
	}
	first, notes := start(), map[string]string{"begun": "2026-11-23T10:00:00Z", "rcu.graph/0": "7"}
	first.see("maison", 1<<63)
	first.commit("maison", 12)
	first.commit("other|space", 3)
	first.carry(notes)
	next := start()
	next.goOn(notes)
	require.Equal(t, map[string]int64{"rcu.graph/0": 7}, next.from)
	require.Equal(t, first.sees, next.sees)
	require.Equal(t, first.high, next.high)
	again := map[string]string{}
	next.carry(again)
	require.Equal(t, map[string]string{"seen|maison": "9223372036854775808", "high|maison": "12", "high|other|space": "3"}, again)
}

// Of values that are gone nothing is noted, since a key names of whom they were: what was read before is looked through once more.
func TestWhatIsGoneIsReadOnceMore(t *testing.T) {
	client, err := stream.Connect(stream.Config{Brokers: testkit.Kafka(t)}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(1, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	for _, x := range []struct{ topic, key, value string }{
		{stream.TopicLeaves, "l:gone", ""},
		{stream.TopicLeaves, "l:stands", "v"},
		{stream.TopicLeaves, "l:gone later", ""},
		{stream.TopicRegisters, "r:gone", ""},
		{stream.TopicOwners, "no changelog", ""},
	} {
		r, err := stream.Encode(x.topic, []byte(x.key), &eventpb.Changelog{Key: []byte(x.key), Version: 2, Value: []byte(x.value)}, time.Now())
		require.NoError(t, err)
		require.NoError(t, out.Publish(t.Context(), []stream.Record{r}))
	}
	w, err := newWork(Config{}, Deps{Stream: client, Redis: new(stateredis.Client)})
	require.NoError(t, err)
	w.goOn(map[string]string{"rcu.leaves/0": "2", "rcu.registers/0": "1", "rcu.owners/0": "1"})
	require.NoError(t, w.goneBefore(t.Context()))
	require.ElementsMatch(t, []string{"l:gone", "r:gone"}, w.gone)
}
