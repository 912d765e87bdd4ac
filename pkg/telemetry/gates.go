package telemetry

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// The gates, as the label of GateRefusals names them.
const (
	GateCollect = "G1" // the ingestors
	GateLink    = "G2" // the resolver
	GateStore   = "G3" // the sink
	GateUse     = "G4" // every read, export and contact
)

// What a gate did with what it refused, as the label of GateRefusals names it.
const (
	EffectDropped    = "dropped"     // kept nowhere
	EffectStripped   = "stripped"    // kept without a device
	EffectHeld       = "held"        // not judged yet
	EffectUnlinked   = "unlinked"    // linked to nobody
	EffectPersonless = "person_less" // stored without its person
	EffectFiltered   = "filtered"    // left out of an answer
	EffectDenied     = "denied"      // no answer at all
)

// GateRefusals counts what one gate of consent refused, by purpose and effect. Purposes are those of the register, without the names of
// recipients; nothing about people is a label. It is a collector, to be registered with the label `service` beside it, as all of a process are.
type GateRefusals struct {
	*prometheus.CounterVec
	gate string
}

// CountRefusals makes the counter of a gate.
func CountRefusals(gate string) *GateRefusals {
	return &GateRefusals{gate: gate, CounterVec: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rcu_gate_refused_total", Help: "What a gate of consent refused, by gate, purpose and effect.",
	}, []string{"gate", "purpose", "effect"})}
}

// NewGateRefusals registers the counter of a gate, or gives the one that the same registry has.
func NewGateRefusals(reg prometheus.Registerer, gate string) (*GateRefusals, error) {
	g := CountRefusals(gate)
	err := reg.Register(g)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if known, same := there.ExistingCollector.(*GateRefusals); same && known.gate == gate {
			return known, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("registering the counter of gate %s: %w", gate, err)
	}
	return g, nil
}

// Refuse counts n refusals for a purpose.
func (g *GateRefusals) Refuse(purpose, effect string, n int) {
	if n > 0 {
		g.WithLabelValues(g.gate, purpose, effect).Add(float64(n))
	}
}
