package stream

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of all clients that share a registerer.
type metrics struct {
	published    *prometheus.CounterVec
	publishBytes *prometheus.CounterVec
	publishTime  *prometheus.HistogramVec
	requests     *prometheus.CounterVec
	queued       prometheus.Gauge
	queuedBytes  prometheus.Gauge
	overloaded   prometheus.Counter

	consumed    *prometheus.CounterVec
	handleTime  *prometheus.HistogramVec
	batchSize   *prometheus.HistogramVec
	retries     *prometheus.CounterVec
	lag         *prometheus.GaugeVec
	commits     *prometheus.CounterVec
	rebalances  *prometheus.CounterVec
	stalls      *prometheus.CounterVec
	deadLetters *prometheus.CounterVec
	background  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_stream_" + name, Help: help}, labels)
	}
	times := prometheus.ExponentialBuckets(0.0005, 2, 16)
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rcu_stream_" + name, Help: help, Buckets: buckets}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "rcu_stream_" + name, Help: help})
	}
	m := &metrics{
		published:    counter("published_records_total", "Records by topic and outcome (ok, error).", "topic", "outcome"),
		publishBytes: counter("published_bytes_total", "Bytes of record batches acknowledged, as sent.", "topic"),
		publishTime:  histogram("produce_duration_seconds", "Time of one produce request until its acknowledgement.", times, "topic"),
		requests:     counter("produce_requests_total", "Produce requests by outcome (ok, retry, error).", "outcome"),
		queued:       gauge("queued_records", "Records accepted and not yet acknowledged."),
		queuedBytes:  gauge("queued_bytes", "Bytes of the records accepted and not yet acknowledged."),
		overloaded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_stream_overloaded_total",
			Help: "Publish calls refused because the queue was full.",
		}),
		consumed:    counter("consumed_records_total", "Records handled, by group and topic.", "group", "topic"),
		handleTime:  histogram("handle_duration_seconds", "Time of one call of a batch handler.", times, "group", "topic"),
		batchSize:   histogram("batch_records", "Records per batch given to a handler.", prometheus.ExponentialBuckets(1, 2, 13), "group", "topic"),
		retries:     counter("handle_retries_total", "Batches given to a handler again after an error.", "group", "topic"),
		commits:     counter("commits_total", "Commit requests by group and outcome (ok, error).", "group", "outcome"),
		rebalances:  counter("generations_total", "Generations of a group that this program joined.", "group"),
		stalls:      counter("stalls_total", "Generations left because a partition made no progress.", "group", "topic"),
		background:  counter("background_slices_total", "Slices of the low-priority lane begun, by group and why (idle, share).", "group", "why"),
		deadLetters: counter("dead_letters_total", "Records sent to the dead letter, by topic and kind.", "topic", "kind"),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rcu_stream_lag_records",
			Help: "Records of a partition that the group has not handled yet.",
		}, []string{"group", "topic", "partition"}),
	}
	if reg == nil {
		return m, nil
	}
	err := errors.Join(register(reg, &m.published), register(reg, &m.publishBytes), register(reg, &m.publishTime),
		register(reg, &m.requests), register(reg, &m.queued), register(reg, &m.queuedBytes), register(reg, &m.overloaded),
		register(reg, &m.consumed), register(reg, &m.handleTime), register(reg, &m.batchSize), register(reg, &m.retries),
		register(reg, &m.commits), register(reg, &m.rebalances), register(reg, &m.stalls), register(reg, &m.deadLetters),
		register(reg, &m.lag), register(reg, &m.background))
	if err != nil {
		return nil, fmt.Errorf("registering stream metrics: %w", err)
	}
	return m, nil
}

// register takes over the collector of an earlier client on the same
// registerer, so that programs in one process share their series.
func register[T prometheus.Collector](reg prometheus.Registerer, c *T) error {
	err := reg.Register(*c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(T); ok {
			*c = existing
			return nil
		}
	}
	return err
}
