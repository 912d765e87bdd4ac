package resolve

import (
	"context"
	"fmt"
	"iter"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
)

// Choices are what people decided about browsing on devices, by the cell of the consent register: each controller's by itself. The graph, which is
// the space's, decides by all of them whom a device belongs to; browsing is tied to that person by the choices of its own controller alone.
type Choices map[string]consent.History

// Choice is the cell of the register that decides about the browsing of a leaf; empty where none does.
func Choice(space, controller string, l identity.Leaf) string {
	if l.Device.Value == "" || l.Stamp <= 0 {
		return "" // no browsing, or collected under no grant: nobody's for good
	}
	return ConsentCell(space, controller, l.Device)
}

// LoadChoices reads the registers of the named cells, of which empty ones are none. One that cannot be read allows nothing.
func LoadChoices(ctx context.Context, cells Cells, names iter.Seq[string]) (Choices, error) {
	var keys []string
	out := Choices{}
	for name := range names {
		if _, known := out[name]; !known && name != "" {
			out[name] = consent.History{}
			keys = append(keys, name)
		}
	}
	if len(keys) == 0 {
		return out, nil
	}
	loaded, err := cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading the choices of devices: %w", err)
	}
	for i, c := range loaded {
		if register, err := consent.DecodeRegister(c.Value); err == nil {
			out[keys[i]] = register.History(consent.UnifyBehaviour, "")
		}
	}
	return out, nil
}

// ofController are people as the leaf of a controller asks about them.
type ofController struct {
	identity.People
	device  identifier.Key
	history consent.History
}

// Decisions implements identity.People: about browsing on the leaf's device, those of its controller.
func (o ofController) Decisions(k identifier.Key, p identity.Purpose) consent.History {
	if p == identity.UnifyBehaviour && k == o.device {
		return o.history
	}
	return o.People.Decisions(k, p)
}

// OwnerOf returns whom a leaf belongs to now, by the times of the events folded into it. choices hold what was decided about its browsing: what
// they do not hold was not agreed to.
func OwnerOf(k *identity.Kernel, s *profile.State, register identity.Register, choices Choices, people identity.People, now int64) identity.Owner {
	leaf := s.Leaf()
	if name := Choice(s.Space(), s.Controller(), leaf); name != "" {
		people = ofController{people, leaf.Device, choices[name]}
	}
	return k.Owner(leaf, identity.Span{First: floorSecond(s.First()), Last: floorSecond(s.Last())}, register, people, now)
}
