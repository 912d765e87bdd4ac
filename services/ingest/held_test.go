package ingest_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/embedded"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
	"rcu/services/ingest/callcentre"
	"rcu/services/ingest/mobile"
	"rcu/services/ingest/store"
	"rcu/services/ingest/web"
)

// heldAre checks what lies on rcu.held: so many records of a cookie, sealed, that open to what was sent.
func (r *rig) heldAre(cookie string, n int) {
	r.t.Helper()
	records := r.producer.of(stream.TopicHeld)
	require.Len(r.t, records, n)
	want := r.pseudonym(identifier.Cookie, cookie)
	for _, rec := range records {
		require.Equal(r.t, want[:], rec.Key)
		require.Equal(r.t, received, rec.Time.UTC())
		require.NotContains(r.t, string(rec.Value), cookie)
		h := &eventpb.Held{}
		require.NoError(r.t, rec.Decode(h))
		require.Equal(r.t, []string{"web-1", "shop-fr", stream.TopicEventsWeb, "consent_unavailable"}, []string{h.GetSource(), h.GetController(), h.GetTopic(), h.GetReason()})
		require.Equal(r.t, received.UnixMicro(), h.GetReceivedAt())
		raw, err := r.daily.Open(h.GetBody())
		require.NoError(r.t, err)
		require.Contains(r.t, string(raw), cookie)
	}
}

// joiner stands in for the resolver: it joins decisions into the registers, and commits when they stand there.
type joiner struct{ cells resolve.Cells }

func (j joiner) Batch(ctx context.Context, b stream.Batch) error {
	for _, r := range b.Records {
		d := &eventpb.Decision{}
		if err := r.Decode(d); err != nil {
			return err
		}
		p, err := identifier.ParsePseudonym(d.GetPoint().GetPseudonym())
		if err != nil {
			return err
		}
		cells, err := j.cells.LoadCells(ctx, []string{resolve.ConsentCell(d.GetSpace(), d.GetController(), identifier.KeyOf(identifier.Namespace(d.GetPoint().GetNamespace()), p))})
		if err != nil {
			return err
		}
		register, err := consent.DecodeRegister(cells[0].Value)
		if err != nil {
			return err
		}
		joined, changed := register.JoinAll(d)
		if !changed {
			continue
		}
		cells[0].Value = joined.Encode()
		written, err := j.cells.CommitCells(ctx, cells)
		if err != nil || !written[0] {
			return errors.Join(errors.New("not written"), err)
		}
	}
	return nil
}

// join runs a joiner until the test ends.
func (l *live) join() {
	c, err := l.client.NewConsumer(stream.ConsumerConfig{Group: "resolver", Topics: []string{stream.TopicConsents}, CommitEvery: 50 * time.Millisecond, BackoffMax: 200 * time.Millisecond}, joiner{l.state})
	require.NoError(l.t, err)
	l.background(c.Run)
}

// background runs until the test ends or the function that it returns is called.
func (l *live) background(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	var once atomic.Bool
	stop = func() {
		cancel()
		if once.CompareAndSwap(false, true) {
			require.NoError(l.t, <-done)
		}
	}
	l.t.Cleanup(stop)
	return stop
}

// judge starts a judge of held events, and returns its metrics and how to stop it.
func (l *live) judge(change func(*ingest.JudgeDeps)) (metrics *prometheus.Registry, stop func()) {
	l.t.Helper()
	file, _, err := ingest.GenerateSources(specs())
	require.NoError(l.t, err)
	sources, err := ingest.ParseSources(file)
	require.NoError(l.t, err)
	dec, err := decoder()
	require.NoError(l.t, err)
	metrics = telemetry.NewRegistry("test")
	cfg := ingest.DefaultJudge()
	cfg.BackoffMax, cfg.ConsentRest = 200*time.Millisecond, 100*time.Millisecond
	deps := ingest.JudgeDeps{
		Log: zap.NewNop(), Registerer: metrics, Sources: sources, Decoder: dec, Pseudonyms: l.vault, Keyring: l.vault, Sealer: l.sealer, Producer: l.out,
		Contracts: []ingest.Contract{store.Contract(), web.Contract(), mobile.Contract(), callcentre.Contract()}, Registers: l.state, Stream: l.client,
		DeadLetters: stream.NewDeadLetters(l.out, "judge"), Resolver: "resolver",
	}
	if change != nil {
		change(&deps)
	}
	j, err := ingest.NewJudge(cfg, deps)
	require.NoError(l.t, err)
	return metrics, l.background(j.Run)
}

// judged is what came of held browsing, by outcome.
func judged(t *testing.T, metrics *prometheus.Registry, outcome string) float64 {
	t.Helper()
	return testkit.MetricBy(t, metrics, "rcu_ingestor_judged_total", "outcome")[outcome]
}

