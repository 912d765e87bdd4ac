package dailykeys_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/dailykeys"
)

// What was sealed on a day can be opened for as long as Kafka retains it and a day more, then by nobody who follows the keys.
func TestDailyKeysAreDestroyedWhenTheyAreDue(t *testing.T) {
	client, err := stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(4, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	sealer := vault.NewDaily(ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		r, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), time.Now())
		require.NoError(t, err)
		r.Pinned = true
		return out.Publish(ctx, []stream.Record{r})
	})
	days := []time.Time{time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC), time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
	var sealed []*eventpb.Sealed
	for _, at := range days {
		for _, controller := range []string{"retail", "spa"} {
			s, err := sealer.Seal(t.Context(), controller, at, []byte("marie@example.org"))
			require.NoError(t, err)
			sealed = append(sealed, s)
		}
	}
	subject, err := stream.Encode(stream.TopicKeys, []byte("k:maison:retail:x"), &eventpb.WrappedKey{Controller: "retail", Subject: "ab", Wrapped: []byte("w")}, days[0])
	require.NoError(t, err)
	subject.Pinned = true // an installation of one partition has the keys of subjects here, too
	require.NoError(t, out.Publish(t.Context(), []stream.Record{subject}))

	opener := vault.NewDaily(ring, nil)
	keys := dailykeys.New(client, opener, zap.NewNop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- keys.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.ErrorIs(t, <-done, context.Canceled) })
	opens := func(s *eventpb.Sealed) bool {
		plain, err := keys.Open(t.Context(), s)
		if err != nil {
			require.ErrorIs(t, err, vault.ErrUnknownKey)
		}
		return string(plain) == "marie@example.org"
	}
	closed := func(all ...*eventpb.Sealed) { // who follows the keys hears of it a moment later
		t.Helper()
		for _, s := range all {
			require.Eventually(t, func() bool { return !opens(s) }, 10*time.Second, time.Millisecond)
		}
	}
	destroyed := func(at time.Time) int {
		n, err := dailykeys.NewDestroyer(client, out, zap.NewNop(), func() time.Time { return at }).Destroy(t.Context())
		require.NoError(t, err)
		return n
	}
	due := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) // the events of 1 March are retained until 8 March ends
	require.Zero(t, destroyed(due.Add(-time.Second)))
	for _, s := range sealed {
		require.True(t, opens(s))
	}
	require.Equal(t, 2, destroyed(due), "of both controllers")
	require.Zero(t, destroyed(due), "once")
	closed(sealed[0], sealed[1])
	require.True(t, opens(sealed[2]) && opens(sealed[3]), "the day after lives")
	require.Equal(t, 2, destroyed(due.AddDate(0, 0, 1)))
	closed(sealed[2], sealed[3])
	late := dailykeys.New(client, vault.NewDaily(ring, nil), zap.NewNop())
	go func() { _ = late.Run(ctx) }()
	_, err = late.Open(t.Context(), sealed[0])
	require.ErrorIs(t, err, vault.ErrUnknownKey, "who starts later learns nothing of it either")
	left := map[string]bool{}
	require.NoError(t, client.ReadAll(t.Context(), stream.TopicKeys, 0, func(r stream.Record) error { left[string(r.Key)] = len(r.Value) > 0; return nil }))
	require.True(t, left["k:maison:retail:x"], "keys of subjects live as long as their subjects")
}
