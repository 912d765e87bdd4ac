package sink

import (
	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/telemetry"
)

type metrics struct {
	batchRows prometheus.ObserverVec
	freshness prometheus.Histogram
	insert    prometheus.ObserverVec
	failures  *prometheus.CounterVec
	withheld  prometheus.Counter
	reloads   prometheus.Counter
	squashed  prometheus.Counter
	gate      *telemetry.GateRefusals
}

func newMetrics(r prometheus.Registerer) *metrics {
	batchRows := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "rcu_sink_batch_rows", Help: "Rows of one insert, by table.", Buckets: prometheus.ExponentialBuckets(1, 4, 9),
	}, []string{"table"})
	insert := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "rcu_sink_insert_duration_seconds", Help: "Time of one insert, by table.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 12),
	}, []string{"table"})
	m := &metrics{
		batchRows: batchRows, insert: insert, gate: telemetry.CountRefusals(telemetry.GateStore),
		freshness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rcu_sink_freshness_seconds", Help: "Time from the receipt of an event to its row being readable in ClickHouse.",
			Buckets: []float64{0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600},
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rcu_sink_insert_failures_total", Help: "Inserts that ClickHouse did not acknowledge, by table.",
		}, []string{"table"}),
		withheld: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_sink_ids_withheld_total", Help: "Behaviour events written without their id because the permission was missing (gate G3).",
		}),
		reloads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_sink_owner_reloads_total", Help: "Reloads of the owners of leaves.",
		}),
		squashed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_sink_overrides_squashed_total", Help: "Overrides of owners that were written into the rows and dropped.",
		}),
	}
	r.MustRegister(batchRows, insert, m.freshness, m.failures, m.withheld, m.reloads, m.squashed)
	prometheus.WrapRegistererWith(prometheus.Labels{"service": "sink"}, r).MustRegister(m.gate) // as those of the other gates are
	return m
}
