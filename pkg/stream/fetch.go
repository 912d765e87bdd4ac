package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// fetchSlack is how much longer than the broker's wait a fetch may take.
	fetchSlack = 5 * time.Second
	// arenaBlock is the size of the blocks that keys and values are copied to.
	arenaBlock = 64 << 10
)

// fetcher reads one partition forward. It is used by one goroutine.
type fetcher struct {
	client    *Client
	topic     string
	partition int
	offset    int64
	maxBytes  int
	wait      time.Duration
	arena     []byte
}

// fetched is the outcome of one request.
type fetched struct {
	records   []Record
	highWater int64
}

// fetch waits for records at the fetcher's offset and moves it behind them. No
// records and no error means that the broker had none within the wait. An
// offset outside the log comes back as *OffsetError.
func (f *fetcher) fetch(ctx context.Context) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, f.wait+fetchSlack)
	defer cancel()
	res, err := f.client.kc.Fetch(ctx, &kafka.FetchRequest{
		Addr: f.client.addr, Topic: f.topic, Partition: f.partition, Offset: f.offset,
		MinBytes: 1, MaxBytes: int64(f.maxBytes), MaxWait: f.wait,
	})
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafka.OffsetOutOfRange) {
		return fetched{}, f.outside(ctx)
	}
	if err != nil {
		return fetched{}, fmt.Errorf("fetching %s/%d at %d: %w", f.topic, f.partition, f.offset, withRight(err, f.topic, "Read"))
	}
	records, err := f.decode(res.Records)
	if err != nil {
		return fetched{}, fmt.Errorf("decoding %s/%d at %d: %w", f.topic, f.partition, f.offset, err)
	}
	return fetched{records: records, highWater: res.HighWatermark}, nil
}

// outside asks for the bounds of the log to say which way the offset misses.
func (f *fetcher) outside(ctx context.Context) error {
	bounds, err := f.client.Bounds(ctx, f.topic, f.partition)
	if err != nil {
		return err
	}
	b := bounds[f.partition]
	if f.offset >= b.Start && f.offset <= b.End {
		return fmt.Errorf("fetching %s/%d at %d: %w", f.topic, f.partition, f.offset, kafka.OffsetNotAvailable)
	}
	return &OffsetError{Topic: f.topic, Partition: f.partition, Offset: f.offset, Start: b.Start, End: b.End}
}

// decode copies the records out of the response's pages. Record sets begin at a
// batch, so those before the wanted offset are passed over.
func (f *fetcher) decode(rr kafka.RecordReader) ([]Record, error) {
	var out []Record
	for {
		rec, err := rr.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Offset < f.offset {
			closeBytes(rec)
			continue
		}
		r := Record{Topic: f.topic, Partition: f.partition, Offset: rec.Offset, Time: rec.Time.UTC(), Headers: headers(rec.Headers)}
		if r.Key, err = f.copyOut(rec.Key); err == nil {
			r.Value, err = f.copyOut(rec.Value)
		}
		closeBytes(rec)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		f.offset = rec.Offset + 1
	}
}

// closeBytes gives the record's pages back; they are memory, so that closing cannot fail.
func closeBytes(rec *kafka.Record) {
	if rec.Key != nil {
		_ = rec.Key.Close()
	}
	if rec.Value != nil {
		_ = rec.Value.Close()
	}
}

func headers(in []protocol.Header) []Header {
	if len(in) == 0 {
		return nil
	}
	out := make([]Header, len(in))
	for i, h := range in {
		out[i] = Header{Key: h.Key, Value: h.Value}
	}
	return out
}

// copyOut copies bytes into the arena. Blocks are never written twice, so what
// a handler keeps stays valid.
func (f *fetcher) copyOut(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	n := b.Len()
	if n > arenaBlock/4 {
		big := make([]byte, n)
		_, err := io.ReadFull(b, big)
		return big, err
	}
	if cap(f.arena)-len(f.arena) < n || f.arena == nil {
		f.arena = make([]byte, 0, arenaBlock)
	}
	start := len(f.arena)
	f.arena = f.arena[:start+n]
	dst := f.arena[start : start+n : start+n]
	_, err := io.ReadFull(b, dst)
	return dst, err
}
