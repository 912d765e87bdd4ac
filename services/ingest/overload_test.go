package ingest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
)

// Limits of an ingestor that is soon full, and three times as many senders as it lets work at once.
const (
	fullRequests = 8
	fullBytes    = 256 << 10
	fullQueue    = 512 << 10
	senders      = 3 * fullRequests
	// calmSenders find room for all that they send at once.
	calmSenders = fullBytes / (42 << 10)
	// heapAtMost may live beyond what lived before while an ingestor is pressed, with all that the senders themselves hold.
	heapAtMost = 48 << 20
)

// crowd is an ingestor with small limits on a broker whose writes go through a gate, and what its senders were told.
type crowd struct {
	*rig
	client   *stream.Client
	patience time.Duration

	mu       sync.Mutex
	accepted map[string]bool
	statuses map[int]int
	wrong    []string
	peak     float64 // of bytes at work
	heap     uint64  // the most that lived
	slowest  time.Duration
	late503s int // answers of 503 that waited for the brokers
	at503s   int // that did not
}

// gate hangs whoever passes while it is locked.
type gate struct{ sync.RWMutex }

func (g *gate) pass() {
	g.RLock()
	defer g.RUnlock()
}

// newCrowd waits with every write of the broker until pass returns.
func newCrowd(t *testing.T, queueBytes int, patience time.Duration, pass func()) *crowd {
	t.Helper()
	broker := testkit.KafkaBroker(t)
	client, err := stream.Connect(stream.Config{Brokers: []string{broker.Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(1, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{QueueBytes: queueBytes})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	c := &crowd{client: client, patience: patience, accepted: map[string]bool{}, statuses: map[int]int{}}
	c.rig = newRig(t, "store", func(cfg *ingest.Config, d *ingest.Deps) {
		cfg.MaxInFlight, cfg.MaxWaiting, cfg.MaxWait = fullRequests, 2, 50*time.Millisecond
		cfg.MaxRequestBytes, cfg.MaxBytes, cfg.PublishTimeout, cfg.KafkaRest = 64<<10, fullBytes, patience, 100*time.Millisecond
		d.Producer, d.Now = out, time.Now
		for i := range d.Sources { // each sender has a source of its own to be full with, not three quarters of one
			d.Sources[i].Principal.Rate, d.Sources[i].Principal.Burst = 1e6, 1e6
		}
	})
	broker.Cluster().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		broker.Cluster().KeepControl()
		pass()
		return nil, nil, false
	})
	return c
}

// ticket is a request of four events with a padding that is dropped at the door.
func ticket(id string) string {
	var events []string
	for i := range 4 {
		events = append(events, fmt.Sprintf(`{"id":"%s-%d","type":"sale","occurred_at":"2026-03-14T11:00:00Z","data":{"total":{"amount":100,"currency":"EUR"}},"pad":%q}`, id, i, strings.Repeat("x", 10<<10)))
	}
	return list(events...)
}

// tooSoon is when a sender that was refused comes back, who was told a second at least: sooner, senders would leave the ingestor no processor.
const tooSoon = 100 * time.Millisecond

// press lets so many senders send, and send again much sooner than they are told, until the time is over. It returns the events a second that they offered, and
// those that were accepted.
func (c *crowd) press(round string, senders int, d time.Duration) (offered, accepted float64) {
	c.statuses, c.heap = map[int]int{}, 0
	until, began := time.Now().Add(d), time.Now()
	var g sync.WaitGroup
	g.Go(func() {
		for tick := time.NewTicker(d / 20); time.Now().Before(until); <-tick.C {
			c.heap = max(c.heap, heap())
		}
	})
	for n := range senders {
		g.Go(func() {
			source := []string{"store-1", "store-slow"}[n%2]
			for i := 0; time.Now().Before(until); i++ {
				if c.send(source, fmt.Sprintf("%s-%d-%d", round, n, i)) != http.StatusOK {
					<-time.After(tooSoon)
				}
			}
		})
	}
	g.Wait()
	seconds, requests := time.Since(began).Seconds(), 0
	for _, n := range c.statuses {
		requests += n
	}
	return 4 * float64(requests) / seconds, 4 * float64(c.statuses[http.StatusOK]) / seconds
}

func (c *crowd) send(source, id string) int {
	began := time.Now()
	w := c.do(c.request(source, ticket(id)))
	took, bytes := time.Since(began), testkit.Metric(c.t, c.registry, "rcu_ingestor_working_bytes")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = c.wrong[:min(len(c.wrong), 3)]
	c.statuses[w.Code]++
	c.peak, c.slowest = max(c.peak, bytes), max(c.slowest, took)
	switch w.Code {
	case http.StatusOK:
		for i := range 4 {
			c.accepted[fmt.Sprintf("%s-%d", id, i)] = true
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if w.Code == http.StatusServiceUnavailable && took >= c.patience {
			c.late503s++
		} else if w.Code == http.StatusServiceUnavailable {
			c.at503s++
		}
		if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || n < 1 || n > 3 {
			c.wrong = append(c.wrong, fmt.Sprintf("%d with Retry-After %q", w.Code, w.Header().Get("Retry-After")))
		}
	default:
		c.wrong = append(c.wrong, fmt.Sprintf("%d %s", w.Code, w.Body))
	}
	return w.Code
}

// onTopic counts the events on the topic by id.
func (c *crowd) onTopic() map[string]int {
	c.t.Helper()
	out := map[string]int{}
	require.NoError(c.t, c.client.ReadAll(c.t.Context(), stream.TopicEventsStore, 0, func(r stream.Record) error {
		e := &eventpb.Event{}
		if err := r.Decode(e); err != nil {
			return err
		}
		out[e.GetId()]++
		return nil
	}))
	return out
}

func (c *crowd) everyAcceptedEventIsThere() {
	c.t.Helper()
	there := c.onTopic()
	for id := range c.accepted {
		require.Positive(c.t, there[id], "%s was accepted", id)
	}
}

// recovers: with the load gone, nothing is at work, and the next request is taken.
func (c *crowd) recovers() {
	c.t.Helper()
	require.Equal(c.t, 200, c.do(c.request("store-1", ticket("after"))).Code)
	require.Zero(c.t, testkit.Metric(c.t, c.registry, "rcu_ingestor_working_bytes"))
	require.Zero(c.t, testkit.Metric(c.t, c.registry, "rcu_ingestor_queue_requests"))
}

func TestOverload_threeTimesWhatIsCarried_isToldToComeLater(t *testing.T) {
	const write = 120 * time.Millisecond // so slow that senders offer three times as much on a busy machine, too
	pace := time.NewTicker(write)
	defer pace.Stop()
	c := newCrowd(t, fullQueue, 15*time.Second, func() { <-pace.C })
	_, carried := c.press("warm", calmSenders, 2*time.Second)
	require.Equal(t, map[int]int{200: c.statuses[200]}, c.statuses, "what there is room for is carried")
	before := heap()
	offered, accepted := c.press("full", senders, 3*time.Second)
	require.Empty(t, c.wrong)
	require.GreaterOrEqual(t, offered, 3*carried, "events a second")
	inTurn := 4 * calmSenders / (2 * write.Seconds()) // events a second, where half of the requests wait for one write and half for the next; all may come to wait for one
	require.Greater(t, accepted, min(carried, inTurn)/2, "what can be carried still is")
	require.Positive(t, c.statuses[429], "the rest is told to come later")
	require.Zero(t, c.statuses[503])
	require.LessOrEqual(t, c.peak, float64(fullBytes), "bytes at work")
	require.Positive(t, c.peak)
	require.Less(t, c.heap, before+heapAtMost)
	require.Less(t, heap(), before+32<<20)
	c.recovers()
	c.everyAcceptedEventIsThere()
	t.Logf("carried %.0f events/s, offered %.0f, accepted %.0f; statuses %v, at most %.0f bytes at work and %d of heap beyond %d, slowest answer %s",
		carried, offered, accepted, c.statuses, c.peak, c.heap-before, before, c.slowest)
}

func TestOverload_kafkaHangs_nothingGrows_andItRecoversByItself(t *testing.T) {
	var broker gate
	c := newCrowd(t, fullQueue, 500*time.Millisecond, broker.pass)
	c.press("warm", senders, 200*time.Millisecond)
	require.Positive(t, c.statuses[200])
	broker.Lock()
	open := sync.OnceFunc(broker.Unlock)
	defer open()
	before := heap()
	c.press("away", senders, 2*time.Second)
	require.Empty(t, c.wrong)
	require.Positive(t, c.statuses[503], "the brokers did not acknowledge")
	require.Positive(t, c.statuses[429], "and until that is known, all places are taken")
	require.Zero(t, c.statuses[200])
	require.Positive(t, c.at503s, "known to be away: refused at once")
	require.Less(t, c.late503s, 6*fullRequests, "only the first ones, and one a rest, waited for the brokers")
	require.Less(t, c.heap, before+heapAtMost)
	require.Less(t, heap(), before+16<<20)
	require.Less(t, c.slowest, 5*time.Second)
	t.Logf("statuses %v, %d of the 503 waited, slowest answer %s", c.statuses, c.late503s, c.slowest)
	open()
	require.Eventually(t, func() bool { return c.do(c.request("store-1", ticket("back"))).Code == 200 }, 20*time.Second, 20*time.Millisecond)
	c.recovers()
	c.everyAcceptedEventIsThere()
}

func TestOverload_aFullQueueOfTheProducerIs429(t *testing.T) {
	var broker gate
	c := newCrowd(t, 2<<10, 500*time.Millisecond, broker.pass)
	require.Equal(t, 200, c.do(c.request("store-1", ticket("first"))).Code)
	broker.Lock()
	c.press("full", senders, 300*time.Millisecond)
	broker.Unlock()
	require.Empty(t, c.wrong)
	require.Contains(t, c.metrics(), `rcu_ingestor_events_total{channel="store",outcome="unavailable"}`)
	require.Eventually(t, func() bool { return c.do(c.request("store-1", ticket("back"))).Code == 200 }, 20*time.Second, 20*time.Millisecond)
	c.everyAcceptedEventIsThere()
}

func TestOverload_aBodyThatDeclaresNothingNeedsRoomForTheMost(t *testing.T) {
	r := newRig(t, "store", func(c *ingest.Config, _ *ingest.Deps) {
		c.MaxRequestBytes, c.MaxBytes, c.MaxWait = 64<<10, 64<<10, 20*time.Millisecond
	})
	slow, sender := io.Pipe()
	first := r.request("store-1", "")
	first.Body, first.ContentLength = slow, -1
	var g sync.WaitGroup
	g.Go(func() { require.Equal(t, 200, r.do(first).Code) })
	_, err := io.WriteString(sender, sale("a", ""))
	require.NoError(t, err)
	w := r.do(r.request("store-1", sale("b", "")))
	require.Equal(t, http.StatusTooManyRequests, w.Code, "all the room is kept for the body that is still coming")
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.NoError(t, sender.Close())
	g.Wait()
	require.Equal(t, 200, r.do(r.request("store-1", sale("b", ""))).Code)
}
