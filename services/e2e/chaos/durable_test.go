package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
	"rcu/services/e2e/chaos/load"
	"rcu/services/e2e/stack"
	"rcu/services/internal/demo"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Close()
	os.Exit(code)
}

// TestAccepted_survivesAKillOfEverything kills every process at a random moment, and again when the last 200 of all events arrives.
// Behind it, what is taken away or added in any store is found.
func TestAccepted_survivesAKillOfEverything(t *testing.T) { blackouts(t, 2_000).planted() }

func TestAcceptedLong_survivesAKillOfEverything(t *testing.T) {
	testkit.Long(t)
	blackouts(t, 100_000)
}

func blackouts(t *testing.T, events int) *judged {
	t.Helper()
	stack.NeedServers(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	f, err := fleet.Launch(t.Context(), fleet.Config{
		Program: stack.Program(t), Dir: filepath.Join(t.TempDir(), "fleet"), Sources: load.Sources(), Resolvers: 1, Sinks: 1,
		Told: func(service string, err error) { t.Logf("%s: %v", service, err) },
	})
	require.NoError(t, err)
	t.Cleanup(f.Close)
	client, err := f.Kafka()
	require.NoError(t, err)
	t.Cleanup(client.Close)
	source, err := load.NewSource(load.Mixture{Seed: seed})
	require.NoError(t, err)
	ledger := load.NewLedger()
	sender := load.NewSender(load.Config{URLs: f.URLs, Keys: f.Keys, Workers: 16, Batch: 50, Seed: seed}, ledger)
	require.NoError(t, sender.All(t.Context(), source.Decisions()))
	require.NoError(t, judge.Settled(t.Context(), client, time.Minute))

	take := func(n int) []demo.Event {
		out := make([]demo.Event, n)
		for i := range out {
			out[i] = source.Next()
		}
		return out
	}
	before, _ := ledger.Accepted()
	sent := make(chan error, 1)
	go func() { sent <- sender.All(t.Context(), take(events/2)) }()
	moment := before + 1 + r.IntN(events/4)
	require.NoError(t, fleet.Await(t.Context(), time.Minute, func(context.Context) error {
		if n, _ := ledger.Accepted(); n < moment {
			return fmt.Errorf("%d of %d events are accepted", n, moment) //nolint:err113 // a report
		}
		return nil
	}))
	f.Blackout()
	accepted, dropped := ledger.Accepted()
	t.Logf("everything is killed after %d events have their 200", accepted+dropped)
	require.NoError(t, f.Relaunch(t.Context()))
	require.NoError(t, <-sent)

	began := time.Now()
	require.NoError(t, sender.All(t.Context(), take(events/2)))
	last := time.Now()
	f.Blackout()
	t.Logf("%d events took %s; everything is gone %s after the last 200", events/2, last.Sub(began).Round(time.Millisecond), time.Since(last).Round(time.Millisecond))
	require.NoError(t, f.Relaunch(t.Context()))
	require.NoError(t, judge.Settled(t.Context(), client, 5*time.Minute))
	v, err := judge.Lasting(t.Context(), f, ledger, client, seed, func(*judge.Verdict) {})
	require.NoError(t, err)
	t.Log(v)
	require.True(t, v.Clean())
	return &judged{t: t, fleet: f, ledger: ledger, client: client, seed: seed}
}
