package contacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/contact"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

const (
	// recallBack is how far behind the last contact is looked. A Redis that starts again, or a replica that takes over, lacks seconds.
	recallBack = 5 * time.Minute
	// recallEvery is how often the service looks whether it met another server.
	recallEvery = 200 * time.Millisecond
	// recallPage bounds the contacts that are joined at a time.
	recallPage = 5_000
)

var errNotCounted = errors.New("the contacts that were made last are being counted again in redis")

// Recall is what the service needs to count contacts again. A Redis that starts again may have lost its last seconds (its file is written once a second),
// as may a replica that takes over: contacts that count, and refusals in them, would be forgotten. All of them are on rcu.contacts.
type Recall struct {
	// Epoch changes when another server is met (resolve.Markers).
	Epoch func() uint64
	// Made gives the records of rcu.contacts that are no more than a few minutes older than the last one.
	Made func(ctx context.Context, take func(stream.Record) error) error
}

// onCounted binds a step to the epoch of the store, and fails until the contacts that were made last stand there: who reads from a server that is met
// meanwhile fails too.
func (s *Service) onCounted(ctx context.Context) (context.Context, error) {
	if s.deps.Recall == nil {
		return ctx, nil
	}
	epoch := s.deps.Recall.Epoch()
	if s.counted.Load() != epoch+1 {
		return ctx, errNotCounted
	}
	return resolve.Planned(ctx, epoch), nil
}

// Recalled fails until contacts were counted again for the first time.
func (s *Service) Recalled() error {
	if s.deps.Recall != nil && s.counted.Load() == 0 {
		return errNotCounted
	}
	return nil
}

// keepCounted counts again in every epoch, the first one too: Redis may have lost something while nobody was there.
func (s *Service) keepCounted(ctx context.Context) {
	tick := time.NewTicker(recallEvery)
	defer tick.Stop()
	for failed := false; ; {
		err := s.recall(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.deps.Log.Warn("counting contacts again", zap.Error(err))
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recall joins the contacts that were made last into what stands, unless that was done in this epoch.
func (s *Service) recall(ctx context.Context) error {
	epoch := s.deps.Recall.Epoch()
	if s.counted.Load() == epoch+1 {
		return nil
	}
	ctx = resolve.Planned(ctx, epoch)
	logs, made := map[string]contact.Log{}, 0
	join := func() error {
		err := contact.Join(ctx, s.deps.Contacts, logs, s.cfg.Rules.Kept())
		clear(logs)
		return err //nolint:wrapcheck // says all
	}
	err := s.deps.Recall.Made(ctx, func(r stream.Record) error {
		key, l, err := madeBy(r)
		if err != nil { // whoever waited for it would never contact anybody again
			s.deps.Log.Error("a contact that cannot be read is not counted again", zap.Int("partition", r.Partition), zap.Int64("offset", r.Offset), zap.Error(err))
			return nil
		}
		if l.Len() == 0 {
			return nil
		}
		made += l.Len()
		if logs[key] = logs[key].Merge(l); len(logs) >= recallPage {
			return join()
		}
		return nil
	})
	if err == nil {
		err = join()
	}
	if err != nil {
		return fmt.Errorf("counting contacts again: %w", err)
	}
	s.counted.Store(epoch + 1)
	s.deps.Log.Info("the contacts that were made last are counted", zap.Int("contacts", made))
	return nil
}

// madeBy is what a record counts, and where; nothing of a step, beside which stands what it made.
func madeBy(r stream.Record) (key string, l contact.Log, err error) {
	if r.Type() == new(eventpb.ContactStep).ProtoReflect().Descriptor().FullName() {
		return "", l, nil
	}
	var c eventpb.Changelog
	if err := r.Decode(&c); err != nil {
		return "", l, err //nolint:wrapcheck // says all
	}
	l, err = contact.Decode(c.GetValue())
	return string(c.GetKey()), l, err //nolint:wrapcheck // says all
}

// MadeLately reads rcu.contacts.
func MadeLately(client *stream.Client) func(ctx context.Context, take func(stream.Record) error) error {
	return func(ctx context.Context, take func(stream.Record) error) error {
		n, err := client.Partitions(ctx, stream.TopicContacts)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		for p := range n {
			from, err := lately(ctx, client, p)
			if err == nil {
				err = client.ReadFrom(ctx, stream.TopicContacts, p, from, take)
			}
			if err != nil {
				return fmt.Errorf("reading %s: %w", stream.TopicContacts, err)
			}
		}
		return nil
	}
}

// lately is the first offset of a partition that is not much older than its last record.
func lately(ctx context.Context, client *stream.Client, partition int) (int64, error) {
	bounds, err := client.Bounds(ctx, stream.TopicContacts, partition)
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	var last time.Time
	err = client.ReadFrom(ctx, stream.TopicContacts, partition, bounds[partition].End-1, func(r stream.Record) error {
		last = r.Time
		return nil
	})
	if err != nil || last.IsZero() {
		return bounds[partition].Start, err //nolint:wrapcheck // says all
	}
	return client.OffsetAt(ctx, stream.TopicContacts, partition, last.Add(-recallBack)) //nolint:wrapcheck // says all
}
