package resolver

import (
	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/telemetry"
)

type metrics struct {
	events      *prometheus.CounterVec
	decisions   prometheus.Counter
	conflicts   *prometheus.CounterVec
	transitions *prometheus.CounterVec
	owners      prometheus.Counter
	overtook    prometheus.Counter
	unopened    prometheus.Counter
	erased      prometheus.Counter
	pending     prometheus.Gauge
	stages      *prometheus.HistogramVec
	gate        *telemetry.GateRefusals
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcu_resolver_events_total", Help: "Events resolved, by outcome of the fold.",
		}, []string{"outcome"}),
		decisions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_resolver_decisions_total", Help: "Consent decisions applied.",
		}),
		conflicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcu_resolver_conflicts_total", Help: "Writes planned again because another worker was first, by kind of value.",
		}, []string{"kind"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcu_resolver_transitions_total", Help: "Changes of the graph published, by kind.",
		}, []string{"kind"}),
		owners: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_resolver_owner_overrides_total", Help: "Leaves whose owner differs from what their rows say, published.",
		}),
		overtook: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_resolver_overtaking_entries_total", Help: "Changes of the graph that people asked for, whose owners and profiles were told before their turn.",
		}),
		unopened: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_resolver_unopened_total", Help: "Events whose personal fields could not be opened: their daily key is destroyed, or they are damaged.",
		}),
		erased: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_resolver_erased_total", Help: "Events whose personal fields were not kept: their subject is erased.",
		}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rcu_resolver_pending_publications", Help: "Leaves, registers and profiles that wait to be published.",
		}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rcu_resolver_stage_duration_seconds", Help: "Time of one batch by stage.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"stage"}),
	}
	m.gate = telemetry.CountRefusals(telemetry.GateLink)
	prometheus.WrapRegistererWith(prometheus.Labels{"service": "resolver"}, reg).MustRegister(m.gate) // as those of the other gates are
	reg.MustRegister(m.events, m.decisions, m.conflicts, m.transitions, m.owners, m.overtook, m.unopened, m.erased, m.pending, m.stages)
	return m
}
