package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// `rcu rebuild redis` is killed with its servers at random moments, and gone on with, until it comes to its end: nothing is missing, and no key
// is of a kind that nothing would bring back.
func TestLongARebuildIsKilledAtAnyMoment(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	r := i.up()
	i.demo("150")
	i.settled(i.kafka(r))
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
	sums := filepath.Join(t.TempDir(), "sums.json")
	before := i.must("rebuild", "redis", "--checksum", "--config", i.config)
	require.NotContains(t, before, `"unknown"`)
	require.NoError(t, os.WriteFile(sums, []byte(before), 0o600))

	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	t.Log("seed", seed)
	path, err := program()
	require.NoError(t, err)
	killed := 0
	for wipe := true; killed < 8; {
		ctx, kill := context.WithCancel(t.Context())
		args := []string{"--json", "--data", i.dir, "rebuild", "redis", "--config", i.config}
		if wipe {
			args = append(args, "--wipe")
		}
		cmd := exec.CommandContext(ctx, path, args...)
		timer := time.AfterFunc(time.Duration(200+rng.IntN(1300))*time.Millisecond, kill) // kill -9
		out, err := cmd.CombinedOutput()
		timer.Stop()
		kill()
		switch {
		case err == nil, errors.Is(err, context.Canceled): // it came to its end, the latter at the very moment
			wipe = true
		case strings.Contains(string(out), "redis is not empty"): // the one before was killed behind its end
			require.Equal(t, compared(t, before), compared(t, i.must("rebuild", "redis", "--checksum", "--config", i.config)), "half a state")
			wipe = true
		default:
			require.EqualError(t, err, "signal: killed", "%s", out)
			wipe = false
			killed++
		}
	}
	out := i.must("rebuild", "redis", "--wipe", "--verify", sums, "--config", i.config)
	require.Contains(t, out, `"differ":null`)
	require.NotContains(t, out, `"unknown"`)
}

// `rcu rebuild clickhouse --drop` is killed with its servers at random moments, and the same command, or `rcu up`, goes on: every row is there once.
func TestLongARebuildOfClickHouseIsKilledAtAnyMoment(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	r := i.up()
	i.demo("150")
	i.settled(i.kafka(r))
	rows := i.counts()
	out, err := i.do("rebuild", "clickhouse", "--drop", "--config", i.config)
	require.Error(t, err)
	require.Contains(t, out, "a sink is running")
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())

	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	t.Log("seed", seed)
	path, err := program()
	require.NoError(t, err)
	note := filepath.Join(i.dir, rebuildNote)
	killed, amid := 0, 0
	for killed < 4 {
		ctx, kill := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, path, "--json", "--data", i.dir, "rebuild", "clickhouse", "--drop", "--config", i.config)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		within := 3000
		if killed%2 == 0 { // begun anew; the next goes on
			require.NoError(t, os.RemoveAll(note))
		}
		require.NoError(t, cmd.Start())
		if killed%2 == 0 { // while rows are written, or about to be
			within = 300
			require.Eventually(t, func() bool { _, err := os.Stat(note); return err == nil }, time.Minute, 5*time.Millisecond, "seed %d", seed)
		}
		timer := time.AfterFunc(time.Duration(rng.IntN(within))*time.Millisecond, kill) // kill -9
		err := cmd.Wait()
		timer.Stop()
		kill()
		if err == nil || errors.Is(err, context.Canceled) {
			continue // it came to its end
		}
		require.EqualError(t, err, "signal: killed", out.String())
		killed++
		if _, err := os.Stat(note); err == nil {
			amid++
		}
		if killed == 3 { // somebody starts everything instead
			r = i.up()
			i.settled(i.kafka(r))
			require.Equal(t, rows, i.counts(), "seed %d", seed)
			require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
		}
	}
	require.GreaterOrEqual(t, amid, 2, "kills while rows are written")
	i.must("rebuild", "clickhouse", "--drop", "--config", i.config)
	require.NoFileExists(t, note)
	r = i.up()
	i.settled(i.kafka(r))
	require.Equal(t, rows, i.counts(), "seed %d", seed)
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
}

// compared keeps the sums of the kinds that tell states apart.
func compared(t *testing.T, raw string) checksums {
	t.Helper()
	sums := checksums{}
	require.NoError(t, json.Unmarshal([]byte(raw), &sums))
	maps.DeleteFunc(sums, func(_ string, s kindSum) bool { return s.Sum == "" })
	return sums
}
