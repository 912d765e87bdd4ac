package ingest

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/telemetry"
)

// outcome is what became of an event.
type outcome string

const (
	outcomeAccepted    outcome = "accepted"
	outcomeRejected    outcome = "rejected"
	outcomeDropped     outcome = "dropped"     // gate G1: not collected
	outcomeHeld        outcome = "held"        // accepted, to be judged when registers can be read
	outcomeUnavailable outcome = "unavailable" // to be sent again
)

// metrics of one channel. No label ever holds what a source sent.
type metrics struct {
	events    *prometheus.CounterVec
	reasons   *prometheus.CounterVec
	refused   *prometheus.CounterVec
	fields    prometheus.Counter
	nonIDs    *prometheus.CounterVec
	surplus   prometheus.Counter
	stripped  prometheus.Counter
	denials   *prometheus.CounterVec
	decisions *prometheus.CounterVec
	ungiven   *prometheus.CounterVec
	registers *prometheus.CounterVec
	dead      *prometheus.CounterVec
	waiting   prometheus.Gauge
	bytes     prometheus.Gauge
	batch     prometheus.Histogram
	perEvent  prometheus.Histogram
	reloads   *prometheus.CounterVec
	signals   *prometheus.CounterVec
	gate      *telemetry.GateRefusals
}

func newMetrics(channel string, reg prometheus.Registerer) (*metrics, error) {
	labels := prometheus.Labels{"channel": channel}
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "rcu_ingestor_" + name, Help: help, ConstLabels: labels}
	}
	vec := func(name, help string, names ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(counter(name, help), names)
	}
	m := &metrics{
		events:    vec("events_total", "Events, by what became of them.", "outcome"),
		reasons:   vec("rejections_total", "Events rejected, by reason.", "reason"),
		refused:   vec("refusals_total", "Requests refused before their events were read, by reason.", "reason"),
		fields:    prometheus.NewCounter(counter("dropped_fields_total", "Unknown fields dropped.")),
		nonIDs:    vec("not_identifiers_total", "Values dropped because they are no identifiers, by reason.", "reason"),
		surplus:   prometheus.NewCounter(counter("surplus_identifiers_total", "Identifiers beyond the best of an event.")),
		stripped:  prometheus.NewCounter(counter("stripped_devices_total", "Device identifiers taken off core events for want of a grant.")),
		denials:   vec("consent_denials_total", "Browsing events not collected, by why.", "why"),
		decisions: vec("decisions_total", "Consent decisions taken in, by kind.", "kind"),
		ungiven:   vec("ungiven_grants_total", "Grants of events that count as not given, by reason.", "reason"),
		registers: vec("registers_total", "Reads and writes of consent registers, by result.", "operation", "result"),
		dead:      vec("dead_letters_total", "Dead letters, by result.", "result"),
		waiting:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "rcu_ingestor_queue_requests", Help: "Requests waiting for their turn.", ConstLabels: labels}),
		bytes:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "rcu_ingestor_working_bytes", Help: "Bytes of the bodies of requests at work.", ConstLabels: labels}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rcu_ingestor_request_events", Help: "Events of a request.", ConstLabels: labels, Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000},
		}),
		perEvent: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rcu_ingestor_prepare_seconds", Help: "Time to parse, judge, stamp and seal the events of a request, without waiting for servers.", ConstLabels: labels,
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1},
		}),
		reloads: vec("source_reloads_total", "Readings of the sources file after start, by result.", "result"),
		signals: vec("signal_problems_total", "Consent strings that were not taken, by reason.", "reason"),
	}
	for _, c := range []prometheus.Collector{
		m.events, m.reasons, m.refused, m.fields, m.nonIDs, m.surplus, m.stripped, m.denials, m.decisions, m.ungiven,
		m.registers, m.dead, m.waiting, m.bytes, m.batch, m.perEvent, m.reloads, m.signals,
	} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering ingest metrics: %w", err)
		}
	}
	var err error
	if m.gate, err = telemetry.NewGateRefusals(reg, telemetry.GateCollect); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	for _, o := range []outcome{outcomeAccepted, outcomeRejected, outcomeDropped, outcomeHeld, outcomeUnavailable} {
		m.events.WithLabelValues(string(o))
	}
	return m, nil
}
