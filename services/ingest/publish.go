package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// publish seals and writes the accepted events and every decision, and returns once the brokers acknowledged all of them.
func (b *batch) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.s.cfg.PublishTimeout)
	defer cancel()
	records := make([]stream.Record, 0, len(b.items)+4)
	for i := range b.items {
		if b.items[i].event == nil {
			continue
		}
		r, err := b.eventRecord(ctx, &b.items[i])
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	for i := range b.items {
		for _, d := range b.items[i].decisions {
			r, err := stream.Encode(stream.TopicConsents, d.GetPoint().GetPseudonym(), d, b.at)
			if err != nil {
				return err
			}
			records = append(records, r)
		}
	}
	if len(records) == 0 {
		return nil
	}
	return b.s.deps.Producer.Publish(ctx, records)
}

func (b *batch) eventRecord(ctx context.Context, it *item) (stream.Record, error) {
	e := it.event
	if it.personal != nil {
		plain, err := proto.Marshal(it.personal)
		if err != nil {
			return stream.Record{}, fmt.Errorf("encoding personal fields: %w", err)
		}
		if e.Personal, err = b.s.deps.Sealer.Seal(ctx, e.GetController(), b.at, plain); err != nil {
			return stream.Record{}, fmt.Errorf("sealing personal fields: %w", err)
		}
	}
	key := e.GetLeafKey()
	if len(key) == 0 {
		d := idDigest(e.GetSource(), e.GetId())
		key = d[:]
	}
	return stream.Encode(b.c.topic(b.s.contract, e.GetType()), key, e, b.at)
}

// idDigest stands for an event where its id may not: an id is a free text of the source.
func idDigest(source, id string) [16]byte {
	sum := sha256.Sum256([]byte(source + "/" + id))
	return [16]byte(sum[:16])
}

// failed turns an error of publish into the answer; nothing of the request was promised yet.
func (b *batch) failed(err error) *refusal {
	b.count(outcomeUnavailable)
	if errors.Is(err, stream.ErrOverloaded) {
		return &refusal{429, time.Second, httpserver.Problem{Reason: "overloaded", Fix: "send the whole request again after the time in Retry-After"}}
	}
	b.s.log.Error("events could not be published", zap.String("channel", b.s.contract.Channel), zap.Int("events", len(b.items)), zap.Error(err))
	return &refusal{503, 2 * time.Second, httpserver.Problem{Reason: reasonUnavailable, Fix: "send the whole request again after the time in Retry-After: repetition makes no second event"}}
}

// burial is an event that was rejected, on its way to the dead letter. Its body is redacted already; it aliases the request.
type burial struct {
	id     string
	field  string
	reason string
	body   []byte
}

// cutBody buries the beginning of a body that could not be cut into events.
func cutBody(body []byte, most int) burial {
	clean, _ := event.Redact(body[:min(len(body), most)])
	return burial{reason: string(event.ReasonInvalidJSON), body: clean}
}

// bury seals rejected events and writes them to the dead letter: best effort, counted, within its own time-out.
func (s *Service) bury(ctx context.Context, c *client, dead []burial) {
	if len(dead) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DeadTimeout)
	defer cancel()
	at := s.now()
	records := make([]stream.Record, 0, len(dead))
	for _, d := range dead {
		r, err := s.letter(ctx, c, d, at)
		if err != nil {
			s.lost(len(dead), err)
			return
		}
		records = append(records, r)
	}
	if err := s.deps.Producer.Publish(ctx, records); err != nil {
		s.lost(len(dead), err)
		return
	}
	s.metrics.dead.WithLabelValues("written").Add(float64(len(dead)))
}

func (s *Service) letter(ctx context.Context, c *client, d burial, at time.Time) (stream.Record, error) {
	l := &eventpb.DeadLetter{
		Source: c.source.Name, Controller: c.source.Controller, Field: d.field, Reason: d.reason, Stage: "ingest", At: at.UnixMicro(),
	}
	if d.id != "" {
		digest := idDigest(c.source.Name, d.id)
		l.EventId = hex.EncodeToString(digest[:])
	}
	if len(d.body) > 0 {
		var err error
		if l.Body, err = s.deps.Sealer.Seal(ctx, c.source.Controller, at, d.body); err != nil {
			return stream.Record{}, fmt.Errorf("sealing a dead letter: %w", err)
		}
	}
	return stream.Encode(stream.TopicDeadLetter, []byte(c.source.Name), l, at)
}

func (s *Service) lost(n int, err error) {
	s.metrics.dead.WithLabelValues("lost").Add(float64(n))
	s.log.Warn("dead letters could not be written", zap.String("channel", s.contract.Channel), zap.Int("events", n), zap.Error(err))
}
