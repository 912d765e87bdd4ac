package stream

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// membership is a consumer's place in its group.
type membership struct{ group *kafka.ConsumerGroup }

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
		if _, err := m.group.Next(ctx); !errors.Is(err, kafka.RebalanceInProgress) {
			return
		}
	}
}
