package privacy

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	erasures *prometheus.GaugeVec
	keys     prometheus.Counter
	failed   prometheus.Counter
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
			Name: "rcu_privacy_failed_rounds_total", Help: "Rounds that could not destroy everything that was due.",
		}),
	}
	reg.MustRegister(m.erasures, m.keys, m.failed)
	return m
}
