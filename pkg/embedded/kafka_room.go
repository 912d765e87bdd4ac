package embedded

import (
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Room that the broker leaves on its disk. A disk that is full to the last byte takes half of an entry, and what stands behind half an
// entry of its log of offsets is not read at the next start. So records are refused first, then offsets.
const (
	recordRoom = 16 << 20
	offsetRoom = 1 << 20
)

// Error codes of Kafka that a client tries again.
const (
	codeStorage       = 56 // KAFKA_STORAGE_ERROR
	codeNoCoordinator = 15 // COORDINATOR_NOT_AVAILABLE
)

// room refuses what a broker is sent to keep while its disk has no room for it.
type room struct {
	cluster *kfake.Cluster
	free    func() (uint64, error) // bytes
}

// watchRoom makes a broker refuse what its disk has no room for.
func watchRoom(cluster *kfake.Cluster, dir string) {
	r := &room{cluster: cluster, free: func() (uint64, error) {
		var st syscall.Statfs_t
		err := syscall.Statfs(dir, &st)
		return st.Bavail * uint64(st.Bsize), err //nolint:gosec // G115: a block size is positive
	}}
	r.control(kmsg.Produce, r.produce)
	r.control(kmsg.OffsetCommit, r.commit)
}

// renewEvery is after how many requests a control gives way to a new one: while there is one, the broker keeps the last request of every connection
// that ever was.
const renewEvery = 64

// control looks at every request of a kind.
func (r *room) control(key kmsg.Key, look func(kmsg.Request) (kmsg.Response, error, bool)) {
	seen := 0
	r.cluster.ControlKey(int16(key), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if seen++; seen == renewEvery {
			r.cluster.DropControl()
			r.control(key, look)
		}
		return look(request)
	})
}

// short reports whether less than so many bytes are free. Where that cannot be told, the broker's own write will.
func (r *room) short(least uint64) bool {
	free, err := r.free()
	return err == nil && free < least
}

func (r *room) produce(request kmsg.Request) (kmsg.Response, error, bool) {
	req, ok := request.(*kmsg.ProduceRequest)
	if !ok || req.Acks == 0 || !r.short(recordRoom) {
		return nil, nil, false
	}
	r.cluster.KeepControl()
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = req.Version
	for _, t := range req.Topics {
		answer := kmsg.NewProduceResponseTopic()
		answer.Topic, answer.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			part := kmsg.NewProduceResponseTopicPartition()
			part.Partition, part.ErrorCode, part.BaseOffset = p.Partition, codeStorage, -1
			answer.Partitions = append(answer.Partitions, part)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil, true
}

func (r *room) commit(request kmsg.Request) (kmsg.Response, error, bool) {
	req, ok := request.(*kmsg.OffsetCommitRequest)
	if !ok || !r.short(offsetRoom) {
		return nil, nil, false
	}
	r.cluster.KeepControl()
	resp := kmsg.NewPtrOffsetCommitResponse()
	resp.Version = req.Version
	for _, t := range req.Topics {
		answer := kmsg.NewOffsetCommitResponseTopic()
		answer.Topic, answer.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			part := kmsg.NewOffsetCommitResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, codeNoCoordinator
			answer.Partitions = append(answer.Partitions, part)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil, true
}
