package embedded_test

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// A disk that fills refuses records and then offsets, each with an error that is tried again; what was acknowledged is there after a
// kill, and with room again everything is taken.
func TestKafkaRefusesWhatItsDiskHasNoRoomFor(t *testing.T) {
	disk := testkit.NewDisk(t, filepath.Join(t.TempDir(), "disk"), 64<<20)
	s := testkit.KafkaProcess(t, disk.Dir, "topic")
	addr := kafka.TCP(s.Addr())
	client := &kafka.Client{Addr: addr, Timeout: 10 * time.Second}
	produce := func(value string) error {
		res, err := client.Produce(t.Context(), &kafka.ProduceRequest{
			Topic: "topic", RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte(value))}),
		})
		if err != nil {
			return err
		}
		return res.Error
	}
	commit := func(offset int64) error {
		res, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
			GroupID: "group", GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{"topic": {{Partition: 0, Offset: offset}}},
		})
		if err != nil {
			return err
		}
		return res.Topics["topic"][0].Error
	}
	require.NoError(t, produce("first"))
	require.NoError(t, commit(1))

	disk.Fill(8 << 20)
	require.ErrorIs(t, produce("refused"), kafka.KafkaStorageError)
	require.NoError(t, commit(2), "offsets have room still")
	disk.Fill(0)
	for range 100 {
		require.ErrorIs(t, produce("refused"), kafka.KafkaStorageError)
	}
	require.ErrorIs(t, commit(3), kafka.GroupCoordinatorNotAvailable)
	disk.Empty()
	require.NoError(t, produce("second"))
	require.NoError(t, commit(4))
	s.Kill()

	again := testkit.KafkaProcess(t, disk.Dir, "topic")
	client.Addr = kafka.TCP(again.Addr())
	offsets, err := client.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{GroupID: "group", Topics: map[string][]int{"topic": {0}}})
	require.NoError(t, err)
	require.EqualValues(t, 4, offsets.Topics["topic"][0].CommittedOffset)
	ends, err := client.ListOffsets(t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{"topic": {kafka.LastOffsetOf(0)}}})
	require.NoError(t, err)
	require.EqualValues(t, 2, ends.Topics["topic"][0].LastOffset, "what was refused is not there")
}

// What connections sent that are gone is forgotten: the broker's memory does not grow with them.
func TestKafkaForgetsConnectionsThatAreGone(t *testing.T) {
	b, err := embedded.OpenBroker(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	const size = 1 << 20
	before := heap()
	for range 200 {
		produceToNowhere(t, b.Addr(), size)
	}
	require.Less(t, heap(), before+80*size)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// produceToNowhere sends so many bytes to a topic that is not there, over a connection of its own: the broker has nothing to keep.
func produceToNowhere(t *testing.T, addr string, size int) {
	t.Helper()
	m := (&club{t: t, addr: addr, slack: 10 * time.Second}).newcomer()
	defer m.cut()
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = 7, -1, 1000
	topic, part := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	topic.Topic, part.Records = "nowhere", make([]byte, size)
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	res, err := m.ask(req)
	require.NoError(t, err)
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, res.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
}
