package testkit

import (
	"regexp"
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
