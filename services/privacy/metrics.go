package privacy

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	erasures *prometheus.GaugeVec
	keys     prometheus.Counter
	failed   prometheus.Counter
	bytes    *prometheus.GaugeVec
	removed  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		erasures: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rcu_privacy_erasures", Help: "Erased identifiers, by how far their erasure is. Overdue is never right.",
		}, []string{"state"}),
		keys: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_privacy_keys_destroyed_total", Help: "Keys of subjects that no store has any more.",
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_privacy_failed_rounds_total", Help: "Rounds that could not destroy or remove everything that was due.",
		}),
		bytes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rcu_privacy_removals", Help: "Erased identifiers, by how far the removal of everything that is kept of them is. Overdue is never right.",
		}, []string{"state"}),
		removed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rcu_privacy_removed_total", Help: "Identifiers of which no store has anything any more but what has to stay.",
		}),
	}
	reg.MustRegister(m.erasures, m.keys, m.failed, m.bytes, m.removed)
	return m
}
