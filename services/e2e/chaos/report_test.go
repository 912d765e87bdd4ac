package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/judge"
)

func TestReport_lastLineAndDifferences(t *testing.T) {
	for _, tt := range []struct {
		name    string
		verdict *judge.Verdict
		clean   bool
		want    string
	}{
		{"nothing was found", &judge.Verdict{}, true, "kills 3, lost 0, doubled 0\n"},
		{"a difference alone fails, and is told", &judge.Verdict{Different: 2}, false, "differences 2\nkills 3, lost 0, doubled 0\n"},
		{"all at once", &judge.Verdict{Lost: 1, Doubled: 4, Different: 5}, false, "differences 5\nkills 3, lost 1, doubled 4\n"},
		{"nothing was judged", nil, false, "kills 3, lost 0, doubled 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &report{Kills: 3, Verdict: tt.verdict}
			var stdout, stderr bytes.Buffer
			require.NoError(t, r.tell(&stdout, &stderr, nil))
			require.Equal(t, tt.want, stdout.String())
			require.Equal(t, tt.clean, r.clean())
		})
	}
}
