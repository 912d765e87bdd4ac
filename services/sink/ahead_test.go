package sink

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// overrideWaits reports whether an override waits while rows of events are being inserted.
func overrideWaits(t *testing.T) bool {
	t.Helper()
	s := &Service{cfg: Default(), zones: newZones(), metrics: newMetrics(prometheus.NewRegistry())}
	s.gather, s.ahead = newGatherer(10, testTables), newGatherer(10, testTables)
	ctx, stop := context.WithCancel(t.Context())
	inserting, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{}, 2)
	var once sync.Once
	go func() {
		s.gather.run(ctx, time.Millisecond, func(context.Context, *group) error {
			once.Do(func() { close(inserting) })
			<-goOn
			return nil
		})
		ended <- struct{}{}
	}()
	go func() {
		s.ahead.run(ctx, time.Millisecond, func(context.Context, *group) error { return nil })
		ended <- struct{}{}
	}()
	profile, err := stream.Encode(stream.TopicProfiles, []byte("k"), &eventpb.Profile{Controller: "c", RcuId: "p", Version: 1}, time.Now())
	require.NoError(t, err)
	record, err := stream.Encode(stream.TopicOwners, []byte("k"), &eventpb.Owner{Controller: "c", LeafKey: make([]byte, leafSize), Version: 1}, time.Now())
	require.NoError(t, err)
	go func() {
		_ = s.handle(ctx, stream.Batch{Topic: stream.TopicProfiles, Records: []stream.Record{profile}})
	}()
	<-inserting
	waiting, giveUp := context.WithTimeout(ctx, 2*time.Second)
	defer giveUp()
	if faults.oneLane {
		giveUp()
	}
	err = s.handle(waiting, stream.Batch{Topic: stream.TopicOwners, Records: []stream.Record{record}})
	close(goOn)
	stop()
	<-ended
	<-ended
	return err != nil
}

// TestSink_overridesWaitForNoRowsOfEvents: a withdrawal does not stand behind an insert of rows that takes long.
func TestSink_overridesWaitForNoRowsOfEvents(t *testing.T) {
	require.False(t, overrideWaits(t))
	Plant(t, Faults{OneLane: true})
	require.True(t, overrideWaits(t))
}
