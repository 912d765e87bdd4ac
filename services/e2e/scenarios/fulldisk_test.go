package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

const (
	diskBytes = 512 << 20
	warnAt    = 64 << 20        // free bytes below which the doctor is asked to warn
	fullFor   = 6 * time.Second // how long everybody goes on selling against a full disk
	patience  = 2 * time.Second // of an ingestor with the broker
)

// The disk of the whole installation fills under load: ingestors refuse, nothing that was accepted is lost, and with room again
// everything goes on by itself, or after the start that the program asks for.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	fillUnderLoad(t, "")
}

// Each server has a disk of its own, and only that one fills.
func TestAFullDiskOfOneServerLosesNothing(t *testing.T) {
	testkit.Long(t)
	for _, server := range []string{"kafka", "redis", "clickhouse"} {
		t.Run(server, func(t *testing.T) { fillUnderLoad(t, server) })
	}
}

// fillUnderLoad fills the disk that holds a server's folder, or the data folder.
func fillUnderLoad(t *testing.T, server string) {
	t.Helper()
	stack.NeedServers(t)
	dir := filepath.Join(t.TempDir(), "data")
	folder := filepath.Join(dir, server)
	disk := testkit.NewDisk(t, folder, diskBytes)
	s := stack.StartIn(t, dir, "--set", "ingest.publish_timeout="+patience.String())
	c := newCrowd(s)
	c.sell(t, func() bool { return c.accepted.Load() >= 300 })
	require.NotContains(t, c.statuses, http.StatusServiceUnavailable)
	disk.Fill(warnAt / 2)
	require.Contains(t, warned(t, s), folder+" has", "the doctor warns while there is room still")
	before := c.accepted.Load()
	c.sell(t, func() bool { return c.accepted.Load() >= before+100 })

	began := time.Now()
	c.sell(t, func() bool {
		disk.Fill(0)
		return time.Since(began) > fullFor
	})
	t.Logf("%d accepted before the disk was full and %d after, answers by status %v", before, c.accepted.Load()-before, c.statuses)
	c.refusedBy(t, server)
	require.Empty(t, c.wrong)
	disk.Empty()
	if s.Ended() {
		t.Logf("the program ended and says why: %s", s.Stderr())
		require.Contains(t, s.Stderr(), "rcu up")
		s.Launch(t)
	}
	c.settled(t)
	require.NotContains(t, warned(t, s), folder+" has", "the doctor is content again")
}

// refusedBy says that those whose disk is full took nothing more, each in its way.
func (c *crowd) refusedBy(t *testing.T, server string) {
	t.Helper()
	if c.s.Ended() {
		return
	}
	if server == "" || server == "kafka" {
		require.Positive(t, c.statuses[http.StatusServiceUnavailable], "what cannot be kept is refused")
	} else {
		require.Zero(t, c.statuses[http.StatusServiceUnavailable], "tills need neither redis nor clickhouse")
	}
	if server == "redis" {
		require.Contains(t, warned(t, c.s), "takes no writes")
	}
	if server == "clickhouse" {
		require.Contains(t, c.s.Metrics(t), "rcu_sink_insert_failures_total{")
	}
}

// warned gives what the doctor finds wrong.
func warned(t *testing.T, s *stack.Stack) string {
	t.Helper()
	out, err := s.Command(t, "--json", "doctor", "--config", filepath.Join(s.Dir, "rcu.yaml"), "--min-free", fmt.Sprint(warnAt), "--max-lag", "1000000")
	var answer struct {
		Findings []struct{ State, What string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer), "%s %v", out, err)
	var wrong []string
	for _, f := range answer.Findings {
		if f.State == "problem" {
			wrong = append(wrong, f.What)
		}
	}
	return strings.Join(wrong, "\n")
}

// crowd are tills that sell without a pause, and what they were told.
type crowd struct {
	s        *stack.Stack
	workers  []*tillWorker
	accepted atomic.Int64

	mu       sync.Mutex
	statuses map[int]int
	wrong    []string // refusals that are not clear
}

func newCrowd(s *stack.Stack) *crowd {
	c := &crowd{s: s, statuses: map[int]int{}}
	for range killWorkers {
		c.workers = append(c.workers, newTillWorker())
	}
	return c
}

// sell lets every till sell until enough says so.
func (c *crowd) sell(t *testing.T, enough func() bool) {
	t.Helper()
	down := make(chan struct{})
	var group sync.WaitGroup
	for _, w := range c.workers {
		group.Go(func() { c.work(w, down) })
	}
	stack.Eventually(t, 4*soon, "enough is sold", func() error {
		if !enough() {
			return fmt.Errorf("%d events accepted", c.accepted.Load())
		}
		return nil
	})
	close(down)
	group.Wait()
}

func (c *crowd) work(w *tillWorker, down <-chan struct{}) {
	for {
		select {
		case <-down:
			return
		default:
		}
		if w.open == nil {
			w.prepare()
		}
		a, err := c.s.TryPost(context.Background(), stack.TillParis, w.open)
		if err != nil {
			continue // the program ended: its source sends it again
		}
		c.told(a)
		if a.Status == http.StatusOK {
			w.done()
			c.accepted.Add(int64(len(w.pending)))
		}
	}
}

func (c *crowd) told(a stack.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses[a.Status]++
	clear := slices.ContainsFunc([]string{"overloaded", "busy", "kafka_unavailable"}, func(reason string) bool { return strings.Contains(a.Body, `"`+reason+`"`) })
	clear = clear && strings.Contains(a.Body, "Retry-After")
	if a.Status != http.StatusOK && !clear && len(c.wrong) < 3 {
		c.wrong = append(c.wrong, a.Body)
	}
}

// settled sends what got no answer again, and compares the API and ClickHouse with what was accepted.
func (c *crowd) settled(t *testing.T) {
	t.Helper()
	began := time.Now()
	total, spent := 0, int64(0)
	for _, w := range c.workers {
		stack.Eventually(t, soon, "what was refused is accepted", func() error { return w.sendAgain(c.s) })
		total += w.count
	}
	t.Logf("everything refused was accepted %s after there was room", time.Since(began).Round(time.Millisecond))
	for _, w := range c.workers {
		spent += w.counted(t, c.s)
	}
	inClickHouse(t, c.s, "SELECT sum(orders) AS orders, sum(sold) AS sold, sum(customers) AS customers, sum(anonymous) AS anonymous FROM orders_by_channel", "",
		is(map[string]int64{"orders": int64(total), "sold": spent, "customers": killWorkers * killCustomers, "anonymous": 0}))
	for _, w := range c.workers {
		w.inClickHouse(t, c.s)
	}
	t.Logf("%d events, each counted once in the API and in ClickHouse, %s after there was room", total, time.Since(began).Round(time.Millisecond))
}
