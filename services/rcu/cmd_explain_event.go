package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/boot"
	"rcu/services/internal/gates"
)

// eventFlags say which event is explained.
type eventFlags struct {
	fileFlags
	Event  string `name:"event" help:"Id of an event instead of a customer: tell what each gate of consent did with it." placeholder:"ID"`
	Source string `name:"source" help:"With --event: the source whose id it is." placeholder:"NAME"`
}

// eventSearch bounds how long Kafka is searched.
const eventSearch = time.Minute

// explainEvent tells what the gates did with each event of the id.
func (f *eventFlags) explainEvent(ctx context.Context, a *app, lang string) error {
	if len(f.Event) > 128 {
		return &boot.UsageError{Err: errors.New("--event: ids have at most 128 bytes")}
	}
	stored, err := f.stored(ctx, a)
	if err != nil {
		return err
	}
	client, err := openKafka(a, f.fileFlags, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, eventSearch)
	defer cancel()
	var found []gates.Found
	for i := range stored {
		e, err := eventOnTopic(ctx, client, &stored[i])
		if err != nil {
			return err
		}
		found = append(found, gates.Found{Stored: &stored[i], Event: e})
	}
	if len(found) == 0 {
		if found, err = f.waiting(ctx, client); err != nil {
			return err
		}
	}
	stories := make([]gates.Story, len(found))
	for i, x := range found {
		stories[i] = gates.Tell(gates.Language(lang), f.Event, f.Source, x)
	}
	return a.answer(stories, func(w io.Writer) {
		p := newPage(w)
		defer p.end()
		for i := range stories {
			p.story(gates.Language(lang), &stories[i])
		}
	})
}

// stored finds the events in ClickHouse.
func (f *eventFlags) stored(ctx context.Context, a *app) ([]warehouse.StoredEvent, error) {
	s, err := f.settings(a)
	if err != nil {
		return nil, err
	}
	if err := (home{a.data}).fill(s, "rcu"); err != nil {
		return nil, err
	}
	if s.ClickHouse.URL == "" {
		return nil, errors.New("there is no ClickHouse to ask: start one with rcu up, or name one with --config FILE or RCU_CLICKHOUSE_URL")
	}
	cfg, err := warehouse.ParseURL(s.ClickHouse.URL.Reveal())
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	cfg.Role = warehouse.RoleQuery
	w, err := warehouse.Open(cfg)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	defer func() { _ = w.Close() }()
	out, err := w.FindEvents(ctx, f.Event, f.Source)
	return out, told(err)
}

// errFound ends a search.
var errFound = errors.New("found")

// eventOnTopic reads an event where it lies on Kafka; nil where it lies no more. The time of its record is that of its arrival.
func eventOnTopic(ctx context.Context, client *stream.Client, e *warehouse.StoredEvent) (*eventpb.Event, error) {
	arrived := time.UnixMicro(e.ReceivedAt).UTC().Truncate(time.Millisecond)
	for _, topic := range []string{"rcu.events." + e.Channel, stream.TopicEventsHistory} {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the topic
		}
		for p := range n {
			from, err := client.OffsetAt(ctx, topic, p, arrived)
			if err != nil {
				return nil, err //nolint:wrapcheck // names the topic
			}
			var found *eventpb.Event
			err = client.ReadFrom(ctx, topic, p, from, func(r stream.Record) error {
				m := &eventpb.Event{}
				switch err := r.Decode(m); {
				case r.Time.After(arrived.Add(time.Minute)):
					return errFound // or it is not here
				case err == nil && m.GetId() == e.EventID && m.GetSource() == e.Source:
					found = m
					return errFound
				}
				return nil
			})
			if err != nil && !errors.Is(err, errFound) {
				return nil, err //nolint:wrapcheck // names the topic
			}
			if found != nil {
				return found, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // it lies no more
}

// waiting looks for what is not stored among the held events and the dead letters.
func (f *eventFlags) waiting(ctx context.Context, client *stream.Client) ([]gates.Found, error) {
	var found gates.Found
	is := func(source, digest string) bool {
		sum := sha256.Sum256([]byte(source + "/" + f.Event))
		return digest == hex.EncodeToString(sum[:16]) && (f.Source == "" || f.Source == source)
	}
	held := func(r stream.Record) {
		if m := (&eventpb.Held{}); r.Decode(m) == nil && is(m.GetSource(), m.GetEventId()) {
			found.Held = proto.CloneOf(m)
		}
	}
	dead := func(r stream.Record) {
		if m := (&eventpb.DeadLetter{}); r.Decode(m) == nil && is(m.GetSource(), m.GetEventId()) {
			found.Dead = proto.CloneOf(m)
		}
	}
	for topic, look := range map[string]func(stream.Record){stream.TopicHeld: held, stream.TopicDeadLetter: dead} {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the topic
		}
		for p := range n {
			if err := client.ReadFrom(ctx, topic, p, 0, func(r stream.Record) error { look(r); return nil }); err != nil {
				return nil, err //nolint:wrapcheck // names the topic
			}
		}
	}
	return []gates.Found{found}, nil
}

// story writes what the gates did for a person.
func (p *page) story(lang gates.Language, s *gates.Story) {
	p.section(fmt.Sprintf("%s %s", s.Event, s.Type))
	if s.Source != "" {
		p.line(s.Source)
	}
	for _, step := range s.Steps {
		p.line(lang.Title(step.Gate), string(step.Did), step.Words)
		for _, d := range step.Details {
			p.line("", "", d)
		}
	}
}
