package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/judge"
	"rcu/services/internal/boot"
)

func TestReport_lastLineAndExitCode(t *testing.T) {
	for _, tt := range []struct {
		name    string
		verdict *judge.Verdict
		failed  error
		want    string
		code    int
	}{
		{"nothing was found", &judge.Verdict{}, nil, "kills 3, lost 0, doubled 0\n", 0},
		{"one is lost", &judge.Verdict{Lost: 1}, nil, "kills 3, lost 1, doubled 0\n", 1},
		{"one is doubled", &judge.Verdict{Doubled: 1}, nil, "kills 3, lost 0, doubled 1\n", 1},
		{"a difference alone fails, and is told", &judge.Verdict{Different: 2}, nil, "differences 2\nkills 3, lost 0, doubled 0\n", 1},
		{"all at once", &judge.Verdict{Lost: 1, Doubled: 4, Different: 5}, nil, "differences 5\nkills 3, lost 1, doubled 4\n", 1},
		{"nothing was judged", nil, nil, "kills 3, lost 0, doubled 0\n", 1},
		{"it did not come to its end", &judge.Verdict{}, errors.New("no commit"), "kills 3, lost 0, doubled 0\n", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &report{Kills: 3, Verdict: tt.verdict}
			var stdout, stderr bytes.Buffer
			require.NoError(t, r.tell(&stdout, &stderr, tt.failed))
			require.Equal(t, tt.want, stdout.String())
			var silent *boot.Silent
			if err := r.outcome(tt.failed); tt.code != 0 {
				require.ErrorAs(t, err, &silent)
				require.Equal(t, tt.code, silent.Code)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestReport_idle(t *testing.T) {
	killed := map[string]int{"resolver": 3, "sink": 2, "redis": 4}
	require.NoError(t, (&report{}).idle())
	require.NoError(t, (&report{Killed: killed, Cuts: 2, Connections: 1, Moves: 1, Rebalances: map[string]int{"resolver": 2, "sink": 1}}).idle())
	require.ErrorIs(t, (&report{Cuts: 2}).idle(), errNothingCut)
	require.ErrorIs(t, (&report{Killed: killed, Moves: 1, Rebalances: map[string]int{"resolver": 1, "sink": 1}}).idle(), errNoRebalance)
	require.NoError(t, (&report{Pauses: manyPauses, Outlasted: 1}).idle())
	require.NoError(t, (&report{Pauses: manyPauses - 1}).idle())
	require.ErrorIs(t, (&report{Pauses: manyPauses}).idle(), errNoneOutlasted)
	require.NoError(t, (&report{Losses: 2, Forgotten: 1}).idle())
	require.ErrorIs(t, (&report{Losses: 2}).idle(), errNothingForgotten)
}

// A member that stood still for longer than its session has been one whose partitions are others'; who was killed meanwhile never woke.
func TestReport_paused(t *testing.T) {
	r := &report{}
	const session = 3 * time.Second
	r.paused(victim{"resolver", 1}, 2*time.Second, session, true)
	r.paused(victim{"sink", 0}, 4*time.Second, session, true)
	r.paused(victim{"redis", 0}, 4*time.Second, session, true)
	r.paused(victim{"sink", 1}, 9*time.Second, session, false)
	require.Equal(t, [...]any{3, 10.0, 1, 1}, [...]any{r.Pauses, r.Paused, r.Outlasted, r.Slain})
}

// A run that failed says how to do the same: with the rest of what it was asked for, not only its seed.
func TestOptions_again(t *testing.T) {
	for args, want := range map[string]string{
		"--seed 7 --kills 60": "make chaos SEED=7 KILLS=60 BROKER=embedded",
		"--pauses 0.5":        `make chaos SEED=1 KILLS=20 BROKER=embedded CHAOS="--pauses 0.5"`,
		"--seed 3 --kills 20 --targets redis,sink --losses 1": `make chaos SEED=3 KILLS=20 BROKER=embedded CHAOS="--targets redis,sink --losses 1"`,
	} {
		o, err := parse(strings.Fields(args), io.Discard)
		require.NoError(t, err)
		require.Equal(t, want, o.again())
	}
}
