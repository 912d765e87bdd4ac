package testkit

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// ours is the form of a metric's name: rcu_<component>_<noun>[_<unit>].
var ours = regexp.MustCompile(`^rcu(_[a-z0-9]+){2,}$`)

// foreign are the collectors of the client library, which have names of their own.
var foreign = regexp.MustCompile(`^(go|process|promhttp)_`)

// LintMetrics fails the test when a registered metric breaks the naming rules or has no help text. Touch every vector
// once before, since one without a child is not seen.
func LintMetrics(t testing.TB, g prometheus.Gatherer) {
	t.Helper()
	for _, p := range MetricProblems(t, g) {
		t.Errorf("testkit: metric %s", p)
	}
}

// MetricProblems lists what LintMetrics finds.
func MetricProblems(t testing.TB, g prometheus.Gatherer) []string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatalf("testkit: gathering metrics: %v", err)
	}
	var problems []string
	for _, f := range families {
		name := f.GetName()
		if foreign.MatchString(name) {
			continue
		}
		if !ours.MatchString(name) {
			problems = append(problems, name+": is not of the form rcu_<component>_<noun>_<unit>")
		}
		if f.GetHelp() == "" {
			problems = append(problems, name+": has no help text")
		}
	}
	lint, err := testutil.GatherAndLint(g)
	if err != nil {
		t.Fatalf("testkit: linting metrics: %v", err)
	}
	for _, p := range lint {
		if !foreign.MatchString(p.Metric) {
			problems = append(problems, p.Metric+": "+p.Text)
		}
	}
	return problems
}

// Metric is the sum of a counter or gauge over its series. It fails the test where no metric of that name is registered.
func Metric(t testing.TB, r *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	for _, n := range MetricBy(t, r, name) {
		sum += n
	}
	return sum
}

// MetricBy are the sums of a counter or gauge by the values of labels, joined by spaces; a series that nobody touched is left out. It fails the
// test where no metric of that name is registered.
func MetricBy(t testing.TB, r *prometheus.Registry, name string, labels ...string) map[string]float64 {
	t.Helper()
	if !registered(r, name) {
		t.Fatalf("testkit: no metric %s is registered", name)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatalf("testkit: gathering metrics: %v", err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			values := make([]string, len(labels))
			for i, label := range labels {
				for _, l := range m.GetLabel() {
					if l.GetName() == label {
						values[i] = l.GetValue()
					}
				}
			}
			out[strings.Join(values, " ")] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

// registered tells by what collectors describe: a vector without a child gathers nothing.
func registered(r *prometheus.Registry, name string) (found bool) {
	all := make(chan *prometheus.Desc)
	go func() {
		r.Describe(all)
		close(all)
	}()
	for d := range all {
		found = found || strings.Contains(d.String(), `fqName: "`+name+`"`)
	}
	return found
}
