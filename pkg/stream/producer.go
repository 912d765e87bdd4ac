package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
)

// ProducerConfig bounds a producer. Zero values take the defaults.
type ProducerConfig struct {
	// Linger is how long a record waits for company. Default: 5ms.
	Linger time.Duration `yaml:"linger"`
	// BatchRecords per partition and request. Default: 1000.
	BatchRecords int `yaml:"batch_records"`
	// BatchBytes per partition and request, before compression; also the
	// largest record. Not above the brokers' message.max.bytes. Default: 1 MB.
	BatchBytes int `yaml:"batch_bytes"`
	// QueueRecords accepted and not acknowledged, over all topics. Default: 20000.
	QueueRecords int `yaml:"queue_records"`
	// QueueBytes of the same. Default: 64 MiB.
	QueueBytes int `yaml:"queue_bytes"`
	// DeliveryTimeout is how long a record is tried. Default: 30s.
	DeliveryTimeout time.Duration `yaml:"delivery_timeout"`
	// Compression is none, snappy, lz4, zstd or gzip. Default: snappy.
	Compression string `yaml:"compression"`
}

// DefaultProducerConfig gives the defaults.
func DefaultProducerConfig() ProducerConfig {
	return ProducerConfig{
		Linger: 5 * time.Millisecond, BatchRecords: 1000, BatchBytes: 1_000_000,
		QueueRecords: 20_000, QueueBytes: 64 << 20, DeliveryTimeout: 30 * time.Second, Compression: "snappy",
	}
}

func (c ProducerConfig) withDefaults() ProducerConfig {
	d := DefaultProducerConfig()
	c.Linger = cmp.Or(c.Linger, d.Linger)
	c.BatchRecords = cmp.Or(c.BatchRecords, d.BatchRecords)
	c.BatchBytes = cmp.Or(c.BatchBytes, d.BatchBytes)
	c.QueueRecords = cmp.Or(c.QueueRecords, d.QueueRecords)
	c.QueueBytes = cmp.Or(c.QueueBytes, d.QueueBytes)
	c.DeliveryTimeout = cmp.Or(c.DeliveryTimeout, d.DeliveryTimeout)
	c.Compression = cmp.Or(c.Compression, d.Compression)
	return c
}

// Validate returns every problem, joined.
func (c ProducerConfig) Validate() error {
	var errs []error
	for path, negative := range map[string]bool{
		"linger": c.Linger < 0, "batch_records": c.BatchRecords < 0, "batch_bytes": c.BatchBytes < 0,
		"queue_records": c.QueueRecords < 0, "queue_bytes": c.QueueBytes < 0, "delivery_timeout": c.DeliveryTimeout < 0,
	} {
		if negative {
			errs = append(errs, fmt.Errorf("%s: must not be negative", path))
		}
	}
	if _, err := codec(cmp.Or(c.Compression, "snappy")); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// codec finds a compression by name; nil is none.
func codec(name string) (compress.Codec, error) {
	if name == "none" {
		return nil, nil
	}
	var c compress.Compression
	if err := c.UnmarshalText([]byte(name)); err != nil || c.Codec() == nil {
		return nil, fmt.Errorf("compression: must be none, snappy, lz4, zstd or gzip, got %q", name)
	}
	return c.Codec(), nil
}

// Producer publishes records. Many callers publish at once; their records
// travel together. It is safe for concurrent use.
type Producer struct {
	client *Client
	cfg    ProducerConfig
	codec  compress.Codec
	ctx    context.Context //nolint:containedctx // lanes live as long as the producer, longer than any caller
	stop   context.CancelFunc
	work   sync.WaitGroup

	records atomic.Int64 // accepted and not acknowledged
	bytes   atomic.Int64

	mu     sync.RWMutex
	closed bool
	lanes  map[string]*lane
}

// NewProducer prepares a producer; it starts to work at the first Publish.
func (c *Client) NewProducer(cfg ProducerConfig) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the producer configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	cd, err := codec(cfg.Compression)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Producer{client: c, cfg: cfg, codec: cd, ctx: ctx, stop: stop, lanes: map[string]*lane{}}, nil
}

// call is one Publish that waits for its records.
type call struct {
	left atomic.Int64
	done chan struct{}
	mu   sync.Mutex
	errs map[int]error
}

