package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// Reasons of dead letters that the judge writes.
const (
	reasonNoSource   = "source_unknown"     // it is in sources.yaml no more
	reasonUnreadable = "consent_unreadable" // Redis answers, and the register of the device is damaged
)

// hearing is one held event before the judge.
type hearing struct {
	held    *eventpb.Held
	client  *client
	draft   *event.Draft
	outcome string // of judgedPublished ...; empty while it is open
	reason  string // of a dead letter
	field   string
}

// Batch judges a run of held events. An error means: not yet, or not all; the whole run is judged again.
func (j *Judge) Batch(ctx context.Context, b stream.Batch) error {
	if err := j.probe(ctx, b.Records[0].Key); err != nil {
		j.decisions.forget(b.Partition)
		return fmt.Errorf("waiting for the consent registers: %w", err)
	}
	if err := j.decisions.await(ctx, b.Partition, b.First()); err != nil {
		return err
	}
	hearings, undecodable, err := j.open(ctx, b)
	if err != nil {
		return err
	}
	records, err := j.decide(ctx, hearings)
	if err != nil {
		return err
	}
	publishing, cancel := context.WithTimeout(ctx, j.cfg.PublishTimeout)
	defer cancel()
	if err := j.deps.Producer.Publish(publishing, records); err != nil {
		return fmt.Errorf("publishing what was judged: %w", err)
	}
	for i := range hearings {
		j.judged.WithLabelValues(hearings[i].outcome).Inc()
	}
	j.decisions.forget(b.Partition)
	if len(undecodable) > 0 {
		return stream.Invalid("undecodable", errors.New("no held event"), undecodable...)
	}
	return nil
}

// probe asks Redis for the register of a device before any event is opened.
func (j *Judge) probe(ctx context.Context, device []byte) error {
	cell := resolve.ConsentCell("", "", identifier.Key{Namespace: identifier.Cookie, Value: string(device)})
	return j.registers.call(ctx, "probe", func(ctx context.Context) error {
		_, err := j.deps.Registers.LoadCells(ctx, []string{cell})
		return err //nolint:wrapcheck // says all
	})
}

// open decodes the events as they were when they came.
func (j *Judge) open(ctx context.Context, b stream.Batch) (hearings []hearing, undecodable []int64, err error) {
	clients := j.roster.clients()
	for i := range b.Records {
		held := &eventpb.Held{}
		if err := b.Records[i].Decode(held); err != nil {
			undecodable = append(undecodable, b.Records[i].Offset)
			continue
		}
		h := hearing{held: held, client: clients[held.GetSource()]}
		if err := j.read(ctx, &h); err != nil {
			return nil, nil, err
		}
		hearings = append(hearings, h)
	}
	return hearings, undecodable, nil
}

// read opens one event, unless nothing can be made of it any more.
func (j *Judge) read(ctx context.Context, h *hearing) error {
	if h.client == nil || h.client.source.Controller != h.held.GetController() {
		h.bury(reasonNoSource, "")
		return nil
	}
	raw, err := j.keys.Open(ctx, h.held.GetBody())
	if errors.Is(err, vault.ErrUnknownKey) {
		h.outcome = judgedUnopenable
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening a held event: %w", err)
	}
	draft, no := j.deps.Decoder.Decode(raw, h.client.origin, time.UnixMicro(h.held.GetReceivedAt()).UTC())
	switch {
	case no != nil:
		h.bury(string(no.Reason), no.Field)
	case !slices.Contains(h.client.contract.Types, draft.Type()):
		h.bury(string(event.ReasonOtherChannel), "")
	default:
		draft.Pseudonymise(j.deps.Pseudonyms)
		h.draft = draft
	}
	return nil
}

func (h *hearing) bury(reason, field string) {
	h.outcome, h.reason, h.field = judgedDead, reason, field
}

// decide passes the events through gate G1 as of now, and makes the records of what is kept and of what is buried.
func (j *Judge) decide(ctx context.Context, hearings []hearing) ([]stream.Record, error) {
	registers, err := j.load(ctx, hearings)
	if err != nil {
		return nil, err
	}
	var records []stream.Record
	for i := range hearings {
		h := &hearings[i]
		if h.outcome == "" {
			j.judge(h, registers[h.scope()])
		}
		var r stream.Record
		switch h.outcome {
		case judgedPublished:
			block(h.draft, j.deps.Patterns)
			e, personal, _ := h.draft.Stamp(j.deps.Pseudonyms, stamps(h.draft, registers[h.scope()]))
			r, err = eventRecord(ctx, j.deps.Sealer, h.topic(), e, personal, j.now())
		case judgedDead:
			r, err = h.letter(j.now())
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func (j *Judge) judge(h *hearing, ps points) {
	// What the signals of the event decided lies on Kafka since it came, and stands in the registers now. None of them mutes it: what is muted is refused
	// at once and never held.
	g := gate(h.draft, ps, j.now(), false)
	g.count(j.gate)
	switch g.verdict {
	case consent.Collect:
		h.outcome = judgedPublished
	case consent.Hold:
		h.bury(reasonUnreadable, "")
	case consent.Drop:
		h.outcome = judgedDropped
	}
}

// scope is where the registers of an event lie.
type scope struct{ space, controller string }

func (h *hearing) scope() scope { return scope{h.client.source.Space, h.client.source.Controller} }

// load reads the registers of all devices of the events, one round trip for each controller.
func (j *Judge) load(ctx context.Context, hearings []hearing) (map[scope]points, error) {
	wanted, origins := map[scope]map[identifier.Key]bool{}, map[scope]*event.Origin{}
	for i := range hearings {
		h := &hearings[i]
		if h.draft == nil {
			continue
		}
		at := h.scope()
		if wanted[at] == nil {
			wanted[at], origins[at] = map[identifier.Key]bool{}, h.client.origin
		}
		for _, k := range h.draft.Keys() {
			if k.Namespace.Links() {
				wanted[at][k] = true
			}
		}
	}
	out := map[scope]points{}
	for at, keys := range wanted {
		ps, err := j.registers.permitting(ctx, origins[at], slices.Collect(maps.Keys(keys)))
		if err != nil {
			return nil, fmt.Errorf("reading the consent of held events: %w", err)
		}
		out[at] = ps
	}
	return out, nil
}

// topic is where the event would have gone when it came.
func (h *hearing) topic() string {
	if t := h.held.GetTopic(); slices.Contains(stream.EventTopics(), t) {
		return t
	}
	return h.client.contract.topic(h.draft.Type())
}

// letter gives the sealed bytes to the dead letter as they are.
func (h *hearing) letter(at time.Time) (stream.Record, error) {
	return stream.Encode(stream.TopicDeadLetter, []byte(h.held.GetSource()), &eventpb.DeadLetter{
		Source: h.held.GetSource(), Controller: h.held.GetController(), EventId: h.held.GetEventId(), Field: h.field, Reason: h.reason, Stage: "judge",
		Body: h.held.GetBody(), At: at.UnixMicro(),
	}, at)
}
