package judge

import (
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

// gate decides offline what became of events that were held while their consent could not be read: all decisions are known now.
type gate struct {
	decoder   *event.Decoder
	origins   map[string]*event.Origin
	ring      *vault.Keyring
	registers map[string]consent.Register // by controller and point
	now       time.Time
}

func newGate(decisions []*eventpb.Decision, ring *vault.Keyring, now time.Time) (*gate, error) {
	g := &gate{origins: map[string]*event.Origin{}, ring: ring, registers: map[string]consent.Register{}, now: now}
	var err error
	if g.decoder, err = event.NewDecoder(schemas.Files); err != nil {
		return nil, fmt.Errorf("loading contracts: %w", err)
	}
	for _, s := range demo.Sources() {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			return nil, fmt.Errorf("loading a zone: %w", err)
		}
		g.origins[s.Name] = &event.Origin{
			Space: s.Space, Controller: s.Controller, Source: s.Name, Channel: event.ChannelOf(s.Channel), Brand: s.Brand, Store: s.Store,
			Zone: zone, Country: s.Country, Currency: s.Currency, Trust: eventpb.Trust_TRUST_STATED, SharedDevice: s.SharedDevice,
		}
	}
	for _, d := range decisions {
		at := registerOf(d.GetController(), pointOf(d))
		g.registers[at], _ = g.registers[at].JoinAll(d)
	}
	return g, nil
}

func registerOf(controller string, k identifier.Key) string { return controller + "/" + k.Value }

// refuses reports whether consent keeps an event out.
func (g *gate) refuses(e *load.Entry) (bool, error) {
	o := g.origins[e.Event.Source]
	d, no := g.decoder.Decode(e.Event.JSON, o, g.now)
	if no != nil {
		return false, fmt.Errorf("an event of the load is refused at %s: %s", no.Field, no.Reason) //nolint:err113 // a report
	}
	d.Pseudonymise(g.ring)
	var devices []consent.Point
	for _, k := range d.Keys() {
		if k.Namespace.Kind() == identifier.KindDevice {
			devices = append(devices, consent.Point{Key: k, Register: g.registers[registerOf(o.Controller, k)]})
		}
	}
	verdict, _ := consent.G1(d.Behaviour(), devices, d.OccurredAt().Unix(), g.now.Unix())
	return verdict == consent.Drop, nil
}
