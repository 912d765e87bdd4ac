package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// membership is a consumer's place in its group.
type membership struct {
	group  *kafka.ConsumerGroup
	client *Client
	every  time.Duration     // between two signs of life
	last   *kafka.Generation // nil before the first
}

// next waits for the next generation. A member that waits in a join gives signs of life, as it does at work: the embedded broker forgets one whose
// session ends there, without an answer, so that it would wait for one that never comes.
func (m *membership) next(ctx context.Context) (*kafka.Generation, error) {
	var beating sync.WaitGroup
	defer beating.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if m.last != nil {
		beating.Go(func() { m.beat(ctx) })
	}
	gen, err := m.group.Next(ctx)
	if err == nil {
		m.last = gen
	}
	return gen, err //nolint:wrapcheck // what is waited for, as the library has it
}

// beat gives signs of life until ctx ends, or the group is in another generation already or knows the member no more.
func (m *membership) beat(ctx context.Context) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		res, err := m.client.kc.Heartbeat(ctx, &kafka.HeartbeatRequest{
			Addr: m.client.addr, GroupID: m.last.GroupID, GenerationID: m.last.ID, MemberID: m.last.MemberID,
		})
		if err == nil && (errors.Is(res.Error, kafka.IllegalGeneration) || errors.Is(res.Error, kafka.UnknownMemberId)) {
			return
		}
	}
}

// leave has the member leave as long as a generation still runs, and returns when that has ended. The library joins again whenever a generation
// ends before it was told to close: the others would give their partitions back for one who is about to go, and members that stop together would wait
// in that join for one another.
func (m *membership) leave(generation context.Context) {
	go func() { _ = m.group.Close() }() // it waits for the caller, who is part of the generation
	<-generation.Done()
}

// endJoin lets a join that is under way come to its end. A member that is told to close while its group begins once more goes without a word,
// and the group waits for it until its session ends.
func (m *membership) endJoin(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for {
		if _, err := m.next(ctx); !errors.Is(err, kafka.RebalanceInProgress) {
			return
		}
	}
}
