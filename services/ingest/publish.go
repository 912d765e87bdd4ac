package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// publish seals and writes the accepted events and every decision, and returns once the brokers acknowledged all of them.
func (b *batch) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.s.cfg.PublishTimeout)
	defer cancel()
	records := make([]stream.Record, 0, len(b.items)+4)
	for i := range b.items {
		r, err := b.record(ctx, &b.items[i])
		if errors.Is(err, errNothing) {
			continue
		}
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	for i := range b.items {
		for _, d := range slices.Concat(b.items[i].decisions, b.items[i].signalled) {
			r, err := stream.Encode(stream.TopicConsents, d.GetPoint().GetPseudonym(), d, b.at)
			if err != nil {
				return err
			}
			records = append(records, r)
		}
	}
	measured, err := b.measured()
	if err != nil {
		return err
	}
	records = append(records, measured...)
	if len(records) == 0 {
		return nil
	}
	changed, err := b.s.kafka.do(func() error { return b.s.deps.Producer.Publish(ctx, records) })
	if changed && err != nil {
		b.s.log.Warn("kafka does not take events: requests are refused at once until it does", zap.Error(err))
	} else if changed {
		b.s.log.Info("kafka takes events again")
	}
	return err
}

// kafkaAway tells an error that speaks of the brokers from one that speaks of the request, of a queue that is full or of the end.
func kafkaAway(err error) bool {
	return !errors.Is(err, stream.ErrOverloaded) && !errors.Is(err, stream.ErrTooLarge) && !errors.Is(err, stream.ErrClosed)
}

// errNothing says that an event leaves no record: it was rejected, dropped, repeated or decides only.
var errNothing = errors.New("no record")

func (b *batch) record(ctx context.Context, it *item) (stream.Record, error) {
	switch {
	case it.outcome == outcomeHeld:
		return b.heldRecord(ctx, it)
	case it.event == nil:
		return stream.Record{}, errNothing
	default:
		return eventRecord(ctx, b.s.deps.Sealer, b.c.topic(b.s.contract, it.event.GetType()), it.event, it.personal, b.at)
	}
}

// heldRecord keeps an event that cannot be judged now as its source sent it, sealed. Its key is that of its first device: what is held
// of a device is judged in the order of its coming.
func (b *batch) heldRecord(ctx context.Context, it *item) (stream.Record, error) {
	c := b.c.source
	body, err := b.s.deps.Sealer.Seal(ctx, c.Controller, b.at, it.raw)
	if err != nil {
		return stream.Record{}, fmt.Errorf("sealing a held event: %w", err)
	}
	digest := idDigest(c.Name, it.draft.ID())
	h := &eventpb.Held{
		Source: c.Name, Controller: c.Controller, EventId: hex.EncodeToString(digest[:]), Topic: b.c.topic(b.s.contract, it.draft.Type()),
		ReceivedAt: b.at.UnixMicro(), Reason: reasonNoConsent, Body: body,
	}
	return stream.Encode(stream.TopicHeld, firstDevice(it.draft), h, b.at)
}

func firstDevice(d *event.Draft) []byte {
	for _, k := range d.Keys() {
		if k.Namespace.Kind() == identifier.KindDevice {
			return []byte(k.Value)
		}
	}
	return nil
}

// eventRecord seals the personal fields of a stamped event and makes its record. They are sealed under the key of the day it is now.
func eventRecord(ctx context.Context, sealer Sealer, topic string, e *eventpb.Event, personal *eventpb.Personal, now time.Time) (stream.Record, error) {
	if personal != nil {
		plain, err := proto.Marshal(personal)
		if err != nil {
			return stream.Record{}, fmt.Errorf("encoding personal fields: %w", err)
		}
		if e.Personal, err = sealer.Seal(ctx, e.GetController(), now, plain); err != nil {
			return stream.Record{}, fmt.Errorf("sealing personal fields: %w", err)
		}
	}
	key := e.GetLeafKey()
	if len(key) == 0 {
		d := idDigest(e.GetSource(), e.GetId())
		key = d[:]
	}
	return stream.Encode(topic, key, e, time.UnixMicro(e.GetReceivedAt()).UTC())
}

// idDigest stands for an event where its id may not: an id is a free text of the source.
func idDigest(source, id string) [16]byte {
	sum := sha256.Sum256([]byte(source + "/" + id))
	return [16]byte(sum[:16])
}

var problemKafka = httpserver.Problem{
	Reason: reasonUnavailable, Fix: "kafka is away or has no room left: send the whole request again after the time in Retry-After; repetition makes no second event",
}

// failed turns an error of publish into the answer; nothing of the request was promised yet.
func (b *batch) failed(err error) *refusal {
	b.count(outcomeUnavailable)
	if errors.Is(err, stream.ErrOverloaded) {
		return &refusal{429, b.s.admission.after(), httpserver.Problem{Reason: "overloaded", Fix: "send the whole request again after the time in Retry-After"}}
	}
	if !errors.Is(err, errResting) {
		b.s.log.Error("events could not be published", zap.String("channel", b.s.contract.Channel), zap.Int("events", len(b.items)), zap.Error(err))
	}
	return &refusal{503, b.s.admission.after(), problemKafka}
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
