package contacts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/contact"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// The steps of a contact.
const (
	stepReserve = "reserve"
	stepConfirm = "confirm"
	stepRelease = "release"
	stepRefused = "refused" // by the person
)

// tellWait bounds how long an answer that counts nothing waits until Kafka has it.
const tellWait = 250 * time.Millisecond

// told writes the answer of a step to Kafka, with the contact that it made: from there the answer goes to ClickHouse, and the contact is counted
// again when Redis was lost. An answer that counts a contact is given only once it is written: what Kafka does not take is not sent. One that counts
// none is given in any case, and its absence is counted.
func (s *Service) told(ctx context.Context, name string, q *request, a Answer, now time.Time) error {
	if q.Ask.Service && name != stepRefused {
		return nil // nobody decides about it, so nothing is counted
	}
	r, err := stream.Encode(stream.TopicContacts, []byte(q.Ask.Point.Value), stepOf(name, q, a, now), now)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if len(q.counted) > 0 {
		if err = s.deps.Kafka.Publish(ctx, append(q.counted, r)); err != nil {
			return fmt.Errorf("publishing a contact: %w", err)
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	if err = s.deps.Kafka.Publish(ctx, []stream.Record{r}); err != nil {
		s.untold.Inc()
		s.deps.Log.Warn("an answer before a contact is missing in clickhouse", zap.String("step", name), zap.Error(err))
	}
	return nil
}

// stepOf is the message of a step and its answer.
func stepOf(name string, q *request, a Answer, now time.Time) *eventpb.ContactStep {
	m := &eventpb.ContactStep{
		Space: q.reader.Space, Controller: q.controller, Contact: slices.Clone(q.Ask.ID[:]), Step: name, Reason: a.Reason,
		Point:   &eventpb.Identifier{Namespace: string(q.Ask.Point.Namespace), Pseudonym: []byte(q.Ask.Point.Value)},
		Channel: q.Ask.Channel, Purpose: string(q.Purpose), Family: q.Family, At: now.UnixMicro(),
	}
	for _, need := range q.Needs {
		m.Needs = append(m.Needs, string(need.Purpose))
	}
	for _, p := range a.Proof {
		m.Proof = append(m.Proof, p.Decision)
	}
	return m
}

// count has a contact written with the answer of the step that made it.
func (q *request) count(who contact.Party, c contact.Contact, now time.Time) error {
	r, err := stream.Encode(stream.TopicContacts, []byte(c.Point.Value), &eventpb.Changelog{
		Space: who.Space, Key: []byte(contact.Key(who.Space, who.Controller, c.Point)), Value: contact.Log{}.With(c).Encode(),
	}, now)
	q.counted = append(q.counted, r)
	return err //nolint:wrapcheck // says all
}
