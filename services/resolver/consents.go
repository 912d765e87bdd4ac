package resolver

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// joinDecisions joins the decisions of the batch into the registers of their points. The ingestor did so already for what it
// could; a decision that lies on Kafka counts, whatever happened there.
func (s *Service) joinDecisions(ctx context.Context, w *work) error {
	var keys []string
	byCell := map[string][]*eventpb.Decision{}
	for _, d := range w.decisions {
		cell := resolve.ConsentCell(w.space, d.GetController(), pointOf(d))
		if byCell[cell] == nil {
			keys = append(keys, cell)
		}
		byCell[cell] = append(byCell[cell], d)
	}
	if len(keys) == 0 {
		return nil
	}
	err := s.writer.update(ctx, "consent registers", keys, func(i int, c *resolve.Cell) (bool, error) {
		register, err := consent.DecodeRegister(c.Value)
		if err != nil {
			return false, fmt.Errorf("reading a consent register: %w", err)
		}
		joined, changed := register.JoinAll(byCell[keys[i]]...)
		if changed {
			c.Value = joined.Encode()
		}
		return changed, nil
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		w.cells = append(w.cells, cellRef{space: w.space, topic: stream.TopicRegisters, key: k})
	}
	return nil
}

// undecidable purposes hold for everybody.
var undecidable = consent.MaskOf(consent.Contract, consent.Legal, consent.Security, consent.AudienceExempt)

// permissions of an event: what the graph knows. Browsing has an owner only under a grant that held then and holds now.
func (s *Service) permissions(w *work, i *item) uint64 {
	m := undecidable
	first := resolve.SubjectOf(i.leaf)
	if allowed, known := w.people.Decisions(first, identity.UnifyCore).Allowed(w.now.Unix()); allowed || !known {
		m |= consent.MaskOf(consent.UnifyCore)
	}
	if i.leaf.Device.Value != "" && i.owner != "" {
		m |= consent.MaskOf(consent.UnifyBehaviour)
	}
	return uint64(m)
}

// controllerPerson is a person, by the naming identifier, as one controller knows it.
type controllerPerson struct {
	controller string
	person     identifier.Key
}

// permissionsOf returns the masks of people from the consent registers of their points.
func (s *Service) permissionsOf(ctx context.Context, space string, people []*resolve.Person, now time.Time) (map[controllerPerson]uint64, error) {
	var keys []string
	points := map[controllerPerson][]consent.Point{}
	var order []controllerPerson
	for _, p := range people {
		for controller := range p.Controllers() {
			of := controllerPerson{controller, p.Canonical}
			if points[of] != nil {
				continue
			}
			order = append(order, of)
			for _, m := range p.Members {
				keys = append(keys, resolve.ConsentCell(space, controller, m))
				points[of] = append(points[of], consent.Point{Key: m})
			}
		}
	}
	cells, err := s.deps.Cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading consent registers: %w", err)
	}
	out := make(map[controllerPerson]uint64, len(points))
	for _, of := range order {
		ps := points[of]
		for i, c := range cells[:len(ps)] {
			register, err := consent.DecodeRegister(c.Value)
			ps[i].Register, ps[i].Unreadable = register, err != nil
		}
		cells = cells[len(ps):]
		out[of] = uint64(consent.Permissions(ps, now.Unix()))
	}
	return out, nil
}