// settle takes the outcome of one record.
func (c *call) settle(index int32, err error) {
	if err != nil {
		c.mu.Lock()
		if c.errs == nil {
			c.errs = map[int]error{}
		}
		c.errs[int(index)] = err
		c.mu.Unlock()
	}
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
}

// Publish returns nil once the brokers acknowledged every record. Otherwise the
// error is ErrOverloaded (at once, nothing was queued), ErrTooLarge, ErrClosed,
// *PublishError naming the records that were not acknowledged, or that of the
// context, in which case the records may still be written. The records'
// memory is the caller's again when Publish returns, whatever it returns.
func (p *Producer) Publish(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := p.openLanes(ctx, records); err != nil {
		return err
	}
	c := &call{done: make(chan struct{})}
	if err := p.enqueue(c, records); err != nil {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the acknowledgement: %w", ctx.Err())
	}
	if c.errs != nil {
		return &PublishError{Errs: c.errs, Total: len(records)}
	}
	return nil
}

// enqueue admits all records of a call or none.
func (p *Producer) enqueue(c *call, records []Record) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return ErrClosed
	}
	size := 0
	for i := range records {
		n := records[i].size()
		if n+batchHeader > p.cfg.BatchBytes {
			return fmt.Errorf("publishing record %d of %d bytes to %s: %w", i, n, records[i].Topic, ErrTooLarge)
		}
		l := p.lanes[records[i].Topic]
		if records[i].Pinned && (records[i].Partition < 0 || records[i].Partition >= len(l.parts)) {
			return fmt.Errorf("publishing to %s/%d: %w", l.topic, records[i].Partition, kafka.UnknownTopicOrPartition)
		}
		size += n
	}
	if err := p.reserve(len(records), size); err != nil {
		return err
	}
	c.left.Store(int64(len(records)))
	now := time.Now()
	for start := 0; start < len(records); {
		topic := records[start].Topic
		end := start + 1
		for end < len(records) && records[end].Topic == topic {
			end++
		}
		p.lanes[topic].add(now, c, records[start:end], start)
		start = end
	}
	return nil
}

// reserve takes room in the queue, or none.
func (p *Producer) reserve(n, size int) error {
	if n > p.cfg.QueueRecords || size > p.cfg.QueueBytes {
		return fmt.Errorf("publishing %d records of %d bytes at once: %w", n, size, ErrTooLarge)
	}
	r, b := p.records.Add(int64(n)), p.bytes.Add(int64(size))
	if r > int64(p.cfg.QueueRecords) || b > int64(p.cfg.QueueBytes) {
		p.records.Add(int64(-n))
		p.bytes.Add(int64(-size))
		p.client.metrics.overloaded.Inc()
		return ErrOverloaded
	}
	p.client.metrics.queued.Add(float64(n))
	p.client.metrics.queuedBytes.Add(float64(size))
	return nil
}

func (p *Producer) release(n, size int) {
	p.records.Add(int64(-n))
	p.bytes.Add(int64(-size))
	p.client.metrics.queued.Sub(float64(n))
	p.client.metrics.queuedBytes.Sub(float64(size))
}

// openLanes makes sure that every topic of the records has its lane.
func (p *Producer) openLanes(ctx context.Context, records []Record) error {
	last := ""
	for i := range records {
		topic := records[i].Topic
		if topic == last {
			continue
		}
		last = topic
		p.mu.RLock()
		l := p.lanes[topic]
		p.mu.RUnlock()
		if l != nil {
			continue
		}
		n, err := p.client.Partitions(ctx, topic)
		if err != nil {
			return fmt.Errorf("publishing to %s: %w", topic, err)
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return ErrClosed
		}
		if p.lanes[topic] == nil {
			l := newLane(p, topic, n)
			p.lanes[topic] = l
			p.work.Go(l.run)
		}
		p.mu.Unlock()
	}
	return nil
}

// Close refuses new records, writes those accepted, and returns when all are
// settled or ctx ends; what is left then fails with ErrClosed.
func (p *Producer) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	lanes := make([]*lane, 0, len(p.lanes))
	for _, l := range p.lanes {
		lanes = append(lanes, l)
	}
	p.mu.Unlock()
	for _, l := range lanes {
		l.close()
	}
	drained := make(chan struct{})
	go func() {
		p.work.Wait()
		close(drained)
	}()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = fmt.Errorf("flushing the producer: %w", ctx.Err())
	}
	p.stop()
	<-drained
	return err
}
