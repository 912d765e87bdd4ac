package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"go.uber.org/zap"
)

// Deps are what a client is given.
type Deps struct {
	// Log gets state changes and degraded conditions; nil is silent.
	Log *zap.Logger
	// Metrics registers the counters and gauges; nil keeps them unregistered.
	Metrics prometheus.Registerer
	// Dial opens the connections to the brokers, before TLS; nil dials directly.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is one program's access to a Kafka cluster: one pool of connections
// for producers, consumers and readers. It is safe for concurrent use.
type Client struct {
	cfg       Config
	log       *zap.Logger
	metrics   *metrics
	addr      net.Addr
	transport *transport
	kc        *kafka.Client
	tls       *tls.Config
	sasl      sasl.Mechanism
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	stop      context.CancelFunc

	mu           sync.Mutex
	logs         logIDs
	topicIDsTold *bool // nil until a broker was asked
}

// Connect prepares a client. It does no I/O: Wait does.
func Connect(cfg Config, d Deps) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the kafka configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	tlsConfig, err := cfg.TLS.config()
	if err != nil {
		return nil, err
	}
	mechanism, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, fmt.Errorf("preparing sasl: %w", err)
	}
	if d.Log == nil {
		d.Log = zap.NewNop()
	}
	m, err := newMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		cfg: cfg, log: d.Log.Named("stream"), metrics: m, addr: kafka.TCP(cfg.Brokers...),
		tls: tlsConfig, sasl: mechanism, dial: d.Dial, stop: stop,
		transport: &transport{Transport: &kafka.Transport{
			ClientID: cfg.ClientID, TLS: tlsConfig, SASL: mechanism, Context: ctx, Dial: d.Dial,
			DialTimeout: cfg.DialTimeout, IdleTimeout: time.Minute, MetadataTTL: 2 * time.Second,
		}},
	}
	c.kc = &kafka.Client{Addr: c.addr, Transport: c.transport}
	return c, nil
}

// Config gives the client's configuration, defaults filled in.
func (c *Client) Config() Config { return c.cfg }

// Close drops the client's connections. Close its producers and consumers
// first.
func (c *Client) Close() {
	c.stop()
	c.transport.CloseIdleConnections()
}

// Wait returns once the cluster answers, when it does not let this client in
// (*AccessError), or when ctx ends.
func (c *Client) Wait(ctx context.Context) error {
	for b := newBackoff(50*time.Millisecond, time.Second); ; {
		err := c.Ping(ctx)
		var access *AccessError
		if err == nil || errors.As(err, &access) {
			return err
		}
		if other := c.otherProtocol(ctx, err); other != nil {
			return other
		}
		if !b.sleep(ctx.Done()) {
			return fmt.Errorf("waiting for kafka: %w", errors.Join(ctx.Err(), explainClosed(err, c.sasl != nil)))
		}
	}
}

// Ping asks a broker a question that only it can answer.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	if _, err := c.kc.ApiVersions(ctx, &kafka.ApiVersionsRequest{Addr: c.addr}); err != nil {
		return fmt.Errorf("asking kafka for its versions: %w", explain(err))
	}
	return nil
}

// bound limits one request.
func (c *Client) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.RequestTimeout)
}

// dialer makes the connections of the consumer group half.
func (c *Client) dialer() *kafka.Dialer {
	return &kafka.Dialer{
		ClientID: c.cfg.ClientID, Timeout: c.cfg.DialTimeout, DualStack: true,
		TLS: c.tls, SASLMechanism: c.sasl, KeepAlive: 30 * time.Second, DialFunc: c.dial,
	}
}

// metadata gives what the connection pool knows of the named topics, at most
// its refresh interval old; no name means all.
func (c *Client) metadata(ctx context.Context, topics ...string) (map[string]kafka.Topic, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.kc.Metadata(ctx, &kafka.MetadataRequest{Addr: c.addr, Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("reading topic metadata: %w", err)
	}
	out := make(map[string]kafka.Topic, len(res.Topics))
	for _, t := range res.Topics {
		if t.Error == nil {
			out[t.Name] = t
		}
	}
	return out, nil
}

// Partitions gives the number of partitions of a topic.
func (c *Client) Partitions(ctx context.Context, topic string) (int, error) {
	topics, err := c.metadata(ctx, topic)
	if err != nil {
		return 0, err
	}
	n := len(topics[topic].Partitions)
	if n == 0 {
		return 0, fmt.Errorf("counting the partitions of %s: %w", topic, kafka.UnknownTopicOrPartition)
	}
	return n, nil
}

// Bounds of the log of one partition.
type Bounds struct {
	// Start is the first offset held.
	Start int64
	// End is the offset of the next record to be written.
	End int64
}

// Bounds asks the leaders where the logs of the partitions start and end.
func (c *Client) Bounds(ctx context.Context, topic string, partitions ...int) (map[int]Bounds, error) {
	out, err := c.bounds(ctx, map[string][]int{topic: partitions})
	if err != nil {
		return nil, err
	}
	return out[topic], nil
}

func (c *Client) bounds(ctx context.Context, topics map[string][]int) (map[string]map[int]Bounds, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	req := &kafka.ListOffsetsRequest{Addr: c.addr, Topics: map[string][]kafka.OffsetRequest{}}
	for topic, partitions := range topics {
		for _, p := range partitions {
			req.Topics[topic] = append(req.Topics[topic], kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
		}
	}
	res, err := c.kc.ListOffsets(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("listing offsets: %w", err)
	}
	out := make(map[string]map[int]Bounds, len(topics))
	for topic, partitions := range topics {
		found := make(map[int]Bounds, len(partitions))
		for _, p := range res.Topics[topic] {
			if p.Error != nil && ctx.Err() != nil { // nor does the library tell that it was called off
				return nil, fmt.Errorf("listing offsets of %s/%d: %w", topic, p.Partition, ctx.Err())
			}
			if p.Error != nil {
				c.transport.drop(time.Now()) // the library calls a dead connection an unknown error of the partition
				return nil, fmt.Errorf("listing offsets of %s/%d: %w", topic, p.Partition, p.Error)
			}
			if p.FirstOffset >= 0 && p.LastOffset >= 0 {
				found[p.Partition] = Bounds{Start: p.FirstOffset, End: p.LastOffset}
			}
		}
		for _, p := range partitions {
			if _, ok := found[p]; !ok {
				return nil, fmt.Errorf("listing offsets of %s/%d: %w", topic, p, kafka.UnknownTopicOrPartition)
			}
		}
		out[topic] = found
	}
	return out, nil
}
