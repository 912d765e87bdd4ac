package steward

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// The chaos of consent.md 3.7 on the steward's pages, one test a line. An act has two writes: it is claimed in Redis, then published to Kafka.

// confirming is a steward who looks at what a ban would do.
func confirming(t *testing.T) (r *rig, confirm *shownPage, number, old identifier.Key) {
	t.Helper()
	r, number, old, _ = handedOn(t)
	way := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	confirm = r.steward("anne", "en").open(way).send(way, map[string]string{"op": "ban", "reason": "re-sold"})
	require.Equal(t, http.StatusOK, confirm.code)
	return r, confirm, number, old
}

// refusedFor holds that a form was answered by the page that says that the service is not available.
func (p *shownPage) refusedFor(why string) {
	p.t.Helper()
	require.Equal(p.t, http.StatusServiceUnavailable, p.code, why)
	p.says("The service is not available.")
}

// brittle are cells of a Redis that can be away.
type brittle struct {
	resolve.Cells
	away atomic.Bool
}

func (b *brittle) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if b.away.Load() {
		return nil, errAway
	}
	return b.Cells.LoadCells(ctx, keys)
}

func (b *brittle) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	if b.away.Load() {
		return nil, errAway
	}
	return b.Cells.CommitCells(ctx, cells)
}

func TestPages_kafkaDown_anActIsDoneOnceByTheNextTry(t *testing.T) {
	r, confirm, number, old := confirming(t)
	out := &failing{Output: r.kafka, topic: stream.TopicActs}
	r.s.deps.Output = out
	confirm.send("/steward/acts", nil).refusedFor("kafka is down")
	r.audited("act", "failed")
	out.topic = ""
	for range 2 {
		confirm.send("/steward/acts", nil).follow().says("The act is in force.")
	}
	require.Len(t, r.kafka.of(stream.TopicActs), 2, "what is sent again changes nothing")
	require.Len(t, confirm.w.open("/steward/acts").allActs(), 1)
	require.NotEqual(t, r.naming(number), r.naming(old))
}

func TestPages_redisDown_nothingIsShownOrDone(t *testing.T) {
	r, confirm, number, old := confirming(t)
	cells := &brittle{Cells: r.cells}
	r.s.deps.Cells = cells
	cells.away.Store(true)
	confirm.w.get("/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)).refusedFor("redis is down")
	confirm.send("/steward/acts", nil).refusedFor("redis is down")
	require.Empty(t, r.kafka.of(stream.TopicActs))
	cells.away.Store(false)
	confirm.send("/steward/acts", nil).follow().says("The act is in force.")
	require.NotEqual(t, r.naming(number), r.naming(old))
}

// A Redis that was lost, and is being filled again, shows people without a part of what links and parts them.
func TestHalfAState_nothingIsShownOrDone(t *testing.T) {
	r, confirm, number, old := confirming(t)
	pair := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	r.s.deps.Whole = func(ctx context.Context) (context.Context, error) {
		return ctx, errors.New("redis does not hold the whole state")
	}
	confirm.w.get(pair).refusedFor("it is being rebuilt")
	confirm.send("/steward/acts", nil).refusedFor("it is being rebuilt")
	for method, path := range map[string]string{http.MethodGet: "/v1/review", http.MethodPost: "/v1/acts/preview"} {
		a := r.do("anne", method, path, Asked{})
		require.Equal(t, http.StatusServiceUnavailable, a.Code, path)
		require.Equal(t, "1", a.Header().Get("Retry-After"))
	}
	require.Empty(t, r.kafka.of(stream.TopicActs))
	r.s.deps.Whole = func(ctx context.Context) (context.Context, error) { return ctx, nil }
	confirm.send("/steward/acts", nil).follow().says("The act is in force.")
	require.NotEqual(t, r.naming(number), r.naming(old))
}

func TestPages_resolverTenMinutesBehind_theActIsSaidToBeOnItsWay(t *testing.T) {
	r, confirm, _, _ := confirming(t)
	r.kafka.set(func(k *kafka) { k.resolve = nil })
	sent := confirm.send("/steward/acts", nil)
	sent.follow().says("The act is recorded and on its way to the graph.", "anne")
	r.catchUp()
	sent.follow().says("The act is in force.")
}

func TestPages_crashBetweenTheTwoWrites_whoeverMeetsTheActPublishesIt(t *testing.T) {
	r, confirm, number, old := confirming(t)
	r.s.deps.Output = &failing{Output: r.kafka, topic: stream.TopicActs}
	confirm.send("/steward/acts", nil).refusedFor("the process ends behind its first write")
	require.Empty(t, r.kafka.of(stream.TopicActs))

	now := time.Now()
	r.s = r.start() // the process that comes after
	r.s.deps.Now = func() time.Time { return now.Add(time.Minute) }
	r.steward("paul", "en").open("/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)).says("anne")
	require.Len(t, r.kafka.of(stream.TopicActs), 1)
	require.NotEqual(t, r.naming(number), r.naming(old))
}

// catchUp folds every act into the graph, as a resolver that is there again.
func (r *rig) catchUp() {
	r.t.Helper()
	for _, record := range r.kafka.of(stream.TopicActs) {
		m := new(eventpb.Act)
		require.NoError(r.t, record.Decode(m))
		r.fold(m)
	}
}
