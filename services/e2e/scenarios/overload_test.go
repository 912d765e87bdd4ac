package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

// What the ingestors of the overload let work and wait at once, and how many senders press them without a pause.
const (
	workingAtOnce = 2
	waitingAtOnce = 1
	pressing      = 3 * (workingAtOnce + waitingAtOnce)
	calmFor       = 3 * time.Second
	pressedFor    = 10 * time.Second
	grownAtMost   = 512 << 20 // of the resident memory of the whole program
)

// pressed is what the senders were told.
type pressed struct {
	sync.Mutex
	accepted []string
	offered  float64 // events
	statuses map[int]int
	err      error
}

func TestOverloadIsToldToComeLaterAndWhatIsAcceptedIsThereOnce(t *testing.T) {
	testkit.Long(t)
	stack.NeedServers(t)
	s := stack.Start(t, "--set", "ingest.max_in_flight="+strconv.Itoa(workingAtOnce), "--set", "ingest.max_waiting="+strconv.Itoa(waitingAtOnce))
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 100, somebody().cardID()))
	inClickHouse(t, s, everyEvent, "", is(map[string]int64{"events": 1}))
	calm := &pressed{statuses: map[int]int{}}
	calm.by(t, s, at, workingAtOnce, calmFor)
	p := &pressed{statuses: map[int]int{}}
	before := resident(t, s.PID)
	most := p.by(t, s, at, pressing, pressedFor)
	carried, offered := float64(len(calm.accepted))/calmFor.Seconds(), p.offered/pressedFor.Seconds()
	t.Logf("carried %.0f events/s, offered %.0f; answers by status %v, %d events accepted, resident %d MiB before and %d MiB at most",
		carried, offered, p.statuses, len(p.accepted), before>>20, most>>20)
	require.GreaterOrEqual(t, offered, 3*carried, "events a second")
	require.Positive(t, p.statuses[http.StatusOK])
	require.Positive(t, p.statuses[http.StatusTooManyRequests])
	require.Less(t, most-before, int64(grownAtMost))
	s.Send(t, stack.TillParis, sale(at, 100, somebody().cardID())) // at once, now that the load is gone
	all := int64(len(calm.accepted)+len(p.accepted)) + 2
	inClickHouse(t, s, everyEvent, "", is(map[string]int64{"events": all, "different": all}))
}

// by lets so many senders press for a while, and returns the most memory that the program had in use.
func (p *pressed) by(t *testing.T, s *stack.Stack, at time.Time, senders int, d time.Duration) (most int64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	var g sync.WaitGroup
	for range senders {
		g.Go(func() { p.press(ctx, s, at) })
	}
	for tick := time.NewTicker(200 * time.Millisecond); ctx.Err() == nil; {
		select {
		case <-tick.C:
			most = max(most, resident(t, s.PID))
		case <-ctx.Done():
			tick.Stop()
		}
	}
	g.Wait()
	require.NoError(t, p.err)
	return most
}

// everyEvent counts the events that analysts see, and how many of them are different.
const everyEvent = `SELECT count() AS events, uniqExact(event_key) AS different FROM customer_timeline`

// press sends sales of fifty customers in a request, whatever it is told. A refused request is sent no more, so that each counts once.
func (p *pressed) press(ctx context.Context, s *stack.Stack, at time.Time) {
	customers := make([]person, 50)
	for i := range customers {
		customers[i] = somebody()
	}
	for ctx.Err() == nil {
		var events []any
		var ids []string
		for _, c := range customers {
			e := sale(at, 100, c.cardID())
			events = append(events, e)
			ids = append(ids, e.ID)
		}
		body, err := json.Marshal(events)
		if err == nil {
			err = p.send(ctx, s, body, ids)
		}
		if err != nil {
			p.Lock()
			p.err = err
			p.Unlock()
			return
		}
	}
}

func (p *pressed) send(ctx context.Context, s *stack.Stack, body []byte, ids []string) error {
	a, err := s.TryPost(context.WithoutCancel(ctx), stack.TillParis, body)
	if err != nil {
		return fmt.Errorf("pressing an ingestor: %w", err)
	}
	p.Lock()
	defer p.Unlock()
	p.statuses[a.Status]++
	p.offered += float64(len(ids))
	switch {
	case a.Status == http.StatusOK && a.Accepted == len(ids):
		p.accepted = append(p.accepted, ids...)
	case a.Status != http.StatusTooManyRequests:
		return fmt.Errorf("an ingestor answers %d: %s", a.Status, a.Body)
	case !slices.Contains([]string{"1", "2", "3"}, a.RetryAfter):
		return fmt.Errorf("an ingestor says to come back after %q", a.RetryAfter)
	}
	return nil
}

// resident is the memory of a process that is in use.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return kilobytes << 10
}
