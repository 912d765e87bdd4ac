package judge

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

// choices compares what people decided with what stands: every decision that had its 200 is evidence on Kafka and known to the register, the last
// one is in force, and nobody was let through against it or over the cap.
func (s *state) choices(ctx context.Context) error {
	for _, x := range s.ledger.Choices().Wrong() {
		s.v.differ("contact that must not be", "%s", x)
	}
	evidence := map[string]bool{}
	for _, d := range s.topics.choices {
		evidence[d.GetId()] = true
	}
	now := time.Now().Unix() + 1
	for _, p := range s.ledger.Choices().People() {
		if len(p.Decisions) == 0 {
			continue
		}
		s.v.Choices += len(p.Decisions)
		cells, err := s.cells.LoadCells(ctx, []string{resolve.ConsentCell(demo.Space, demo.Retail, s.address(p))})
		if err != nil {
			return fmt.Errorf("reading the register of choices: %w", err)
		}
		register, err := consent.DecodeRegister(cells[0].Value)
		if err != nil {
			s.v.differ("unreadable register of choices", "%s: %v", p.Address, err)
			continue
		}
		s.choicesOf(p, register, evidence, now)
	}
	return nil
}

// choicesOf compares one person.
func (s *state) choicesOf(p *load.Chosen, register consent.Register, evidence map[string]bool, now int64) {
	for _, d := range p.Decisions {
		if !evidence[decisionID(d.ID)] {
			s.v.lose(load.Key{Source: fleet.ReaderName, ID: d.ID}, "kafka (decision)")
		}
	}
	said := register.History(consent.Marketing, consent.ChannelEmail).Said
	last := p.Decisions[len(p.Decisions)-1]
	if len(said) == 0 || said[len(said)-1].ID != decisionID(last.ID) {
		s.v.lose(load.Key{Source: fleet.ReaderName, ID: last.ID}, "the register (decision)")
	}
	if got := register.AllowedAt(consent.Marketing, consent.ChannelEmail, now); got != last.Grant {
		s.v.differ("choice that is not in force", "%s: %d decisions, the last allows %t, the register %t", p.Address, len(p.Decisions), last.Grant, got)
	}
	if len(p.Made) > load.ContactCap {
		s.v.differ("contacts over the cap", "%s: %d", p.Address, len(p.Made))
	}
}

func (s *state) address(p *load.Chosen) identifier.Key {
	value, _ := identifier.Normalise(identifier.Email, p.Address, identifier.Options{}) // ours
	return identifier.KeyOf(identifier.Email, s.f.Keyring.Pseudonym(demo.Space, identifier.Email, value))
}

// decisionID is the id of a decision as the consent API keeps it: unique over all callers.
func decisionID(id string) string { return fleet.ReaderName + "/" + id }

// chosen reports whether a decision came by the consent API, and not with an event.
func chosen(d *eventpb.Decision) bool { return d.GetSource() == fleet.ReaderName }
