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
	eventpb "rcu/schemas/event"
)

// loadConsent reads the registers of every identifier and point of the request at once, and joins what the request itself
// decides: a grant counts as of the time it was given, whatever the order of the events. Without an answer of Redis there are no points.
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
	ps, err := b.s.registers.load(ctx, b.c.origin, keys)
	if err != nil {
		return // the registers log and count it
	}
	b.points = ps
	for i := range b.items {
		for _, d := range b.items[i].decisions {
			if k, ok := keyOf(d.GetPoint()); ok && ps[k] != nil {
				ps[k].view, _ = ps[k].view.JoinAll(d)
			}
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

// gate passes an event through G1: the devices that may not be kept are taken off it. A device whose register is not among the points
// cannot be judged.
func gate(d *event.Draft, ps points, now time.Time) gated {
	var devices []consent.Point
	for _, k := range d.Keys() {
		if k.Namespace.Kind() != identifier.KindDevice {
			continue
		}
		p := consent.Point{Key: k, Unreadable: true}
		if held := ps[k]; held != nil {
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

// denies reports whether a decision takes permission away.
func denies(d *eventpb.Decision) bool { return d.GetDecision() != "grant" }

// deny puts the denials of the request into Redis before anything else happens.
func (b *batch) deny(ctx context.Context) error {
	return b.join(ctx, "denials could not be put in force", denies)
}

// grant puts the grants of the request into Redis; Kafka has them already, so the resolver joins what fails here.
func (b *batch) grant(ctx context.Context) {
	_ = b.join(ctx, "grants could not be put in force yet", func(d *eventpb.Decision) bool { return !denies(d) })
}

func (b *batch) join(ctx context.Context, message string, want func(*eventpb.Decision) bool) error {
	var ds []*eventpb.Decision
	for i := range b.items {
		for _, d := range b.items[i].decisions {
			if want(d) {
				ds = append(ds, d)
			}
		}
	}
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
