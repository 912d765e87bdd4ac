package stateredis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/testkit"
)

// tryAddress names the Redis of a dry run that a benchmark started as a program of its own.
const tryAddress = "RCU_TEST_TRY_REDIS"

// BenchmarkTry is how long a dry run over a million identifiers takes, and how long events and reads take beside it: docs/benchmarks.md.
func BenchmarkTry(b *testing.B) {
	if addr := os.Getenv(tryAddress); addr != "" {
		tryOnce(b, addr)
		return
	}
	for b.Loop() {
		addr := testkit.Redis(b)
		c, err := Open(b.Context(), Config{Addrs: []string{addr}})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, c.Close()) })
		rng := rand.New(rand.NewPCG(1, 7))
		feedInBatches(b, c, peopleOfFour(1_000_000, rng), 4, 1000, 1<<30)
		live := &traffic{b: b, c: c, people: 250_000, rng: rng}
		live.run(func() { <-time.After(5 * time.Second) })
		alone := live.run(func() { <-time.After(20 * time.Second) })
		var took time.Duration
		beside := live.run(func() {
			started := time.Now()
			cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "xxx", "-test.bench", "BenchmarkTry$", "-test.benchtime", "1x")
			cmd.Env = append(os.Environ(), tryAddress+"="+addr)
			out, err := cmd.CombinedOutput()
			require.NoError(b, err, string(out))
			took = time.Since(started)
		})
		b.ReportMetric(took.Seconds(), "try-s")
		for i, name := range []string{"events", "reads"} {
			b.ReportMetric(ms(alone[i], 50), name+"-p50-ms")
			b.ReportMetric(ms(alone[i], 99), name+"-p99-ms")
			b.ReportMetric(ms(beside[i], 50), name+"-p50-beside-ms")
			b.ReportMetric(ms(beside[i], 99), name+"-p99-beside-ms")
		}
	}
}

// tryOnce is the dry run, as `rcu rules try` does it.
func tryOnce(b *testing.B, addr string) {
	b.Helper()
	c, err := Open(b.Context(), Config{Addrs: []string{addr}})
	require.NoError(b, err)
	defer func() { require.NoError(b, c.Close()) }()
	graph, err := resolve.NewGraph(NewGraph(c), identity.DefaultRules())
	require.NoError(b, err)
	for b.Loop() {
		_, err = graph.Try(b.Context(), "hub", moreOwners(), 1<<30, nil, nil)
		require.NoError(b, err)
	}
}

// traffic is live load at a fixed pace: batches of events, one in ten about somebody new, and reads of one person.
type traffic struct {
	b      *testing.B
	c      *Client
	people int
	fresh  int
	rng    *rand.Rand
}

// run measures events and reads, from the moment they were due, until f returns.
func (x *traffic) run(f func()) [2][]time.Duration {
	graph, err := resolve.NewGraph(NewGraph(x.c), identity.DefaultRules())
	require.NoError(x.b, err)
	ctx, stop := context.WithCancel(x.b.Context())
	var took [2][]time.Duration
	var wg sync.WaitGroup
	wg.Go(func() {
		took[0] = paced(ctx, 25*time.Millisecond, func() error {
			_, err := graph.Apply(x.b.Context(), "hub", x.batch(), nil, 1<<30)
			return err
		})
	})
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(2, 2))
		took[1] = paced(ctx, 5*time.Millisecond, func() error {
			_, err := graph.View(x.b.Context(), "hub", []identifier.Key{identitytest.Key(identifier.Email, rng.IntN(x.people))}, 1<<30)
			return err
		})
	})
	f()
	stop()
	wg.Wait()
	return took
}

// batch is fifty events.
func (x *traffic) batch() (facts []identity.Fact) {
	for range 50 {
		who := x.rng.IntN(x.people)
		if x.rng.IntN(10) == 0 {
			x.fresh++
			who = 10_000_000 + x.fresh
		}
		facts = append(facts, &identity.Event{
			ID: fmt.Sprint("l", x.fresh, who), T: 1 << 29, Keys: []identifier.Key{identitytest.Key(identifier.Card, who), identitytest.Key(identifier.Email, who)},
		})
	}
	return facts
}

// paced calls f at a fixed pace until ctx ends, and returns how long after it was due each was done.
func paced(ctx context.Context, every time.Duration, f func() error) (took []time.Duration) {
	for due := time.Now(); ctx.Err() == nil; due = due.Add(every) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(due)):
		}
		if err := f(); err != nil {
			panic(err)
		}
		took = append(took, time.Since(due))
	}
	return took
}

func ms(took []time.Duration, percent int) float64 {
	slices.Sort(took)
	return float64(took[min(len(took)-1, len(took)*percent/100)].Microseconds()) / 1000
}
