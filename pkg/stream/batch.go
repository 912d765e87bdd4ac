package stream

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/compress"
)

// Layout of a record batch (message format 2), offsets within the batch.
const (
	batchHeader      = 61
	atLength         = 8
	atLeaderEpoch    = 12
	atMagic          = 16
	atCRC            = 17
	atAttributes     = 21
	atLastDelta      = 23
	atFirstTimestamp = 27
	atMaxTimestamp   = 35
	atProducer       = 43
	atCount          = 57
	// sizePrefix is the length that stands before the batch in a request.
	sizePrefix = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordBatch encodes records as they are accepted, so that nothing refers to
// the caller's memory and a queued record costs its bytes and one ack.
type recordBatch struct {
	raw     []byte // size prefix, header, records
	acks    []ack
	first   int64 // time of the first record, ms
	max     int64
	created time.Time
	size    int // what the records cost the queue
	packed  writeBuffer
	wire    []byte // as it goes on the wire; raw or packed, fixed once sealed
	shared  bool   // a request that ended early may still be reading wire
}

// ack points back to the record's place in its Publish call.
type ack struct {
	call  *call
	index int32
}

var batchPool = sync.Pool{New: func() any { return new(recordBatch) }}

// pooledBytes is the largest buffer that goes back to the pool.
const pooledBytes = 2 << 20

func newRecordBatch(now time.Time) *recordBatch {
	b := batchPool.Get().(*recordBatch) //nolint:errcheck // the pool holds nothing else
	b.raw = append(b.raw[:0], make([]byte, sizePrefix+batchHeader)...)
	b.acks, b.first, b.max, b.created, b.size, b.wire = b.acks[:0], 0, math.MinInt64, now, 0, nil
	return b
}

func (b *recordBatch) free() {
	clear(b.acks)
	if !b.shared && cap(b.raw) <= pooledBytes && cap(b.packed.b) <= pooledBytes {
		batchPool.Put(b)
	}
}

// add appends one record.
func (b *recordBatch) add(r *Record, a ack) {
	at := r.Time.UnixMilli()
	if len(b.acks) == 0 {
		b.first = at
	}
	b.max = max(b.max, at)
	timeDelta, offsetDelta := at-b.first, int64(len(b.acks))

	length := 1 + varintLen(timeDelta) + varintLen(offsetDelta) + bytesLen(r.Key) + bytesLen(r.Value) + varintLen(int64(len(r.Headers)))
	for i := range r.Headers {
		length += varintLen(int64(len(r.Headers[i].Key))) + len(r.Headers[i].Key) + bytesLen(r.Headers[i].Value)
	}
	raw := binary.AppendVarint(b.raw, int64(length))
	raw = append(raw, 0)
	raw = binary.AppendVarint(raw, timeDelta)
	raw = binary.AppendVarint(raw, offsetDelta)
	raw = appendBytes(raw, r.Key)
	raw = appendBytes(raw, r.Value)
	raw = binary.AppendVarint(raw, int64(len(r.Headers)))
	for i := range r.Headers {
		raw = binary.AppendVarint(raw, int64(len(r.Headers[i].Key)))
		raw = append(raw, r.Headers[i].Key...)
		raw = appendBytes(raw, r.Headers[i].Value)
	}
	b.raw = raw
	b.acks = append(b.acks, a)
	b.size += r.size()
}

// seal fixes the batch as it goes on the wire, with its size before it. Further
// calls give the same bytes.
func (b *recordBatch) seal(codec compress.Codec) ([]byte, error) {
	if b.wire != nil {
		return b.wire, nil
	}
	raw, attributes := b.raw, uint16(0)
	if codec != nil {
		b.packed.b = append(b.packed.b[:0], b.raw[:sizePrefix+batchHeader]...)
		w := codec.NewWriter(&b.packed)
		_, err := w.Write(b.raw[sizePrefix+batchHeader:])
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		raw, attributes = b.packed.b, uint16(codec.Code()) //nolint:gosec // 1 to 4
	}
	be := binary.BigEndian
	be.PutUint32(raw, length32(len(raw)-sizePrefix))
	h := raw[sizePrefix:]
	be.PutUint64(h, 0)
	be.PutUint32(h[atLength:], length32(len(h)-atLeaderEpoch))
	be.PutUint32(h[atLeaderEpoch:], math.MaxUint32)
	h[atMagic] = 2
	be.PutUint16(h[atAttributes:], attributes)
	be.PutUint32(h[atLastDelta:], length32(len(b.acks)-1))
	be.PutUint64(h[atFirstTimestamp:], uint64(b.first)) //nolint:gosec // two's complement
	be.PutUint64(h[atMaxTimestamp:], uint64(b.max))     //nolint:gosec // two's complement
	for i := atProducer; i < atCount; i++ {
		h[i] = 0xff // no producer id, epoch or sequence
	}
	be.PutUint32(h[atCount:], length32(len(b.acks)))
	be.PutUint32(h[atCRC:], crc32.Checksum(h[atAttributes:], castagnoli))
	b.wire = raw
	return raw, nil
}

// length32 is a length within a batch, which a request of Kafka bounds to 2 GiB.
func length32(n int) uint32 { return uint32(n) } //nolint:gosec // see above

// writeBuffer is the smallest writer that keeps its memory.
type writeBuffer struct{ b []byte }

// Write appends.
func (w *writeBuffer) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func varintLen(v int64) int {
	u := uint64(v<<1) ^ uint64(v>>63) //nolint:gosec // zigzag
	n := 1
	for ; u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

func bytesLen(b []byte) int {
	if b == nil {
		return 1
	}
	return varintLen(int64(len(b))) + len(b)
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(b)))
	return append(dst, b...)
}
