package ingest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Reasons of results and refusals that the parser of events does not give.
const (
	reasonIDReused    = "id_reused"           // the same id earlier in the request, with other content
	reasonConsent     = "consent"             // gate G1: not collected
	reasonNoConsent   = "consent_unavailable" // Redis is away: a decision is not in force, or browsing cannot be judged
	reasonUnavailable = "kafka_unavailable"
)

// maxBuried is the largest event that the dead letter keeps; of a larger one it keeps the reason alone.
const maxBuried = 512 << 10

// item is one event of a request.
type item struct {
	raw       []byte
	draft     *event.Draft
	decisions []*eventpb.Decision
	signalled []*eventpb.Decision // by its signals
	muted     bool                // a signal of it cannot be counted
	event     *eventpb.Event      // stamped; nil for a dropped event and for decisions alone
	personal  *eventpb.Personal
	same      int // index of the earlier item that it repeats; -1: none
	outcome   outcome
	result    Result
}

// batch is a request on its way through the ingestor.
type batch struct {
	s      *Service
	c      *client
	at     time.Time // received
	items  []item
	points points // consent registers of the request; nil: they could not be read
	gpc    bool   // the request itself says Sec-GPC: 1
	dead   []burial
}

// process takes the events of a request in; the answer is whole only when everything accepted is durable.
func (s *Service) process(ctx context.Context, c *client, pieces parts, gpc bool, at time.Time) (*Answer, *refusal) {
	b := &batch{s: s, c: c, at: at, gpc: gpc, items: make([]item, len(pieces.events))}
	start := time.Now()
	b.decode(pieces)
	prepared := time.Since(start)
	b.loadConsent(ctx)
	start = time.Now()
	b.hear()
	for i := range b.items {
		b.judge(&b.items[i])
	}
	prepared += time.Since(start)
	s.metrics.perEvent.Observe(prepared.Seconds())
	s.metrics.batch.Observe(float64(len(b.items)))
	denied := b.deny(ctx)
	if err := b.publish(ctx); err != nil {
		return nil, b.failed(err)
	}
	b.grant(ctx)
	s.bury(ctx, c, b.dead)
	if denied != nil {
		b.count(outcomeUnavailable)
		return nil, &refusal{status: 503, after: s.cfg.ConsentRest, problem: problemConsent}
	}
	return b.answer(), nil
}

var problemConsent = httpserver.Problem{Reason: reasonNoConsent, Fix: "a consent decision could not be put in force yet: send the whole request again"}

// decode parses every piece. A piece with the id of an earlier one is a repetition when its bytes are the same, else rejected.
func (b *batch) decode(pieces parts) {
	first := make(map[string]int, len(pieces.events))
	for i, raw := range pieces.events {
		it := &b.items[i]
		it.raw, it.same, it.result.Index = raw, -1, i
		if no := b.parse(it, pieces.cut && i == len(pieces.events)-1); no != nil {
			b.reject(it, no)
			continue
		}
		id := it.draft.ID()
		it.result.ID = id
		j, seen := first[id]
		switch {
		case !seen:
			first[id] = i
			b.accept(it)
		case bytes.Equal(b.items[j].raw, raw):
			it.same = j
		default:
			b.reject(it, &event.Rejection{
				ID: id, Type: it.draft.Type(), Field: "/id", Reason: reasonIDReused,
				Fix: "give every event its own id; an id may come again with the same content only", Redacted: raw,
			})
		}
	}
}

// parse returns why a piece is no event of the channel, or fills the draft.
func (b *batch) parse(it *item, cut bool) *event.Rejection {
	if most := b.s.cfg.MaxEventBytes; len(it.raw) > most {
		no := &event.Rejection{Reason: event.ReasonTooLarge, Fix: fmt.Sprintf("send at most %d bytes an event", most)}
		if len(it.raw) <= maxBuried {
			no.Redacted, _ = event.Redact(it.raw)
		}
		return no
	}
	draft, no := b.s.deps.Decoder.Decode(it.raw, b.c.origin, b.at)
	if no != nil {
		if cut && no.Field == "" {
			no.Fix = problemCut.Fix
		}
		return no
	}
	if cut {
		return rejectionOf(it.raw, event.ReasonInvalidJSON, "the body ends before the end of its array: send it whole")
	}
	if !b.s.types[draft.Type()] {
		return rejectionOf(it.raw, event.ReasonOtherChannel, "send this type to the ingestor of its channel")
	}
	it.draft = draft
	return nil
}

