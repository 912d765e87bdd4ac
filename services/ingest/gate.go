package ingest

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/telemetry"
	eventpb "rcu/schemas/event"
)

// loadConsent reads the registers of every identifier and point of the request at once, and joins what the request itself
// decides: a grant counts as of the time it was given, whatever the order of the events. Without an answer of Redis, or with a Redis that may lack decisions,
// there are no points.
func (b *batch) loadConsent(ctx context.Context) {
	seen := map[identifier.Key]bool{}
	var keys []identifier.Key
	for i := range b.items {
		it := &b.items[i]
		if it.draft == nil || it.same >= 0 {
			continue
		}
		for _, k := range keysOf(it) {
			if k.Namespace.Links() && !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	ps, err := b.s.registers.permitting(ctx, b.c.origin, keys)
	if err != nil {
		return // the registers log and count it
	}
	b.points = ps
	for i := range b.items {
		b.items[i].decisions = slices.DeleteFunc(b.items[i].decisions, ps.takeIn)
	}
}

// takeIn joins a decision into the view of its point, and reports whether it is a grant that was said there before with an earlier time: that one decides
// nothing, and the evidence of it lies on Kafka since.
func (ps points) takeIn(d *eventpb.Decision) (again bool) {
	k, ok := keyOf(d.GetPoint())
	if !ok || ps[k] == nil {
		return false
	}
	pc, said, ok := consent.DecisionOf(d)
	if ok && ps[k].view.Repeats(pc, said) {
		return true
	}
	ps[k].view, _ = ps[k].view.JoinAll(d)
	return false
}

// hear takes what the browsers and apps of the events said by signals; it counts before any event is judged.
func (b *batch) hear() {
	for i := range b.items {
		it := &b.items[i]
		if it.draft == nil || it.outcome != "" || it.same >= 0 {
			continue
		}
		h := b.s.signals.hear(it.draft, b.gpc, b.points)
		it.signalled, it.muted, it.result.Signal = h.decisions, h.muted, h.problem
		if h.problem != nil {
			b.s.metrics.signals.WithLabelValues(h.problem.Reason).Inc()
		}
		for _, d := range h.decisions {
			b.s.metrics.decisions.WithLabelValues(d.GetDecision()).Inc()
		}
	}
}

// Why gate G1 drops an event of browsing.
const (
	whyNoDevice = "no_device"
	whyNoGrant  = "no_grant"
)

// gated is what became of an event at gate G1.
type gated struct {
	verdict  consent.Verdict
	why      string // of a drop
	stripped int    // devices taken off
}

// count tells the counter of the gate what was refused.
func (g gated) count(refusals *telemetry.GateRefusals) {
	purpose := string(consent.UnifyBehaviour)
	switch g.verdict {
	case consent.Drop:
		refusals.Refuse(purpose, telemetry.EffectDropped, 1)
	case consent.Hold:
		refusals.Refuse(purpose, telemetry.EffectHeld, 1)
	case consent.Collect:
		refusals.Refuse(purpose, telemetry.EffectStripped, g.stripped)
	}
}

// gate passes an event through G1: the devices that may not be kept are taken off it. A device whose register is not among the points
// cannot be judged; on those of an event that is muted nothing is granted, whatever their registers say.
func gate(d *event.Draft, ps points, now time.Time, muted bool) gated {
	var devices []consent.Point
	for _, k := range devicesOf(d) {
		p := consent.Point{Key: k, Unreadable: !muted}
		if held := ps[k]; held != nil && !muted {
			p.Register, p.Unreadable = held.view, held.unreadable
		}
		devices = append(devices, p)
	}
	verdict, keep := consent.G1(d.Behaviour(), devices, d.OccurredAt().Unix(), now.Unix())
	switch {
	case verdict == consent.Drop && len(devices) == 0:
		return gated{verdict: verdict, why: whyNoDevice}
	case verdict == consent.Drop:
		return gated{verdict: verdict, why: whyNoGrant}
	case verdict == consent.Hold:
		return gated{verdict: verdict}
	}
	stripped := d.StripDevices(func(k identifier.Key) bool { return slices.Contains(keep, k) })
	return gated{verdict: verdict, stripped: stripped}
}

// block tells a draft which patterns of blocked values to look for.
func block(d *event.Draft, patterns func(space string) identity.Patterns) {
	if patterns != nil {
		d.Block(patterns(d.Origin().Space))
	}
}

// stamps gives the time of the grant that an identifier was collected under; 0 where there is none or it cannot be known.
func stamps(d *event.Draft, ps points) func(identifier.Key) int64 {
	t := d.OccurredAt().Unix()
	return func(k identifier.Key) int64 {
		p := ps[k]
		if p == nil {
			return 0
		}
		if k.Namespace.Kind() == identifier.KindDevice {
			return p.view.Stamp(consent.UnifyBehaviour, t)
		}
		return p.view.Stamp(consent.UnifyCore, t)
	}
}

// takesBack reports whether a decision is a sale that its source takes back.
func takesBack(d *eventpb.Decision) bool {
	return consent.TakesAway(d) && consent.IsOfSale(consent.Purpose(d.GetPurpose()))
}

// personDenies reports whether a person takes permission away.
func personDenies(d *eventpb.Decision) bool { return consent.TakesAway(d) && !takesBack(d) }

// deny puts the denials of the request into Redis before anything else happens. Those of signals, and sales that are taken back, never hold an event up:
// Kafka has them, and without Redis nothing optional is permitted.
func (b *batch) deny(ctx context.Context) error {
	if b.points != nil {
		_ = b.join(ctx, "denials of signals and sales taken back could not be put in force yet", append(b.chosen(consent.TakesAway, signalled), b.chosen(takesBack, told)...))
	}
	const message = "denials could not be put in force"
	if err := b.join(ctx, message, b.chosen(personDenies, told)); err != nil {
		return err
	}
	return b.join(ctx, message, b.overLater())
}

// overLater repeats denials over grants at their points that lie ahead, once the denials stand: their registers are read by then.
func (b *batch) overLater() []*eventpb.Decision {
	var out []*eventpb.Decision
	for i := range b.items {
		it := &b.items[i]
		for _, d := range slices.Clip(it.decisions) {
			k, ok := keyOf(d.GetPoint())
			if p := b.points[k]; !ok || p == nil || !personDenies(d) {
				continue
			} else if later, ahead := consent.OverLater(d, p.held); ahead {
				it.decisions, out = append(it.decisions, later), append(out, later)
			}
		}
	}
	return out
}

// grant puts the grants of the request into Redis; Kafka has them already, so the resolver joins what fails here.
func (b *batch) grant(ctx context.Context) {
	_ = b.join(ctx, "grants could not be put in force yet", b.chosen(func(d *eventpb.Decision) bool { return !consent.TakesAway(d) }, told, signalled))
}

func told(it *item) []*eventpb.Decision { return it.decisions }

func signalled(it *item) []*eventpb.Decision { return it.signalled }

// chosen lists decisions of the request.
func (b *batch) chosen(want func(*eventpb.Decision) bool, from ...func(*item) []*eventpb.Decision) []*eventpb.Decision {
	var ds []*eventpb.Decision
	for i := range b.items {
		for _, of := range from {
			for _, d := range of(&b.items[i]) {
				if want(d) {
					ds = append(ds, d)
				}
			}
		}
	}
	return ds
}

func (b *batch) join(ctx context.Context, message string, ds []*eventpb.Decision) error {
	if len(ds) == 0 {
		return nil
	}
	if b.points == nil {
		b.points = points{}
	}
	err := b.s.registers.join(ctx, b.c.origin, b.points, ds)
	if err != nil {
		b.s.log.Warn(message, zap.String("channel", b.s.contract.Channel), zap.Int("decisions", len(ds)), zap.Error(err))
	}
	return err
}