func (l *live) answers(want, body string) {
	l.t.Helper()
	status, a, err := l.post("web-1", body)
	require.NoError(l.t, err)
	require.Equal(l.t, 200, status)
	require.Equal(l.t, want, statuses(a))
}

// views counts the events of browsing on their topic by id.
func (l *live) views() map[string]int {
	l.t.Helper()
	out := map[string]int{}
	for _, r := range l.read(stream.TopicEventsWeb) {
		e := &eventpb.Event{}
		require.NoError(l.t, r.Decode(e))
		require.Equal(l.t, e.GetReceivedAt()/1000, r.Time.UnixMilli())
		out[e.GetId()]++
	}
	return out
}

func restart(t *testing.T, dir, addr string) {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	again, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: dir, Port: number})
	require.NoError(t, err)
	t.Cleanup(again.Kill)
}

func TestHeld_browsingIsJudgedWhenRedisIsBack(t *testing.T) {
	dir := t.TempDir()
	redis := testkit.StartRedisIn(t, dir)
	l := newLive(t, "web", redis.Addr(), testkit.Kafka(t))
	l.join()
	metrics, _ := l.judge(nil)
	grant := func(cookie string) string {
		return decision("g-"+cookie, "cookie", cookie, "unify_behaviour", "grant", ago(time.Hour))
	}
	at := ago(time.Minute)
	l.answers("accepted accepted", list(grant("yes"), grant("changed")))
	l.answers("accepted", page("before", "yes", at))

	redis.Kill()
	l.answers("accepted:held accepted:held accepted:held", list(page("granted", "yes", at), page("never", "no", at), page("refused", "changed", at)))
	l.answers("accepted:held", page("granted", "yes", at))
	status, _, err := l.post("web-1", decision("w", "cookie", "changed", "unify_behaviour", "withdraw", ago(time.Second)))
	require.NoError(t, err)
	require.Equal(t, 503, status, "a denial is answered once it is in force; Kafka has it")
	l.answers("accepted accepted:held", list(grant("new"), page("new grant", "new", at)))
	sent := time.Now()
	require.Equal(t, map[string]int{"before": 1}, l.views())
	require.Zero(t, judged(t, metrics, "published")+judged(t, metrics, "dropped"))

	restart(t, dir, redis.Addr())
	require.Eventually(t, func() bool { return judged(t, metrics, "published")+judged(t, metrics, "dropped") == 5 }, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, map[string]int{"before": 1, "granted": 2, "new grant": 1}, l.views())
	require.InDelta(t, 2, judged(t, metrics, "dropped"), 0)
	require.Equal(t, map[string]float64{"G1 unify_behaviour dropped": 2}, testkit.MetricBy(t, metrics, "rcu_gate_refused_total", "gate", "purpose", "effect"), "counted like what is refused at once")
	for _, r := range l.read(stream.TopicEventsWeb) {
		e := &eventpb.Event{}
		require.NoError(t, r.Decode(e))
		require.Less(t, e.GetReceivedAt(), sent.UnixMicro(), "it was received when it came, not when it was judged")
		require.NotZero(t, e.GetIdentifiers()[0].GetStamp(), "the grant that it was collected under")
	}
	require.Empty(t, l.read(stream.TopicDeadLetter), "what consent refused is counted, never kept")
	testkit.LintMetrics(t, metrics)
}

// held puts events of a source on rcu.held, as an ingestor does.
func (l *live) hold(source, controller string, bodies ...string) {
	l.t.Helper()
	var records []stream.Record
	for _, body := range bodies {
		sealed, err := l.sealer.Seal(l.t.Context(), controller, time.Now(), []byte(body))
		require.NoError(l.t, err)
		r, err := stream.Encode(stream.TopicHeld, []byte("device"), &eventpb.Held{
			Source: source, Controller: controller, Topic: stream.TopicEventsWeb, ReceivedAt: time.Now().UnixMicro(), Reason: "consent_unavailable", Body: sealed,
		}, time.Now())
		require.NoError(l.t, err)
		records = append(records, r)
	}
	require.NoError(l.t, l.out.Publish(l.t.Context(), records))
}

