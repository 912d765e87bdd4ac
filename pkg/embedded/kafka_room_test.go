package embedded_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

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
	require.ErrorIs(t, produce("refused"), kafka.KafkaStorageError)
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
