package resolver

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	eventpb "rcu/schemas/event"
)

// joinDecisions joins the decisions of the batch into the registers, and the wishes into the wishes, of their points. The ingestor did so already for what it
// could; a decision that lies on Kafka counts, whatever happened there.
func (s *Service) joinDecisions(ctx context.Context, w *work) error {
	var keys []string
	byCell := map[string][]*eventpb.Decision{}
	for _, d := range w.decisions {
		cell := resolve.DecisionCell(d, pointOf(d))
		if byCell[cell] == nil {
			keys = append(keys, cell)
		}
		byCell[cell] = append(byCell[cell], d)
	}
	if len(keys) == 0 {
		return nil
	}
	stored, err := s.writer.store(ctx, "consent registers", keys, func(i int, c *resolve.Cell) (bool, error) {
		joined, changed, err := resolve.JoinDecisions(c.Key, c.Value, byCell[keys[i]])
		if err != nil {
			return false, fmt.Errorf("reading a consent register: %w", err)
		}
		c.Value = joined
		return changed, nil
	})
	if err != nil {
		return err
	}
	for i, k := range keys {
		w.cells = append(w.cells, cellRef{space: w.space, topic: stream.TopicRegisters, key: k, stored: stored[i]})
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
	} else {
		s.metrics.gate.Refuse(string(consent.UnifyCore), telemetry.EffectUnlinked, 1)
	}
	if device := i.leaf.Device; device.Value != "" {
		if i.owner != "" {
			m |= consent.MaskOf(consent.UnifyBehaviour)
		} else if allowed, _ := w.choices[resolve.Choice(w.space, i.event.GetController(), i.leaf)].Allowed(w.now.Unix()); !allowed {
			s.metrics.gate.Refuse(string(consent.UnifyBehaviour), telemetry.EffectUnlinked, 1)
		}
	}
	return uint64(m)
}

// permitted is the mask of a profile, when parts of it end by themselves, and what sales permit beside it.
type permitted struct {
	mask  uint64
	ends  []*eventpb.PermissionEnd
	sales []*eventpb.SoftOptIn
}

func permittedBy(points []consent.Point, now int64) permitted {
	p := permitted{mask: uint64(consent.Permissions(points, now))}
	for _, e := range consent.Ends(points, now) {
		p.ends = append(p.ends, &eventpb.PermissionEnd{At: e.At, Permissions: uint64(e.Mask)})
	}
	for _, x := range consent.SoftOptIns(points, now) {
		p.sales = append(p.sales, &eventpb.SoftOptIn{Channel: x.Channel, Family: x.Family, Until: x.Until})
	}
	return p
}

// permissionsOf returns the masks of profiles from the consent registers of their points. One without leaves needs none.
func (s *Service) permissionsOf(ctx context.Context, space string, told []telling, now time.Time) ([]permitted, error) {
	var keys []string
	for _, t := range told {
		if len(t.leaves) > 0 {
			for _, m := range t.person.Members {
				keys = append(keys, resolve.ConsentCell(space, t.controller, m))
			}
		}
	}
	cells, err := s.deps.Cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading consent registers: %w", err)
	}
	out := make([]permitted, len(told))
	var points []consent.Point
	for i, t := range told {
		if len(t.leaves) == 0 {
			continue
		}
		points = points[:0]
		for n, m := range t.person.Members {
			register, err := consent.DecodeRegister(cells[n].Value)
			points = append(points, consent.Point{Key: m, Register: register, Unreadable: err != nil})
		}
		cells = cells[len(points):]
		consent.Acted(points, profile.LastAct(t.leaves))
		out[i] = permittedBy(points, now.Unix())
	}
	return out, nil
}