func TestHeld_whatCanNeverBeJudgedGoesToTheDeadLetter(t *testing.T) {
	l := newLive(t, "web", testkit.Redis(t), testkit.Kafka(t))
	l.join()
	l.answers("accepted", decision("g", "cookie", "ck1", "unify_behaviour", "grant", ago(time.Hour)))
	at := ago(time.Minute)
	l.hold("gone", "shop-fr", page("a", "ck1", at))
	l.hold("web-1", "another", page("b", "ck1", at))
	l.hold("web-1", "shop-fr", `{"id":"c","type":"page.viewed"}`, sale("d", ""))
	damaged := l.pseudonym(identifier.Cookie, "damaged")
	cells, err := l.state.LoadCells(t.Context(), []string{resolve.ConsentCell("group", "shop-fr", identifier.KeyOf(identifier.Cookie, damaged))})
	require.NoError(t, err)
	cells[0].Value = []byte("\xff\xffnonsense")
	_, err = l.state.CommitCells(t.Context(), cells)
	require.NoError(t, err)
	l.hold("web-1", "shop-fr", page("e", "damaged", at))
	other := vault.NewDaily(l.vault, func(context.Context, *eventpb.WrappedKey) error { return nil }) // its key is never told
	lost, err := other.Seal(t.Context(), "shop-fr", time.Now(), []byte(page("f", "ck1", at)))
	require.NoError(t, err)
	unopenable, err := stream.Encode(stream.TopicHeld, []byte("device"), &eventpb.Held{Source: "web-1", Controller: "shop-fr", ReceivedAt: time.Now().UnixMicro(), Body: lost}, time.Now())
	require.NoError(t, err)
	garbage := stream.Record{Topic: stream.TopicHeld, Key: []byte("device"), Value: []byte("\xff\xff"), Time: time.Now()}
	require.NoError(t, l.out.Publish(t.Context(), []stream.Record{unopenable, garbage}))
	l.hold("web-1", "shop-fr", page("good", "ck1", at))

	metrics, _ := l.judge(nil)
	require.Eventually(t, func() bool { return judged(t, metrics, "published") == 1 && len(l.read(stream.TopicDeadLetter)) == 6 }, 20*time.Second, 50*time.Millisecond)
	require.InDelta(t, 1, judged(t, metrics, "unopenable"), 0)
	require.Equal(t, map[string]int{"good": 1}, l.views())
	reasons := map[string]int{}
	for _, r := range l.read(stream.TopicDeadLetter) {
		if why := r.Header(stream.HeaderReason); why != nil {
			reasons[string(why)]++
			continue
		}
		d := &eventpb.DeadLetter{}
		require.NoError(t, r.Decode(d))
		require.Equal(t, "judge", d.GetStage())
		reasons[d.GetReason()]++
	}
	require.Equal(t, map[string]int{"source_unknown": 2, "required": 1, "other_channel": 1, "consent_unreadable": 1, "undecodable": 1}, reasons)
}

// dying is a producer that the judge loses: before its records are written, or between their writing and the commit of the offset.
type dying struct {
	*stream.Producer
	before bool
	left   atomic.Int64 // calls until it dies
	calls  atomic.Int64
}

var errDead = errors.New("the process was killed")

func (d *dying) Publish(ctx context.Context, records []stream.Record) error {
	d.calls.Add(1)
	if d.left.Add(-1) >= 0 || d.before {
		return errDead
	}
	if err := d.Producer.Publish(ctx, records); err != nil {
		return err
	}
	return errDead
}

func TestHeld_killBetweenPublishAndCommit_losesNothingAndAddsNothing(t *testing.T) {
	for _, before := range []bool{true, false} {
		l := newLive(t, "web", testkit.Redis(t), []string{testkit.KafkaBroker(t).Addr()})
		l.join()
		l.answers("accepted", decision("g", "cookie", "ck1", "unify_behaviour", "grant", ago(time.Hour)))
		l.hold("web-1", "shop-fr", page("a", "ck1", ago(time.Minute)), page("b", "ck1", ago(time.Minute)))
		d := &dying{Producer: l.out, before: before}
		metrics, stop := l.judge(func(deps *ingest.JudgeDeps) { deps.Producer = d })
		require.Eventually(t, func() bool { return d.calls.Load() > 0 }, 20*time.Second, 10*time.Millisecond)
		stop()
		require.Zero(t, judged(t, metrics, "published"))

		metrics, _ = l.judge(nil)
		require.Eventually(t, func() bool { return judged(t, metrics, "published") == 2 }, 20*time.Second, 10*time.Millisecond, "what was not committed is judged again")
		of := map[string]map[[2]int64]bool{}
		for _, r := range l.read(stream.TopicEventsWeb) {
			e := &eventpb.Event{}
			require.NoError(t, r.Decode(e))
			if of[e.GetId()] == nil {
				of[e.GetId()] = map[[2]int64]bool{}
			}
			of[e.GetId()][[2]int64{e.GetReceivedAt(), r.Time.UnixMicro()}] = true
		}
		require.Len(t, of, 2)
		for id, shapes := range of {
			require.Len(t, shapes, 1, "%s: the same event however often, which readers know", id)
		}
	}
}

func TestHeld_metricsOfTheIngestor(t *testing.T) {
	r := newRig(t, "web", nil)
	r.cells.away.Store(true)
	r.send("web-1", list(page("a", "ck1", at11), page("b", "ck1", at11)))
	require.Contains(t, r.metrics(), `rcu_ingestor_events_total{channel="web",outcome="held"} 2`)
	require.Equal(t, 1, testutil.CollectAndCount(r.registry, "rcu_ingestor_queue_requests"))
}
