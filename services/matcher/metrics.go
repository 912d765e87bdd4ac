package matcher

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Outcomes of a record.
const (
	outcomeIndexed   = "indexed"   // new, or changed
	outcomeUnchanged = "unchanged" // says nothing new of the person
	outcomeNothing   = "nothing"   // says too little of a person, or nothing that may be opened
	outcomeGone      = "gone"
	outcomeOvertaken = "overtaken" // a later record of the leaf was taken ahead of its turn
)

// What becomes of a leaf that could be taken ahead of its turn.
const (
	aheadTaken  = "taken"
	aheadLeft   = "left" // its turn had begun, or it is too much
	aheadFailed = "failed"
)

type metrics struct {
	records     *prometheus.CounterVec
	suggestions prometheus.Counter
	full        prometheus.Counter
	seconds     prometheus.Histogram
	behind      prometheus.Histogram
	ahead       *prometheus.CounterVec
}

func newMetrics(to prometheus.Registerer) (*metrics, error) {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	m := &metrics{
		records:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_matcher_records_total", Help: "Leaves taken, by outcome."}, []string{"outcome"}),
		suggestions: prometheus.NewCounter(prometheus.CounterOpts{Name: "rcu_matcher_suggestions_total", Help: "Suggestions put on the stewards' queue."}),
		full:        prometheus.NewCounter(prometheus.CounterOpts{Name: "rcu_matcher_full_blocks_total", Help: "Blocks that had no room for a record: it can be found by its other blocks alone."}),
		seconds:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "rcu_matcher_record_duration_seconds", Help: "From taking a new record to its suggestions.", Buckets: buckets}),
		behind:      prometheus.NewHistogram(prometheus.HistogramOpts{Name: "rcu_matcher_behind_seconds", Help: "From the publishing of a leaf to its suggestions.", Buckets: buckets}),
		ahead:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_matcher_ahead_total", Help: "Leaves that say something new of a person, by what became of them ahead of their turn."}, []string{"outcome"}),
	}
	for _, c := range []prometheus.Collector{m.records, m.suggestions, m.full, m.seconds, m.behind, m.ahead} {
		if err := to.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics of the matcher: %w", err)
		}
	}
	return m, nil
}
