package judge

import (
	"context"
	"fmt"

	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// topics is what lies on Kafka.
type topics struct {
	events    []*eventpb.Event
	decisions []*eventpb.Decision // that came with events
	choices   []*eventpb.Decision // that came by the consent API
	daily     *vault.Daily
	profiles  map[string]*eventpb.Profile // controller/rcu_id -> last version
	dead      map[string]int              // reason -> dead letters
	told      told
}

// readTopics reads what the judge compares with.
func readTopics(ctx context.Context, client *stream.Client, ring *vault.Keyring) (*topics, error) {
	t := &topics{daily: vault.NewDaily(ring, nil), profiles: map[string]*eventpb.Profile{}, dead: map[string]int{}, told: newTold()}
	read := func(topic string, take func(r stream.Record) error) error {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return fmt.Errorf("reading %s: %w", topic, err)
		}
		for p := range n {
			if err := client.ReadAll(ctx, topic, p, take); err != nil {
				return fmt.Errorf("reading %s: %w", topic, err)
			}
		}
		return nil
	}
	for _, topic := range stream.EventTopics() {
		if err := read(topic, t.event); err != nil {
			return nil, err
		}
	}
	for topic := range versions {
		if err := read(topic, t.told.learn); err != nil {
			return nil, err
		}
	}
	for _, x := range []struct {
		topic string
		take  func(stream.Record) error
	}{{stream.TopicConsents, t.decision}, {stream.TopicKeys, t.key}, {stream.TopicProfiles, t.profile}, {stream.TopicDeadLetter, t.buried}, {stream.TopicIdentityMap, t.told.place}, {stream.TopicGraph, t.told.component}} {
		if err := read(x.topic, x.take); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *topics) event(r stream.Record) error {
	e := new(eventpb.Event)
	t.events = append(t.events, e)
	return r.Decode(e) //nolint:wrapcheck // says all
}

func (t *topics) decision(r stream.Record) error {
	d := new(eventpb.Decision)
	if err := r.Decode(d); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if chosen(d) {
		t.choices = append(t.choices, d)
	} else {
		t.decisions = append(t.decisions, d)
	}
	return nil
}

// key learns the daily keys, which lie on the first partition.
func (t *topics) key(r stream.Record) error {
	if r.Partition != 0 || len(r.Value) == 0 {
		return nil
	}
	k := new(eventpb.WrappedKey)
	if err := r.Decode(k); err != nil {
		return err //nolint:wrapcheck // says all
	}
	return t.daily.Learn(k) //nolint:wrapcheck // says all
}

func (t *topics) profile(r stream.Record) error {
	if len(r.Value) == 0 {
		return nil
	}
	p := new(eventpb.Profile)
	if err := r.Decode(p); err != nil {
		return err //nolint:wrapcheck // says all
	}
	key := p.GetController() + "/" + p.GetRcuId()
	if old := t.profiles[key]; old == nil || p.GetVersion() >= old.GetVersion() {
		t.profiles[key] = p
	}
	return nil
}

func (t *topics) buried(r stream.Record) error {
	d := new(eventpb.DeadLetter)
	if err := r.Decode(d); err != nil {
		return err //nolint:wrapcheck // says all
	}
	t.dead[d.GetReason()]++
	return nil
}
