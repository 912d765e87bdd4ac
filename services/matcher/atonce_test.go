package matcher

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/stream"
)

// lockstep is an index on which two records go together: neither is listed or looked for once more before the other one was.
type lockstep struct {
	match.Index

	meet chan struct{}
}

var errAlone = errors.New("the other record did not come")

// step waits for the other of the two.
func (x *lockstep) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case x.meet <- struct{}{}:
		return nil
	case <-x.meet:
		return nil
	case <-ctx.Done():
		return errAlone
	}
}

// PutEntry implements match.Index.
func (x *lockstep) PutEntry(ctx context.Context, space string, e match.Entry) (int, error) {
	full, err := x.Index.PutEntry(ctx, space, e)
	return full, errors.Join(err, x.step(ctx))
}

// Near implements match.Index.
func (x *lockstep) Near(ctx context.Context, space string, blocks []match.Block, most int) ([]match.Entry, error) {
	near, err := x.Index.Near(ctx, space, blocks, most)
	return near, errors.Join(err, x.step(ctx))
}

// TestTwoAtOnce_findEachOther: records that come in one batch, or to two members of the group, are suggested all the same, and once. Both
// are at the same step all the time, so whoever looked before it is listed would find nobody.
func TestTwoAtOnce_findEachOther(t *testing.T) {
	for name, take := range map[string]func(r *rig, card, phone identifier.Key){
		"in one batch": func(r *rig, card, phone identifier.Key) {
			r.take(r.record(card, helene), r.record(phone, typed))
		},
		"to two members": func(r *rig, card, phone identifier.Key) {
			one, two := r.batch(r.record(card, helene)), r.batch(r.record(phone, typed))
			two.Partition = 1
			var both errgroup.Group
			both.Go(func() error { return r.s.Batch(r.t.Context(), one) })
			both.Go(func() error { return r.member().Batch(r.t.Context(), two) })
			require.NoError(r.t, both.Wait())
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.s.deps.Index = &lockstep{r.index, make(chan struct{})}
			take(r, r.key("card", "2990001111111"), r.key("phone", "+33611223344"))
			require.Len(t, r.shown(), 1)
		})
	}
}

// member is another member of the group, over the same stores.
func (r *rig) member() *Service {
	r.t.Helper()
	deps := r.s.deps
	deps.Log, deps.Metrics = zaptest.NewLogger(r.t), prometheus.NewRegistry()
	s, err := New(r.s.cfg, deps)
	require.NoError(r.t, err)
	s.ahead.follow = r.followed
	require.NoError(r.t, s.Assigned(r.t.Context(), []stream.Assignment{{Topic: stream.TopicLeaves, Partition: 1}}))
	return s
}
