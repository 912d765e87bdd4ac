package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPartitionOf_isThatOfTheJavaClient(t *testing.T) {
	// The vectors of Kafka's own UtilsTest.
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(key))), key)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOf(rapid.Byte()).Draw(t, "key")
		n := rapid.IntRange(1, 64).Draw(t, "partitions")
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i
		}
		require.Equal(t, kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, ids...), PartitionOf(key, n))
	})
}

func TestRecordBatch_readsAsTheProtocolLibraryReadsIt(t *testing.T) {
	some := rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 300))
	rapid.Check(t, func(t *rapid.T) {
		cd, err := codec(rapid.SampledFrom([]string{"none", "snappy", "lz4", "zstd", "gzip"}).Draw(t, "codec"))
		require.NoError(t, err)
		in := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Record {
			r := Record{
				Key: some.Draw(t, "key"), Value: some.Draw(t, "value"),
				Time: time.UnixMilli(rapid.Int64Range(1, 1<<42).Draw(t, "time")).UTC(),
			}
			for range rapid.IntRange(0, 3).Draw(t, "headers") {
				r.Headers = append(r.Headers, Header{Key: rapid.String().Draw(t, "name"), Value: some.Draw(t, "header")})
			}
			return r
		}), 1, 40).Draw(t, "records")

		b := newRecordBatch(time.Now())
		for i := range in {
			b.add(&in[i], ack{})
		}
		raw, err := b.seal(cd)
		require.NoError(t, err)
		again, err := b.seal(cd)
		require.NoError(t, err)
		require.Equal(t, raw, again)

		var set protocol.RecordSet
		_, err = set.ReadFrom(bytes.NewReader(raw))
		require.NoError(t, err)
		out, err := (&fetcher{}).decode(set.Records)
		require.NoError(t, err)
		require.Len(t, out, len(in))
		for i := range in {
			in[i].Offset = int64(i)
			for j := range in[i].Headers {
				if in[i].Headers[j].Value == nil {
					out[i].Headers[j].Value = nil // the library does not tell nil from empty here
				}
			}
			require.Equal(t, in[i], out[i])
		}
		b.free()
	})
}

func TestFetcher_aFlippedBitIsNoticed(t *testing.T) {
	b := newRecordBatch(time.Now())
	b.add(&Record{Key: []byte("key"), Value: []byte("value"), Time: time.UnixMilli(1)}, ack{})
	raw, err := b.seal(nil)
	require.NoError(t, err)
	for at := sizePrefix + atAttributes; at < len(raw); at++ {
		broken := bytes.Clone(raw)
		broken[at] ^= 1
		var set protocol.RecordSet
		_, err = set.ReadFrom(bytes.NewReader(broken))
		require.Error(t, err, "byte %d", at)
	}
}

func TestCommitter(t *testing.T) {
	at := topicPartition{"t", 1}
	start := time.UnixMilli(1_760_000_000_000)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	only := func(next int64) map[string]map[int]int64 { return map[string]map[int]int64{"t": {1: next}} }
	hold := time.Second

	var c committer
	require.Nil(t, c.due(start, hold, after(time.Hour), true))
	c.handled(at, 10, start)
	c.handled(at, 20, after(500*time.Millisecond))
	require.Nil(t, c.due(after(999*time.Millisecond), hold, after(time.Hour), false))
	require.Nil(t, c.due(after(time.Second), hold, start.Add(-1), true), "the gate holds, even at the end")
	require.Equal(t, only(10), c.due(after(time.Second), hold, after(time.Hour), false))
	require.Equal(t, only(20), c.due(after(time.Second), hold, after(time.Hour), true))
	c.done(only(10))
	require.Nil(t, c.due(after(time.Second), hold, after(time.Hour), false), "not twice")
	require.Equal(t, only(20), c.due(after(1500*time.Millisecond), hold, after(time.Hour), false))

	t.Run("a rewind during a commit is not forgotten", func(t *testing.T) {
		sent := c.due(after(2*time.Second), hold, after(time.Hour), false)
		c.rewound(at, 5)
		c.done(sent)
		require.Equal(t, only(5), c.due(after(2*time.Second), hold, after(time.Hour), false))
		c.done(only(5))
		c.handled(at, 30, after(3*time.Second))
		require.Equal(t, only(30), c.due(after(4*time.Second), hold, after(time.Hour), false))
	})
	t.Run("what is held stays bounded", func(t *testing.T) {
		var c committer
		for i := range 10_000 {
			c.handled(at, int64(i+1), after(time.Duration(i)*100*time.Microsecond))
		}
		require.LessOrEqual(t, len(c.parts[at].offsets), 21)
		require.Equal(t, only(10_000), c.due(after(2*time.Second), hold, after(time.Hour), false))
	})
}

func TestConfig_validateNamesEveryProblem(t *testing.T) {
	require.NoError(t, DefaultConfig().Validate())
	bad := Config{
		Brokers: []string{"nohost"}, Partitions: -1, Replication: 99, DialTimeout: -1, RequestTimeout: -1,
		TLS: TLS{CertFile: "c"}, SASL: SASL{Mechanism: "gssapi"},
	}
	err := bad.Validate()
	for _, path := range []string{
		"brokers[0]:", "partitions:", "replication:", "dial_timeout:", "request_timeout:",
		"tls:", "tls.enabled:", "sasl.mechanism:", "sasl.username:", "sasl.password:",
	} {
		require.ErrorContains(t, err, path)
	}
	require.ErrorContains(t, Config{}.Validate(), "brokers: is required")
	require.ErrorContains(t, Config{Brokers: []string{"h:1"}, SASL: SASL{Username: "u"}}.Validate(), "sasl.mechanism")
	require.Error(t, ConsumerConfig{BatchRecords: -1, Grace: time.Hour}.Validate())
	require.Error(t, ProducerConfig{Compression: "rar"}.Validate())

	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("secret\n"), 0o600))
	for _, name := range []string{"plain", "scram-sha-256", "SCRAM-SHA-512"} {
		cfg := DefaultConfig()
		cfg.SASL = SASL{Mechanism: name, Username: "u", PasswordFile: file}
		c, err := Connect(cfg, Deps{})
		require.NoError(t, err)
		require.NotNil(t, c.sasl)
		require.NotNil(t, c.dialer().SASLMechanism, "both halves")
		require.NotNil(t, c.transport.SASL, "both halves")
		c.Close()
	}
}

func TestTemporary(t *testing.T) {
	for _, err := range []error{
		io.EOF, kafka.NotLeaderForPartition, kafka.GroupCoordinatorNotAvailable, kafka.RequestTimedOut,
		protocol.NewErrNoTopic("t"), protocol.NewErrNoLeader("t", 1), errNoAnswer, kafka.BrokerNotAvailable,
	} {
		require.True(t, temporary(fmt.Errorf("producing: %w", err)), err)
	}
	for _, err := range []error{kafka.MessageSizeTooLarge, kafka.TopicAuthorizationFailed, errors.New("other")} {
		require.False(t, temporary(err), err)
	}
	require.Equal(t, []string{"cleanup.policy", "min.insync.replicas", "retention.ms"},
		slices.Sorted(maps.Keys(Topic{Policy: PolicyDelete, Replication: 3}.settings())))
}
