package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/boot"
)

// A rebuilt Redis that is not as it was is told by exit code 1 and by the kind of what differs, and by nothing that stands for a person.
func TestRebuildRedisVerifyNamesTheKindThatDiffers(t *testing.T) {
	broker, server := testkit.KafkaBroker(t).Addr(), testkit.Redis(t)
	client, err := stream.Connect(stream.Config{Brokers: []string{broker}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	var cells []string
	for n := range 3 {
		k := identifier.Key{Namespace: identifier.Order, Value: strings.Repeat(string(rune('a'+n)), identifier.PseudonymSize)}
		cell := resolve.ReferenceCell("maison", k)
		cells = append(cells, cell)
		r, err := stream.Encode(stream.TopicRegisters, []byte(cell), &eventpb.Changelog{Space: "maison", Key: []byte(cell), Version: 1, Value: identity.Register{}.Encode()}, time.Now())
		require.NoError(t, err)
		require.NoError(t, out.Publish(t.Context(), []stream.Record{r}))
	}
	require.NoError(t, out.Close(t.Context()))
	redis := func(args ...string) (string, error) {
		return called(t, append([]string{"--data", t.TempDir(), "rebuild", "redis", "--kafka", broker, "--redis", server}, args...)...)
	}
	checksums := func(name string) string {
		text, err := redis("--checksum", "--json")
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	_, err = redis()
	require.NoError(t, err)
	before := checksums("before.json")
	text, err := redis("--wipe", "--verify", before)
	require.NoError(t, err)
	require.Contains(t, text, "every kind of key is as before")

	state, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{server}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	found, err := stateredis.NewCells(state).LoadCells(t.Context(), cells[1:2])
	require.NoError(t, err)
	require.NotEmpty(t, found[0].Value)
	found[0].Value[0] ^= 1 // one byte that Kafka knows nothing of
	written, err := stateredis.NewCells(state).CommitCells(t.Context(), found)
	require.NoError(t, err)
	require.Equal(t, []bool{true}, written)
	another := checksums("another.json")
	for _, asked := range [][]string{nil, {"--json"}} {
		text, err = redis(append(asked, "--wipe", "--verify", another)...)
		var exit *boot.Silent
		require.ErrorAs(t, err, &exit)
		require.Equal(t, boot.ExitError, exit.Code)
		if asked == nil {
			require.Equal(t, 1, strings.Count(text, "differs: "), text)
			require.Contains(t, text, "differs: reference register (3 values, before 3)")
		} else {
			require.Contains(t, text, `"differ":["reference register"]`)
		}
		require.NotContains(t, text, "aaa")
		require.NotContains(t, text, fmt.Sprintf("%x", "aaa"))
	}
	_, err = redis("--wipe", "--verify", before)
	require.NoError(t, err)
}