func rejectionOf(raw []byte, reason event.Reason, fix string) *event.Rejection {
	clean, _ := event.Redact(raw)
	return &event.Rejection{Reason: reason, Fix: fix, Redacted: clean}
}

// accept counts what was left out of an event, and takes its consent decisions.
func (b *batch) accept(it *item) {
	m := b.s.metrics
	for _, d := range it.draft.Dropped() {
		m.fields.Add(float64(d.Count))
	}
	for _, n := range it.draft.NotIdentifiers() {
		m.nonIDs.WithLabelValues(string(n.Cause)).Inc()
	}
	for _, u := range it.draft.Ungiven() {
		m.ungiven.WithLabelValues(string(u.Reason)).Inc()
		it.result.Ungiven = append(it.result.Ungiven, Ungiven{u.Field, string(u.Reason), u.Fix})
	}
	it.draft.Pseudonymise(b.s.deps.Pseudonyms)
	m.surplus.Add(float64(it.draft.Surplus()))
	it.decisions = it.draft.Decisions()
	for _, d := range it.decisions {
		if personDenies(d) && d.GetAct() == "" {
			d.Act = b.s.contract.DenialAct
		}
		m.decisions.WithLabelValues(d.GetDecision()).Inc()
	}
}

// judge passes an event through gate G1 and stamps it.
func (b *batch) judge(it *item) {
	if it.draft == nil || it.outcome != "" || it.same >= 0 {
		return
	}
	g := gate(it.draft, b.points, b.at, it.muted)
	g.count(b.s.metrics.gate)
	switch g.verdict {
	case consent.Hold:
		it.outcome = outcomeHeld
		it.set("accepted", "", "")
		it.result.Held = true
		return
	case consent.Drop:
		b.s.metrics.denials.WithLabelValues(g.why).Inc()
		it.outcome = outcomeDropped
		it.set("dropped", reasonConsent, "")
		return
	case consent.Collect:
	}
	b.s.metrics.stripped.Add(float64(g.stripped))
	block(it.draft, b.s.deps.Patterns)
	it.event, it.personal, _ = it.draft.Stamp(b.s.deps.Pseudonyms, stamps(it.draft, b.points))
	it.outcome = outcomeAccepted
	it.set("accepted", "", "")
}

func (it *item) set(status, reason, fix string) {
	it.result.Status, it.result.Reason, it.result.Fix = status, reason, fix
}

func (b *batch) reject(it *item, no *event.Rejection) {
	it.draft = nil
	it.outcome = outcomeRejected
	it.set("rejected", string(no.Reason), no.Fix)
	it.result.ID, it.result.Field = no.ID, no.Field
	b.s.metrics.reasons.WithLabelValues(string(no.Reason)).Inc()
	b.dead = append(b.dead, burial{id: no.ID, field: no.Field, reason: string(no.Reason), body: no.Redacted})
}

// answer counts the outcomes.
func (b *batch) answer() *Answer {
	a := &Answer{Results: make([]Result, len(b.items))}
	for i := range b.items {
		it := &b.items[i]
		if it.same >= 0 {
			first := &b.items[it.same]
			it.outcome = first.outcome
			it.set(first.result.Status, first.result.Reason, first.result.Fix)
			it.result.Held, it.result.Signal, it.result.Ungiven = first.result.Held, first.result.Signal, first.result.Ungiven
		}
		switch it.outcome {
		case outcomeAccepted, outcomeHeld:
			a.Accepted++
		case outcomeDropped:
			a.Dropped++
		default:
			a.Rejected++
		}
		a.Results[i] = it.result
	}
	b.count("")
	return a
}

// count adds the outcomes to the metrics; with an outcome given, it stands in for all that were not rejected.
func (b *batch) count(instead outcome) {
	n := map[outcome]int{}
	for i := range b.items {
		o := b.items[i].outcome
		if instead != "" && o != outcomeRejected {
			o = instead
		}
		n[o]++
	}
	for o, k := range n {
		b.s.metrics.events.WithLabelValues(string(o)).Add(float64(k))
	}
}

// keysOf are the identifiers whose registers judge an event: those it shows, and those it decides about.
func keysOf(it *item) []identifier.Key {
	keys := slices.Clip(it.draft.Keys())
	for _, d := range it.decisions {
		if k, ok := keyOf(d.GetPoint()); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

func keyOf(id *eventpb.Identifier) (identifier.Key, bool) {
	p, err := identifier.ParsePseudonym(id.GetPseudonym())
	return identifier.KeyOf(identifier.Namespace(id.GetNamespace()), p), err == nil
}
