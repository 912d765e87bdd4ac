package steward

import (
	"context"
	"encoding/hex"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// A reason is free text and may speak of people, so it is sealed under the key of the first identifier of its act, as traits are: who
// destroys the key of the subject destroys the reason with it.

// reasonTrait is the name that a reason is sealed under.
func reasonTrait(m *eventpb.Act) string { return "act:" + m.GetId() }

// keyAttempts bounds how often a key is made again because somebody else made it first.
const keyAttempts = 10

// seal seals the reason of an act. Its key lies on rcu.keys before anything that needs it is published. Of a subject that is erased no reason is kept.
func (s *Service) seal(ctx context.Context, m *eventpb.Act, reason string) error {
	a, _ := ends(m)
	cell := resolve.SubjectKeyCell(m.GetSpace(), m.GetController(), a)
	subject := subjectID(a)
	for range keyAttempts {
		cells, err := s.deps.Cells.LoadCells(ctx, []string{cell})
		if err != nil {
			return fmt.Errorf("reading the key of a subject: %w", err)
		}
		c := cells[0]
		if resolve.KeyDestroyed(c) {
			return nil
		}
		if len(c.Value) == 0 {
			if _, c.Value, err = s.deps.Keyring.NewSubjectKey(m.GetController(), subject); err != nil {
				return fmt.Errorf("making the key of a subject: %w", err)
			}
			written, err := s.deps.Cells.CommitCells(ctx, []resolve.Cell{c})
			if err != nil {
				return fmt.Errorf("writing the key of a subject: %w", err)
			}
			if !written[0] {
				continue
			}
		}
		return s.sealWith(ctx, m, c, reason)
	}
	return fmt.Errorf("making the key of a subject: %w", resolve.ErrContended)
}

func (s *Service) sealWith(ctx context.Context, m *eventpb.Act, cell resolve.Cell, reason string) error {
	a, _ := ends(m)
	key, err := s.deps.Keyring.SubjectKey(m.GetController(), subjectID(a), cell.Value)
	if err != nil {
		return fmt.Errorf("opening the key of a subject: %w", err)
	}
	record, err := stream.Encode(stream.TopicKeys, []byte(cell.Key), &eventpb.WrappedKey{
		Controller: m.GetController(), Subject: subjectID(a), Wrapped: cell.Value, Version: cell.Version,
	}, s.deps.Now())
	if err != nil {
		return err
	}
	if s.keyPartitions > 1 { // the first one holds the daily keys, which every process reads whole
		record.Pinned, record.Partition = true, 1+stream.PartitionOf(record.Key, s.keyPartitions-1)
	}
	if err := s.deps.Output.Publish(ctx, []stream.Record{record}); err != nil {
		return fmt.Errorf("publishing the key of a subject: %w", err)
	}
	if m.Reason, err = key.Seal(reasonTrait(m), reason); err != nil {
		return fmt.Errorf("sealing a reason: %w", err)
	}
	return nil
}

func subjectID(k identifier.Key) string { return hex.EncodeToString([]byte(k.Value)) }

// reasons opens the reasons of acts. One whose key was destroyed is empty, and one that was given for a controller that the key of the
// reader does not carry.
func (s *Service) reasons(ctx context.Context, q request, acts []*eventpb.Act) ([]string, error) {
	cells := make([]string, len(acts))
	for i, m := range acts {
		a, _ := ends(m)
		cells[i] = resolve.SubjectKeyCell(m.GetSpace(), m.GetController(), a)
	}
	keys, err := s.deps.Cells.LoadCells(ctx, cells)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of subjects: %w", err)
	}
	out := make([]string, len(acts))
	for i, m := range acts {
		if q.reader.Reads(m.GetController()) {
			out[i] = s.open(m, keys[i].Value)
		}
	}
	return out, nil
}

func (s *Service) open(m *eventpb.Act, wrapped []byte) string {
	if len(wrapped) == 0 || len(m.GetReason()) == 0 {
		return ""
	}
	a, _ := ends(m)
	key, err := s.deps.Keyring.SubjectKey(m.GetController(), subjectID(a), wrapped)
	if err != nil {
		return ""
	}
	reason, err := key.Open(reasonTrait(m), m.GetReason())
	if err != nil {
		return "" // sealed under an earlier key of the subject, which is gone
	}
	return reason
}
