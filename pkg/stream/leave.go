package stream

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// leave has a member leave its group as long as a generation still runs, and returns when that has ended. The library joins again whenever a generation
// ends before it was told to close: the others would give their partitions back for one who is about to go, and members that stop together would wait
// in that join for one another.
func leave(generation context.Context, group *kafka.ConsumerGroup) {
	go func() { _ = group.Close() }() // it waits for the caller, who is part of the generation
	<-generation.Done()
}

// endJoin lets a join that is under way come to its end. A member that is told to close while its group begins once more goes without a word,
// and the group waits for it until its session ends.
func endJoin(ctx context.Context, group *kafka.ConsumerGroup, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for {
		if _, err := group.Next(ctx); !errors.Is(err, kafka.RebalanceInProgress) {
			return
		}
	}
}
