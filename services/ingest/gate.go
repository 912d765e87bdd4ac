package ingest

import (
	"context"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// loadConsent reads the registers of every identifier and point of the request at once, and joins what the request itself
// decides: a grant counts as of the time it was given, whatever the order of the events.
func (b *batch) loadConsent(ctx context.Context) error {
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
		return err
	}
	b.points, b.judged = ps, true
	for i := range b.items {
		for _, d := range b.items[i].decisions {
			if k, ok := keyOf(d.GetPoint()); ok && ps[k] != nil {
				ps[k].view, _ = joinAll(ps[k].view, []*eventpb.Decision{d})
			}
		}
	}
	return nil
}

// Why gate G1 drops an event of browsing.
const (
	whyNoDevice = "no_device"
	whyNoGrant  = "no_grant"
)

// gate takes the devices without a grant off an event of browsing, and says why nothing is left to collect.
func (b *batch) gate(d *event.Draft) string {
	if _, ok := d.Device(); !ok {
		return whyNoDevice
	}
	d.StripDevices(b.granted(d))
	if _, ok := d.Device(); !ok {
		return whyNoGrant
	}
	return ""
}

// granted reports whether a device may be kept on an event: browsing was granted on it then, and is now.
func (b *batch) granted(d *event.Draft) func(identifier.Key) bool {
	t, now := d.OccurredAt().Unix(), b.at.Unix()
	return func(k identifier.Key) bool {
		h, ok := b.history(k, consent.UnifyBehaviour)
		if !ok {
			return false
		}
		then, _ := h.Allowed(t)
		still, _ := h.Allowed(now)
		return then && still
	}
}

// stamps gives the time of the grant that an identifier was collected under; 0 where there is none or it cannot be known.
func (b *batch) stamps(d *event.Draft) func(identifier.Key) int64 {
	t := d.OccurredAt().Unix()
	return func(k identifier.Key) int64 {
		purpose := consent.UnifyCore
		if k.Namespace.Kind() == identifier.KindDevice {
			purpose = consent.UnifyBehaviour
		}
		h, ok := b.history(k, purpose)
		if !ok {
			return 0
		}
		return h.Stamp(t)
	}
}

func (b *batch) history(k identifier.Key, purpose consent.Purpose) (consent.History, bool) {
	p := b.points[k]
	if !b.judged || p == nil {
		return consent.History{}, false
	}
	return p.view.History(purpose, ""), true
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
