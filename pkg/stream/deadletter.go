package stream

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Headers of a dead letter, beside those of the record itself.
const (
	HeaderReason    = "rcu-reason"
	HeaderKind      = "rcu-kind"
	HeaderTopic     = "rcu-topic"
	HeaderPartition = "rcu-partition"
	HeaderOffset    = "rcu-offset"
	HeaderService   = "rcu-service"
	HeaderAt        = "rcu-at"
)

// KindInvalid marks records that can never be handled.
const KindInvalid = "invalid"

// DeadLetters writes records to rcu.dead-letter. It gives on the bytes as they
// are: whoever makes the records has sealed what is personal in them.
type DeadLetters struct {
	producer *Producer
	service  string
	now      func() time.Time
}

// NewDeadLetters writes through the producer, in the name of a service.
func NewDeadLetters(p *Producer, service string) *DeadLetters {
	return &DeadLetters{producer: p, service: service, now: time.Now}
}

// Put writes one record with the reason. It has the shape of
// ConsumerConfig.DeadLetter. Putting the same record again writes it again.
func (d *DeadLetters) Put(ctx context.Context, r Record, invalid *InvalidError) error {
	at := d.now()
	letter := Record{Topic: TopicDeadLetter, Key: r.Key, Value: r.Value, Time: at}
	letter.Headers = append(slices.Clone(r.Headers),
		Header{HeaderReason, []byte(invalid.Reason)},
		Header{HeaderKind, []byte(KindInvalid)},
		Header{HeaderTopic, []byte(r.Topic)},
		Header{HeaderPartition, strconv.AppendInt(nil, int64(r.Partition), 10)},
		Header{HeaderOffset, strconv.AppendInt(nil, r.Offset, 10)},
		Header{HeaderService, []byte(d.service)},
		Header{HeaderAt, at.UTC().AppendFormat(nil, time.RFC3339Nano)},
	)
	if err := d.producer.Publish(ctx, []Record{letter}); err != nil {
		return fmt.Errorf("writing a dead letter: %w", err)
	}
	return nil
}
