package whole

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/embedded"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

const group = "resolver"

// rig is a Redis that a resolver has worked on, and a broker with two partitions of each topic.
type rig struct {
	t     *testing.T
	dir   string
	redis *embedded.Server
	kafka *stream.Client
	out   *stream.Producer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	r.redis = testkit.StartRedisIn(t, r.dir)
	var err error
	r.kafka, err = stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(r.kafka.Close)
	require.NoError(t, r.kafka.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	r.out, err = r.kafka.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.out.Close(context.Background()) })
	return r
}

func (r *rig) connect() *stateredis.Client {
	r.t.Helper()
	c, err := stateredis.Open(r.t.Context(), stateredis.Config{Addrs: []string{r.redis.Addr()}})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// process is a guard with a connection of its own.
func (r *rig) process(kafka Topics) (*Guard, *stateredis.Client) {
	r.t.Helper()
	c := r.connect()
	return New(Deps{Log: zap.NewNop(), State: stateredis.NewMarkers(c), Kafka: kafka, Group: group}), c
}

func (r *rig) marker(topic string, p int, next int64) (resolve.MarkerKey, resolve.Marker) {
	r.t.Helper()
	id, err := r.kafka.TopicLogID(r.t.Context(), topic)
	require.NoError(r.t, err)
	return resolve.MarkerKey{Group: group, Topic: topic, Partition: p}, resolve.Marker{LogID: id, Next: next}
}

// begins is a resolver that is assigned everything.
func (r *rig) begins(m *stateredis.Markers) {
	r.t.Helper()
	var keys []resolve.MarkerKey
	var markers []resolve.Marker
	for _, topic := range decided() {
		for p := range 2 {
			k, at := r.marker(topic, p, 0)
			keys, markers = append(keys, k), append(markers, at)
		}
	}
	require.NoError(r.t, m.Settle(r.t.Context(), keys, markers))
}

// reads is a resolver that has read a partition to its end.
func (r *rig) reads(m *stateredis.Markers, topic string, p int) {
	r.t.Helper()
	bounds, err := r.kafka.Bounds(r.t.Context(), topic, p)
	require.NoError(r.t, err)
	k, at := r.marker(topic, p, bounds[p].End)
	held, err := m.Advance(r.t.Context(), k, 0, at)
	require.NoError(r.t, err)
	require.True(r.t, held)
}

// says puts a decision on Kafka, and returns its partition.
func (r *rig) says(topic string) int {
	r.t.Helper()
	rec, err := stream.Encode(topic, []byte("somebody"), &eventpb.Decision{Id: "d1"}, time.Now())
	require.NoError(r.t, err)
	require.NoError(r.t, r.out.Publish(r.t.Context(), []stream.Record{rec}))
	bounds, err := r.kafka.Bounds(r.t.Context(), topic, 0, 1)
	require.NoError(r.t, err)
	if bounds[1].End > 0 {
		return 1
	}
	return 0
}

// loses has Redis start again with what it held when its file had a size.
func (r *rig) loses(keep int64) {
	r.t.Helper()
	r.redis = testkit.LoseRedis(r.t, r.redis, r.dir, keep)
}

// away is a broker that does not answer.
type away struct{ Topics }

var errAway = errors.New("kafka is away")

func (away) Partitions(context.Context, string) (int, error) { return 0, errAway }

// bound asks until the guard has met the server that runs now.
func bound(t *testing.T, g *Guard) (ctx context.Context, err error) {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, err = g.Bind(t.Context())
		return err == nil || errors.Is(err, ErrBehind) || errors.Is(err, stateredis.ErrNotWhole)
	}, 10*time.Second, time.Millisecond)
	return ctx, err
}

func lostADecision(t *testing.T, topic string) {
	t.Helper()
	r := newRig(t)
	g, c := r.process(r.kafka)
	require.ErrorIs(t, g.Look(t.Context()), stateredis.ErrNotWhole, "no resolver was ever there")
	m := stateredis.NewMarkers(c)
	r.begins(m)
	require.NoError(t, g.Look(t.Context()))
	before, err := g.Bind(t.Context())
	require.NoError(t, err)

	keep := testkit.RedisSize(t, r.redis, r.dir)
	p := r.says(topic) // its register, which is written at once, is what Redis loses
	require.NoError(t, g.Look(t.Context()), "the store is whole though the resolver is behind: whoever took the decision wrote it")
	r.loses(keep)

	_, err = bound(t, g)
	require.ErrorIs(t, err, ErrBehind)
	require.ErrorIs(t, c.Ping(before), resolve.ErrStateMoved, "what is read was bound to the server of before")
	require.ErrorIs(t, g.Look(t.Context()), ErrBehind)
	other, _ := r.process(r.kafka)
	require.ErrorIs(t, other.Look(t.Context()), ErrBehind, "who starts later knows no other server")
	_, err = bound(t, other)
	require.ErrorIs(t, err, ErrBehind)
	lonely, _ := r.process(away{r.kafka})
	require.ErrorIs(t, lonely.Look(t.Context()), errAway, "nobody knows what was decided")

	r.reads(m, topic, p)
	for _, x := range []*Guard{g, other, lonely} {
		require.NoError(t, x.Look(t.Context()), "one process found it whole, and it holds for all, with Kafka away as well")
		_, err = bound(t, x)
		require.NoError(t, err)
	}
}

// Nothing is permitted on a server that started again before what was decided lies in it once more.
func TestGuard_waitsForDecisions(t *testing.T) { lostADecision(t, stream.TopicConsents) }

func TestGuard_waitsForActs(t *testing.T) { lostADecision(t, stream.TopicActs) }

// A server that starts again with all that it held is whole at once, also while no resolver runs.
func TestGuard_nothingLost(t *testing.T) {
	r := newRig(t)
	g, c := r.process(r.kafka)
	m := stateredis.NewMarkers(c)
	r.begins(m)
	p := r.says(stream.TopicConsents)
	r.reads(m, stream.TopicConsents, p)
	require.NoError(t, g.Look(t.Context()))
	r.loses(testkit.RedisSize(t, r.redis, r.dir))
	_, err := bound(t, g)
	require.ErrorIs(t, err, ErrBehind, "nobody looked yet")
	require.NoError(t, g.Look(t.Context()))
	_, err = bound(t, g)
	require.NoError(t, err)
}

// Run looks by itself, and ends with its context.
func TestGuard_looksByItself(t *testing.T) {
	r := newRig(t)
	g, c := r.process(r.kafka)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	_, err := g.Bind(t.Context())
	require.Error(t, err)
	r.begins(stateredis.NewMarkers(c))
	require.Eventually(t, func() bool { _, err := g.Bind(t.Context()); return err == nil }, 10*time.Second, 10*time.Millisecond)
	cancel()
	<-done
}

// Each wrong variant lets somebody permit on what a server has forgotten.
func TestPlantedFaultsAreCaught(t *testing.T) {
	r := newRig(t)
	g, c := r.process(r.kafka)
	r.begins(stateredis.NewMarkers(c))
	require.NoError(t, g.Look(t.Context()))
	keep := testkit.RedisSize(t, r.redis, r.dir)
	r.says(stream.TopicConsents)

	faults.anyEpoch = true
	ctx, err := g.Bind(t.Context())
	require.NoError(t, err)
	r.loses(keep)
	require.Eventually(t, func() bool { return c.Ping(ctx) == nil }, 10*time.Second, time.Millisecond, "it reads on")
	faults.anyEpoch = false

	faults.anyRun = true
	require.NoError(t, g.Look(t.Context()))
	_, err = bound(t, g)
	require.NoError(t, err)
	faults.anyRun = false
}
