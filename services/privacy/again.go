package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// AgainDeps are what the ledger is laid again with.
type AgainDeps struct {
	Stream  *stream.Client
	Output  Publisher
	Cells   resolve.Cells
	Keyring *vault.Keyring
	Now     func() time.Time // nil: time.Now
}

// Laid counts what LayAgain had to do.
type Laid struct {
	Overlays int `json:"overlays"` // that a register did not know of
	Keys     int `json:"keys"`     // that stood although they were destroyed, or were not marked as destroyed
}

// LayAgain makes a state agree with the ledger, whatever was put back: each overlay lies in its register and on rcu.consents, and each key that was
// destroyed is. Where all of that holds it writes nothing. It belongs before anything that answers is opened.
func LayAgain(ctx context.Context, entries []Entry, d AgainDeps) (laid Laid, err error) {
	if d.Stream == nil || d.Output == nil || d.Cells == nil || d.Keyring == nil {
		return laid, errors.New("laying the erasure ledger again needs a stream, an output, cells and a keyring")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if len(entries) == 0 || faults.notAgain {
		return laid, nil
	}
	k := &keys{cells: d.Cells, out: d.Output, now: d.Now}
	if k.partitions, err = d.Stream.Partitions(ctx, stream.TopicKeys); err != nil {
		return laid, fmt.Errorf("asking for the partitions of %s: %w", stream.TopicKeys, err)
	}
	for some := range slices.Chunk(entries, together) {
		n, err := layOverlays(ctx, some, d)
		if err != nil {
			return laid, err
		}
		laid.Overlays += n
		back, err := cameBack(ctx, some, d)
		if err != nil {
			return laid, err
		}
		if err := k.destroy(ctx, back); err != nil {
			return laid, err
		}
		laid.Keys += len(back)
	}
	return laid, nil
}

// layOverlays puts the overlays of entries into the registers that do not know of them.
func layOverlays(ctx context.Context, entries []Entry, d AgainDeps) (int, error) {
	points := slices.DeleteFunc(slices.Clone(entries), Entry.reference)
	names := make([]string, len(points))
	for i, e := range points {
		names[i] = e.registerCell()
	}
	var records []stream.Record
	for range attempts {
		cells, err := d.Cells.LoadCells(ctx, names)
		if err != nil {
			return 0, fmt.Errorf("reading consent registers: %w", err)
		}
		var left []resolve.Cell
		for i, e := range points {
			if knows(cells[i], e) {
				continue
			}
			m := e.decision()
			value, _, err := resolve.JoinDecisions(names[i], cells[i].Value, []*eventpb.Decision{m})
			if err != nil {
				return 0, fmt.Errorf("laying an erasure again: %w", err)
			}
			r, err := stream.Encode(stream.TopicConsents, m.GetPoint().GetPseudonym(), m, d.Now())
			if err != nil {
				return 0, err //nolint:wrapcheck // says all
			}
			records = append(records, r)
			left = append(left, resolve.Cell{Key: names[i], Version: cells[i].Version, Value: value})
		}
		if len(left) == 0 {
			break
		}
		if _, err := d.Cells.CommitCells(ctx, left); err != nil {
			return 0, fmt.Errorf("laying erasures again: %w", err)
		}
	}
	if len(records) == 0 {
		return 0, nil
	}
	if err := d.Output.Publish(ctx, records); err != nil {
		return 0, fmt.Errorf("publishing erasures again: %w", err)
	}
	return len(records), nil
}

// knows reports whether a register knows of the erasure of an entry, or of a later one. One that cannot be read denies everything.
func knows(c resolve.Cell, e Entry) bool {
	register, err := consent.DecodeRegister(c.Value)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(register.History(consent.Erased.Purpose(), "").Said, func(x consent.Decision) bool {
		return x.Denies() && x.At >= e.DecidedAt
	})
}

// cameBack finds the entries whose key is not as the ledger says: one from before the erasure stands, or nothing says that it was destroyed.
func cameBack(ctx context.Context, entries []Entry, d AgainDeps) ([]Entry, error) {
	destroyed := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.DestroyedAt == 0 })
	cells, err := d.Cells.LoadCells(ctx, keyCells(destroyed))
	if err != nil {
		return nil, fmt.Errorf("reading the keys of subjects: %w", err)
	}
	var out []Entry
	for i, c := range cells {
		if resolve.KeyDestroyed(c) {
			continue
		}
		if len(c.Value) > 0 {
			key, err := d.Keyring.SubjectKey(destroyed[i].Controller, destroyed[i].Pseudonym, c.Value)
			if err != nil {
				return nil, fmt.Errorf("opening the key of a subject that is erased: %w", err)
			}
			if key.Since() >= destroyed[i].DecidedAt { // made behind the end of the erasure
				continue
			}
		}
		out = append(out, destroyed[i])
	}
	return out, nil
}
