package dailykeys

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// Publisher writes records durably; *stream.Producer is one.
type Publisher interface {
	Publish(ctx context.Context, records []stream.Record) error
}

const (
	day = 24 * time.Hour
	// destroyEvery is how often keys are looked for whose time has come.
	destroyEvery = time.Hour
)

// Due is when a daily key is destroyed: a day after the last event that it can have sealed is past the retention of the topics. Copies of those
// events, in backups and on disks that were taken out, cannot be opened from then on.
func Due(dayOfKey int64) time.Time {
	return time.Unix(dayOfKey*int64(day/time.Second), 0).UTC().Add(day + stream.EventsRetention + day)
}

// Destroyer destroys daily keys that are due, by a tombstone on rcu.keys: whoever follows them forgets them, and the broker removes their records. Two
// that work at once do no harm.
type Destroyer struct {
	stream *stream.Client
	out    Publisher
	log    *zap.Logger
	now    func() time.Time
}

// NewDestroyer prepares a destroyer; now is the clock, nil: time.Now.
func NewDestroyer(client *stream.Client, out Publisher, log *zap.Logger, now func() time.Time) *Destroyer {
	if now == nil {
		now = time.Now
	}
	return &Destroyer{stream: client, out: out, log: log, now: now}
}

// Run destroys what is due at once and every hour, until ctx ends. What goes wrong is logged and tried again.
func (d *Destroyer) Run(ctx context.Context) error {
	tick := time.NewTicker(destroyEvery)
	defer tick.Stop()
	for {
		switch n, err := d.Destroy(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			d.log.Error("daily keys that are due are not destroyed yet", zap.Error(err))
		case n > 0:
			d.log.Info("daily keys are destroyed: what they sealed cannot be opened any more", zap.Int("keys", n))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// isDue reports whether a record holds a daily key whose time has come. One that cannot be read opens nothing.
func (d *Destroyer) isDue(r stream.Record, now time.Time) bool {
	var key eventpb.WrappedKey
	return len(r.Value) > 0 && r.Decode(&key) == nil && !now.Before(Due(key.GetDay()))
}

// Destroy destroys what is due now and returns how many keys that were.
func (d *Destroyer) Destroy(ctx context.Context) (int, error) {
	now := d.now()
	due := map[string]bool{}
	err := d.stream.ReadFrom(ctx, stream.TopicKeys, partition, 0, func(r stream.Record) error {
		if vault.ParseDailyRecordKey(r.Key) == nil {
			return nil
		}
		if due[string(r.Key)] = d.isDue(r, now); !due[string(r.Key)] {
			delete(due, string(r.Key))
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reading the daily keys: %w", err)
	}
	tombstones := make([]stream.Record, 0, len(due))
	for key := range due {
		r := stream.Tombstone(stream.TopicKeys, []byte(key), now)
		r.Pinned, r.Partition = true, partition
		tombstones = append(tombstones, r)
	}
	if len(tombstones) == 0 {
		return 0, nil
	}
	if err := d.out.Publish(ctx, tombstones); err != nil {
		return 0, fmt.Errorf("destroying daily keys: %w", err)
	}
	return len(tombstones), nil
}
